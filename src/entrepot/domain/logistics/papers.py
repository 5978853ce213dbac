"""Papers that go with a parcel: packing list, commercial invoice and the postal customs declarations CN 22 and CN 23.

What they say is given; nothing is reckoned here but sums, and those of the rows that are shown. Papers that cross
borders are in English, which every customs office takes. Source: Universal Postal Convention, Regulations, forms CN 22
and CN 23 (what they must say); WCO and ICC practice for the commercial invoice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import typst
from django.utils.formats import date_format

from entrepot.domain.logistics.carriers.interface import Address, Item
from entrepot.domain.logistics.labels import barcode_svg
from entrepot.kernel.errors import Refused
from entrepot.kernel.money import exponent

TEMPLATE = Path(str(resources.files("entrepot.domain.logistics") / "documents" / "papers.typ"))

PACKING_LIST, INVOICE, CN22, CN23 = "packing-list", "commercial-invoice", "cn22", "cn23"
#: Whichever of the two postal declarations a parcel needs.
DECLARATION = "customs-declaration"
TITLES = {
    PACKING_LIST: "Packing list", INVOICE: "Commercial invoice", CN22: "Customs declaration",
    CN23: "Customs declaration CN 23",
}  # fmt: skip
#: Papers that customs reads.
BORDER = (INVOICE, CN22, CN23)

#: A CN 22 serves up to 300 special drawing rights and the two kilograms of a small packet; above it is a CN 23.
#: Source: Universal Postal Convention, Regulations 17-107 and 20-001; Österreichische Post puts 300 SDR at EUR 359.
CN22_EUR_MINOR = 35_900
CN22_WEIGHT_G = 2_000

_CERTIFIED = (
    "I certify that what is said here is correct, and that the item holds nothing dangerous and nothing that the law or"
    " postal or customs rules forbid."
)
_INVOICED = "We declare that this invoice is true and complete, and that the goods are of the origin shown."


class Incomplete(Refused):
    """Customs has to be told more than is known."""

    code = "papers.incomplete"
    message = "Give the HS code and the country of origin of {skus} first: no border is crossed without them."


@dataclass(frozen=True, slots=True)
class Sheet:
    """A parcel as its papers show it. Units: grams, minor units of `currency`.

    `freight_minor`, `tax_minor` and `duty_minor` are what the shopper pays of each beside the goods.
    """

    number: str
    reference: str
    order: str
    carrier: str
    service: str
    tracking_number: str
    sender: Address
    recipient: Address
    currency: str
    incoterm: str
    weight_g: int
    items: tuple[Item, ...]
    freight_minor: int
    tax_minor: int
    duty_minor: int
    made_on: datetime

    @property
    def goods_minor(self) -> int:
        """What the goods are worth, net of tax."""
        return sum(item.value_minor for item in self.items)

    @property
    def total_minor(self) -> int:
        """All that the shopper pays for what is in it."""
        return self.goods_minor + self.freight_minor + self.tax_minor + self.duty_minor


def declaration_for(value_eur_minor: int, weight_g: int) -> str:
    """Which of the two postal declarations a parcel needs."""
    return CN22 if value_eur_minor <= CN22_EUR_MINOR and weight_g <= CN22_WEIGHT_G else CN23


def render(wanted: Sequence[tuple[str, Sheet]]) -> bytes:
    """Papers (which, of what parcel) as one PDF, in order; the same gives the same bytes. Raises: Incomplete."""
    told = [item for kind, each in wanted if kind in BORDER for item in each.items]
    if lacking := sorted({item.sku for item in told if not (item.hs_code and item.origin)}):
        raise Incomplete(skus=", ".join(lacking[:10]))
    make = {PACKING_LIST: _packing_list, INVOICE: _invoice, CN22: _cn22, CN23: _cn23}
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"sheets": json.dumps([_common(kind, each) | make[kind](each) for kind, each in wanted])},
        timestamp=int(max(each.made_on for _kind, each in wanted).timestamp()),
    )


def amount(minor: int, currency: str) -> str:
    """An amount with its currency, as a form shows it: "1234.50 EUR"."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f} {currency}"


def unit_value(item: Item, currency: str) -> str:
    """What one unit is worth; to the hundredth of a minor unit where the units do not share evenly."""
    places = exponent(currency)
    each = Decimal(item.value_minor) / item.quantity
    if each != each.to_integral_value():
        return f"{each.scaleb(-places).quantize(Decimal(1).scaleb(-places - 2)):f}"
    return f"{each.scaleb(-places):.{places}f}"


