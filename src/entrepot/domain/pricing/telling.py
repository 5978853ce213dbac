"""Who hears of prices under negotiation: the other side, once a seller and act, however many offers it is about."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from entrepot.domain.pricing.offers import PricedOffer
from entrepot.domain.terms.rules import Party
from entrepot.kernel import outbox
from entrepot.kernel.actors import Actor
from entrepot.kernel.outbox import Event


def tell(
    topic: str,
    offer_ids: Collection[UUID],
    found: Mapping[UUID, PricedOffer],
    *,
    party: Party,
    actor: Actor,
    now: datetime,
) -> None:
    """Tell the side that did not act."""
    other = Party.SELLER if party is Party.PLATFORM else Party.PLATFORM
    ask(topic, dict.fromkeys(offer_ids, other), found, actor=actor, now=now)


def ask(
    topic: str, waits_for: Mapping[UUID, Party], found: Mapping[UUID, PricedOffer], *, actor: Actor, now: datetime
) -> None:
    """Tell the side that is to answer, of each offer its own."""
    together: dict[tuple[UUID, Party], list[UUID]] = defaultdict(list)
    for offer_id, party in waits_for.items():
        together[found[offer_id].seller_id, party].append(offer_id)
    outbox.append(
        [
            Event(
                topic,
                "seller",
                seller_id,
                {
                    "to": ["seller" if party is Party.SELLER else "operator"],
                    "count": len(offers),
                    "offer_id": str(min(offers)),
                    "actor_id": str(actor.user_id) if actor.user_id else "",
                },
            )
            for (seller_id, party), offers in together.items()
        ],
        now=now,
    )
