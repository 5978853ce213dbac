"""What a thread may be about and leads to, when an answer is owed, and what a seller is not shown."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from entrepot.domain.terms.rules import Party

TEXT_MAX = 4000
#: Pictures or papers of one message.
FILES_MAX = 4
PAPER_BYTES_MAX = 5_000_000
#: Messages that one side may write in a thread within an hour, and threads that an order may have.
PER_HOUR = 12
THREADS_MAX = 20

#: subject -> the acts by which a shopper may settle it without waiting for an answer.
ACTS: Mapping[str, tuple[str, ...]] = {
    "where_is_it": ("follow",),
    "wrong_item": ("return",),
    "damaged": ("return",),
    "change": ("address", "cancel"),
    "invoice": ("receipt",),
    "other": (),
}

#: party -> to whom it may hand a thread on.
NEXT: Mapping[Party, Party] = {
    Party.PLATFORM: Party.SELLER,
    Party.SELLER: Party.PLATFORM,
    Party.THIRD_PARTY: Party.PLATFORM,
}

MASK = "•••"
_AT, _DOT = r"\s{0,2}(?:@|\(at\)|\[at\])\s{0,2}", r"\s{0,2}(?:\.|\(dot\)|\[dot\])\s{0,2}"
_EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,4}}{_DOT}[^\W\d_]{{2,24}}(?![\w-])",
    re.IGNORECASE,
)
_DATE = r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})(?!\d)"
_PHONE = re.compile(rf"(?<![\w-])(?!{_DATE})(?:\+|00)?\(?\d(?:[\s()./-]{{0,3}}\d){{6,14}}(?![\w])")


def mask(text: str) -> str:
    """The text without e-mail addresses and telephone numbers.

    An address is what has an @ (or "(at)") and a dot after it; a number is seven to fifteen digits with at most spaces,
    dots, slashes, dashes and brackets between them, but no date, and not a part of a word such as an order's number.
    """
    return _PHONE.sub(MASK, _EMAIL.sub(MASK, text))


def is_masked_for(reader: Party | None, service_party: str) -> bool:
    """Whether contact details are hidden: from a seller who is asked where another holds customer service."""
    return reader is Party.SELLER and service_party != Party.SELLER


def due_at(now: datetime, answer_hours: int) -> datetime:
    """By when an answer is owed."""
    return now + timedelta(hours=answer_hours)
