"""Labels: a page with both addresses and a bar code that says the parcel's number.

Made by typst from the template beside this file, with the fonts that typst brings; fonts of the machine serve only
letters that those lack. Nothing is fetched.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import typst
from barcode.codex import Code128
from barcode.writer import SVGWriter
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from entrepot.domain.accounts.models import Contact

TEMPLATE = Path(str(resources.files("entrepot.domain.logistics") / "documents" / "label.typ"))


@dataclass(frozen=True, slots=True)
class Label:
    """What a label shows. Units: grams."""

    number: str
    carrier: str
    service: str
    sender: Sequence[str]
    recipient: Sequence[str]
    reference: str
    weight_g: int
    made_on: datetime


def address_lines(contact: Contact | None) -> list[str]:
    """A contact as the lines of an address, empty ones left out; nothing of one that was erased but its country."""
    if contact is None:
        return []
    town = " ".join(part for part in (contact.postcode, contact.city, contact.region) if part)
    lines = [contact.name, contact.company, contact.line1, contact.line2, town, contact.country]
    return [line for line in lines if line]


def render(*labels: Label | bytes, file_format: Literal["pdf", "png"] = "pdf", now: datetime | None = None) -> bytes:
    """Labels as one PDF, a page each (or one label as "png"): the same labels give the same bytes.

    One that is bytes already is the PDF of a carrier, and stands on its page as it is.
    """
    made_on = now or max(label.made_on for label in labels if isinstance(label, Label))
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        format=file_format,
        font_paths=_fonts(),
        sys_inputs={"labels": json.dumps([_data(label) for label in labels])},
        timestamp=int(made_on.timestamp()),
        ppi=203 if file_format == "png" else None,
    )


def barcode_svg(number: str) -> str:
    """The number as Code 128. Source: ISO/IEC 15417."""
    image = io.BytesIO()
    Code128(number, writer=SVGWriter()).write(image, {"write_text": False, "quiet_zone": 4, "module_height": 18})
    return image.getvalue().decode()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts()


def _data(label: Label | bytes) -> dict[str, Any]:
    if isinstance(label, bytes):
        return {"number": "", "page": list(label)}
    return {
        "number": label.number,
        "carrier": label.carrier,
        "service": label.service,
        "from": list(label.sender),
        "to": list(label.recipient),
        "reference": label.reference,
        "weight": f"{label.weight_g / 1000:.3f} kg",
        "date": date_format(label.made_on, "Y-m-d"),
        "barcode": barcode_svg(label.number),
        "words": {
            "from": _("From"),
            "to": _("To"),
            "reference": _("Reference"),
            "weight": _("Weight"),
            "date": _("Date"),
        },
    }
