"""A small marketplace for tests, made through the real services: markets with rates, sellers, offers, stock.

    world = World()
    seller = world.seller("acme", programme="semi-managed-local-stock", market="DE")
    offer = world.offer(seller, price="19.99", stock=10)

Everything stands at `world.now`, which a test moves on with `world.pass_time(days=3)`.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation, User
from entrepot.domain.catalogue import queries as catalogue_reads
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Category, Offer, Sku
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.customs.models import Edition, Levy, Regime
from entrepot.domain.inventory import services as inventory
from entrepot.domain.logistics import services as logistics
from entrepot.domain.logistics import shipping as logistics_charges
from entrepot.domain.logistics.models import Lane, Node, RateCard
from entrepot.domain.markets import services as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import quoting
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import RetailPrice, RetailProposal, SupplyQuote
from entrepot.domain.sellers import queries as seller_reads
from entrepot.domain.sellers import services as sellers
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.domain.terms import queries as wordings
from entrepot.domain.terms import services as terms
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.domain.terms.rules import Conditions, NodeOperator, ShipFrom, Task
from entrepot.kernel import ids, money
from entrepot.kernel.actors import SYSTEM, Actor

#: A Monday morning.
START = datetime(2026, 3, 2, 9, tzinfo=UTC)

MARKETS: Mapping[str, tuple[str, str, str, str, tuple[str, ...], str]] = {
    "US": ("United States", "USD", "exclusive", "America/New_York", ("en",), "0.07"),
    "DE": ("Germany", "EUR", "inclusive", "Europe/Berlin", ("de", "en"), "0.19"),
    "BR": ("Brazil", "BRL", "inclusive", "America/Sao_Paulo", ("pt-br", "en"), "0.17"),
}

#: Units of the currency for one euro.
PER_EURO = {"USD": "1.0800000000", "BRL": "5.9000000000", "CNY": "7.8000000000", "GBP": "0.8500000000"}

#: weight from, weight until, cost, charge; from home, or from any other country.
FREIGHT = {
    "world": ((0, 500, 420, 499), (500, 2000, 780, 899), (2000, 30001, 2400, 2900)),
    "home": ((0, 500, 310, 399), (500, 2000, 450, 549), (2000, 30001, 900, 999)),
}

#: What the border takes of a unit, in hundredths of the market's currency: the whole law of these markets.
DUTY_MINOR = 100


class World:
    """A marketplace that a test fills."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now
        accounts.install_permissions()
        self.operator = accounts.create_organisation(
            kind="operator", code="entrepot", name="Entrepôt", country="US", now=now
        )
        self.markets: dict[str, Market] = {}
        self.programmes: dict[str, ProgrammeVersion] = {}
        self.nodes: dict[str, Node] = {}
        self.categories: dict[str, Category] = {}
        self.enrolments: list[Enrolment] = []
        self._count = 0
        days = [now.date() + timedelta(days=offset) for offset in range(-10, 500, 10)]
        markets.publish_exchange_rates(
            rows=[("EUR", quote, Decimal(rate), day) for quote, rate in PER_EURO.items() for day in days],
            source="test rates",
            now=now,
        )

    def pass_time(self, **step: float) -> datetime:
        """Move the clock on: `world.pass_time(days=3)`."""
        self.now += timedelta(**step)
        return self.now

    def next(self, prefix: str) -> str:
        """A code that no other thing of this world has."""
        self._count += 1
        return f"{prefix}-{self._count}"

    # who acts

    def operator_actor(self, role: str = "operator.admin") -> Actor:
        """Somebody at the operator."""
        return self.actor(self.operator, role)

    def seller_actor(self, seller: Seller, role: str = "seller.owner") -> Actor:
        """Somebody at a seller."""
        return self.actor(seller.organisation, role)

    def actor(self, organisation: Organisation, role: str) -> Actor:
        """A person with a role in an organisation."""
        from entrepot.domain.accounts import queries

        user = self.user()
        membership = accounts.join(actor=SYSTEM, user=user, organisation=organisation, role=role, now=self.now)
        return queries.actor_of(membership, user)

    def user(self, email: str = "") -> User:
        """A person, a shopper so far."""
        return accounts.create_user(email=email or f"{self.next('user')}@example.org", password=None)

    # where and under which model

    def market(self, code: str = "DE") -> Market:
        """A market with its tax and freight; made once."""
        if code not in self.markets:
            name, currency, display, zone, languages, tax = MARKETS[code]
            market = markets.open_market(
                actor=SYSTEM,
                code=code,
                name=name,
                country=code,
                currency=currency,
                tax_display=display,
                time_zone=zone,
                languages=list(languages),
                now=self.now,
            )
            markets.set_tax_rate(
                actor=SYSTEM,
                market=market,
                rate=Decimal(tax),
                valid_from=date(2020, 1, 1),
                source="test rates",
                now=self.now,
            )
            self._carry(market)
            self.markets[code] = market
        return self.markets[code]

    def _carry(self, market: Market) -> None:
        """A card, a lane and charges from home and from each other country; a law of one line."""
        since = date(2020, 1, 1)
        cards, lanes, charges = [], [], []
        for origin in dict.fromkeys((market.country, "CN", *MARKETS)):
            kind = "home" if origin == market.country else "world"
            code = f"{origin}-{market.code}".lower()
            cards.append(_published(RateCard, code, _card(code, kind, market, origin), self.now))
            lane = _LANE[kind].format(code=code, origin=origin, to=market.country)
            lanes.append(_published(Lane, code, lane, self.now))
        for kind, origin in (("home", market.country), ("world", "")):
            charges += [
                logistics_charges.ChargeRow(
                    market.code, origin, low, high, market.currency, charge, Decimal(0), None, since, "test rates"
                )
                for low, high, _, charge in FREIGHT[kind]
            ]
        logistics_charges.set_charges(actor=SYSTEM, rows=charges, now=self.now)
        RateCard.objects.bulk_create(cards)
        Lane.objects.bulk_create(lanes)
        now = {"created_at": self.now, "is_shipped": True, "valid_from": since, "source": "a test"}
        Regime.objects.create(
            id=ids.new_id(self.now), destination=market.country, currency=market.currency, schedule="test",
            duty_base="goods", value_base="goods", retail_importers="shopper", rounding="half_even",
            rounding_level="line", decides="", reviewed_on=since, **now,
        )  # fmt: skip
        Levy.objects.create(
            id=ids.new_id(self.now), destination=market.country, code="duty", part="customs_duty", step=10,
            currency=market.currency, per="unit", amount_minor=DUTY_MINOR, collector="border", confidence="A", **now,
        )  # fmt: skip
        Edition.objects.create(
            id=ids.new_id(self.now), name=market.code, digest=market.code, rows=0, is_complete=False, **now
        )

    def programme(self, code: str) -> ProgrammeVersion:
        """The published version of a preset."""
        if code not in self.programmes:
            self.programmes |= {each.programme.code: each for each in terms.load_presets(now=self.now)}
        return self.programmes[code]

    def node(self, code: str, *, operator: Organisation, kind: str, country: str) -> Node:
        """A node that works from Monday to Friday with its cut-off at 14:00; made once."""
        if code not in self.nodes:
            zone = MARKETS[country][3] if country in MARKETS else "Asia/Shanghai"
            self.nodes[code] = logistics.create_node(
                actor=SYSTEM,
                code=code,
                name=code,
                kind=kind,
                operator_id=operator.id,
                country=country,
                time_zone=zone,
                now=self.now,
                address={"name": code, "line1": "1 Dock Road", "city": "Porttown", "postcode": "10001"},
            )
        return self.nodes[code]

    def category(self, code: str = "mugs", *, tax_class: str = "standard") -> Category:
        """A top category; made once."""
        if code not in self.categories:
            row = catalogue.NewCategory(code, names={"en": code.title()}, tax_class=tax_class)
            self.categories |= catalogue.keep_categories(rows=[row], now=self.now)
        return self.categories[code]

    # sellers and what they sell

    def seller(
        self,
        code: str = "",
        *,
        programme: str = "semi-managed-local-stock",
        market: str = "DE",
        currency: str = "",
        country: str = "CN",
    ) -> Seller:
        """An admitted seller, enrolled in a programme for a market."""
        organisation = accounts.create_organisation(
            kind="seller", code=code or self.next("seller"), name=code or "A seller", country=country, now=self.now
        )
        currency = currency or self.market(market).currency
        seller = sellers.apply(organisation=organisation, settlement_currency=currency, now=self.now)
        sellers.set_tier(seller_id=seller.pk, tier="standard", actor=SYSTEM, reason="test", now=self.now)
        seller = sellers.move(seller_id=seller.pk, status="active", actor=SYSTEM, reason="test", now=self.now)
        self.enrol(seller, programme=programme, market=market)
        return seller

    def enrol(self, seller: Seller, *, programme: str, market: str) -> Enrolment:
        """A seller's further programme or market."""
        enrolment = sellers.enrol(
            seller=seller,
            version=self.programme(programme),
            programme_code=programme,
            market=self.market(market),
            valid_from=self.now,
            actor=seller_reads.get_system_actor(seller_id=seller.pk),
            now=self.now,
        )
        self.enrolments.append(enrolment)
        return enrolment

    def enrolment(self, seller: Seller, *, programme: str = "", market: str = "") -> Enrolment:
        """The seller's first enrolment, of a programme and a market where they are named."""
        return next(
            each
            for each in self.enrolments
            if each.seller_id == seller.pk
            and programme in ("", each.programme_code)
            and market in ("", each.market.code)
        )

    def sku(
        self,
        seller: Seller,
        *,
        title: str = "Blue mug",
        category: str = "mugs",
        weight_g: int = 400,
        origin: str = "CN",
        components: Mapping[str, int] | None = None,
    ) -> Sku:
        """A SKU on an active product of its own; with components (by SKU code) it is a kit."""
        product = self.product(
            title=title, category=category, weight_g=weight_g, origin=origin, components=components or {}
        )
        (kept,) = catalogue.keep_products(organisation_id=seller.pk, drafts=[product], now=self.now)
        catalogue.publish_products(product_ids=[kept.product_id])
        return catalogue_reads.get_sku(sku_id=kept.sku_ids[product.skus[0].sku_code])

    def product(
        self,
        *,
        title: str = "Blue mug",
        category: str = "mugs",
        weight_g: int = 400,
        origin: str = "CN",
        components: Mapping[str, int] | None = None,
    ) -> ProductDraft:
        """The draft of a product with one SKU, under codes of their own."""
        self.category(category)
        draft = SkuDraft(
            self.next("sku"),
            weight_g=weight_g,
            length_mm=120,
            width_mm=90,
            height_mm=100,
            hs_code="691200",
            origin_country=origin,
            components=components or {},
        )
        return ProductDraft(self.next("product"), category_code=category, texts={"en": (title, "")}, skus=[draft])

    def offer(
        self,
        seller: Seller,
        *,
        price: str = "19.99",
        supply: str | None = None,
        stock: int = 10,
        weight_g: int = 400,
        origin: str = "CN",
        title: str = "Blue mug",
        category: str = "mugs",
        node: Node | None = None,
        sku: Sku | None = None,
        programme: str = "",
        market: str = "",
    ) -> Offer:
        """A live offer with its price and stock.

        Where the terms pay a supply price and none is given, it is half the retail price in the seller's currency.
        """
        enrolment = self.enrolment(seller, programme=programme, market=market)
        sku = sku or self.sku(seller, title=title, category=category, weight_g=weight_g, origin=origin)
        row = catalogue.NewOffer(seller.pk, sku.id, enrolment.market_id, enrolment.id, enrolment.programme_code)
        (offer_id,) = catalogue.create_offers(rows=[row], now=self.now)
        offer = catalogue_reads.get_offer(offer_id=offer_id)
        conditions = wordings.wording_of(enrolment.programme_version)
        if conditions.earning.basis == "supply_price":
            self.supply_price(offer, supply or str((Decimal(price) / 2).quantize(Decimal("0.01"))))
        self.price(offer, price)
        catalogue.move_offers(offer_ids=[offer_id], status="live")
        if stock:
            self.stock(seller, sku, stock, node=node or self.node_of(seller, conditions, enrolment.market))
        offer.refresh_from_db(fields=["status"])
        return offer

    def kit(self, seller: Seller, components: Mapping[Sku, int], *, price: str = "49.99") -> Offer:
        """A live offer of so many units of other SKUs; its stock is theirs."""
        parts = {part.code: quantity for part, quantity in components.items()}
        sku = self.sku(seller, title="Set", weight_g=1200, components=parts)
        return self.offer(seller, price=price, sku=sku, stock=0)

    def price(self, offer: Offer, amount: str) -> RetailPrice:
        """The offer's retail price from now on, with everybody's consent."""
        row = pricing.NewPrice(offer.id, money.parse_minor(amount, offer.market.currency))
        decider = wordings.wording_of(offer.enrolment.programme_version).decider(Task.RETAIL_PRICE)
        pricing.set_retail_prices(prices=[row], actor=self.speaker(decider, offer), now=self.now)
        while waiting := RetailProposal.objects.filter(offer=offer, status="open").first():
            pricing.decide_proposals(
                proposal_ids=[waiting.id],
                approve=True,
                reason="test",
                now=self.now,
                actor=self.speaker(waiting.waits_for_party, offer),
            )
        return RetailPrice.objects.get(offer=offer, valid_until__isnull=True)

    def supply_price(self, offer: Offer, amount: str) -> SupplyQuote:
        """The offer's supply price from now on, quoted by the seller in its currency and agreed to."""
        row = quoting.NewQuote(offer.id, money.parse_minor(amount, offer.seller.settlement_currency))
        (quote,) = quoting.quote(
            rows=[row], valid_until=self.now + timedelta(days=30), now=self.now, actor=self.speaker("seller", offer)
        )
        if quote.status != "accepted":
            (quote,) = quoting.accept(quote_ids=[quote.id], actor=SYSTEM, now=self.now)
        return quote

    def speaker(self, party: str | None, offer: Offer) -> Actor:
        """Who speaks for a party about an offer."""
        return seller_reads.get_system_actor(seller_id=offer.seller_id) if party == "seller" else SYSTEM

    def stock(self, seller: Seller, sku: Sku, quantity: int, *, node: Node) -> UUID:
        """So many units come in at a node; the stock row."""
        return inventory.receive(
            rows=[
                inventory.Receipt(
                    seller_id=seller.pk,
                    owner_id=seller.pk,
                    node_id=node.id,
                    sku_id=sku.id,
                    quantity=quantity,
                    kind="received",
                    source_type="test",
                    source_id=ids.new_id(self.now),
                )
            ],
            now=self.now,
        )[0]

    def node_of(self, seller: Seller, conditions: Conditions, market: Market) -> Node:
        """A node that the terms let parcels leave from: the first operator they name, at home or abroad."""
        country = "CN" if conditions.fulfilment.ship_from is ShipFrom.ABROAD else market.country
        match conditions.nodes[0]:
            case NodeOperator.PLATFORM_NODE:
                kind = "platform_consolidation" if country == "CN" else "platform_overseas"
                return self.node(f"platform-{country.lower()}", operator=self.operator, kind=kind, country=country)
            case NodeOperator.SELLER_NODE:
                return self.node(
                    f"{seller.organisation.code}-{country.lower()}",
                    operator=seller.organisation,
                    kind="seller_premises",
                    country=country,
                )
            case _:
                return self.node(
                    f"partner-{country.lower()}", operator=self.partner(), kind="third_party_overseas", country=country
                )

    def partner(self) -> Organisation:
        """The third party that runs warehouses; made once."""
        found = Organisation.objects.filter(code="partner").first()
        return found or accounts.create_organisation(
            kind="third_party", code="partner", name="A warehouse", country="US", now=self.now
        )


