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

import numpy as np

from entrepot.domain.customs.arrays import (
    COLLECTORS,
    NONE,
    PART,
    PARTS,
    PERS,
    PPM,
    ROUNDINGS,
    Charge,
    Flags,
    Law,
    Whole,
    base_of,
    distinct,
)
from entrepot.domain.customs.rows import Collector, Level, Part, Per, Rounding
from entrepot.domain.customs.tariffs import UNIT, Overlays, Rates
from entrepot.kernel.money import checked_multiply, hand_out, split_groups, sum_groups


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
    return _Cascade(law, share_by).run()


def rounded(whole: Whole, rest: Whole, of: Whole | int, mode: Whole | Rounding) -> Whole:
    """`whole` and `rest`/`of` of a minor unit as whole minor units; nothing is negative here."""
    twice = 2 * rest
    ways = {
        Rounding.HALF_EVEN: lambda: (twice > of) | ((twice == of) & (whole % 2 != 0)),
        Rounding.HALF_UP: lambda: twice >= of,
        Rounding.DOWN: lambda: np.zeros(len(whole), dtype=np.bool_),
        Rounding.UP: lambda: rest > 0,
    }
    if isinstance(mode, Rounding):
        return whole + ways[mode]()
    up = np.select([mode == place for place in range(len(ROUNDINGS))], [ways[each]() for each in ROUNDINGS])
    return whole + up.astype(np.int64)


