"""Corrections of the books by hand: what they may move, and the accruals by which sellers see them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger.queries import PostingRow, postings_of
from entrepot.domain.ledger.rules import CHART, AccountKey, NewPosting
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.settlement.booking import Entry, Items, NewAccrual, Reason, record
from entrepot.domain.settlement.loading import Facts
from entrepot.domain.settlement.models import Accrual, Statement
from entrepot.domain.settlement.rules import SELLER_OWNED
from entrepot.domain.terms.queries import get_terms, get_wordings
from entrepot.domain.terms.rules import Terms
from entrepot.domain.terms.services import freeze
from entrepot.kernel import money
from entrepot.kernel.db import atomic, fetch_rows
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: The journal's kind, its source, the event of its accruals and the part of its postings.
KIND = "correction"
SOURCE = "approval"

#: Accounts that hold exactly what payouts, reserve holds and frozen exchange rates say; a hand would part them.
STATED = frozenset({"payout_in_transit", "seller_reserve", "exchange"})

#: Journals of what was earned, owed and spent. The others say what a provider, a bank or a statement did.
REVERSIBLE = frozenset(
    {"handover", "accrual", "period", "receipt", "reversal", "liability", "adjustment", "correction"}
)
POSTINGS_MAX = 50
LABEL_MAX = 60


@dataclass(frozen=True, slots=True)
class Correction:
    """A journal that is undone, postings of one's own, or both in one journal."""

    postings: tuple[NewPosting, ...] = ()
    reverses: UUID | None = None


@atomic
def book_correction(correction: Correction, *, source_id: UUID, now: datetime) -> list[NewPosting]:
    """Post a correction with its accruals; its postings.

    Raises: Invalid, NotFound, BelowFloor, and Refused for what was undone before, a closed period, shoppers' money
    that has nobody.
    """
    items: Items = []
    reason = Reason(KIND, source_id, 0, now, now, {"approval": str(source_id)})
    if correction.reverses is not None:
        items += _undo(correction.reverses, reason)
    items += _book(correction.postings, reason)
    if not items:
        raise Invalid("correcting.empty", "Say what is to be moved, or which journal is undone.", field="postings")
    _check_periods(items, now)
    record([Entry(KIND, SOURCE, source_id, now, items, correction.reverses)], now)
    _check_shoppers_money(items)
    return [posting for posting, _ in items]


def is_reversible(journal_id: UUID, kind: str) -> bool:
    """Whether a journal of this kind may be undone by hand, and was not yet."""
    return kind in REVERSIBLE and not _was_reversed(journal_id)


def _was_reversed(journal_id: UUID) -> bool:
    return bool(fetch_rows("SELECT FROM ledger_journal WHERE reverses_id = %s", [journal_id]))


def _undo(journal_id: UUID, reason: Reason) -> Items:
    """Every posting of a journal the other way round, with the accruals of it undone under their own terms."""
    rows = postings_of([journal_id])
    if not rows:
        raise NotFound(kind="journal")
    if rows[0].journal_kind not in REVERSIBLE:
        raise Refused(
            "correcting.follows_its_event",
            "A journal of kind {kind} says what a provider, a bank or a statement did, and is not undone by hand.",
            field="reverses",
            kind=rows[0].journal_kind,
        )
    if _was_reversed(journal_id):
        raise Refused("correcting.undone_before", "This journal was undone before.", field="reverses")
    accruals = {each.posting_id: each for each in Accrual.objects.filter(journal_id=journal_id)}
    terms = get_terms({each.terms_id for each in accruals.values()})
    operator = get_operator().id
    reason = replace(reason, inputs=reason.inputs | {"journal": str(journal_id)})
    items: Items = []
    for row in rows:
        part = _part(row)
        posting = NewPosting(row.destination, row.source, row.amount_minor, part, row.subject_id, row.rate)
        accrual = None
        if old := accruals.get(row.id):
            facts = _facts(operator, old.seller_id, old.currency, old.terms_id, terms[old.terms_id], old.line_id)
            facts = replace(facts, market_currency=old.market_currency)
            accrual = _accrual(facts, reason, part, -old.amount_minor, -old.market_minor)
        items.append((posting, accrual))
    return items


