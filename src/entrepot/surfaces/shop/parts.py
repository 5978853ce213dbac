"""The parts of a landed price and of a promise, from what was quoted or frozen: carriage, border, tax, windows.

Every list sums to the amount that it is asked for: where what was kept does not, the amount stands as one part.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext

from entrepot.domain.orders.awaiting import ON_ITS_WAY
from entrepot.domain.terms.rules import Conditions, Party, Task
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared.components import Part, Segment, Text, Trace, Window
from entrepot.surfaces.shop.parties import Names
from entrepot.surfaces.shop.words import BASES, BORDER_PARTS, COLLECTORS, COMING, SEGMENTS, country, span


@dataclass(frozen=True, slots=True)
class Taxed:
    """What of a line is taxed, at which rate. Units: minor; the net is what the tax is a share of."""

    title: str
    rate: Decimal
    goods_net_minor: int
    goods_tax_minor: int
    shipping_net_minor: int
    shipping_tax_minor: int


def of_carriage(kept: Mapping[str, Any], shown_minor: int, currency: str, whose: str = "") -> list[Part]:
    """What is asked for a parcel, step by step: an amount by a table, and a share of what its carriage costs."""
    notes = [whose] if whose else []
    if not kept or kept.get("charge_minor") != shown_minor:
        return [Part(gettext("Delivery"), shown_minor, notes=notes)]
    flat, rate = kept["flat_minor"], Decimal(kept["cost_rate"])
    cards = [gettext("by the rate card “{card}”").format(card=card["title"]) for card in kept["cards"]]
    weights = [*_weights(kept), *([] if rate else cards)]
    if kept.get("free_from_minor") is not None:
        free = gettext("free from {amount} of goods").format(amount=_said(kept["free_from_minor"], currency))
        return [Part(gettext("Delivery"), shown_minor, notes=[*notes, free, *weights])]
    parts = []
    if flat or not rate:
        parts.append(Part(gettext("Delivery"), flat if rate else shown_minor, notes=[*notes, *weights]))
    if rate:
        said = gettext("{share} of what the carriage costs").format(share=percent(rate))
        bills = [
            gettext("{card}: {amount}").format(card=card["title"], amount=_said(card["amount_minor"], currency))
            for card in kept["cards"]
        ]
        own = [] if parts else [*notes, *weights]
        parts.append(Part(gettext("Carriage"), shown_minor - sum(each.amount_minor for each in parts),
                          notes=[*own, said, *bills]))  # fmt: skip
    return parts


def _weights(kept: Mapping[str, Any]) -> list[str]:
    """What the parcel weighs, over how many it goes, and as what it is billed where that is more."""
    billed = max((card["billed_g"] for card in kept["cards"]), default=0)
    weight = gettext("weighs {weight} kg").format(weight=_kilograms(kept["weight_g"]))
    if boxes := kept.get("boxes"):
        weight = gettext("{weighs}, in {count} parcels").format(weighs=weight, count=len(boxes))
    if not billed or billed == kept["weight_g"]:
        return [weight]
    return [gettext("{weighs}, billed as {billed} kg").format(weighs=weight, billed=_kilograms(billed))]


def of_border(kept: Mapping[str, Any], shown_minor: int, currency: str, title: str = "") -> list[Part]:
    """What the border takes of a line, part by part: each with its base, its rate and who collects it."""
    rows = kept.get("parts", ()) if kept else ()
    about = [title] if title else []
    if not shown_minor:
        return []
    if sum(row["amount_minor"] for row in rows) != shown_minor:
        return [Part(gettext("Customs duty"), shown_minor, notes=about)]
    return [
        Part(
            BORDER_PARTS.get(row["part"], row["part"]),
            row["amount_minor"],
            notes=[*about, *_rule(row, currency), *([row["source"]] if row.get("source") else [])],
        )
        for row in rows
        if row["amount_minor"]
    ]


def _rule(row: Mapping[str, Any], currency: str) -> list[str]:
    """A rate of a base, in words, as far as they were kept; and who collects it."""
    said = []
    base = " + ".join(str(BASES.get(name, name)) for name in row.get("base", "").split(" + ") if name)
    amount = _said(row["base_minor"], currency) if "base_minor" in row else ""
    if row.get("rate") and amount:
        said.append(gettext("{rate} of {amount} ({base})").format(rate=row["rate"], amount=amount, base=base))
    elif row.get("rate"):
        said.append(row["rate"])
    elif amount:
        said.append(gettext("of {amount} ({base})").format(amount=amount, base=base))
    if row.get("collector") in COLLECTORS:
        said.append(str(COLLECTORS[row["collector"]]))
    return said


def laws(kept: Iterable[Mapping[str, Any]]) -> list[Trace]:
    """Which day's law counted, for goods of which code and origin."""
    found: dict[tuple[Text, str], None] = {}
    for each in kept:
        if each.get("on"):
            on = date_format(date.fromisoformat(each["on"]), "DATE_FORMAT")
            found[gettext("Law of"), on] = None
            goods = gettext("{code} from {country}").format(code=each["hs"], country=country(each["origin"]))
            found[gettext("Customs code"), goods] = None
    return [Trace(label, value) for label, value in found]


