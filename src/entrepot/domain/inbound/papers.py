"""Papers of a shipment: a label for each carton with its number as a bar code, and the packing list.

Made by typst from the templates beside this file; the same shipment gives the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import typst
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.queries import CartonView
from entrepot.domain.inbound.return_models import VendorReturn
from entrepot.domain.logistics.labels import barcode_svg

FOLDER = Path(str(resources.files("entrepot.domain.inbound") / "documents"))


def carton_labels(
    shipment: Shipment, cartons: Sequence[CartonView], *, sender: Sequence[str], recipient: Sequence[str], now: datetime
) -> bytes:
    """A PDF with a page for each carton."""
    count = len(cartons)
    data = _head(shipment, sender, recipient, now) | {
        "cartons": [_carton(each, count, {}) | {"barcode": barcode_svg(each.carton.barcode)} for each in cartons],
        "words": {
            "from": _("From"),
            "to": _("To"),
            "order": _("Stock order"),
            "holds": _("Holds"),
            "list": _("see the packing list"),
            "weight": _("Weight"),
            "size": _("Size"),
        },
    }
    return _compile("cartons.typ", data, now)


def packing_list(
    shipment: Shipment,
    cartons: Sequence[CartonView],
    *,
    titles: Mapping[UUID, str],
    sender: Sequence[str],
    recipient: Sequence[str],
    now: datetime,
) -> bytes:
    """A PDF that says what is in which carton; `titles` names SKUs by their product."""
    count = len(cartons)
    data = _head(shipment, sender, recipient, now) | {
        "cartons": [_carton(each, count, titles) for each in cartons],
        "carrier": shipment.carrier,
        "tracking": shipment.tracking_number,
        "date": date_format(now, "Y-m-d"),
        "total": {
            "cartons": str(count),
            "units": str(sum(each.units for each in cartons)),
            "weight": _kilograms(sum(each.carton.weight_g for each in cartons)),
        },
        "words": {
            "title": _("Packing list"),
            "from": _("From"),
            "to": _("To"),
            "order": _("Stock order"),
            "carrier": _("Carrier"),
            "carton": _("Carton"),
            "number": _("Number"),
            "article": _("Article"),
            "units": _("Units"),
            "weight": _("Weight"),
            "size": _("Size"),
        },
    }
    return _compile("packing_list.typ", data, now)


def return_list(
    row: VendorReturn,
    lines: Sequence[tuple[str, int, str]],
    *,
    sender: Sequence[str],
    recipient: Sequence[str],
    now: datetime,
) -> bytes:
    """The packing list of goods that go back to their seller, as (SKU, units, title)."""
    content = [{"sku": sku, "units": str(units), "title": title} for sku, units, title in lines]
    data = {
        "number": row.number,
        "order": "",
        "from": list(sender),
        "to": list(recipient),
        "cartons": [{"number": "", "place": "", "weight": "", "size": "", "lines": content}],
        "carrier": row.carrier,
        "tracking": row.tracking_number,
        "date": date_format(now, "Y-m-d"),
        "total": {
            "cartons": str(row.cartons or ""),
            "units": str(sum(units for _sku, units, _title in lines)),
            "weight": "",
        },
        "words": {
            "title": _("Packing list of a return"),
            "from": _("From"),
            "to": _("To"),
            "order": _("Stock order"),
            "carrier": _("Carrier"),
            "carton": _("Carton"),
            "number": _("Number"),
            "article": _("Article"),
            "units": _("Units"),
            "weight": _("Weight"),
            "size": _("Size"),
        },
    }
    return _compile("packing_list.typ", data, now)


def _head(shipment: Shipment, sender: Sequence[str], recipient: Sequence[str], now: datetime) -> dict[str, Any]:
    return {
        "number": shipment.number,
        "order": shipment.stock_order.number if shipment.stock_order else "",
        "from": list(sender),
        "to": list(recipient),
    }


def _carton(view: CartonView, count: int, titles: Mapping[UUID, str]) -> dict[str, Any]:
    carton = view.carton
    sides = (carton.length_mm, carton.width_mm, carton.height_mm)
    return {
        "number": carton.barcode,
        "place": f"{view.place} / {count}",
        "weight": _kilograms(carton.weight_g),
        "size": " × ".join(f"{side / 10:g}" for side in sides) + " cm",
        "lines": [
            {"sku": line.sku.code, "units": str(line.quantity), "title": titles.get(line.sku.product_id, "")}
            for line in view.lines
        ],
    }


def _kilograms(grams: int) -> str:
    return f"{grams / 1000:.3f} kg"


def _compile(template: str, data: Mapping[str, Any], now: datetime) -> bytes:
    return bytes(
        typst.compile(
            str(FOLDER / template),
            root=str(FOLDER),
            format="pdf",
            font_paths=typst.Fonts(),
            sys_inputs={"data": json.dumps(data)},
            timestamp=int(now.timestamp()),
        )
    )