#: Days and legs as a lane's sheet says them.
_LANE = {
    "home": "lane,title,origin,destination,valid_from,source,leg,task,mode,from,to,days,card\n"
    "{code},,{origin},{to},2020-01-01,test lanes,last mile,last_mile,parcel,warehouse,door,1-3,{code}\n",
    "world": "lane,title,origin,destination,valid_from,source,leg,task,mode,from,to,days,card\n"
    "{code},,{origin},{to},2020-01-01,test lanes,line haul,line_haul,air,hub,port,4-6,{code}\n"
    ",,,,,,customs,customs,clearance,port,port,0-1,\n"
    ",,,,,,last mile,last_mile,parcel,port,door,1-2,\n",
}


def _card(code: str, kind: str, market: Market, origin: str) -> str:
    """A rate card by weight."""
    head = "card,carrier,service,mode,currency,origin,valid_from,source,charge,basis,by,above,to,amount\n"
    rows = [
        f"{code},flat-post,{kind},parcel,{market.currency},{origin},2020-01-01,test rates,freight,shipment"
        if place == 0
        else ",,,,,,,,freight,shipment"
        for place in range(len(FREIGHT[kind]))
    ]
    bands = [
        f",weight g,{low - 1 if low else ''},{high - 1},{money.decimal_of(cost, market.currency)}"
        for low, high, cost, _ in FREIGHT[kind]
    ]
    return head + "\n".join(row + band for row, band in zip(rows, bands, strict=True)) + "\n"


def _published(model: type, code: str, sheet: str, now: datetime) -> Any:
    return model(
        id=ids.new_id(now), created_at=now, code=code, title=code, valid_from=date(2020, 1, 1), source="a test",
        sheet=sheet, digest=hashlib.sha256(sheet.encode()).hexdigest(),
    )  # fmt: skip
