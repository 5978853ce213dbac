"""What pricing asks of offers, by sets and under lock: whose they are, in which currency, and who may set what."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import Conditions, Party, Task
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class PricedOffer:
    """An offer as pricing sees it; `conditions` are those of its enrolment."""

    id: UUID
    seller_id: UUID
    market_id: UUID
    currency: str
    includes_tax: bool
    settlement_currency: str
    category_path: str
    conditions: Conditions


def locked(offer_ids: Collection[UUID], *, actor: Actor, verb: str) -> dict[UUID, PricedOffer]:
    """Lock offers that are not archived, by id, within the actor's reach. Raises: NotFound."""
    wanted = set(offer_ids)
    rows: list[Any] = fetch_rows(
        "SELECT o.id, o.seller_id, o.market_id, o.enrolment_id, m.currency,"
        " m.tax_display = 'inclusive' AS includes_tax, s.settlement_currency, coalesce(c.path, '') AS category_path"
        " FROM catalogue_offer o JOIN markets_market m ON m.id = o.market_id"
        " JOIN sellers_seller s ON s.organisation_id = o.seller_id JOIN catalogue_sku k ON k.id = o.sku_id"
        " JOIN catalogue_product p ON p.id = k.product_id LEFT JOIN catalogue_category c ON c.id = p.category_id"
        " WHERE o.id = ANY(%s) AND o.status <> 'archived' ORDER BY o.id FOR NO KEY UPDATE OF o",
        [list(wanted)],
    )
    owners = {row.seller_id for row in rows}
    if len(rows) < len(wanted) or not all(actor.reaches(verb, seller_id) for seller_id in owners):
        raise NotFound(kind="offer")
    conditions = sellers.list_conditions({row.enrolment_id for row in rows})
    return {
        row.id: PricedOffer(
            row.id,
            row.seller_id,
            row.market_id,
            row.currency,
            row.includes_tax,
            row.settlement_currency,
            row.category_path,
            conditions[row.enrolment_id],
        )
        for row in rows
    }


def demand(
    found: Mapping[UUID, PricedOffer],
    task: Task,
    actor: Actor,
    right: Callable[[Conditions, Task, Party], bool] = terms.may_set,
) -> Party:
    """Hold the actor's party to its rights in every one of the offers; the party. Raises: NotYours, Denied."""
    party = party_of(actor)
    for offer in found.values():
        terms.demand(offer.conditions, task, party, right)
    return party


def waits_for(conditions: Conditions, task: Task, party: Party) -> Party | None:
    """Whose consent is missing when the party sets or suggests it: the decider's, then the approver's; or nobody's."""
    if not terms.may_set(conditions, task, party):
        return conditions.decider(task)
    approver = conditions.approver(task)
    return None if approver in (None, party) else approver
