"""What a seller has, in the columns of the sheets: what is downloaded can be changed and brought in again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Sku
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.orders import work
from entrepot.domain.pricing import queries as prices
from entrepot.flows import shipping
from entrepot.intake import sheets, uploads
from entrepot.kernel import money
from entrepot.kernel.errors import NotFound

Cells = Mapping[str, object]


def download(*, sheet: str, seller_id: UUID, now: datetime, language: str) -> bytes:
    """A seller's own rows as the sheet has them. Raises: NotFound for a sheet of which nothing is kept."""
    kind = sheets.get(sheet)
    if sheet not in _ROWS:
        raise NotFound(kind="sheet")
    names = [column.name for column in kind.columns]
    rows = [[_written(row.get(name, "")) for name in names] for row in _ROWS[sheet](seller_id, now, language)]
    return uploads.in_spreadsheets(names, rows)


def _written(value: object) -> object:
    """A cell as people of the language write it."""
    if isinstance(value, Decimal) and uploads.decimal_comma():
        return str(value).replace(".", ",")
    return "" if value is None else value


def _catalogue(seller_id: UUID, now: datetime, language: str) -> Iterator[Cells]:
    skus = list(
        Sku.objects.select_related("product__category")
        .filter(organisation_id=seller_id)
        .exclude(product__status="archived")
        .order_by("product__code", "code")[: sheets.ROWS_MAX]
    )
    texts = catalogue.texts({sku.product_id for sku in skus}, languages=[language, "en"])
    offers = catalogue.find_offers(seller_id=seller_id)
    asked = prices.prices([offer.id for offer in offers], now)
    agreed = prices.supply_prices([offer.id for offer in offers])
    by_sku: dict[UUID, list[catalogue.OfferKey]] = {}
    for offer in offers:
        by_sku.setdefault(offer.sku_id, []).append(offer)
    for sku in skus:
        text = texts.get(sku.product_id)
        options = dict(zip(("1", "2"), sku.options.items(), strict=False))
        about: dict[str, object] = {
            "product": sku.product.code, "title": text.title if text else "",
            "description": text.description if text else "",
            "category": sku.product.category.code if sku.product.category else "", "brand": sku.product.brand,
            "sku": sku.code, "weight_g": sku.weight_g, "length_mm": sku.length_mm, "width_mm": sku.width_mm,
            "height_mm": sku.height_mm, "hs_code": sku.hs_code, "origin": sku.origin_country, "barcode": sku.barcode,
            "battery": "yes" if sku.has_battery else "no",
        }  # fmt: skip
        for number, (axis, value) in options.items():
            about |= {f"option_{number}_name": axis, f"option_{number}": value}
        if sku.id not in by_sku:
            yield about
        for offer in by_sku.get(sku.id, ()):
            price, supply = asked.get(offer.id), agreed.get(offer.id)
            yield about | {
                "market": offer.market_code,
                "programme": offer.programme_code,
                "supply_price": money.decimal_of(supply.amount_minor, supply.currency) if supply else "",
                "retail_price": money.decimal_of(price.amount_minor, price.currency) if price else "",
            }


def _stock(seller_id: UUID, now: datetime, language: str) -> Iterator[Cells]:
    for row in inventory.list_stock(seller_id=seller_id, limit=sheets.ROWS_MAX):
        if row.node.operator_id == seller_id and row.owner_id == seller_id:
            yield {
                "node": row.node.code,
                "sku": row.sku.code,
                "on_hand": row.on_hand,
                "lot": row.lot,
                "condition": row.condition,
            }


def _prices(seller_id: UUID, now: datetime, language: str) -> Iterator[Cells]:
    offers = catalogue.find_offers(seller_id=seller_id)
    asked = prices.prices([offer.id for offer in offers], now)
    for offer in offers:
        price = asked.get(offer.id)
        yield {
            "sku": offer.sku_code,
            "market": offer.market_code,
            "programme": offer.programme_code,
            "retail_price": money.decimal_of(price.amount_minor, price.currency) if price else "",
            "currency": offer.currency,
        }


def _tracking(seller_id: UUID, now: datetime, language: str) -> Iterator[Cells]:
    for each in shipping.list_leaving(organisation_id=seller_id, limit=sheets.ROWS_MAX):
        yield {"order": each.work.suborder_number, "parcel": each.parcel.number, "carrier": each.parcel.carrier}
    for item in work.list_work(organisation_id=seller_id, states=("waiting", "accepted"), limit=sheets.ROWS_MAX):
        yield {"order": item.suborder_number, "carrier": item.carrier}


_ROWS: Mapping[str, Callable[[UUID, datetime, str], Iterator[Cells]]] = {
    "catalogue": _catalogue,
    "stock": _stock,
    "prices": _prices,
    "tracking": _tracking,
}

#: The sheets of which a seller has something to download.
KEPT: Sequence[str] = tuple(_ROWS)
