"""What the border takes of lines: duties, fees and taxes in cascade. Pure, over arrays of many lines.

`assess(Law(book, lines, exchange))` gives every part in minor units of the regime's currency. The law's levies are
taken in the order of their steps; each is a share of parts that stand already, an amount, or both, between a floor and
a cap, for a line, a unit, a distinct HS-6 code of a consignment, or a consignment. What is charged for several lines is
shared among them by value, weight or pieces, exactly.

Rounding: once a levy, by the mode of the regime, for a line or for a consignment as the regime says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from entrepot.domain.customs.arrays import (
    COLLECTORS,
    NONE,
    PART,
    PARTS,
    PERS,
    PPM,
    Charge,
    Law,
    Whole,
    base_of,
    distinct,
)
from entrepot.domain.customs.rows import Collector, Level, Part, Per, Regime, Rounding
from entrepot.domain.customs.tariffs import UNIT, Overlays, Rates
from entrepot.kernel.money import MINOR_MAX, checked_multiply, hand_out, split_groups, sum_groups


class Share(StrEnum):
    """By what the lines of a consignment share what is charged for all of them."""

    VALUE = "value"
    WEIGHT = "weight"
    QUANTITY = "quantity"


@dataclass(frozen=True, eq=False)
class Assessment:
    """The parts up to the border's, and who collects the border's. Shape: n each. Units: minor of `currency`."""

    law: Law
    parts: Mapping[Part, Whole]
    collected: Mapping[Collector, Whole]

    @property
    def currencies(self) -> Sequence[str]:
        """The currency of each line's regime."""
        names = np.array([era.regime.currency for era in self.law.eras])
        found: Sequence[str] = names[self.law.era].tolist()
        return found


def assess(law: Law, share_by: Share = Share.VALUE) -> Assessment:
    """What the border takes of the law's lines. Raises: BadLines for those of which it cannot be said."""
    amounts = np.zeros((len(PARTS), len(law.lines)), dtype=np.int64)
    collected = np.zeros((len(COLLECTORS), len(law.lines)), dtype=np.int64)
    regimes = dict.fromkeys(era.regime for era in law.eras)
    for regime in regimes:  # within one everything is reckoned alike
        mine = np.array([case.era.regime == regime for case in law.cases], dtype=np.bool_)
        places = np.flatnonzero(mine[law.case]) if len(regimes) > 1 else np.arange(len(law.lines))
        cascade = _Cascade(law, regime, places, share_by)
        cascade.run()
        for whole, own in ((amounts, cascade.amounts), (collected, cascade.collected)):
            for row in np.flatnonzero(own.any(axis=1)).tolist():
                whole[row][places] = own[row]
    parts: dict[Part, Whole] = dict(zip(PARTS, amounts, strict=True))
    del parts[Part.BROKERAGE], parts[Part.OTHER]
    return Assessment(law, parts, dict(zip(COLLECTORS, collected, strict=True)))


def rounded(whole: Whole, rest: Whole, of: Whole | int, mode: Rounding) -> Whole:
    """`whole` and `rest`/`of` of a minor unit as whole minor units; nothing is negative here."""
    match mode:
        case Rounding.HALF_EVEN:
            return whole + (2 * rest + (whole & 1) > of)
        case Rounding.HALF_UP:
            return whole + (2 * rest >= of)
        case Rounding.DOWN:
            return whole
        case Rounding.UP:
            return whole + (rest > 0)


