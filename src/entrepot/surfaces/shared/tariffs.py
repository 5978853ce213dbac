"""Landed cost and its law as documents and sentences, for the command line, the API and the desk alike."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entrepot.domain.customs.arrays import Charge
from entrepot.domain.customs.explaining import Change, Explanation
from entrepot.domain.customs.rows import Levy, Overlay, Part, Per, Regime
from entrepot.domain.pricing.landed import Landed
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared.components import Text

PARTS: Mapping[str, Text] = {
    Part.GOODS: _("Goods"),
    Part.FREIGHT: _("Freight"),
    Part.INSURANCE: _("Insurance"),
    Part.CUSTOMS_DUTY: _("Customs duty"),
    Part.ADDITIONAL_DUTY: _("Additional customs duty"),
    Part.FLAT_DUTY: _("Flat customs duty"),
    Part.PROCESSING_FEE: _("Processing fee"),
    Part.HARBOUR_FEE: _("Harbour fee"),
    Part.HANDLING_FEE: _("Handling fee"),
    Part.IMPORT_TAX: _("Import tax"),
    Part.BROKERAGE: _("Brokerage"),
    Part.OTHER: _("Other costs"),
}
#: The parts of a base, within a sentence.
_NAMES: Mapping[str, Text] = {
    Part.GOODS: _("goods"),
    Part.FREIGHT: _("freight"),
    Part.INSURANCE: _("insurance"),
    Part.CUSTOMS_DUTY: _("customs duty"),
    Part.ADDITIONAL_DUTY: _("additional customs duty"),
    Part.FLAT_DUTY: _("flat customs duty"),
}
_PERS: Mapping[str, Text] = {
    Per.LINE: _("a line"),
    Per.UNIT: _("a unit"),
    Per.HS6: _("each distinct HS-6 line of a consignment"),
    Per.CONSIGNMENT: _("a consignment"),
}


def landed_document(landed: Landed) -> dict[str, Any]:
    """Every line with its parts, and the sums by currency. Units: minor."""
    parts = {str(part): amounts for part, amounts in landed.parts.items()}
    collected = {str(name): amounts for name, amounts in landed.collected.items() if amounts.any()}
    sums = {"total_minor": landed.total, "seller_bears_minor": landed.seller, "buyer_bears_minor": landed.buyer}
    rows = zip(
        landed.currencies,
        *(_rows(table) for table in (parts, sums | {"unit_minor": landed.unit}, collected)),
        strict=False,  # where nothing is collected the tables do not end
    )
    lines = [
        {"line": number, "currency": currency, "parts": mine, **whole, "collected": taken}
        for number, (currency, mine, whole, taken) in enumerate(rows, 1)
    ]
    return {
        "lines": lines,
        "totals": list(_totals(landed.currencies, parts, sums, collected)),
        "regimes": list(_regimes(landed)),
    }


Columns = Mapping[str, npt.NDArray[np.int64]]


def _rows(columns: Columns) -> Iterator[dict[str, int]]:
    """Columns as one table a line."""
    if not columns:
        return repeat({})
    return (dict(zip(columns, row, strict=True)) for row in np.stack(list(columns.values()), axis=1).tolist())


def _totals(currencies: Sequence[str], parts: Columns, sums: Columns, collected: Columns) -> Iterator[dict[str, Any]]:
    names = np.array(currencies)
    for currency in dict.fromkeys(currencies):
        mine = names == currency
        each, whole, taken = (
            {name: int(amounts[mine].sum()) for name, amounts in table.items()} for table in (parts, sums, collected)
        )
        yield {"currency": currency, "parts": each, **whole, "collected": taken}


def _regimes(landed: Landed) -> Iterator[dict[str, Any]]:
    found = {era.regime.destination: era.regime for era in landed.law.eras}
    for regime in found.values():
        yield {
            "destination": regime.destination,
            "currency": regime.currency,
            "reviewed_on": regime.reviewed_on.isoformat(),
            "source": regime.source,
        }


def explained(found: Explanation) -> dict[str, Any]:
    """The law for one sort of goods, in sentences."""
    regime = found.regime
    return {
        "hs": found.hs,
        "origin": found.origin,
        "destination": found.place,
        "date": found.on.isoformat(),
        "importer": found.way.importer,
        "mode": found.way.mode,
        "collected": found.way.collected,
        "regime": _regime(regime, bool(found.way.names & set(regime.retail_importers.split()))),
        "tariff_line": None
        if found.line is None
        else {
            "code": found.line.code,
            "description": found.line.description,
            "rate": found.line.text,
            "computed": found.line.duty is not None,
            "edition": found.edition,
        },
        "problem": found.problem,
        "overlays": [_overlay(row) for row in found.overlays],
        "bands": [
            {
                "above_minor": band.above_minor,
                "up_to_minor": band.up_to_minor,
                "worth": _worth(band.above_minor, band.up_to_minor, regime),
                "charges": [_charge(charge, regime) for charge in band.charges],
            }
            for band in found.bands
        ],
        "changes": [_change(change, regime) for change in found.changes],
    }


def _regime(regime: Regime, is_retail: bool) -> dict[str, Any]:
    return {
        "destination": regime.destination,
        "currency": regime.currency,
        "tariff": regime.schedule,
        "duty_base": regime.duty_base,
        "value": "retail" if is_retail else "cost",
        "rounding": f"{regime.rounding} {regime.rounding_level}",
        "reviewed_on": regime.reviewed_on.isoformat(),
        "source": regime.source,
    }


def _overlay(row: Overlay) -> dict[str, Any]:
    return {
        "authority": row.authority,
        "heading": row.heading,
        "kind": row.kind,
        "rate": percent(row.rate),
        "from": row.valid_from.isoformat(),
        "until": row.valid_until.isoformat() if row.valid_until else None,
        "confidence": row.confidence,
        "source": row.source,
    }


def _worth(above: int, up_to: int | None, regime: Regime) -> str:
    low = format_minor(above, regime.currency)
    if up_to is None:
        return gettext("Consignments of more than {low}").format(low=low) if above else gettext("Every consignment")
    high = format_minor(up_to, regime.currency)
    if not above:
        return gettext("Consignments of up to {high}").format(high=high)
    return gettext("Consignments of more than {low}, up to {high}").format(low=low, high=high)


def _charge(charge: Charge, regime: Regime) -> dict[str, Any]:
    levy = charge.levy
    return {
        "code": levy.code,
        "part": levy.part,
        "says": says(levy, regime, charge),
        "collector": levy.collector,
        "from": levy.valid_from.isoformat(),
        "until": levy.valid_until.isoformat() if levy.valid_until else None,
        "confidence": levy.confidence,
        "source": levy.source,
    }


def says(levy: Levy, regime: Regime, charge: Charge | None = None) -> str:
    """A levy as a sentence."""
    if levy.is_relief:
        return gettext("nothing")
    base = plain(levy.base or regime.duty_base)
    sentences = []
    if levy.rate_of == "tariff":
        sentences.append(gettext("the tariff's rate, with what stacks on it, on {base}").format(base=base))
    elif levy.rate_of.startswith("overlays"):
        sentences.append(gettext("what stacks on the tariff, without it, on {base}").format(base=base))
    elif levy.rate_of or levy.rate:
        rate = percent(Decimal(charge.top) / 1_000_000) if charge else percent(levy.rate)
        within = gettext("{rate} within {base}") if levy.is_inside else gettext("{rate} of {base}")
        sentences.append(within.format(rate=rate, base=base))
    if levy.amount_minor:
        amount = format_minor(levy.amount_minor, levy.currency)
        sentences.append(gettext("{amount} for {what}").format(amount=amount, what=_PERS[levy.per]))
    if levy.floor_minor:
        sentences.append(gettext("at least {amount}").format(amount=format_minor(levy.floor_minor, levy.currency)))
    if levy.cap_minor is not None:
        sentences.append(gettext("at most {amount}").format(amount=format_minor(levy.cap_minor, levy.currency)))
    return ", ".join(sentences)


def plain(base: str) -> str:
    """A base in words."""
    parts = [name.strip() for name in base.split("+")]
    return " + ".join(str(_NAMES.get(name) or PARTS.get(name, name)) for name in parts)


def percent(rate: Decimal | None) -> str:
    """0.075 is 7.5 %."""
    if rate is None:
        return gettext("the local rate")
    return f"{(rate * 100).normalize():f} %"


def _change(change: Change, regime: Regime) -> dict[str, Any]:
    row = change.row
    said = says(row, regime) if isinstance(row, Levy) else f"+ {percent(row.rate)} {row.authority} {row.heading}"
    return {
        "on": change.on.isoformat(),
        "what": gettext("begins:") if change.begins else gettext("ends:"),
        "begins": change.begins,
        "code": row.code if isinstance(row, Levy) else row.authority,
        "says": said,
        "source": row.source,
    }