def _part(row: PostingRow) -> str:
    """ "commission" is undone as "correction.commission"; what undoes a correction keeps its part."""
    return row.part if row.part.startswith(KIND) else f"{KIND}.{row.part}"[:60]


def _book(postings: Sequence[NewPosting], reason: Reason) -> Items:
    """Postings of one's own, each with its accrual where it touches a seller's balance."""
    if len(postings) > POSTINGS_MAX:
        raise Invalid("correcting.too_many", "A correction has {most} postings at most.", field="postings",
                      most=POSTINGS_MAX)  # fmt: skip
    operator = get_operator().id
    lines = OrderLine.objects.in_bulk({each.subject_id for each in postings if each.subject_id})
    items: Items = []
    for place, posting in enumerate(postings):
        field = f"postings[{place}]"
        for side, key in (("source", posting.source), ("destination", posting.destination)):
            _check_account(key, operator, f"{field}.{side}")
        _check_amount(posting, field)
        line = lines.get(posting.subject_id) if posting.subject_id else None
        if posting.subject_id and line is None:
            raise Invalid("correcting.unknown_line", "There is no such order line.", field=f"{field}.subject_id")
        # The parts of a line are told apart on its seller's statement.
        part = KIND if line is None or not place else f"{KIND}.{place + 1}"
        items.append((replace(posting, part=part), _own_accrual(posting, part, line, operator, reason, field)))
    return items


def _own_accrual(
    posting: NewPosting, part: str, line: OrderLine | None, operator: UUID, reason: Reason, field: str
) -> NewAccrual | None:
    """What a posting gives a seller or takes from it."""
    keys = {1: posting.destination, -1: posting.source}
    touched = [(sign, key) for sign, key in keys.items() if key.kind == "seller_payable"]
    if not touched:
        return None
    if len(touched) > 1:
        raise Invalid(
            "correcting.between_sellers",
            "Money between two sellers goes through an account of the marketplace.",
            field=f"{field}.destination",
        )
    ((sign, key),) = touched
    if line is not None and line.seller_id != key.owner_id:
        raise Invalid("correcting.others_line", "This order line is of another seller.", field=f"{field}.subject_id")
    digest = line.terms_id if line is not None else _find_terms(key, reason.accrued_at)
    terms = get_terms({digest})[digest]
    facts = _facts(operator, key.owner_id, key.currency, digest, terms, line.id if line else None)
    return _accrual(facts, reason, part, sign * posting.amount_minor, sign * posting.amount_minor)


def _find_terms(key: AccountKey, now: datetime) -> str:
    """The terms by which a seller's statement treats what is not about a line: those that it earned by last.

    Raises: Refused for a seller without any.
    """
    rows = fetch_rows(
        "SELECT terms_id FROM settlement_accrual WHERE seller_id = %s ORDER BY currency = %s DESC, id DESC LIMIT 1",
        [key.owner_id, key.currency],
    )
    if rows:
        return str(rows[0].terms_id)
    enrolments = sellers.list_enrolments(seller_id=key.owner_id)
    if not enrolments:
        raise Refused("correcting.no_terms", "This seller never was under any terms, and has no statements.")
    last = enrolments[-1]
    version, wording = get_wordings({last.programme_version_id})[last.programme_version_id]
    return freeze([wording.terms(version=version.version, on=now.date(), enrolled_on=last.valid_from.date())], now=now)[
        0
    ]


def _facts(
    operator: UUID, seller_id: UUID, currency: str, digest: str, terms: Terms, line_id: UUID | None
) -> Facts:  # fmt: skip
    return Facts(
        line_id=line_id, operator_id=operator, seller_id=seller_id, market_currency=currency, currency=currency,
        rate=Decimal(1), rate_on=None, terms_id=digest, terms=terms, market_code="",
    )  # fmt: skip


