"""How parties come to a supply price: who may quote, counter, accept and refuse, and what becomes of a step. Pure."""

from collections.abc import Mapping

from entrepot.domain.terms.rules import Conditions, NotYours, Party, Task
from entrepot.kernel.errors import Refused

#: The states in which a step waits for the other side.
OPEN = frozenset({"quoted", "countered"})

#: Where a step of the negotiation may go from each state.
NEXT: Mapping[str, frozenset[str]] = {
    "quoted": frozenset({"accepted", "refused", "expired", "superseded"}),
    "countered": frozenset({"accepted", "refused", "expired", "superseded"}),
    "accepted": frozenset({"superseded"}),
    "refused": frozenset(),
    "expired": frozenset(),
    "superseded": frozenset(),
}


def voices(conditions: Conditions) -> frozenset[Party]:
    """The parties that have a say in the supply price."""
    decider = conditions.duties[Task.SUPPLY_PRICE].decider
    return frozenset(each for each in (decider and (decider.party, decider.proposer, decider.approver)) or () if each)


def demand_voice(conditions: Conditions, party: Party) -> None:
    """Hold a party to its say. Raises: NotYours."""
    if party not in voices(conditions):
        raise NotYours(
            task=Task.SUPPLY_PRICE.value,
            party=party.value,
            decider=(conditions.decider(Task.SUPPLY_PRICE) or Party.PLATFORM).value,
        )


def counts_at_once(conditions: Conditions, party: Party) -> bool:
    """Whether what the party says needs nobody's consent: it decides, and no other has to approve."""
    return conditions.decider(Task.SUPPLY_PRICE) is party and conditions.approver(Task.SUPPLY_PRICE) in (None, party)


def demand_answer(conditions: Conditions, *, status: str, made_by: Party, party: Party) -> None:
    """Whether the party may answer a step. Raises: NotYours, Refused for its own step or one that is closed."""
    demand_voice(conditions, party)
    if status not in OPEN:
        raise Refused("pricing.quote_closed", "This quote is {status}.", status=status)
    if made_by is party:
        raise Refused("pricing.own_quote", "The other side has to answer this quote.")