class _Cascade:
    """The levies of a law, one after the other."""

    def __init__(self, law: Law, share_by: Share) -> None:
        self.law, self.lines, self.count = law, law.lines, len(law.lines)
        self.amounts = np.zeros((len(PARTS), self.count), dtype=np.int64)
        self.collected = np.zeros((len(COLLECTORS), self.count), dtype=np.int64)
        self.amounts[PART[Part.GOODS]] = law.goods
        self.amounts[PART[Part.FREIGHT]] = law.money["freight_minor"]
        self.amounts[PART[Part.INSURANCE]] = law.money["insurance_minor"]
        self.weights = {
            Share.VALUE: law.goods,
            Share.WEIGHT: self.lines.weight_g,
            Share.QUANTITY: self.lines.quantity,
        }[share_by]
        regimes = [case.era.regime for case in law.cases]
        modes = {Rounding(regime.rounding) for regime in regimes}
        self.mode: Whole | Rounding = (
            modes.pop()
            if len(modes) == 1
            else np.array([ROUNDINGS.index(Rounding(each.rounding)) for each in regimes], dtype=np.int64)[law.case]
        )
        levels = np.array([each.rounding_level == Level.CONSIGNMENT for each in regimes], dtype=np.bool_)
        self.by_consignment: Flags | None = levels[law.case] if levels.any() else None

    def run(self) -> Assessment:
        group = self.law.group
        for code in self.law.codes:
            charges = {id(table[code]): table[code] for table in self.law.tables if code in table}
            number = {key: place for place, key in enumerate(charges)}
            table = [number[id(each[code])] if code in each else NONE for each in self.law.tables]
            due = np.array(table, dtype=np.int64)[group]
            mine = np.flatnonzero(due >= 0)
            if len(mine):
                self._levy(list(charges.values()), mine, due[mine])
        parts: dict[Part, Whole] = dict(zip(PARTS, self.amounts, strict=True))
        del parts[Part.BROKERAGE], parts[Part.OTHER]
        return Assessment(self.law, parts, dict(zip(COLLECTORS, self.collected, strict=True)))

    def _levy(self, charges: list[Charge], mine: Whole, number: Whole) -> None:
        """One code of the cascade on its lines: `number` says by which charge."""
        base = self._base(charges, mine, number)
        is_tariff = np.array([charge.is_tariff for charge in charges], dtype=np.bool_)
        stacked = [charge.filter for charge in charges]
        if any(each is not None for each in stacked):
            self._tariff(charges, mine, number, base, is_tariff, stacked)
        plain = np.array([each is None for each in stacked], dtype=np.bool_)[number]
        if plain.any():
            rows = slice(None) if plain.all() else np.flatnonzero(plain)
            self._put(charges, mine[rows], number[rows], self._plain(charges, mine[rows], number[rows], base[rows]))

    def _base(self, charges: list[Charge], mine: Whole, number: Whole) -> Whole:
        """The sum of the parts that each line's charge is a share of."""
        regime = {id(charge): case.era.regime for case in self.law.cases for table in case.charges
                  for charge in table.values()}  # fmt: skip
        used = np.zeros((len(PARTS), len(charges)), dtype=np.int64)
        for place, charge in enumerate(charges):
            for part in base_of(charge, regime[id(charge)]):
                used[PART[part], place] = 1
        base = np.zeros(len(mine), dtype=np.int64)
        for place in np.flatnonzero(used.any(axis=1)).tolist():
            amount = self.amounts[place] if len(mine) == self.count else self.amounts[place][mine]
            base += amount if used[place].all() else amount * used[place][number]
        return base

    # The tariff and what stacks on it.

    def _tariff(
        self,
        charges: list[Charge],
        mine: Whole,
        number: Whole,
        base: Whole,
        is_tariff: Flags,
        stacked: list[str | None],
    ) -> None:
        own = np.flatnonzero(is_tariff[number])
        duty = np.zeros(len(mine), dtype=np.int64)
        if len(own):
            exact = Rates(self.law, mine[own]).due(base[own])
            duty[own] = self._settle(exact.whole, exact.rest, UNIT, mine[own])
            self._put(charges, mine[own], number[own], duty[own])
        for prefix in dict.fromkeys(each for each in stacked if each is not None):
            has = np.array([each == prefix for each in stacked], dtype=np.bool_)
            over = np.flatnonzero(has[number])
            if not len(over):
                continue
            overlays = Overlays(self.law, mine[over], prefix)
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
        per = np.array([PERS.index(Per(charge.levy.per)) for charge in charges], dtype=np.int64)[number]
        due = np.zeros(len(mine), dtype=np.int64)
        for each in np.unique(per).tolist():
            some = np.flatnonzero(per == each)
            rows = slice(None) if len(some) == len(mine) else some
            due[rows] = self._per(PERS[each], charges, mine[rows], number[rows], base[rows])
        return due

    def _per(self, per: Per, charges: list[Charge], mine: Whole, number: Whole, base: Whole) -> Whole:
        top, bottom, amount, floor, cap = _columns(charges)
        has_rate, has_amount = top.any(), amount.any()
        bounded = bool(floor.any() or (cap < cap.max()).any() or (amount < 0).any() or cap.max() < _UNBOUNDED)
        if per in {Per.LINE, Per.UNIT}:
            due = (
                self._share(base, _take(top, number), _take(bottom, number), mine) if has_rate else np.zeros_like(base)
            )
            if has_amount:
                times = self.lines.quantity[mine] if per is Per.UNIT else np.int64(1)
                due = due + checked_multiply(amount[number], times)
            return np.clip(due, floor[number], cap[number]) if bounded else due
        key = self.lines.consignment[mine] * len(charges) + number
        size = self.lines.consignments * len(charges)
        if per is Per.HS6:
            codes = dict.fromkeys(code[:6] for code in self.lines.words.hs)
            six = {code: place for place, code in enumerate(codes)}
            hs6 = np.array([six[code[:6]] for code in self.lines.words.hs], dtype=np.int64)
            key, size = key * len(six) + hs6[self.lines.hs[mine]], size * len(six)
        values, member = distinct(key, size)
        charge = np.zeros(len(values), dtype=np.int64)
        charge[member] = number
        first = np.zeros(len(values), dtype=np.int64)
        first[member[::-1]] = mine[::-1]
        total = amount[charge]
        if has_rate:
            numerator = checked_multiply(sum_groups(base, member, len(values)), top[charge])
            whole, rest = np.divmod(numerator, bottom[charge])
            total = total + rounded(whole, rest, bottom[charge], self._mode(first))
        total = np.clip(total, floor[charge], cap[charge])
        return split_groups(total, self.weights[mine], member)

    # Building blocks.

    def _mode(self, mine: Whole) -> Whole | Rounding:
        return self.mode if isinstance(self.mode, Rounding) else self.mode[mine]

    def _share(self, base: Whole, top: Whole, bottom: Whole | int, mine: Whole) -> Whole:
        """base × top / bottom, rounded."""
        whole, rest = np.divmod(checked_multiply(base, top), bottom)
        return self._settle(whole, rest, bottom, mine)

    def _settle(self, whole: Whole, rest: Whole, of: Whole | int, mine: Whole) -> Whole:
        """Rounded line by line, or the sum of a consignment, shared by the lines with the largest rests having more."""
        due = rounded(whole, rest, of, self._mode(mine))
        if self.by_consignment is None:
            return due
        together = np.flatnonzero(self.by_consignment[mine])
        _, member = distinct(self.lines.consignment[mine[together]], self.lines.consignments)
        groups = int(member.max()) + 1 if len(member) else 0
        bottom = np.broadcast_to(np.asarray(of, dtype=np.int64), whole.shape)[together]
        mode = self._mode(mine[together])
        size, kind = np.ones(groups, dtype=np.int64), np.zeros(groups, dtype=np.int64)
        size[member] = bottom
        if not isinstance(mode, Rounding):
            kind[member] = mode
        more, left = np.divmod(sum_groups(rest[together], member, groups), size)
        extra = rounded(more, left, size, mode if isinstance(mode, Rounding) else kind)
        due[together] = whole[together] + hand_out(extra, rest[together], member)
        return due

    def _put(self, charges: list[Charge], mine: Whole, number: Whole, due: Whole, part: Part | None = None) -> None:
        """Add what is due to its part, and to what its collector takes."""
        parts = [PART[part or Part(charge.levy.part)] for charge in charges]
        takers = [COLLECTORS.index(Collector(charge.levy.collector)) for charge in charges]
        for table, places in ((self.amounts, parts), (self.collected, takers)):
            if len(set(places)) == 1:
                table[places[0]][mine] += due
            else:
                np.add.at(table, (np.array(places, dtype=np.int64)[number], mine), due)


_UNBOUNDED = 1_000_000_000_000


def _columns(charges: list[Charge]) -> tuple[Whole, Whole, Whole, Whole, Whole]:
    rows = [(each.top, each.bottom, each.amount, each.floor, each.cap) for each in charges]
    top, bottom, amount, floor, cap = np.array(rows, dtype=np.int64).T
    return top, bottom, amount, floor, cap


def _take(table: Whole, number: Whole) -> Whole:
    """One value for each line, or for all where they are alike."""
    return table[:1] if (table == table[0]).all() else table[number]
