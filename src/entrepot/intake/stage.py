"""The stage of a replay: the market, seller, programme, goods, prices and opening stock that a history brings.

Everything is made through the services, at the time before the first order, and found again by its code: a second
run makes nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from entrepot.domain.accounts import queries as account_reads
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.customs import services as customs
from entrepot.domain.logistics import publishing, shipping
from entrepot.domain.logistics import services as logistics
from entrepot.domain.logistics.models import Node, ShippingCharge
from entrepot.domain.logistics.rules import start_of_day
from entrepot.domain.logistics.shipping import ChargeRow
from entrepot.domain.markets import queries as market_reads
from entrepot.domain.markets import services as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import queries as price_reads
from entrepot.domain.pricing import quoting
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.queries import Price
from entrepot.domain.pricing.services import NewPrice
from entrepot.domain.sellers import applicants
from entrepot.domain.sellers import queries as seller_reads
from entrepot.domain.sellers import services as sellers
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import NodeOperator, Party, Programme, ShipFrom, Task, missing_amounts
from entrepot.flows import inbound
from entrepot.flows.inbound import Goods
from entrepot.intake.grammar import Assumed, Document, MarketOf, SellerOf
from entrepot.intake.history import History
from entrepot.intake.invoices import Story, mean_prices, prices_of
from entrepot.kernel import db
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Refused
from entrepot.kernel.money import round_half_even
from entrepot.kernel.sheets import write_rows

T = TypeVar("T")

#: What a movement that this replay made names as its source.
SOURCE = "replay"

#: No parcel weighs more: one band holds every weight.
WEIGHT_UNTIL_G = 2_000_000_000

#: Rows of one call of a service.
BATCH = 4_000

#: Whose organisation runs a node, and what kind of node it is.
NODES: Mapping[NodeOperator, tuple[str, str, str]] = {
    NodeOperator.SELLER_NODE: ("seller", "seller_premises", "seller_premises"),
    NodeOperator.PLATFORM_NODE: ("operator", "platform_overseas", "platform_consolidation"),
    NodeOperator.PARTNER_NODE: ("third_party", "third_party_overseas", "third_party_overseas"),
}


@dataclass(slots=True)
class Stage:
    """Where a history is played."""

    document: Document
    market: Market
    seller: Seller
    enrolment: Enrolment
    node: Node
    wording: Programme
    skus: dict[str, UUID]
    offers: dict[str, UUID]
    began: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the market."""
        return ZoneInfo(self.market.time_zone)

    @property
    def assumed(self) -> Assumed:
        """What the mapping assumes."""
        assert self.document.assumed is not None
        return self.document.assumed

    @property
    def key(self) -> str:
        """What the checkout keys of this replay begin with: the same history can be played under several programmes."""
        return f"replay:{self.document.name}:{self.enrolment.programme_code}:"

    @property
    def pattern(self) -> str:
        """What the checkout keys of this replay are LIKE."""
        return self.key.replace("_", r"\_") + "%"

    def source_id(self, *names: str | int) -> UUID:
        """The source that a movement of this replay names: the same one on every run."""
        return uuid5(NAMESPACE_URL, ":".join(map(str, (self.key, *names))))

    def actor(self, party: Party) -> Actor:
        """Somebody who speaks for the party in this replay."""
        return SYSTEM if party is not Party.SELLER else _seller_actor(self.seller)


def set_up(history: History, story: Story, path: Path, *, programme: str) -> Stage:
    """Make or find the stage of a history under a programme. Raises: NotFound, Refused."""
    document = history.document
    assert document.market and document.seller and document.assumed  # the mapping was checked
    zone = ZoneInfo(document.market.time_zone)
    began = start_of_day(story.days[0].astimezone(zone).date() - timedelta(days=1), zone)
    market = _market(document.market, began)
    if not market_reads.tax_rates([market.id], story.days[0].date()):
        raise Refused(
            "intake.no_tax_rate",
            "The history begins on {day}, when {market} has no tax rate yet; add one to the mapping.",
            field="market.tax",
            day=story.days[0].date().isoformat(),
            market=market.code,
        )
    _freight(market, (market.country, document.assumed.abroad), document.assumed, began)
    seller = _seller(document.seller, document, began)
    enrolment, wording = _enrolment(seller, market, programme, began)
    _meet(seller, wording, began)
    node = _node(seller, document, wording, began)
    skus = _goods(document, seller, story, began)
    sold = {line.code for invoice in story.invoices for line in invoice.lines}
    offers = _offers(seller, market, enrolment, {code: skus[code] for code in sorted(sold)}, began)
    stage = Stage(document, market, seller, enrolment, node, wording, skus, offers, began)
    _supply_prices(stage, story)
    _retail_prices(stage, story)
    _opening(stage, history, story, path)
    return stage


