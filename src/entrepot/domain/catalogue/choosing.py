"""Offers chosen by what they are, for decisions over many at once."""

from uuid import UUID

from entrepot.kernel.db import fetch_rows


def list_offer_ids(
    *,
    market_id: UUID | None = None,
    programme_code: str = "",
    category_path: str = "",
    seller_code: str = "",
    status: str = "",
    after: UUID | None = None,
    limit: int = 1000,
) -> list[UUID]:
    """Offers that are not archived, by filter, in the order in which they came."""
    rows = fetch_rows(
        _CHOSEN,
        {
            "market": market_id,
            "programme": programme_code,
            "category": category_path,
            "below": f"{category_path}/%",
            "seller": seller_code,
            "status": status,
            "after": after,
            "limit": limit,
        },
    )
    return [row.id for row in rows]


_CHOSEN = """
    SELECT offer.id FROM catalogue_offer offer
    JOIN accounts_organisation firm ON firm.id = offer.seller_id
    JOIN catalogue_sku sku ON sku.id = offer.sku_id
    JOIN catalogue_product product ON product.id = sku.product_id
    LEFT JOIN catalogue_category category ON category.id = product.category_id
    WHERE offer.status <> 'archived'
      AND (%(market)s::uuid IS NULL OR offer.market_id = %(market)s)
      AND (%(programme)s = '' OR offer.programme_code = %(programme)s)
      AND (%(category)s = '' OR category.path = %(category)s OR category.path LIKE %(below)s)
      AND (%(seller)s = '' OR firm.code = %(seller)s)
      AND (%(status)s = '' OR offer.status = %(status)s)
      AND (%(after)s::uuid IS NULL OR offer.id > %(after)s)
    ORDER BY offer.id LIMIT %(limit)s
"""
