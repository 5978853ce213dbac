"""The arrays against the same law read line by line with fractions, without any of their shortcuts."""

from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

from hypothesis import given, settings

from customs import LINE, landed, shipped
from domain.customs.test_properties import consignments
from entrepot.domain.customs.arrays import Way
from entrepot.domain.customs.rows import Book, Levy, Overlay, Part, Regime, parse_base
from entrepot.kernel.money import split

Row = dict[str, Any]


def minor(text: str) -> int:
    return round(Fraction(text) * 100)


def rounded(exact: Fraction, regime: Regime) -> int:
    return {"half_even": round(exact), "half_up": floor(exact + Fraction(1, 2)), "down": floor(exact)}[regime.rounding]


def fits(levy: Levy, row: Row, worth: int) -> bool:
    way = Way(importer=row["importer"])
    return (
        (not levy.origin or levy.origin == row["origin"])
        and (not levy.importers or bool(way.names & set(levy.importers.split())))
        and levy.collected in ("", row["collected"])
        and (not levy.modes or row["mode"] in levy.modes.split())
        and (not levy.value_above_minor or worth > levy.value_above_minor)
        and (levy.value_up_to_minor is None or worth <= levy.value_up_to_minor)
    )


def overlay_rates(book: Book, regime: Regime, row: Row, on: date) -> tuple[Fraction, Fraction]:
    """What is added, and up to what the whole is raised."""
    winners: dict[str, Overlay] = {}
    for overlay in book.overlays_of(regime.schedule, "", on):
        if book.comes_from(overlay, row["origin"], on) and book.covers(overlay, row["hs"], on):
            best = winners.get(overlay.authority)
            if best is None or (overlay.names_origin, overlay.rate) > (best.names_origin, best.rate):
                winners[overlay.authority] = overlay
    counted = [each for each in winners.values() if not set(each.yields_to.split()) & set(winners)]
    return (
        Fraction(sum(each.rate for each in counted if each.kind == "add")),
        Fraction(sum(each.rate for each in counted if each.kind == "top_up")),
    )


def reckon(rows: list[Row], book: Book) -> list[dict[Part, int]]:
    """A consignment's parts, line by line."""
    first = rows[0]
    on, country = date.fromisoformat(first["date"]), first["destination"]
    regime = book.regime(country, on)
    basis = "retail" if first["importer"] in regime.retail_importers.split() else "cost"
    lines = [
        {Part.GOODS: minor(row[basis]), Part.FREIGHT: minor(row["freight"]), Part.INSURANCE: minor(row["insurance"])}
        for row in rows
    ]
    worth = sum(line[Part.GOODS] for line in lines)
    levies = book.levies_of(country, on)
    steps = {levy.code: min(each.step for each in levies if each.code == levy.code) for levy in levies}
    for code in sorted(steps, key=lambda code: (steps[code], code)):
        chosen: dict[int, Levy] = {}
        for place, row in enumerate(rows):
            if fitting := [levy for levy in levies if levy.code == code and fits(levy, row, worth)]:
                chosen[place] = max(fitting, key=lambda levy: (levy.destination == country, levy.weight))
        charge(chosen, rows, lines, regime, book, on)
    return [{part: amount for part, amount in line.items() if amount} for line in lines]


def charge(
    chosen: dict[int, Levy], rows: list[Row], lines: list[dict[Part, int]], regime: Regime, book: Book, on: date
) -> None:
    together: dict[tuple[int, str], list[int]] = {}
    due: list[tuple[int, Part, int]] = []
    for place, levy in chosen.items():
        row = rows[place]
        base = sum(lines[place].get(part, 0) for part in parse_base(levy.base or regime.duty_base))
        if levy.rate_of == "tariff":
            _, rate = book.rate(regime, row["hs"], row["origin"], on)
            own = rounded(Fraction(base) * rate.due.ppm / 1_000_000, regime)
            add, top_up = overlay_rates(book, regime, row, on)
            more = rounded(base * add, regime)
            more += max(rounded(base * top_up, regime) - own, 0) if top_up else 0
            due += [(place, Part.CUSTOMS_DUTY, own), (place, Part.ADDITIONAL_DUTY, more)]
        elif levy.per in ("consignment", "hs6"):
            together.setdefault((id(levy), row["hs"][:6] if levy.per == "hs6" else ""), []).append(place)
        elif levy.rate_of == "tax" or levy.rate:
            state = f"{row['destination']}-{row['region']}" if row["region"] else row["destination"]
            share = book.tax(state, "standard", on).rate if levy.rate_of else levy.rate
            due.append((place, Part(levy.part), rounded(base * Fraction(share or 0), regime)))
    for places in together.values():
        levy = chosen[places[0]]
        base = sum(lines[place].get(part, 0) for place in places for part in parse_base(levy.base or regime.duty_base))
        total = rounded(base * Fraction(levy.rate or 0), regime) + levy.amount_minor
        total = (
            max(total, levy.floor_minor)
            if levy.cap_minor is None
            else min(max(total, levy.floor_minor), levy.cap_minor)
        )
        shares = split(total, [lines[place][Part.GOODS] for place in places])
        due += [(place, Part(levy.part), share) for place, share in zip(places, shares, strict=True)]
    for place, part, amount in due:
        lines[place][part] = lines[place].get(part, 0) + amount


@settings(max_examples=80, deadline=None)
@given(consignments())
def test_the_arrays_say_what_the_law_says_line_by_line(rows: list[Row]) -> None:
    found = landed(*rows)
    whole = [{**LINE, **row} for row in rows]
    expected: list[dict[Part, int]] = [{} for _ in rows]
    for name in dict.fromkeys(row["consignment"] for row in rows):
        mine = [place for place, row in enumerate(whole) if row["consignment"] == name]
        for place, parts in zip(mine, reckon([whole[place] for place in mine], shipped()), strict=True):
            expected[place] = parts
    for place, parts in enumerate(expected):
        said = {
            part: int(each[place]) for part, each in found.parts.items() if each[place] and part is not Part.BROKERAGE
        }
        assert said == parts, whole[place]