def _accrual(facts: Facts, reason: Reason, part: str, amount_minor: int, market_minor: int) -> NewAccrual:
    rule = f"{facts.terms.programme} v{facts.terms.version}: {KIND}"
    inputs: dict[str, Any] = dict(reason.inputs)
    return NewAccrual(facts, reason, part, rule, inputs, amount_minor, market_minor)


def _check_account(key: AccountKey, operator: UUID, field: str) -> None:
    """An account of the chart that a hand may move, of an owner that can have it. Raises: Invalid, Refused."""
    kind = CHART.get(key.kind)
    if kind is None:
        raise Invalid(
            "ledger.unknown_kind", "There is no account kind {kind} in the chart.", field=f"{field}.kind", kind=key.kind
        )
    if key.kind in STATED:
        raise Refused(
            "correcting.stated_elsewhere",
            "The account {kind} follows payouts, reserves and exchange rates, and is not moved by hand.",
            field=f"{field}.kind",
            kind=key.kind,
        )
    if key.currency not in money.EXPONENTS:
        raise Invalid("money.unknown_currency", "There is no currency {currency}.", field=f"{field}.currency",
                      currency=key.currency)  # fmt: skip
    if bool(key.label) != bool(kind.label) or len(key.label) > LABEL_MAX:
        message = "Name the {label} of this account." if kind.label else "An account of kind {kind} has no label."
        raise Invalid("correcting.label", message, field=f"{field}.label", label=kind.label, kind=key.kind)
    if key.kind in SELLER_OWNED:
        is_owner = bool(fetch_rows("SELECT FROM sellers_seller WHERE organisation_id = %s", [key.owner_id]))
    else:
        is_owner = key.owner_id == operator
    if not is_owner:
        raise Invalid("correcting.owner", "The account {kind} is not one of this owner.", field=f"{field}.owner_id",
                      kind=key.kind)  # fmt: skip


def _check_amount(posting: NewPosting, field: str) -> None:
    if not 0 < posting.amount_minor <= money.MINOR_MAX:
        raise Invalid("correcting.amount", "A posting moves more than nothing.", field=f"{field}.amount_minor")
    if posting.source == posting.destination:
        raise Invalid("ledger.same_account", "A posting moves between two accounts.", field=f"{field}.destination")
    if posting.source.currency != posting.destination.currency:
        raise Invalid("correcting.two_currencies", "A posting stays in one currency.", field=f"{field}.destination")


def _check_shoppers_money(items: Items) -> None:
    """What shoppers paid for a line is divided by what happens to it, so a correction may only divide it otherwise."""
    held: dict[UUID | None, int] = {}
    for posting, _ in items:
        for sign, key in ((1, posting.destination), (-1, posting.source)):
            if key.kind == "shopper_funds":
                held[posting.subject_id] = held.get(posting.subject_id, 0) + sign * posting.amount_minor
    if off := [amount for amount in held.values() if amount]:
        raise Refused(
            "correcting.shoppers_money",
            "This would change what is held for shoppers of an order line by {amount} minor units; say in the same "
            "correction where they go.",
            field="postings",
            amount=off[0],
        )


def _check_periods(items: Items, now: datetime) -> None:
    """A seller's balance is not moved within a period whose statement is closed. Raises: Refused."""
    touched = {
        (key.owner_id, key.currency)
        for posting, _ in items
        for key in (posting.source, posting.destination)
        if key.kind in SELLER_OWNED
    }
    closed = Statement.objects.filter(seller_id__in={seller for seller, _ in touched}, period_until__gt=now)
    for statement in closed.order_by("-period_until"):
        if (statement.seller_id, statement.currency) in touched:
            raise Refused(
                "correcting.period_closed",
                "Statement {number} is closed up to {until}; correct the balance after that.",
                number=statement.number,
                until=statement.period_until.isoformat(),
            )