class _Cascade:
    """The levies of one regime, one after the other, on the lines at these places. Shape: places."""

    def __init__(self, law: Law, regime: Regime, places: Whole, share_by: Share) -> None:
        self.law, self.regime, self.places, self.count = law, regime, places, len(places)
        self.mode = Rounding(regime.rounding)
        lines = law.lines
        self.consignment, self.hs, self.quantity = (
            each[places] for each in (lines.consignment, lines.hs, lines.quantity)
        )
        self.amounts = np.zeros((len(PARTS), self.count), dtype=np.int64)
        self.collected = np.zeros((len(COLLECTORS), self.count), dtype=np.int64)
        self.amounts[PART[Part.GOODS]] = law.goods[places]
        self.amounts[PART[Part.FREIGHT]] = law.money["freight_minor"][places]
        self.amounts[PART[Part.INSURANCE]] = law.money["insurance_minor"][places]
        self.weights = {Share.VALUE: law.goods, Share.WEIGHT: lines.weight_g, Share.QUANTITY: lines.quantity}[share_by][
            places
        ]

    def run(self) -> None:
        """All of them."""
        tables = [
            table if self.law.cases[number // self.law.bands].era.regime == self.regime else {}
            for number, table in enumerate(self.law.tables)
        ]
        group = self.law.group[self.places]
        for code in self.law.codes:
            charges: dict[tuple[int, ...], Charge] = {}
            number: dict[tuple[int, ...], int] = {}
            due = np.full(len(tables), NONE, dtype=np.int64)
            for place, table in enumerate(tables):
                if charge := table.get(code):  # the same for all origins and ways that share the row
                    charges.setdefault(charge.key, charge)
                    due[place] = number.setdefault(charge.key, len(number))
            if not charges:
                continue
            of = due[group]
            mine = np.flatnonzero(of >= 0)
            if len(mine):
                self._levy(list(charges.values()), mine, of[mine])

    def _levy(self, charges: list[Charge], mine: Whole, number: Whole) -> None:
        """One code of the cascade on its lines: `number` says by which charge."""
        due_of = np.array([not charge.levy.is_relief for charge in charges], dtype=np.bool_)
        if not due_of.all():
            some = due_of[number]
            mine, number = mine[some], number[some]
        if not len(mine):
            return
        base = self._base(charges, mine, number)
        stacked = [charge.filter for charge in charges]
        plain = np.array([each is None for each in stacked], dtype=np.bool_)
        if not plain.all():
            self._tariff(charges, mine, number, base)
        if plain.any():
            rows = slice(None) if plain.all() else np.flatnonzero(plain[number])
            self._put(charges, mine[rows], number[rows], self._plain(charges, mine[rows], number[rows], base[rows]))

    def _base(self, charges: list[Charge], mine: Whole, number: Whole) -> Whole:
        """The sum of the parts that each line's charge is a share of."""
        used = np.zeros((len(PARTS), len(charges)), dtype=np.int64)
        for place, charge in enumerate(charges):
            for part in base_of(charge, self.regime):
                used[PART[part], place] = 1
        base = np.zeros(len(mine), dtype=np.int64)
        for place in np.flatnonzero(used.any(axis=1)).tolist():
            amount = self.amounts[place] if len(mine) == self.count else self.amounts[place][mine]
            base += amount if used[place].all() else amount * used[place][number]
        return base

    # The tariff and what stacks on it.

    def _tariff(self, charges: list[Charge], mine: Whole, number: Whole, base: Whole) -> None:
        duty = np.zeros(len(mine), dtype=np.int64)
        own = np.flatnonzero(np.array([charge.is_tariff for charge in charges], dtype=np.bool_)[number])
        if len(own):
            exact = Rates(self.law, self.places[mine[own]]).due(base[own])
            duty[own] = self._settle(exact.whole, exact.rest, UNIT, mine[own])
            self._put(charges, mine[own], number[own], duty[own])
        stacked = [charge.filter for charge in charges]
        for prefix in dict.fromkeys(each for each in stacked if each is not None):
            over = np.flatnonzero(np.array([each == prefix for each in stacked], dtype=np.bool_)[number])
            overlays = Overlays(self.law, self.places[mine[over]], prefix)
            if not overlays.rows:
                continue
            added = self._share(base[over], overlays.ppm("add"), PPM, mine[over])
            top_up = overlays.ppm("top_up")
            if top_up.any():
                up_to = self._share(base[over], top_up, PPM, mine[over])
                added += np.where(top_up > 0, np.maximum(up_to - duty[over], 0), 0)
            self._put(charges, mine[over], number[over], added, Part.ADDITIONAL_DUTY)

    # Rates and amounts of the law itself.

    def _plain(self, charges: list[Charge], mine: Whole, number: Whole, base: Whole) -> Whole:
        per = np.array([PERS.index(Per(charge.levy.per)) for charge in charges], dtype=np.int64)
        if (per == per[0]).all():
            return self._per(PERS[per[0]], charges, mine, number, base)
        due = np.zeros(len(mine), dtype=np.int64)
        for each in np.unique(per[number]).tolist():
            rows = np.flatnonzero(per[number] == each)
            due[rows] = self._per(PERS[each], charges, mine[rows], number[rows], base[rows])
        return due

    def _per(self, per: Per, charges: list[Charge], mine: Whole, number: Whole, base: Whole) -> Whole:
        top, bottom, amount, floor, cap = _columns(charges)
        if per in {Per.LINE, Per.UNIT}:
            due = np.zeros(len(mine), dtype=np.int64)
            if top.any():
                due = self._share(base, _take(top, number), _take(bottom, number), mine)
            if amount.any():
                times = self.quantity[mine] if per is Per.UNIT else np.int64(1)
                due = due + checked_multiply(_take(amount, number), times)
            is_bounded = bool(floor.any() or (cap < MINOR_MAX).any() or (amount < 0).any())
            return np.clip(due, floor[number], cap[number]) if is_bounded else due
        key, size = self.consignment[mine] * len(charges) + number, self.law.lines.consignments * len(charges)
        if per is Per.HS6:
            six, count = self._six
            key, size = key * count + six[self.hs[mine]], size * count
        values, member = distinct(key, size)
        charge = np.zeros(len(values), dtype=np.int64)
        charge[member] = number
        total = amount[charge]
        if top.any():
            numerator = checked_multiply(sum_groups(base, member, len(values)), top[charge])
            whole, rest = np.divmod(numerator, bottom[charge])
            total = total + rounded(whole, rest, bottom[charge], self.mode)
        total = np.clip(total, floor[charge], cap[charge])
        return split_groups(total, self.weights[mine], member)

    @cached_property
    def _six(self) -> tuple[Whole, int]:
        """For each code the number of its first six digits, and how many of those there are."""
        codes = {code: place for place, code in enumerate(dict.fromkeys(hs[:6] for hs in self.law.lines.words.hs))}
        return np.array([codes[hs[:6]] for hs in self.law.lines.words.hs], dtype=np.int64), len(codes)

    # Building blocks.

    def _share(self, base: Whole, top: Whole, bottom: Whole | int, mine: Whole) -> Whole:
        """base × top / bottom, rounded."""
        whole, rest = np.divmod(checked_multiply(base, top), bottom)
        return self._settle(whole, rest, bottom, mine)

    def _settle(self, whole: Whole, rest: Whole, of: Whole | int, mine: Whole) -> Whole:
        """Rounded line by line, or the sum of a consignment, shared by the lines with the largest rests having more."""
        if self.regime.rounding_level == Level.LINE:
            return rounded(whole, rest, of, self.mode)
        _, member = distinct(self.consignment[mine], self.law.lines.consignments)
        groups = int(member.max()) + 1
        size = np.ones(groups, dtype=np.int64)
        size[member] = np.broadcast_to(np.asarray(of, dtype=np.int64), whole.shape)
        more, left = np.divmod(sum_groups(rest, member, groups), size)
        return whole + hand_out(rounded(more, left, size, self.mode), rest, member)

    def _put(self, charges: list[Charge], mine: Whole, number: Whole, due: Whole, part: Part | None = None) -> None:
        """Add what is due to its part, and to what its collector takes."""
        parts = [PART[part or Part(charge.levy.part)] for charge in charges]
        takers = [COLLECTORS.index(Collector(charge.levy.collector)) for charge in charges]
        at = slice(None) if len(mine) == self.count else mine
        for table, places in ((self.amounts, parts), (self.collected, takers)):
            for place in dict.fromkeys(places):
                his = np.array([each == place for each in places], dtype=np.int64)
                table[place][at] += due if his.all() else due * his[number]


def _columns(charges: list[Charge]) -> tuple[Whole, Whole, Whole, Whole, Whole]:
    rows = [(each.top, each.bottom, each.amount, each.floor, each.cap) for each in charges]
    top, bottom, amount, floor, cap = np.array(rows, dtype=np.int64).T
    return top, bottom, amount, floor, cap


def _take(table: Whole, number: Whole) -> Whole:
    """One value for each line, or for all where they are alike."""
    return table[:1] if (table == table[0]).all() else table[number]
