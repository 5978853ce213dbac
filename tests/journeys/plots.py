"""The journeys: one order under each neutral programme with a return, and one mixed cart over all four."""

from decimal import Decimal

import shipping
import shopping
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.orders.models import Order
from journeys.story import Story

#: programme -> (seller, market, retail price, supply price, seller's currency)
CAST = {
    "fully-managed": ("factory", "DE", "29.90", "80.00", "CNY"),
    "semi-managed-platform-logistics": ("brand", "DE", "39.90", None, "USD"),
    "semi-managed-local-stock": ("importer", "DE", "24.90", None, "EUR"),
    "self-managed": ("workshop", "DE", "34.90", None, "EUR"),
}


def single(programme: str) -> Story:
    """Two units from listing to payout, one of which comes back."""
    story, ordered = _begin(programme)
    story.ship(ordered)
    story.deliver()
    line = shipping.lines_of(ordered)[0]
    story.send_back(line, 1, "changed_mind", "restock")
    story.settle()
    story.prove()
    return story


def mixed() -> Story:
    """One cart with goods of all four programmes, with a voucher that platform and sellers pay for together."""
    story = Story()
    offers = [_offer(story, programme) for programme in CAST]
    story.tell("four sellers list their goods")
    shopping.voucher(story.world, "HARBOUR", platform_share=Decimal("0.60"))
    ordered = story.order(*((offer, 1) for offer in offers), voucher_code="HARBOUR")
    story.ship(ordered)
    story.deliver()
    story.settle(days=45)
    story.prove()
    return story


def _begin(programme: str) -> tuple[Story, Order]:
    story = Story()
    offer = _offer(story, programme)
    story.tell("the seller lists its goods and they come in")
    return story, story.order((offer, 2))


def _offer(story: Story, programme: str) -> Offer:
    code, market, price, supply, currency = CAST[programme]
    seller = story.world.seller(code, programme=programme, market=market, currency=currency)
    return story.world.offer(seller, price=price, supply=supply, stock=5)