def _market(wanted: MarketOf, now: datetime) -> Market:
    market = Market.objects.filter(code=wanted.code).first()
    if market is not None:
        if market.currency != wanted.currency:
            raise Refused(
                "intake.market_taken",
                "There is a market {market} in {currency} already.",
                field="market",
                market=wanted.code,
                currency=market.currency,
            )
        return market
    market = markets.open_market(
        actor=SYSTEM,
        code=wanted.code,
        name=wanted.name,
        country=wanted.country,
        currency=wanted.currency,
        tax_display="inclusive" if wanted.includes_tax else "exclusive",
        time_zone=wanted.time_zone,
        languages=[wanted.language],
        now=now,
    )
    for rate in sorted(wanted.tax, key=lambda each: each.valid_from):
        markets.set_tax_rate(
            actor=SYSTEM, market=market, rate=rate.rate, valid_from=rate.valid_from, source=rate.source, now=now
        )
    return market


def _freight(market: Market, origins: Iterable[str], assumed: Assumed, now: datetime) -> None:
    """A lane of its own from each country, at one price whatever the weight; the shopper paid carriage apart or not."""
    if ShippingCharge.objects.filter(market_code=market.code).exists():
        return
    since = now.date()
    common = {"valid_from": since.isoformat(), "source": assumed.source}
    cards: list[dict[str, object]] = []
    lanes: list[dict[str, object]] = []
    for origin in dict.fromkeys(origins):
        code = f"replay-{origin}-{market.code}".lower()
        cards.append({
            "card": code, "carrier": assumed.carrier, "service": assumed.service, "mode": "parcel",
            "currency": market.currency, "origin": origin, "charge": "freight", "basis": "shipment",
            "amount": assumed.freight, **common,
        })  # fmt: skip
        lanes.append({
            "lane": code, "origin": origin, "destination": market.country, "leg": "last mile", "task": "last_mile",
            "mode": "parcel", "from": "the node", "to": "the door", "days": assumed.transit, "card": code, **common,
        })  # fmt: skip
    publishing.publish_cards(actor=SYSTEM, text=_sheet(cards), now=now)
    publishing.publish_lanes(actor=SYSTEM, text=_sheet(lanes), now=now)
    row = ChargeRow(market.code, "", 0, WEIGHT_UNTIL_G, market.currency, 0, Decimal(0), None, since, assumed.source)
    shipping.set_charges(actor=SYSTEM, rows=[row], now=now)
    customs.assume_free(
        destination=market.country, currency=market.currency, on=since, source=assumed.source, actor=SYSTEM, now=now
    )


def _sheet(rows: Sequence[Mapping[str, object]]) -> str:
    return write_rows([list(rows[0]), *([str(cell) for cell in row.values()] for row in rows)])


def _seller(wanted: SellerOf, document: Document, now: datetime) -> Seller:
    assert document.market is not None
    found = seller_reads.find_seller(seller_code=wanted.code)
    if found is None:
        applicants.keep_applicants(
            rows=[applicants.Applicant(wanted.code, wanted.name, wanted.country, document.market.currency)], now=now
        )
        found = seller_reads.find_seller(seller_code=wanted.code)
        assert found is not None
    if found.status == Seller.Status.APPLICANT:
        found = sellers.move(seller_id=found.pk, status="active", actor=SYSTEM, reason=document.title, now=now)
    return found


def _enrolment(seller: Seller, market: Market, programme: str, now: datetime) -> tuple[Enrolment, Programme]:
    """The seller under the programme's current version, as if that had been in force from the day before the history.

    Raises: NotFound for a programme that nobody published, Refused where it has no amounts in the market's currency.
    """
    found = seller_reads.list_enrolments(seller_id=seller.pk, market_id=market.id, programme_code=programme)
    if not found:
        version = terms.get_current(programme)
        if missing := missing_amounts(terms.wording_of(version), market.currency):
            raise Refused(
                "intake.programme_without_currency",
                "{programme} names no amounts in {currency} for {entries}; copy the programme and add them.",
                field="programme",
                programme=programme,
                currency=market.currency,
                entries=", ".join(missing),
            )
        found = [
            sellers.enrol(
                seller=seller,
                version=version,
                programme_code=programme,
                market=market,
                valid_from=now,
                actor=_seller_actor(seller),
                now=now,
            )
        ]
    return found[0], terms.wording_of(found[0].programme_version)