def of_tax(rows: Sequence[Taxed], currency: str) -> list[Part]:
    """The tax on goods and delivery, line by line, each with its rate and base."""
    parts = []
    for row in rows:
        for what, net, tax in (
            (gettext("Tax on goods"), row.goods_net_minor, row.goods_tax_minor),
            (gettext("Tax on delivery"), row.shipping_net_minor, row.shipping_tax_minor),
        ):
            if tax:
                rate = gettext("{rate} of {amount}").format(rate=percent(row.rate), amount=_said(net, currency))
                parts.append(Part(what, tax, notes=[row.title, rate] if len(rows) > 1 else [rate]))
    return parts


def tax_rates(rows: Iterable[Taxed]) -> str:
    """The rates that lines are taxed at, as they are said."""
    return ", ".join(dict.fromkeys(percent(row.rate) for row in rows))


def window(
    segments: Sequence[Mapping[str, str]],
    *,
    first: date,
    last: date,
    confidence: float | Decimal,
    names: Names,
    seller_id: UUID,
    terms: Conditions,
    origin: str,
    lane: str = "",
) -> Window | None:
    """A promise with its segments: each with who has it, and between which days; None where none were kept."""
    if not segments:
        return None
    rows, before = [], None
    for each in segments:
        task, party, until = Task(each["task"]), Party(each["party"]), date.fromisoformat(each["done_by"])
        said = span(before, until) if before else gettext("by {day}").format(day=span(until, until))
        label = COMING if each["leg"] == ON_ITS_WAY else SEGMENTS.get(task.value, each["leg"])
        rows.append(Segment(label, said, names.of(party, seller_id, terms.role(task))))
        before = until
    traces = [Trace(gettext("Kept"), gettext("{share} of the time").format(share=percent(Decimal(str(confidence)))))]
    traces.append(Trace(gettext("From"), country(origin)))
    if lane:
        traces.append(Trace(gettext("Way"), lane))
    traces.append(Trace(gettext("If it fails"), gettext("whoever took longer than their part answers for it")))
    return Window(gettext("Arrives {when}").format(when=span(first, last)), rows, traces)


def units(count: int) -> str:
    """How many there are, where that is not one."""
    return gettext("{count} ×").format(count=count) if count != 1 else ""


def percent(rate: Decimal) -> str:
    """0.19 is 19 %."""
    return gettext("{rate} %").format(rate=number_format((rate * 100).normalize() + Decimal(0)))


def _kilograms(grams: int) -> str:
    return number_format((Decimal(grams) / 1000).normalize() + Decimal(0))


def _said(amount_minor: int, currency: str) -> str:
    return format_minor(amount_minor, currency, get_language() or "en")