def _common(kind: str, sheet: Sheet) -> dict[str, Any]:
    return {
        "form": kind,
        "title": TITLES[kind],
        "number": sheet.number,
        "coded": sheet.tracking_number or sheet.number,
        "barcode": barcode_svg(sheet.tracking_number or sheet.number),
        "from": sheet.sender.lines,
        "to": sheet.recipient.lines,
        "date": date_format(sheet.made_on, "Y-m-d"),
        "statement": "",
    }


def _packing_list(sheet: Sheet) -> dict[str, Any]:
    return {
        "parties": ["From", "To"],
        "facts": _way(sheet),
        "columns": ["Article", "Number", "Units", "Weight"],
        "widths": ["1fr", "left", "right", "right"],
        "rows": [[item.title, item.sku, str(item.quantity), _kilograms(item.weight_g)] for item in sheet.items],
        "sums": [
            ["Units", str(sum(item.quantity for item in sheet.items)), False],
            ["Gross weight", _kilograms(sheet.weight_g), True],
        ],
    }


def _invoice(sheet: Sheet) -> dict[str, Any]:
    currency = sheet.currency
    return {
        "parties": ["Seller / exporter", "Buyer / consignee"],
        "facts": [
            *_way(sheet),
            ("Terms of delivery", f"{sheet.incoterm} {sheet.recipient.city} {sheet.recipient.country}"),
            ("Reason for export", "Sale of goods"),
            ("Gross weight", _kilograms(sheet.weight_g)),
        ],
        "columns": ["Goods", "HS code", "Origin", "Units", f"Unit value {currency}", f"Value {currency}"],
        "widths": ["1fr", "left", "left", "right", "right", "right"],
        "rows": [
            [item.title, item.hs_code, item.origin, str(item.quantity), unit_value(item, currency),
             amount(item.value_minor, currency).rpartition(" ")[0]]
            for item in sheet.items
        ],
        "sums": [
            ["Value of the goods", amount(sheet.goods_minor, currency), False],
            ["Freight", amount(sheet.freight_minor, currency), False],
            ["Duty", amount(sheet.duty_minor, currency), False],
            ["Tax", amount(sheet.tax_minor, currency), False],
            ["Total", amount(sheet.total_minor, currency), True],
        ],
        "statement": _INVOICED,
    }  # fmt: skip


def _cn22(sheet: Sheet) -> dict[str, Any]:
    currency = sheet.currency
    return {
        "category": "Sale of goods",
        "columns": ["Units and contents", "Weight", f"Value {currency}", "HS", "Origin"],
        "widths": ["1fr", "right", "right", "left", "left"],
        "rows": [
            [f"{item.quantity} × {item.title}", _kilograms(item.weight_g),
             amount(item.value_minor, currency).rpartition(" ")[0], item.hs_code, item.origin]
            for item in sheet.items
        ],
        "sums": [
            ["Total weight", _kilograms(sheet.weight_g), False],
            ["Total value", amount(sheet.goods_minor, currency), True],
        ],
        "statement": _CERTIFIED,
    }  # fmt: skip


def _cn23(sheet: Sheet) -> dict[str, Any]:
    phones = [("Sender's telephone", sheet.sender.phone), ("Addressee's telephone", sheet.recipient.phone)]
    return {
        "parties": ["Sender", "Addressee"],
        "facts": [
            *_way(sheet),
            ("Category of item", "Sale of goods"),
            ("Terms of delivery", sheet.incoterm),
            *((name, value) for name, value in phones if value),
            ("Postal charges", amount(sheet.freight_minor, sheet.currency)),
        ],
        "columns": ["Contents", "Units", "Net weight", f"Value {sheet.currency}", "HS code", "Origin"],
        "widths": ["1fr", "right", "right", "right", "left", "left"],
        "rows": [
            [item.title, str(item.quantity), _kilograms(item.weight_g),
             amount(item.value_minor, sheet.currency).rpartition(" ")[0], item.hs_code, item.origin]
            for item in sheet.items
        ],
        "sums": [
            ["Total gross weight", _kilograms(sheet.weight_g), False],
            ["Total value", amount(sheet.goods_minor, sheet.currency), True],
        ],
        "statement": _CERTIFIED,
    }  # fmt: skip


def _way(sheet: Sheet) -> list[tuple[str, str]]:
    rows = [
        ("Order", f"{sheet.order} · {sheet.reference}"),
        ("Carrier", f"{sheet.carrier} {sheet.service}".strip()),
        ("Tracking number", sheet.tracking_number),
        ("Date", date_format(sheet.made_on, "Y-m-d")),
    ]
    return [(name, value) for name, value in rows if value]


def _kilograms(grams: int) -> str:
    return f"{grams / 1000:.3f} kg"


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts()
