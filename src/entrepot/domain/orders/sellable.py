"""What an order asks of an offer, read by sets: whose it is, what it weighs, how it is taxed, under which terms."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.terms import queries as terms_queries
from entrepot.domain.terms.rules import Programme as Wording
from entrepot.domain.terms.rules import Terms
from entrepot.kernel.rounds import Asked, ask, together


class Sellable(NamedTuple):
    """An offer with everything that a line freezes of it but its price. `objection` says why it is not for sale."""

    id: UUID
    seller_id: UUID
    sku_id: UUID
    market_id: UUID
    enrolment_id: UUID
    programme_code: str
    is_allotted: bool
    product_id: UUID
    category_path: str
    tax_class: str
    weight_g: int | None
    sides_mm: tuple[int, int, int]
    hs_code: str
    origin_country: str
    has_battery: bool
    settlement_currency: str
    components: tuple[tuple[UUID, int], ...]
    terms: Terms
    objection: str

    @property
    def volume_cm3(self) -> int:
        """A unit's, rounded up; nothing where its sides are not known."""
        longest, middle, least = self.sides_mm
        return -(-longest * middle * least // 1000)

    @property
    def flags(self) -> frozenset[str]:
        """What a carrier asks of goods."""
        return frozenset({"battery"}) if self.has_battery else frozenset()


class AskedGoods(NamedTuple):
    """What is asked of offers: their rows, the parts of kits, and the titles of their products."""

    offers: Asked
    components: Asked
    titles: Asked


def ask_goods(*, offer_ids: Collection[UUID]) -> AskedGoods:
    """Ask for everything that `read_goods` and `read_titles` read."""
    ids = [list(offer_ids)]
    return AskedGoods(ask(_OFFERS, ids), ask(_COMPONENTS, ids), ask(_TITLES, ids))


def find_sellable(*, offer_ids: Collection[UUID], now: datetime) -> dict[UUID, Sellable]:
    """The offers of these ids with the terms of today; what does not exist is not there."""
    with together():
        asked = ask_goods(offer_ids=offer_ids)
    return read_goods(asked, now=now)


_OFFERS = """
    SELECT offer.id, offer.seller_id, offer.sku_id, offer.market_id, offer.enrolment_id, offer.programme_code,
        offer.status, offer.stock_policy, sku.product_id, sku.weight_g, sku.length_mm,
        sku.width_mm, sku.height_mm, sku.hs_code, sku.origin_country, sku.has_battery,
        product.status AS product_status,
        category.path AS category_path, category.tax_class, seller.status AS seller_status,
        seller.settlement_currency, enrolment.programme_version_id, enrolment.valid_from, enrolment.valid_until
    FROM catalogue_offer offer
    JOIN catalogue_sku sku ON sku.id = offer.sku_id
    JOIN catalogue_product product ON product.id = sku.product_id
    LEFT JOIN catalogue_category category ON category.id = product.category_id
    JOIN sellers_seller seller ON seller.organisation_id = offer.seller_id
    JOIN sellers_enrolment enrolment ON enrolment.id = offer.enrolment_id
    WHERE offer.id = ANY(%s)
"""
_COMPONENTS = """
    SELECT sku_id, component_id, quantity FROM catalogue_skucomponent
    WHERE sku_id IN (SELECT sku_id FROM catalogue_offer WHERE id = ANY(%s)) ORDER BY sku_id, id
"""
_TITLES = """
    SELECT product_id, language, title FROM catalogue_producttext WHERE product_id IN (SELECT sku.product_id
        FROM catalogue_offer offer JOIN catalogue_sku sku ON sku.id = offer.sku_id WHERE offer.id = ANY(%s))
    ORDER BY product_id, language
"""


def read_goods(asked: AskedGoods, *, now: datetime) -> dict[UUID, Sellable]:
    """The offers that were asked for, with the terms of today; what does not exist is not there."""
    rows = asked.offers.rows
    components: dict[UUID, tuple[tuple[UUID, int], ...]] = {}
    for row in asked.components.rows:
        components[row.sku_id] = (*components.get(row.sku_id, ()), (row.component_id, row.quantity))
    terms = _terms_of(rows, now.date())
    return {
        row.id: Sellable(
            id=row.id,
            seller_id=row.seller_id,
            sku_id=row.sku_id,
            market_id=row.market_id,
            enrolment_id=row.enrolment_id,
            programme_code=row.programme_code,
            is_allotted=row.stock_policy == "allotted",
            product_id=row.product_id,
            category_path=row.category_path or "",
            tax_class=row.tax_class or "standard",
            weight_g=row.weight_g,
            sides_mm=_sides(row),
            hs_code=row.hs_code,
            origin_country=row.origin_country,
            has_battery=row.has_battery,
            settlement_currency=row.settlement_currency,
            components=components.get(row.sku_id, ()),
            terms=terms[row.programme_version_id, row.valid_from.date()],
            objection=_objection(row, now),
        )
        for row in rows
    }


def read_titles(asked: AskedGoods) -> dict[UUID, dict[str, str]]:
    """The titles of the products by language."""
    titles: dict[UUID, dict[str, str]] = defaultdict(dict)
    for row in asked.titles.rows:
        titles[row.product_id][row.language] = row.title
    return titles


def title_in(titles: Mapping[str, str], languages: Collection[str]) -> str:
    """The title in the first of these languages that there is one in, else in English, else in any."""
    for language in (*languages, "en"):
        if found := titles.get(language) or titles.get(language[:2]):
            return found
    return next(iter(titles.values()), "")


def _sides(row: Any) -> tuple[int, int, int]:
    """The sides, longest first; nothing where one is not known."""
    sides = (row.length_mm, row.width_mm, row.height_mm)
    longest, middle, least = sorted(sides, reverse=True) if all(sides) else (0, 0, 0)
    return longest, middle, least


def _terms_of(rows: Collection[Any], on: date) -> dict[tuple[UUID, date], Terms]:
    """Terms by programme version and first day of the enrolment."""
    wordings = terms_queries.get_wordings({row.programme_version_id for row in rows})
    terms = {}
    for version_id, enrolled_on in {(row.programme_version_id, row.valid_from.date()) for row in rows}:
        version, wording = wordings[version_id]
        terms[version_id, enrolled_on] = _terms(wording, version.version, on, enrolled_on)
    return terms


#: Terms that were made already, with the wording that they were made of; their snapshots' hashes are theirs for good.
_made: dict[tuple[int, int, date, date], tuple[Wording, Terms]] = {}
MADE_MAX = 2_000


def _terms(wording: Wording, version: int, on: date, enrolled_on: date) -> Terms:
    key = (id(wording), version, on, enrolled_on)
    found = _made.get(key)
    if found is None:
        if len(_made) >= MADE_MAX:
            _made.clear()
        # The wording is kept with it, so that no other gets its id.
        found = _made[key] = (wording, wording.terms(version=version, on=on, enrolled_on=enrolled_on))
    return found[1]


def _objection(row: Any, now: datetime) -> str:
    if row.status != "live" or row.product_status != "active":
        return "orders.not_on_sale"
    if row.seller_status != "active":
        return "orders.seller_not_active"
    if now < row.valid_from or (row.valid_until is not None and now >= row.valid_until):
        return "orders.enrolment_over"
    return ""
