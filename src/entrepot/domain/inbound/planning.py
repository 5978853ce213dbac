"""What the platform may order more of: articles whose planning the terms give to it, with their stock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import Conditions, Party, Task
from entrepot.kernel.db import fetch_rows

#: Articles that one look takes in.
ARTICLES_MAX = 5000


@dataclass(frozen=True, slots=True)
class Article:
    """A seller's SKU, by one of its offers, with the price that is agreed and what is free. Units: minor."""

    offer_id: UUID
    seller_id: UUID
    seller_name: str
    seller_code: str
    sku_id: UUID
    sku_code: str
    product_id: UUID
    enrolment_id: UUID
    programme_code: str
    market_country: str
    pack_quantity: int
    unit_minor: int | None
    currency: str
    free: int


def list_articles(
    *,
    programme_code: str = "",
    category_path: str = "",
    seller_code: str = "",
    offer_ids: Collection[UUID] | None = None,
    limit: int = ARTICLES_MAX,
) -> list[Article]:
    """Articles on sale (or paused) that are no kits, one row for a seller's SKU: its oldest offer.

    Free is what stands unpromised and new at nodes that are not the seller's own.
    """
    enrolments = _planned_by_platform(programme_code)
    rows = fetch_rows(
        _ARTICLES,
        {
            "enrolments": list(enrolments),
            "category": category_path,
            "below": f"{category_path}/%",
            "seller": seller_code,
            "offers": None if offer_ids is None else list(offer_ids),
            "limit": limit,
        },
    )
    return [Article(**row._asdict()) for row in rows]


def list_programmes() -> Sequence[str]:
    """The codes of programmes under which the platform plans anything."""
    rows = fetch_rows(_VERSIONS)
    conditions = sellers.list_conditions([row.id for row in rows])
    return sorted({row.programme_code for row in rows if _plans(conditions[row.id])})


def _planned_by_platform(programme_code: str) -> set[UUID]:
    rows = fetch_rows(
        "SELECT DISTINCT enrolment.id, enrolment.programme_version_id AS version_id FROM sellers_enrolment enrolment"
        " JOIN sellers_seller seller ON seller.organisation_id = enrolment.seller_id AND seller.status = 'active'"
        " WHERE enrolment.valid_until IS NULL AND (%s = '' OR enrolment.programme_code = %s)",
        [programme_code, programme_code],
    )
    one_each = {row.version_id: row.id for row in rows}
    conditions = sellers.list_conditions(one_each.values())
    planned = {version_id for version_id, enrolment_id in one_each.items() if _plans(conditions[enrolment_id])}
    return {row.id for row in rows if row.version_id in planned}


def _plans(conditions: Conditions) -> bool:
    return terms.may_set(conditions, Task.INVENTORY_PLANNING, Party.PLATFORM)


_VERSIONS = """
    SELECT DISTINCT ON (programme_version_id) id, programme_code FROM sellers_enrolment
    WHERE valid_until IS NULL ORDER BY programme_version_id, id
"""

_ARTICLES = """
    SELECT DISTINCT ON (offer.seller_id, offer.sku_id)
        offer.id AS offer_id, offer.seller_id, firm.name AS seller_name, firm.code AS seller_code, offer.sku_id,
        sku.code AS sku_code, sku.product_id, offer.enrolment_id, offer.programme_code,
        market.country AS market_country, sku.pack_quantity, quote.amount_minor AS unit_minor,
        coalesce(quote.currency, seller.settlement_currency) AS currency,
        coalesce((
            SELECT sum(stock.on_hand - stock.reserved) FROM inventory_stock stock
            JOIN logistics_node node ON node.id = stock.node_id AND node.operator_id <> stock.seller_id
            WHERE stock.seller_id = offer.seller_id AND stock.sku_id = offer.sku_id AND stock.condition = 'new'
        ), 0)::bigint AS free
    FROM catalogue_offer offer
    JOIN sellers_seller seller ON seller.organisation_id = offer.seller_id
    JOIN accounts_organisation firm ON firm.id = offer.seller_id
    JOIN markets_market market ON market.id = offer.market_id
    JOIN catalogue_sku sku ON sku.id = offer.sku_id
    JOIN catalogue_product product ON product.id = sku.product_id
    LEFT JOIN catalogue_category category ON category.id = product.category_id
    LEFT JOIN pricing_supplyquote quote ON quote.offer_id = offer.id AND quote.status = 'accepted'
    WHERE offer.status IN ('live', 'paused') AND offer.enrolment_id = ANY(%(enrolments)s)
      AND (%(offers)s::uuid[] IS NULL OR offer.id = ANY(%(offers)s::uuid[]))
      AND (%(seller)s = '' OR firm.code = %(seller)s)
      AND (%(category)s = '' OR category.path = %(category)s OR category.path LIKE %(below)s)
      AND NOT EXISTS (SELECT FROM catalogue_skucomponent part WHERE part.sku_id = offer.sku_id
                      AND part.component_id <> offer.sku_id)
    ORDER BY offer.seller_id, offer.sku_id, quote.id IS NULL, offer.id
    LIMIT %(limit)s
"""