def _meet(seller: Seller, wording: Programme, now: datetime) -> None:
    """Whatever tier and documents the programme asks for, this seller has: the history is about other things."""
    asked = wording.eligibility
    if seller.tier != asked.tier and not _reaches(seller, wording):
        sellers.set_tier(seller_id=seller.pk, tier=asked.tier.value, actor=SYSTEM, reason="replay", now=now)
    held = seller_reads.accepted_documents(seller_id=seller.pk, on=now.date())
    for kind in asked.documents:
        if kind not in held:
            document = sellers.submit_document(seller_id=seller.pk, kind=kind, reference="replay", now=now)
            sellers.decide_document(document_id=document.id, accept=True, actor=SYSTEM, reason="replay", now=now)


def _reaches(seller: Seller, wording: Programme) -> bool:
    tiers = list(type(wording.eligibility.tier))
    return tiers.index(type(wording.eligibility.tier)(seller.tier)) >= tiers.index(wording.eligibility.tier)


def _node(seller: Seller, document: Document, wording: Programme, now: datetime) -> Node:
    """The node from which the programme lets parcels leave."""
    assert document.market and document.assumed
    operator = wording.nodes[0]
    abroad = wording.fulfilment.ship_from is ShipFrom.ABROAD
    code = f"{seller.organisation.code}-{operator.value.replace('_', '-')}{'-abroad' if abroad else ''}"[:60]
    node = Node.objects.filter(code=code).first()
    if node is not None:
        return node
    kind, at_home, far_away = NODES[operator]
    country = document.assumed.abroad if abroad else document.market.country
    hours, minutes = document.assumed.cut_off.split(":")
    return logistics.create_node(
        actor=SYSTEM,
        code=code,
        name=f"{document.title}: {code}"[:120],
        kind=far_away if abroad else at_home,
        operator_id=_operator(kind, seller, document, now).pk,
        country=country,
        time_zone=document.market.time_zone,
        now=now,
        working_days=document.assumed.working_days,
        cut_off=time(int(hours), int(minutes)),
        address={"name": document.title[:150], "country": country},
    )


def _operator(kind: str, seller: Seller, document: Document, now: datetime) -> Organisation:
    if kind == "operator":
        return account_reads.get_operator()
    if kind == "seller":
        return seller.organisation
    code = f"{document.name}-warehouse"
    accounts.keep_organisations(kind=kind, rows=[(code, code, seller.organisation.country)], now=now)
    return Organisation.objects.get(code=code)


def _goods(document: Document, seller: Seller, story: Story, now: datetime) -> dict[str, UUID]:
    """A product and SKU for each code of the history; with a title it is complete by the assumptions, and active."""
    assumed, market = document.assumed, document.market
    assert assumed and market
    catalogue.keep_categories(
        rows=[catalogue.NewCategory(assumed.category, names={market.language: assumed.category})], now=now
    )
    drafts = [
        ProductDraft(
            product_code=code,
            category_code=assumed.category,
            source=document.name,
            texts={market.language: (title, "")} if title else {},
            skus=[
                SkuDraft(
                    sku_code=code,
                    weight_g=assumed.weight,
                    length_mm=assumed.length,
                    width_mm=assumed.width,
                    height_mm=assumed.height,
                    hs_code=assumed.hs_code,
                    origin_country=assumed.origin_country,
                )
            ],
        )
        for code, title in sorted(story.titles.items())
    ]
    skus: dict[str, UUID] = {}
    complete: list[UUID] = []
    for batch in _batches(drafts):
        kept = catalogue.keep_products(organisation_id=seller.pk, drafts=batch, now=now)
        complete += [each.product_id for each, draft in zip(kept, batch, strict=True) if draft.texts]
        for each in kept:
            skus |= each.sku_ids
    fresh = db.fetch_rows(
        "SELECT id FROM catalogue_product WHERE id = ANY(%s) AND status = 'draft' ORDER BY id", [complete]
    )
    catalogue.publish_products(product_ids=[row.id for row in fresh])
    return skus


def _offers(
    seller: Seller, market: Market, enrolment: Enrolment, skus: Mapping[str, UUID], now: datetime
) -> dict[str, UUID]:
    """A live offer for each code that was sold."""
    rows = db.fetch_rows(
        "SELECT k.code, o.id FROM catalogue_offer o JOIN catalogue_sku k ON k.id = o.sku_id"
        " WHERE o.enrolment_id = %s AND o.status <> 'archived'",
        [enrolment.id],
    )
    offers = {row.code: row.id for row in rows}
    for batch in _batches([code for code in skus if code not in offers]):
        made = catalogue.create_offers(
            rows=[
                catalogue.NewOffer(seller.pk, skus[code], market.id, enrolment.id, enrolment.programme_code)
                for code in batch
            ],
            now=now,
        )
        catalogue.move_offers(offer_ids=made, status="live")
        offers |= dict(zip(batch, made, strict=True))
    return offers


