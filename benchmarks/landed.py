"""Landed cost of a million lines, beside the same arithmetic in plain NumPy.

The baseline, in this run, has every line's rates and groups ready in arrays and only adds, multiplies, rounds, clamps
and shares: a lower bound of what any program with these parts has to do. The engine begins with codes, countries, days
and ways of import, finds the law of each line, and gives twelve parts, who collects and who bears them.
"""

import argparse
import time
from collections.abc import Callable
from datetime import date

import numpy as np

from benchmarks.marketplace import machine, show
from entrepot.domain.customs import reference
from entrepot.domain.customs.arrays import PPM, Law, Lines, Way, Whole, Words
from entrepot.domain.customs.rows import Part
from entrepot.domain.pricing.landed import Landed, land
from entrepot.kernel.money import hand_out

#: Where to, in which currency, how.
PLACES = ("DE", "FR", "PL", "GB", "US-CA", "US-OR", "US")
CURRENCIES = ("EUR", "GBP", "USD")
_CURRENCY = np.array([0, 0, 0, 1, 2, 2, 2])
WAYS = (Way(), Way(importer="seller", mode="sea", incoterm="FOB"))
ORIGINS = ("CN", "VN", "DE", "GB")
FIRST, DAYS = date(2025, 3, 1), 500


def generate(count: int) -> Lines:
    """So many lines in consignments of one to five, over 500 days, the same every time."""
    draw = np.random.default_rng(7)
    sizes = draw.integers(1, 6, count)
    consignment = np.repeat(np.arange(count), sizes)[:count].astype(np.int64)
    groups = int(consignment[-1]) + 1
    shared: Callable[[int], Whole] = lambda high: draw.integers(0, high, groups)[consignment]  # noqa: E731
    way = shared(2)
    place = np.where(way == 0, shared(len(PLACES) - 1), np.where(shared(2) == 0, 3, 6))
    goods = draw.integers(100, 30_000, count)
    codes = sorted(code for _, code in _common())
    return Lines(
        Words(codes, ORIGINS, PLACES, WAYS, CURRENCIES),
        consignment=consignment,
        hs=draw.integers(0, len(codes), count),
        origin=draw.integers(0, len(ORIGINS), count),
        place=place,
        way=way,
        currency=_CURRENCY[place],
        day=FIRST.toordinal() + shared(DAYS),
        quantity=draw.integers(1, 20, count),
        weight_g=draw.integers(20, 5_000, count),
        cost_minor=goods // 2,
        retail_minor=goods,
        freight_minor=draw.integers(0, 2_000, count),
        insurance_minor=draw.integers(0, 100, count),
        brokerage_minor=np.zeros(count, dtype=np.int64),
        other_minor=np.zeros(count, dtype=np.int64),
    )


def _common() -> set[tuple[str, str]]:
    """Codes with one plain rate in every tariff that comes along, and no duty on the metal that they contain."""
    lines = [set(each.lines) for each in reference.load().editions if not each.name]
    metal = {code for each in reference.load().editions if each.name.startswith("s232") for code in each.codes}
    return {key for key in set.intersection(*lines) if key[1] not in metal}


class Plain:
    """The arithmetic alone: rates, amounts and groups as the law gave them are ready in arrays."""

    def __init__(self, found: Landed) -> None:
        law, lines = found.law, found.law.lines
        self.goods, self.freight = law.goods, law.money["freight_minor"]
        self.insurance, self.groups = law.money["insurance_minor"], lines.consignments
        self.consignment, self.weights = lines.consignment, law.goods
        self.parts = [found.parts[part] for part in Part if part not in (Part.GOODS, Part.FREIGHT, Part.INSURANCE)]
        cif = self.goods + self.freight + self.insurance
        self.base = np.where(np.array([case.era.regime.duty_base == "goods" for case in law.cases])[law.case], 0, 1)
        value = np.where(self.base == 1, cif, self.goods)
        self.duty_ppm = _rate(found.parts[Part.CUSTOMS_DUTY], value)
        self.more_ppm = _rate(found.parts[Part.ADDITIONAL_DUTY], value)
        self.tax_ppm = _rate(found.parts[Part.IMPORT_TAX], cif + found.parts[Part.CUSTOMS_DUTY])
        self.flat = np.zeros(self.groups, dtype=np.int64)
        self.fee = np.zeros(self.groups, dtype=np.int64)
        for part, into in ((Part.FLAT_DUTY, self.flat), (Part.PROCESSING_FEE, self.fee)):
            np.add.at(into, self.consignment, found.parts[part])

    def run(self) -> Whole:
        """Two duties and a tax in cascade, two amounts a consignment shared by value, the limit of value, the total."""
        worth = np.zeros(self.groups, dtype=np.int64)
        np.add.at(worth, self.consignment, self.goods)
        above = worth[self.consignment] > 15_000
        value = self.goods + np.where(self.base == 1, self.freight + self.insurance, 0)
        duty = _share(value, self.duty_ppm)
        more = _share(value, self.more_ppm)
        tax = _share(self.goods + self.freight + self.insurance + duty, self.tax_ppm)
        total = self.goods + self.freight + self.insurance + duty + more + tax
        whole = np.maximum(worth, 1)[self.consignment]
        for amount in (self.flat, np.clip(self.fee, 0, 65_150)):
            product = amount[self.consignment] * self.weights
            part, rest = np.divmod(product, whole)
            given = np.zeros(self.groups, dtype=np.int64)
            np.add.at(given, self.consignment, part)
            total = total + part + hand_out(amount - given, rest, self.consignment)
        return total + (above & (total < 0))


def _rate(amount: Whole, base: Whole) -> Whole:
    return np.round(amount * PPM / np.maximum(base, 1)).astype(np.int64)


def _share(base: Whole, ppm: Whole) -> Whole:
    whole, rest = np.divmod(base * ppm, PPM)
    return whole + ((2 * rest > PPM) | ((2 * rest == PPM) & (whole % 2 != 0)))


def measure(*acts: Callable[[], object], times: int = 5) -> list[float]:
    """Seconds of each, the best of a few, taken in turns so that a busy machine slows both."""
    best = [float("inf")] * len(acts)
    for _ in range(times):
        for place, act in enumerate(acts):
            began = time.perf_counter()
            act()
            best[place] = min(best[place], time.perf_counter() - began)
    return best


def main() -> None:
    """Generate, compute with the engine and in plain NumPy, and tell both."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks landed", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    count = parser.parse_args().lines
    book = reference.load().known_on(None)
    lines = generate(count)
    found = land(Law(book, lines))
    plain = Plain(found)
    engine, bound = measure(lambda: land(Law(book, lines)), plain.run)
    show(
        ("landed cost", f"{count / engine:,.0f} lines/s ({count:,} lines, {engine:.2f} s)"),
        ("the same arithmetic in plain NumPy", f"{count / bound:,.0f} lines/s ({bound:.2f} s)"),
        ("ratio to plain NumPy", f"{engine / bound:.2f}"),
        ("laws that occur", f"{len(found.law.cases):,} cases in {len(found.law.eras):,} eras, {found.law.bands} bands"),
        ("sum of parts is the total", str(bool((sum(found.parts.values()) == found.total).all()))),
        ("machine", machine(has_database=False)),
    )


if __name__ == "__main__":
    main()
