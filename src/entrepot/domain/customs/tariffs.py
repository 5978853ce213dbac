"""The tariff's rates and overlays of many lines as arrays: each code, era and origin that occurs is looked up once.

Shape: r rates; three sums a rate (due, at least, at most), s specific amounts a sum. Units: ppm, millionths of a minor
unit a thousandth of a measure's unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from entrepot.domain.customs.arrays import NONE, NOT_STATED, PPM, Flags, Law, Whole, distinct
from entrepot.domain.customs.rates import MEASURES, PER, Rate, Seasonal, Sum
from entrepot.domain.customs.rows import SPECIAL, Missing, Overlay, TariffLine
from entrepot.kernel.money import checked_multiply

#: Every exact duty is a number of these: ppm of a minor unit, thousandths of a measure's unit, dozens and gross.
UNIT = 1_000_000_000 * PER[-1]

_MEASURE: Mapping[str, int] = {measure: number for number, measure in enumerate(MEASURES)}


@dataclass(frozen=True, eq=False)
class Exact:
    """Whole minor units and the rest, in UNITs of one. Shape: n."""

    whole: Whole
    rest: Whole

    def is_below(self, other: "Exact") -> Flags:
        """Where it is less."""
        less: Flags = (self.whole < other.whole) | ((self.whole == other.whole) & (self.rest < other.rest))
        return less

    def where(self, flags: Flags, other: "Exact") -> "Exact":
        """The other where the flags say so."""
        return Exact(np.where(flags, other.whole, self.whole), np.where(flags, other.rest, self.rest))


class Rates:
    """The rates of some lines of a law. `places` are the lines."""

    def __init__(self, law: Law, places: Whole) -> None:
        self.law, self.places = law, places
        self.found: list[tuple[TariffLine, Rate]] = []
        self.number = self._resolve()

    def _resolve(self) -> Whole:
        law, lines, words = self.law, self.law.lines, self.law.lines.words
        special = np.array(
            [[origin in era.regime.second_column.split() for origin in words.origins] for era in law.eras],
            dtype=np.int64,
        ).reshape(len(law.eras), len(words.origins))
        era, hs, origin = law.era[self.places], lines.hs[self.places], lines.origin[self.places]
        key = (era * len(words.hs) + hs) * 2
        if special.any():
            key += special[era, origin]
        values, numbers = distinct(key, len(law.eras) * len(words.hs) * 2)
        known: dict[tuple[TariffLine, Rate], int] = {}
        result = np.zeros(len(values), dtype=np.int64)
        seasonal: list[int] = []
        origin_of = _first(numbers, len(values), origin)
        for number, value in enumerate(values.tolist()):
            at, code = law.eras[value // 2 // len(words.hs)], words.hs[value // 2 % len(words.hs)]
            try:
                line = law.book.line(at.regime, code, words.origins[origin_of[number]], at.on)
                if isinstance(line.duty, Seasonal):
                    seasonal.append(number)
                    continue
                pair = law.book.rate(at.regime, code, words.origins[origin_of[number]], at.on)
            except Missing as missing:
                law.problems.add(missing, self.places[numbers == number])
                continue
            result[number] = known.setdefault(pair, len(known))
        rates = result[numbers]
        for number in seasonal:
            self._resolve_season(np.flatnonzero(numbers == number), values[number].item() // 2, known, rates)
        law.problems.raise_any()
        self.found = list(known)
        return rates

    def _resolve_season(self, mine: Whole, key: int, known: dict[tuple[TariffLine, Rate], int], rates: Whole) -> None:
        """The same for a code whose rate changes with the season: day by day."""
        law, words = self.law, self.law.lines.words
        at, code = law.eras[key // len(words.hs)], words.hs[key % len(words.hs)]
        days = law.lines.day[self.places[mine]]
        for day in np.unique(days).tolist():
            same = mine[days == day]
            origin = words.origins[law.lines.origin[self.places[same[0]]]]
            try:
                pair = law.book.rate(at.regime, code, origin, at.on.fromordinal(day))
            except Missing as missing:
                law.problems.add(missing, self.places[same])
                continue
            rates[same] = known.setdefault(pair, len(known))

    def due(self, base: Whole) -> Exact:
        """What each line owes of this base, neither less than the least nor more than the most. Shape: places."""
        rates = [rate for _, rate in self.found]
        due = self._sum([rate.due for rate in rates], base)
        for bound in ("at_least", "at_most"):
            sums = [getattr(rate, bound) for rate in rates]
            has = np.array([each is not None for each in sums], dtype=np.bool_)
            if not has.any():
                continue
            other = self._sum([each or Sum() for each in sums], base)
            beyond = due.is_below(other) if bound == "at_least" else other.is_below(due)
            due = due.where(beyond & has[self.number], other)
        return due

    def _sum(self, sums: Sequence[Sum], base: Whole) -> Exact:
        ppm = np.array([each.ppm for each in sums], dtype=np.int64)
        whole, rest = np.divmod(checked_multiply(base, ppm[self.number]), PPM)
        rest *= UNIT // PPM
        most = max((len(each.specifics) for each in sums), default=0)
        for place in range(most):
            has = np.array([len(each.specifics) > place for each in sums], dtype=np.bool_)
            mine = np.flatnonzero(has[self.number])
            specifics = [each.specifics[place] if len(each.specifics) > place else None for each in sums]
            micro = np.array([each.micro if each else 0 for each in specifics], dtype=np.int64)
            per = np.array([each.per if each else 1 for each in specifics], dtype=np.int64)
            measure = np.array([_MEASURE[each.measure] if each else 0 for each in specifics], dtype=np.int64)
            number = self.number[mine]
            amount = checked_multiply(micro[number], self._measured(mine, measure[number]))
            more, left = np.divmod(amount, UNIT // PER[-1] * per[number])
            whole[mine] += more
            rest[mine] += left * (PER[-1] // per[number])
        return Exact(whole + rest // UNIT, rest % UNIT)

    def _measured(self, mine: Whole, measure: Whole) -> Whole:
        """How many thousandths of its measure each of these lines has."""
        lines, at = self.law.lines, self.places[mine]
        amount = np.full(len(mine), NOT_STATED, dtype=np.int64)
        for number in np.unique(measure).tolist():
            name, same = MEASURES[number], measure == number
            stated = lines.measures.get(name)
            if stated is not None:
                amount[same] = stated[at[same]]
            if name == "kg":
                amount[same] = lines.weight_g[at[same]]
            elif name in {"piece", "pair"}:  # a unit of footwear is a pair
                amount[same] = np.where(amount[same] == NOT_STATED, lines.quantity[at[same]] * 1000, amount[same])
            lacking = np.flatnonzero(same & (amount == NOT_STATED))
            if len(lacking):
                code = self.found[self.number[mine[lacking[0]]]][0].code
                self.law.problems.add(Missing("no_measure", hs=code, measure=name), at[lacking])
        self.law.problems.raise_any()
        return amount


class Overlays:
    """What stacks on the tariff's own rates of some lines, by date, origin and goods."""

    def __init__(self, law: Law, places: Whole, prefix: str) -> None:
        self.law, self.places = law, places
        words, lines = law.lines.words, law.lines
        size = (len(words.hs), len(words.origins))
        key = (law.era[places] * size[0] + lines.hs[places]) * size[1] + lines.origin[places]
        self.values, self.number = distinct(key, len(law.eras) * size[0] * size[1])
        self.era = self.values // size[1] // size[0]
        self.hs, self.origin = self.values // size[1] % size[0], self.values % size[1]
        self.rows = self._rows(prefix)
        self.winners = self._stack()

    def _rows(self, prefix: str) -> list[Overlay]:
        """Those that may count: per authority, those for all origins before those that name one, lower rates first."""
        found = {
            id(row): row
            for era in self.law.eras
            for row in self.law.book.overlays_of(era.regime.schedule, prefix, era.on)
        }
        return sorted(found.values(), key=lambda row: (row.names_origin, row.rate))

    def _stack(self) -> dict[str, Whole]:
        """Authority -> the number of the row that counts for each combination, or NONE. Shape: combinations."""
        law = self.law
        winners: dict[str, Whole] = {}
        for number, row in enumerate(self.rows):
            matches = self._matches(row)
            winner = winners.setdefault(row.authority, np.full(len(self.values), NONE, dtype=np.int64))
            winner[matches] = number
        law.problems.raise_any()
        before = {authority: winner >= 0 for authority, winner in winners.items()}
        for winner in winners.values():
            for number in np.unique(winner[winner >= 0]).tolist():
                mine = winner == number
                for other in self.rows[number].yields_to.split():
                    if other in before:
                        winner[mine & before[other]] = NONE
        self._refuse_content(winners)
        return winners

    def _refuse_content(self, winners: Mapping[str, Whole]) -> None:
        """A duty on a part of the goods that lines do not state."""
        for winner in winners.values():
            for number in np.unique(winner[winner >= 0]).tolist():
                if self.rows[number].kind == "content":
                    mine = np.flatnonzero(winner == number)
                    code = self.law.lines.words.hs[self.hs[mine[0]]]
                    missing = Missing("metal_content", heading=self.rows[number].heading, hs=code)
                    self.law.problems.add(missing, self.places[np.isin(self.number, mine)])
        self.law.problems.raise_any()

    def _matches(self, row: Overlay) -> Flags:
        law, words = self.law, self.law.lines.words
        in_force = np.array(
            [
                era.regime.schedule == row.schedule
                and row.valid_from <= era.on
                and (row.valid_until is None or era.on < row.valid_until)
                for era in law.eras
            ],
            dtype=np.bool_,
        )
        origins = np.array([law.book.comes_from(row, each, row.valid_from) for each in words.origins], dtype=np.bool_)
        matches = in_force[self.era] & origins[self.origin]
        if row.lists == "*" and not row.except_lists:
            return matches
        candidates = np.flatnonzero(matches)
        covered = np.zeros(len(words.hs), dtype=np.bool_)
        first = _first(self.hs[candidates], len(words.hs), self.era[candidates])
        for hs in np.unique(self.hs[candidates]).tolist():
            try:
                covered[hs] = law.book.covers(row, words.hs[hs], law.eras[first[hs]].on)
            except Missing as missing:
                lines = np.isin(self.number, candidates[self.hs[candidates] == hs])
                law.problems.add(missing, self.places[lines])
        return matches & covered[self.hs]

    def ppm(self, kind: str) -> Whole:
        """What the rows of a kind that count add up to. Shape: places. Units: ppm."""
        rates = np.array([int(row.rate * PPM) * (row.kind == kind) for row in self.rows] + [0], dtype=np.int64)
        total = np.zeros(len(self.values), dtype=np.int64)
        for winner in self.winners.values():
            total += rates[winner]
        return total[self.number]


def _first(numbers: Whole, size: int, values: Whole) -> Whole:
    """For each number the value of the first that has it. Shape: size."""
    result = np.zeros(size, dtype=np.int64)
    result[numbers[::-1]] = values[::-1]
    return result


__all__ = ["SPECIAL", "UNIT", "Exact", "Overlays", "Rates"]
