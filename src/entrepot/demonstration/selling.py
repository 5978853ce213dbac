"""The sellers of the demonstration: they apply, are admitted, list their goods, bring stock and accept programmes."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from entrepot.demonstration import goods, pictures
from entrepot.demonstration.setting import PASSWORD, PER_EURO, Setting, add_node, remember_owner
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.pricing import queries as price_reads
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.domain.sellers import queries as seller_reads
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Party, Task
from entrepot.flows import enrolling, inbound, joining, listing
from entrepot.kernel import media, money
from entrepot.kernel.actors import SYSTEM, Actor

#: What the shopper pays for a dollar of cost where the seller prices, by market.
RETAIL_PER_COST = {"US": Decimal("2.9"), "DE": Decimal("3.1"), "BR": Decimal("3.3")}


@dataclass(frozen=True, slots=True)
class Listed:
    """A SKU in the catalogue, with the design that it is made after."""

    sku_id: UUID
    design: goods.Design


def add_sellers(setting: Setting, now: datetime, chance: random.Random) -> None:
    """All sellers, their goods on sale; and an applicant who still waits."""
    made = _Shelves()
    common = made.publish(setting.operator.id, setting.script["common"]["goods"], SYSTEM, now)
    for row in setting.script["seller"]:
        _add_seller(setting, row, made, common, now, chance)
    row = setting.script["applicant"][0]
    application = _apply(row, now)
    actor = seller_reads.get_system_actor(seller_id=application.seller.pk)
    enrolling.submit_document(
        actor=actor, seller_id=application.seller.pk, kind="business_licence", reference="WW-2207", now=now
    )
    remember_owner(setting, application.seller.pk, "applicant")


def _add_seller(
    setting: Setting,
    row: dict[str, Any],
    shelves: "_Shelves",
    common: Mapping[str, Sequence[Listed]],
    now: datetime,
    chance: random.Random,
) -> None:
    application = _apply(row, now)
    seller_id = application.seller.pk
    owner = seller_reads.get_system_actor(seller_id=seller_id)
    operator = setting.actor(setting.operator.id)
    versions = {each["programme"]: terms.get_current(each["programme"]) for each in row["enrolments"]}
    needed = {kind for version in versions.values() for kind in terms.wording_of(version).eligibility.documents}
    for kind in sorted(needed):
        document = enrolling.submit_document(
            actor=owner, seller_id=seller_id, kind=str(kind), reference=f"{row['code'].upper()}-{kind}", now=now
        )
        enrolling.decide_document(actor=operator, document_id=document.id, accept=True, reason="Checked", now=now)
    joining.answer_questions(actor=owner, seller_id=seller_id, answers=_answers(row), now=now)
    enrolling.admit(actor=operator, seller_id=seller_id, reason="Papers complete", now=now)
    enrolling.set_tier(actor=operator, seller_id=seller_id, tier="standard", reason="Known trader", now=now)
    remember_owner(setting, seller_id, f"seller · {' + '.join(versions)}")
    actor = setting.actor(seller_id)

    own = shelves.publish(seller_id, row["goods"], actor, now)
    listed = [each for code in row["goods"] for each in own[code]]
    listed += [each for code in row.get("also_offers", ()) for each in common[code]]
    if "premises" in row:
        add_node(
            setting,
            application.seller.organisation,
            row["premises"] | {"code": f"{row['code']}-premises", "name": row["name"], "kind": "seller_premises"},
            now,
        )
    _bring_stock(setting, row, seller_id, own, now, chance)
    for enrolment in row["enrolments"]:
        version = versions[enrolment["programme"]]
        for market_code in enrolment["markets"]:
            enrolling.accept_programme(
                actor=actor, seller_id=seller_id, version_id=version.id, market_code=market_code,
                seen_hash=version.content_hash, now=now,
            )  # fmt: skip
            _offer(setting, seller_id, listed, enrolment["programme"], market_code, now, chance)
    _bring_stock(setting, row, seller_id, {c: common[c] for c in row.get("also_offers", ())}, now, chance)


def _answers(row: dict[str, Any]) -> dict[str, Any]:
    """What a seller says of itself: it reaches as far as the programmes that it trades under need."""
    sold_in = sorted({code for each in row["enrolments"] for code in each["markets"]})
    home = row["country"]
    reach = sorted({home, *sold_in} if "premises" in row or home in sold_in else {home})
    return {
        "units_a_week": 300 + 50 * len(row["goods"]),
        "lead_time_days": 5,
        "handling_days": 1,
        "smallest_batch": 60,
        "restock_days": 10,
        "stock_countries": reach,
        "import_countries": reach,
        "carrier_countries": reach,
        "return_countries": reach,
        "languages": ["en"],
    }


def _apply(row: dict[str, Any], now: datetime) -> enrolling.Application:
    return enrolling.apply_seller(
        seller_code=row["code"],
        name=row["name"],
        country=row["country"],
        settlement_currency=row["currency"],
        email=row["email"],
        password=PASSWORD,
        person=row["person"],
        now=now,
    )


class _Shelves:
    """Products in the catalogue, with their pictures; a picture that two share is drawn once."""

    def __init__(self) -> None:
        self.designs: dict[str, list[goods.Design]] = {}
        for design in goods.designs():
            self.designs.setdefault(design.good.code, []).append(design)
        _, self.options = goods.read_styles()
        self.drawn: dict[tuple[str, str], str] = {}

    def publish(
        self, organisation_id: UUID, codes: Iterable[str], actor: Actor, now: datetime
    ) -> dict[str, Sequence[Listed]]:
        """Keep and publish the products of these goods; their SKUs by good."""
        designs = [design for code in codes for design in self.designs[code]]
        kept = listing.keep_products(
            actor=actor, organisation_id=organisation_id, drafts=[self._draft(design) for design in designs], now=now
        )
        catalogue.add_pictures(
            rows=[
                (each.product_id, self._picture(design.good.shape, palette), self._alt(design))
                for each, design in zip(kept, designs, strict=True)
                for palette in self._palettes(design)
            ],
            options=[
                {"colour": palette} if design.good.axis == "colour" else {}
                for design in designs
                for palette in self._palettes(design)
            ],
            now=now,
        )
        listing.publish_products(actor=actor, product_ids=[each.product_id for each in kept])
        listed: dict[str, Sequence[Listed]] = {}
        for each, design in zip(kept, designs, strict=True):
            skus = [Listed(sku_id, design) for sku_id in each.sku_ids.values()]
            listed[design.good.code] = [*listed.get(design.good.code, ()), *skus]
        return listed

    def _draft(self, design: goods.Design) -> ProductDraft:
        good = design.good
        values = self.options[good.axis]["values"] if good.axis else [""]
        return ProductDraft(
            product_code=design.code,
            category_code=good.category,
            brand=design.style.name,
            axes=(good.axis,) if good.axis else (),
            source="demonstration",
            texts={language: (design.title(language), design.style.texts[language]) for language in goods.LANGUAGES},
            skus=[
                SkuDraft(
                    sku_code=f"{design.code}-{value}".strip("-").replace(" ", ""),
                    options={good.axis: value} if good.axis else {},
                    weight_g=good.weight_g,
                    length_mm=good.length_mm,
                    width_mm=good.width_mm,
                    height_mm=good.height_mm,
                    hs_code=good.hs_code,
                    origin_country="CN",
                    has_battery=good.has_battery,
                    is_bulky=good.weight_g > 4500,
                )
                for value in values
            ],
        )

    def _palettes(self, design: goods.Design) -> list[str]:
        """The main picture first, then those of the other colours where there are any."""
        others = [each for each in pictures.PALETTES if each != design.palette] if design.good.axis == "colour" else []
        return [design.palette, *others]

    def _picture(self, shape: str, palette: str) -> str:
        if (shape, palette) not in self.drawn:
            self.drawn[shape, palette] = media.keep(pictures.draw(shape, palette), "png")
        return self.drawn[shape, palette]

    def _alt(self, design: goods.Design) -> dict[str, str]:
        return {language: design.title(language) for language in goods.LANGUAGES}


def _bring_stock(
    setting: Setting,
    row: dict[str, Any],
    seller_id: UUID,
    listed: Mapping[str, Sequence[Listed]],
    now: datetime,
    chance: random.Random,
) -> None:
    """Every node of the seller has most of its goods; some are few, a few are sold out."""
    codes = list(dict.fromkeys(code for each in row["enrolments"] for code in each["nodes"]))
    if "premises" in row:
        codes.append(f"{row['code']}-premises")
    everything = [each for group in listed.values() for each in group]
    for code in codes:
        node = setting.nodes[code]
        counts = [chance.choice((0, 3, 8, 25, 40, 40, 60, 60, 90)) for _ in everything]
        rows = [inbound.Goods(each.sku_id, count) for each, count in zip(everything, counts, strict=True) if count]
        if rows:
            inbound.receive_goods(
                seller_id=seller_id, node_id=node.id, rows=rows, actor=setting.actor(node.operator_id), now=now
            )


def _offer(
    setting: Setting,
    seller_id: UUID,
    listed: Sequence[Listed],
    programme_code: str,
    market_code: str,
    now: datetime,
    chance: random.Random,
) -> None:
    """Offer everything in a market, priced by whoever holds that right, and put it on sale."""
    actor, operator = setting.actor(seller_id), setting.actor(setting.operator.id)
    wording = terms.wording_of(terms.get_current(programme_code))
    offer_ids = listing.create_offers(
        actor=actor,
        seller_id=seller_id,
        wishes=[listing.Wish(each.sku_id, market_code, programme_code) for each in listed],
        now=now,
    )
    market = setting.markets[market_code]
    if wording.earning.basis == "supply_price":
        currency = seller_reads.get_seller(seller_id=seller_id).settlement_currency
        quotes = listing.quote_supply_prices(
            actor=actor,
            rows=[
                NewQuote(offer_id, _in(currency, each.design.cost_minor * 5 // 4))
                for offer_id, each in zip(offer_ids, listed, strict=True)
            ],
            valid_until=now + timedelta(days=30),
            now=now,
        )
        waiting = [quote.id for quote in quotes if quote.status == "quoted"]
        if waiting:
            listing.accept_supply_prices(actor=operator, quote_ids=waiting, now=now)
    else:
        pricing.set_retail_prices(
            prices=[
                pricing.NewPrice(offer_id, _retail(market.currency, market_code, each.design.cost_minor, chance))
                for offer_id, each in zip(offer_ids, listed, strict=True)
            ],
            actor=actor,
            now=now,
        )
        waiting = [each.id for each in price_reads.list_proposals(seller_id=seller_id, limit=5000)]
        if waiting:
            pricing.decide_proposals(
                proposal_ids=waiting, approve=True, actor=operator, reason="In line with the market", now=now
            )
    decider = operator if listing.may_select(wording, Task.PRODUCT_SELECTION, Party.PLATFORM) else actor
    listing.go_live(actor=decider, offer_ids=offer_ids, now=now)


def _in(currency: str, cents: int) -> int:
    """US cents in a currency, at the middle rates."""
    if currency == "USD":
        return cents
    per_euro = Decimal(1) if currency == "EUR" else PER_EURO[currency]
    return money.round_half_even(cents * per_euro / PER_EURO["USD"])


def _retail(currency: str, market_code: str, cost: int, chance: random.Random) -> int:
    """A price that ends in 99, a little different at each seller."""
    factor = RETAIL_PER_COST[market_code] * Decimal(chance.randint(94, 112)) / 100
    whole = _in(currency, int(cost * factor)) // 100
    return max(whole, 2) * 100 + 99
