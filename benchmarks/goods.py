"""A market with goods for benchmarks of orders: sellers, SKUs with an offer each, three warehouses, plenty of stock."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

#: A Monday morning; what is opened stands before the orders.
OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORDERED = OPENED + timedelta(days=1)
ADDRESS = {"name": "Ada Byron", "line1": "1 Garden Row", "city": "Porttown", "postcode": "10115", "country": "DE"}
CITIES = ("berlin", "hamburg", "munich")


@dataclass(frozen=True, slots=True)
class Goods:
    """The offers, each with its stock rows, and who sells them."""

    offers: Sequence[UUID]
    skus: Sequence[UUID]
    sellers: Sequence[UUID]


def stock_market(
    *, skus: int = 10_000, sellers: int = 20, units: int = 100_000, rare: int = 0,
    programme: str = "semi-managed-local-stock",
) -> Goods:  # fmt: skip
    """A German market: `skus` goods of `sellers` sellers, `units` of each in each of three warehouses.

    Of a `rare` first one there are only so many, in one warehouse.
    """
    from entrepot.kernel import outbox, partitions

    partitions.ensure(since=OPENED - timedelta(days=1), until=ORDERED + timedelta(days=90))
    with outbox.muted():
        goods = _stock(skus, sellers, units, 1 if rare else 0, programme)
        if rare:
            put_in(goods, 0, rare)
        return goods


CARD = """card,carrier,service,mode,currency,origin,valid_from,source,charge,basis,by,above,to,amount
de-post,post,parcel,parcel,EUR,DE,2020-01-01,generated,freight,shipment,weight kg,,1.999,3.10
,,,,,,,,freight,shipment,weight kg,1.999,31,6.40
"""
LANE = """lane,title,origin,destination,valid_from,source,leg,task,mode,from,to,days,card
de-de,,DE,DE,2020-01-01,generated,last mile,last_mile,parcel,warehouse,door,1-3,de-post
"""


def _stock(skus: int, sellers: int, units: int, missing: int, programme: str) -> Goods:
    from entrepot.domain.accounts import services as accounts
    from entrepot.domain.accounts.models import Organisation
    from entrepot.domain.catalogue import services as catalogue
    from entrepot.domain.logistics import publishing, shipping
    from entrepot.domain.logistics import services as logistics
    from entrepot.domain.logistics.shipping import ChargeRow
    from entrepot.domain.markets import services as markets
    from entrepot.kernel.actors import SYSTEM

    market = markets.open_market(
        actor=SYSTEM, code="DE", name="Germany", country="DE", currency="EUR", tax_display="inclusive",
        time_zone="Europe/Berlin", languages=["en"], now=OPENED,
    )  # fmt: skip
    markets.set_tax_rate(
        actor=SYSTEM, market=market, rate=Decimal("0.19"), valid_from=date(2020, 1, 1), source="§ 12 UStG", now=OPENED
    )
    publishing.publish_cards(actor=SYSTEM, text=CARD, now=OPENED)
    publishing.publish_lanes(actor=SYSTEM, text=LANE, now=OPENED)
    charge = ChargeRow("DE", "DE", 0, 31_000, "EUR", 90, Decimal(1), None, date(2020, 1, 1), "generated")
    shipping.set_charges(actor=SYSTEM, rows=[charge], now=OPENED)
    accounts.keep_organisations(kind="third_party", rows=[("partner", "A warehouse", "DE")], now=OPENED)
    partner = Organisation.objects.get(code="partner")
    nodes = [
        logistics.create_node(
            actor=SYSTEM, code=f"partner-{city}", name=city.title(), kind="third_party_overseas",
            operator_id=partner.id, country="DE", time_zone="Europe/Berlin", now=OPENED,
            address={"name": "Warehouse", "line1": "1 Dock Road", "city": city.title(), "postcode": "10001"},
        )
        for city in CITIES
    ]  # fmt: skip
    catalogue.keep_categories(rows=[catalogue.NewCategory("mugs", names={"en": "Mugs"})], now=OPENED)
    offers: list[UUID] = []
    kept: list[UUID] = []
    named = [f"seller-{number}" for number in range(sellers)]
    who = [_seller(code, market, programme) for code in named]
    for seller, enrolment in who:
        ids = _products(seller.pk, skus // sellers)
        made = _offers(seller.pk, ids, market, enrolment)
        if units:
            _receive(seller.pk, ids[0 if kept else missing :], [node.id for node in nodes], units)
        offers += made
        kept += ids
    return Goods(offers, kept, [seller.pk for seller, _ in who])


def _seller(code: str, market: Any, programme: str) -> tuple[Any, Any]:
    from entrepot.domain.sellers import applicants, services
    from entrepot.domain.sellers import queries as sellers
    from entrepot.domain.terms import queries as terms
    from entrepot.kernel.actors import SYSTEM

    applicants.keep_applicants(rows=[applicants.Applicant(code, code, "CN", "EUR")], now=OPENED)
    seller = sellers.find_seller(seller_code=code)
    assert seller is not None
    services.set_tier(seller_id=seller.pk, tier="standard", actor=SYSTEM, reason="bench", now=OPENED)
    seller = services.move(seller_id=seller.pk, status="active", actor=SYSTEM, reason="bench", now=OPENED)
    enrolment = services.enrol(
        seller=seller, version=terms.get_current(programme), programme_code=programme, market=market,
        valid_from=OPENED, actor=sellers.get_system_actor(seller_id=seller.pk), now=OPENED,
    )  # fmt: skip
    return seller, enrolment


def _products(seller_id: UUID, count: int) -> list[UUID]:
    from entrepot.domain.catalogue import services as catalogue
    from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft

    drafts = [
        ProductDraft(
            product_code=f"p-{number}",
            category_code="mugs",
            texts={"en": (f"Mug number {number}", "")},
            skus=[SkuDraft(sku_code=f"s-{number}", weight_g=200 + number % 900, length_mm=120, width_mm=90,
                           height_mm=100, hs_code="691200", origin_country="CN")],
        )
        for number in range(count)
    ]  # fmt: skip
    made = catalogue.keep_products(organisation_id=seller_id, drafts=drafts, now=OPENED)
    catalogue.publish_products(product_ids=[each.product_id for each in made])
    return [sku for each in made for sku in each.sku_ids.values()]


def _offers(seller_id: UUID, skus: Sequence[UUID], market: Any, enrolment: Any) -> list[UUID]:
    from entrepot.domain.catalogue import services as catalogue
    from entrepot.domain.pricing import services as pricing
    from entrepot.domain.pricing.models import RetailProposal
    from entrepot.domain.sellers import queries as sellers
    from entrepot.kernel.actors import SYSTEM

    rows = [catalogue.NewOffer(seller_id, sku, market.id, enrolment.id, enrolment.programme_code) for sku in skus]
    offers = catalogue.create_offers(rows=rows, now=OPENED)
    prices = [pricing.NewPrice(offer, 900 + 7 * (place % 600)) for place, offer in enumerate(offers)]
    pricing.set_retail_prices(prices=prices, actor=sellers.get_system_actor(seller_id=seller_id), now=OPENED)
    waiting = list(RetailProposal.objects.filter(offer_id__in=offers, status="open").values_list("id", flat=True))
    if waiting:
        pricing.decide_proposals(proposal_ids=waiting, approve=True, actor=SYSTEM, reason="bench", now=OPENED)
    catalogue.move_offers(offer_ids=offers, status="live")
    return list(offers)


def _receive(seller_id: UUID, skus: Sequence[UUID], nodes: Sequence[UUID], units: int) -> None:
    from entrepot.domain.inventory import services as inventory
    from entrepot.kernel import ids

    source = ids.new_id(OPENED)
    inventory.receive(
        rows=[
            inventory.Receipt(seller_id=seller_id, owner_id=seller_id, node_id=node, sku_id=sku, quantity=units,
                              kind="received", source_type="bench", source_id=source)
            for node in nodes
            for sku in skus
        ],
        now=OPENED,
    )  # fmt: skip


ABROAD_CARD = """card,carrier,service,mode,currency,origin,valid_from,source,charge,basis,by,above,to,amount
cn-air,air,parcel,parcel,EUR,CN,2020-01-01,generated,freight,shipment,weight kg,,1.999,2.40
,,,,,,,,freight,shipment,weight kg,1.999,31,9.80
"""
ABROAD_LANE = """lane,title,origin,destination,valid_from,source,leg,task,mode,from,to,days,card
cn-de,,CN,DE,2020-01-01,generated,line haul,line_haul,air,hub,port,4-6,cn-air
,,,,,,last mile,last_mile,parcel,port,door,1-2,
"""


def stock_abroad(goods: Goods, *, units: int) -> None:
    """A warehouse in China with the same goods, a lane from there, and the law of the border."""
    from entrepot.domain.accounts.models import Organisation
    from entrepot.domain.customs import services as customs
    from entrepot.domain.logistics import publishing, shipping
    from entrepot.domain.logistics import services as logistics
    from entrepot.domain.logistics.shipping import ChargeRow
    from entrepot.kernel import outbox
    from entrepot.kernel.actors import SYSTEM

    with outbox.muted():
        publishing.publish_cards(actor=SYSTEM, text=ABROAD_CARD, now=OPENED)
        publishing.publish_lanes(actor=SYSTEM, text=ABROAD_LANE, now=OPENED)
        charge = ChargeRow("DE", "CN", 0, 31_000, "EUR", 90, Decimal(1), None, date(2020, 1, 1), "generated")
        shipping.set_charges(actor=SYSTEM, rows=[charge], now=OPENED)
        customs.load_reference(now=OPENED)
        node = logistics.create_node(
            actor=SYSTEM, code="partner-yiwu", name="Yiwu", kind="third_party_overseas",
            operator_id=Organisation.objects.get(code="partner").id, country="CN", time_zone="Asia/Shanghai",
            now=OPENED, address={"name": "Warehouse", "line1": "1 Dock Road", "city": "Yiwu", "postcode": "10001"},
        )  # fmt: skip
        each = len(goods.skus) // len(goods.sellers)
        for place, seller in enumerate(goods.sellers):
            _receive(seller, goods.skus[place * each : (place + 1) * each], [node.id], units)


def put_in(goods: Goods, place: int, units: int) -> None:
    """So many units of one of the goods, in one warehouse."""
    from entrepot.domain.logistics.models import Node

    seller = goods.sellers[place // (len(goods.skus) // len(goods.sellers))]
    _receive(seller, [goods.skus[place]], [Node.objects.get(code=f"partner-{CITIES[0]}").id], units)


def requests(goods: Goods, count: int, *, hot: bool = False, prefix: str = "bench", seed: int = 7) -> list[Any]:
    """Orders of two lines of one or two units each; `hot`: all of the one SKU, in a line of one unit."""
    from entrepot.flows.requests import OrderRequest

    draw = random.Random(seed)
    made = []
    for number in range(count):
        chosen = [goods.offers[0]] if hot else draw.sample(goods.offers, 2)
        made.append(
            OrderRequest(
                checkout_key=f"{prefix}-{number}",
                market_code="DE",
                lines=[(offer, 1 if hot else draw.randint(1, 2)) for offer in chosen],
                ship_to=ADDRESS,
                email=f"shopper{number}@example.org",
                provider="sandbox",
                instrument="approve",
            )
        )
    return made
