"""The duty table of a programme, or of an order line's terms, as the desk shows it."""

from collections.abc import Callable, Collection, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.terms import phrases
from entrepot.domain.terms.rules import Conditions, Duty, Party, Task
from entrepot.domain.terms.tasks import Cause
from entrepot.surfaces.shared.components import DutyRow, Liability, Share, Text

PARTIES: Mapping[Party, Text] = {
    Party.PLATFORM: gettext_lazy("the platform"),
    Party.SELLER: gettext_lazy("the seller"),
    Party.THIRD_PARTY: gettext_lazy("the third party"),
}

#: Why somebody is liable, short enough for a table.
CAUSES: Mapping[Cause, Text] = {
    Cause.DEFAULT: gettext_lazy("otherwise"),
    Cause.LATE: gettext_lazy("late"),
    Cause.QUALITY: gettext_lazy("faulty"),
    Cause.STOCK_OUT: gettext_lazy("not in stock"),
    Cause.CARRIER: gettext_lazy("carrier's fault"),
    Cause.CHANGE_OF_MIND: gettext_lazy("change of mind"),
    Cause.WEIGHT: gettext_lazy("wrong weight"),
}


def matrix(
    conditions: Conditions, *, changed: Collection[str] = (), note: Callable[[Task], str] = lambda task: ""
) -> list[DutyRow]:
    """A row a task; `changed` names the tasks that differ from something else, `note` adds words to a row."""
    return [
        DutyRow(
            task=phrases.TASKS[task].title,
            performer=duty.performer or "",
            decider=duty.decider.party if duty.decider else "",
            payers=[Share(party, duty.payer[party]) for party in Party if party in duty.payer],
            liable=_liable(duty),
            words=" ".join(words for words in (*_beside(duty), note(task)) if words),
            changed=task in changed,
        )
        for task, duty in conditions.duties.items()
    ]


def _liable(duty: Duty) -> list[Liability]:
    """Exceptions first; who is liable in every case needs no cause."""
    only = len(duty.liable) == 1
    ordered = sorted(duty.liable.items(), key=lambda each: each[0] is Cause.DEFAULT)
    return [Liability("" if only else CAUSES[cause], party) for cause, party in ordered]


def _beside(duty: Duty) -> list[str]:
    """What no column says: who suggests, who has to agree, which partner, until when."""
    said = []
    if duty.decider and duty.decider.proposer:
        said.append(_("Suggested by {party}.").format(party=PARTIES[duty.decider.proposer]))
    if duty.decider and duty.decider.approver:
        said.append(_("Counts once {party} agrees.").format(party=PARTIES[duty.decider.approver]))
    if duty.role:
        said.append(_("The third party is {role}.").format(role=phrases.ROLES[duty.role]))
    if duty.until:
        said.append(_("{until}.").format(until=str(phrases.UNTIL[duty.until]).capitalize()))
    return said
