"""What somebody asks first of a programme, and what keeps a seller out of it, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from entrepot.domain.sellers.rules import Unmet
from entrepot.domain.terms import phrases
from entrepot.domain.terms.clauses import Document, Tier
from entrepot.domain.terms.rules import Programme, Task
from entrepot.surfaces.shared.components import Text

#: What a newcomer asks first: the question, and the task whose performer is the answer.
FIRST_ASKED: tuple[tuple[Text, Task, str], ...] = (
    (_("Sets the price"), Task.RETAIL_PRICE, "decider"),
    (_("Ships"), Task.LAST_MILE, "performer"),
    (_("Answers shoppers"), Task.CUSTOMER_SERVICE, "performer"),
    (_("Takes returns"), Task.RETURNS_HANDLING, "performer"),
    (_("Unsold goods"), Task.UNSOLD_STOCK, "performer"),
)
UNMET: Mapping[str, Text] = {
    "tier": _("A better standing: {wanted}; yours is {found}"),
    "documents": _("A document: {wanted}"),
    "stock_in_market": _("Stock at a warehouse in this market"),
    "skus_min": _("At least {wanted} articles that are ready for sale; you have {found}"),
    "training": _("A training: {wanted}"),
}


def first_asked(wording: Programme) -> list[tuple[Text, str]]:
    """The questions with who is the answer."""
    return [(text, str(getattr(wording, role)(task) or "")) for text, task, role in FIRST_ASKED]


def lacks(unmet: Unmet) -> str:
    """A condition that is not met, in plain words."""
    text = UNMET.get(unmet.condition)
    if text is None:
        return f"{unmet.condition} {unmet.wanted}"
    return str(text).format(wanted=_thing(unmet.condition, unmet.wanted), found=_thing(unmet.condition, unmet.found))


def _thing(condition: str, value: str) -> str:
    if condition == "documents" and value in set(Document):
        return str(phrases.DOCUMENTS[Document(value)])
    if condition == "tier" and value in set(Tier):
        return str(phrases.TIERS[Tier(value)])
    return value.replace("_", " ")