def _supply_prices(stage: Stage, story: Story) -> None:
    """Where the seller earns a supply price: an assumed share of what a code was sold for on average, agreed once."""
    if stage.wording.duties[Task.SUPPLY_PRICE].performer is None:
        return
    share = stage.assumed.supply_share
    agreed = price_reads.supply_prices(list(stage.offers.values()))
    means = mean_prices(story.invoices)
    rows = [
        quoting.NewQuote(offer_id, max(1, round_half_even(means[code] * share)), stage.market.currency)
        for code, offer_id in stage.offers.items()
        if offer_id not in agreed and code in means
    ]
    until = story.days[1] + timedelta(days=366)
    for batch in _batches(rows):
        steps = quoting.quote(rows=batch, valid_until=until, actor=stage.actor(Party.SELLER), now=stage.began)
        waiting = [step.id for step in steps if step.status == "quoted"]
        if waiting:
            quoting.accept(quote_ids=waiting, actor=SYSTEM, now=stage.began)


def _retail_prices(stage: Stage, story: Story) -> None:
    """The price list of each week that had orders, set by whom the terms let, agreed by whom they ask.

    An order line is charged its own price all the same. Weeks before the last one that was set are left alone.
    """
    last = db.fetch_value(
        "SELECT max(r.valid_from) FROM pricing_retailprice r JOIN catalogue_offer o ON o.id = r.offer_id"
        " WHERE o.enrolment_id = %s",
        [stage.enrolment.id],
    )
    held: dict[str, int] = {}
    for monday, prices in sorted(prices_of(story.invoices, stage.market.time_zone).items()):
        now = max(start_of_day(monday, stage.zone), stage.began)
        changed = {stage.offers[code]: max(price, 1) for code, price in prices.items() if held.get(code) != price}
        held |= prices
        if last is None or now >= last:
            there = price_reads.prices(list(changed), now) if now == last else {}
            new = [NewPrice(each, price) for each, price in sorted(changed.items()) if _differs(there.get(each), price)]
            if new:
                _set_prices(stage, new, now)


def _differs(price: Price | None, amount_minor: int) -> bool:
    return price is None or price.amount_minor != amount_minor


def _set_prices(stage: Stage, prices: Sequence[NewPrice], now: datetime) -> None:
    decider = stage.wording.decider(Task.RETAIL_PRICE) or Party.PLATFORM
    waiting = pricing.set_retail_prices(
        prices=prices, actor=stage.actor(decider), now=now, reason="the prices of the history"
    ).waiting
    while waiting:
        open_proposals = db.fetch_rows(
            "SELECT id, waits_for_party FROM pricing_retailproposal WHERE offer_id = ANY(%s) AND status = 'open'",
            [list(waiting)],
        )
        waiting = frozenset()
        for party in {row.waits_for_party for row in open_proposals}:
            mine = [row.id for row in open_proposals if row.waits_for_party == party]
            waiting |= pricing.decide_proposals(
                proposal_ids=mine, approve=True, actor=stage.actor(Party(party)), reason="replay", now=now
            ).waiting


def _opening(stage: Stage, history: History, story: Story, path: Path) -> None:
    """The stock that lay there before each file began, so that all of it can be served; once a file.

    Where the terms let the platform own what it receives, it buys this stock too.
    """
    for file in sorted(_files(history, path)):
        source_id = stage.source_id("opening", _digest(file))
        if db.fetch_value("SELECT 1 FROM inventory_movement WHERE source_id = %s LIMIT 1", [source_id]):
            continue
        units = {code: count for (name, code), count in sorted(story.opening.items()) if name == file.name}
        if units:
            inbound.receive_goods(
                seller_id=stage.seller.pk,
                node_id=stage.node.id,
                rows=[Goods(stage.skus[code], count) for code, count in units.items()],
                actor=SYSTEM,
                now=stage.began,
                kind="opening",
                source_id=source_id,
            )


def _files(history: History, path: Path) -> Iterable[Path]:
    names = {line.file for line in history.lines}
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.name in names]


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _seller_actor(seller: Seller) -> Actor:
    verbs = ("enrolments.accept", "prices.set", "quotes.make", "stock.receive", "work.perform", "returns.handle")
    return Actor(
        label=seller.organisation.code,
        organisation_id=seller.pk,
        role="seller.owner",
        verbs=dict.fromkeys(verbs, "own"),
    )


def _batches(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
