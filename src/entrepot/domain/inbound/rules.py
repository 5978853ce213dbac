"""Which states follow which, when things are due, how much to order, and what differs between paper and goods. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from entrepot.domain.terms.rules import Service
from entrepot.kernel.errors import Invalid, Refused

Units = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Settings:
    """What counts for goods on their way in. Units: working days of the node, calendar days from `later_days` on."""

    answer_days: int = 2
    ship_days: int = 3
    deliver_days: int = 5
    void_days: int = 14
    later_days: int = 0
    inspection_level: str = "II"
    aql: Decimal = Decimal("2.5")
    sales_days: int = 14
    cover_days: int = 14
    source: str = "this software's own starting values; set your own at the desk"


#: Where nobody has set anything.
DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Clocks:
    """The deadlines of a stock order. Units: working days of the node; to ship and to deliver count from the answer."""

    answer_days: int
    ship_days: int
    deliver_days: int


def clocks(service: Service, settings: Settings) -> Clocks:
    """What the terms say goes before what is set; nothing leaves later than it is to arrive."""

    def first(of_terms: int | None, of_settings: int) -> int:
        return of_settings if of_terms is None else of_terms

    deliver_days = first(service.inbound_business_days, settings.deliver_days)
    return Clocks(
        first(service.inbound_answer_business_days, settings.answer_days),
        min(first(service.inbound_ship_business_days, settings.ship_days), deliver_days),
        deliver_days,
    )


#: What a person may still do with a stock order, and who: state -> act -> state.
ORDER_ACTS: Mapping[str, Mapping[str, str]] = {
    "asked": {"accept": "accepted", "counter": "countered", "decline": "declined", "cancel": "cancelled"},
    "countered": {"agree": "accepted", "refuse": "declined", "cancel": "cancelled"},
    "accepted": {"cancel": "cancelled"},
    "packed": {"cancel": "cancelled"},
}
#: What a shipment's state makes of the stock order that it answers.
ORDER_STATE: Mapping[str, str] = {
    "draft": "accepted",
    "announced": "packed",
    "in_transit": "shipped",
    "arrived": "arrived",
    "receiving": "receiving",
    "closed": "received",
    "refused": "returned",
    "cancelled": "accepted",
}
SHIPMENT_ACTS: Mapping[str, Mapping[str, str]] = {
    "draft": {"edit": "draft", "announce": "announced", "cancel": "cancelled"},
    "announced": {"ship": "in_transit", "arrive": "arrived", "cancel": "cancelled"},
    "in_transit": {"arrive": "arrived", "lose": "cancelled"},
    "arrived": {"count": "receiving", "refuse": "refused"},
    "receiving": {"count": "receiving", "inspect": "receiving", "put_away": "receiving", "close": "closed"},
}
ORDER_OPEN = ("asked", "countered", "accepted", "packed", "shipped", "arrived", "receiving")
SHIPMENT_OPEN = ("draft", "announced", "in_transit", "arrived", "receiving")
#: Units are on their way from the moment that they left until they are put away.
ON_THE_WAY = ("in_transit", "arrived", "receiving")


def move(acts: Mapping[str, Mapping[str, str]], state: str, act: str, *, number: str) -> str:
    """The state after an act. Raises: Refused."""
    following = acts.get(state, {}).get(act)
    if following is None:
        raise Refused(
            "inbound.wrong_state",
            "{number} is at another stage: this cannot be done with it now.",
            number=number,
            state=state,
            act=act,
        )
    return following


@dataclass(frozen=True, slots=True)
class Differs:
    """How many units of a SKU differ from what was announced, how, and what becomes of them."""

    sku_id: UUID
    kind: str
    declared: int
    counted: int
    quantity: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Units of a SKU in a condition that become stock."""

    sku_id: UUID
    condition: str
    quantity: int


def to_put_away(
    *,
    declared: Mapping[UUID, int],
    counted: Mapping[tuple[UUID, str], int],
    done: Mapping[tuple[UUID, str], int],
    failed: Collection[UUID],
    take_extra: bool,
    keep_damaged: bool,
) -> list[Placed]:
    """What of the counted units becomes stock now.

    Good units up to what was announced, and beyond it where `take_extra` says so; damaged ones where they are kept for
    their owner. What failed its inspection goes back whole. What was put away before counts.
    """
    placed = []
    for sku_id in sorted({sku_id for sku_id, _ in counted}):
        good, damaged = _units(counted, sku_id)
        if sku_id in failed:
            continue
        room = good + damaged if take_extra else declared.get(sku_id, 0)
        wanted = {"new": min(good, room)}
        wanted["damaged"] = min(damaged, room - wanted["new"]) if keep_damaged else 0
        for condition, quantity in wanted.items():
            left = quantity - done.get((sku_id, condition), 0)
            if left > 0:
                placed.append(Placed(sku_id, condition, left))
    return placed


def discrepancies(
    *,
    declared: Mapping[UUID, int],
    counted: Mapping[tuple[UUID, str], int],
    done: Mapping[tuple[UUID, str], int],
    failed: Collection[UUID],
) -> list[Differs]:
    """Everything in which the goods differ from the paper, once all is put away that is to be.

    Short, over and wrong item are about numbers, damaged about condition, failed about an inspection; a unit may be of
    two kinds. What came and is not put away goes back.
    """
    found: list[Differs] = []
    for sku_id in sorted(declared.keys() | {sku_id for sku_id, _ in counted}):
        said, (good, damaged) = declared.get(sku_id, 0), _units(counted, sku_id)
        came, kept_damaged = good + damaged, done.get((sku_id, "damaged"), 0)
        put_away = done.get((sku_id, "new"), 0) + kept_damaged
        extra = max(0, came - said)
        kinds = [
            ("short", "missing", max(0, said - came), 0),
            ("over" if said else "wrong_item", "goes_back", extra, max(0, min(extra, put_away - said))),
            ("damaged", "goes_back", damaged, kept_damaged),
            ("failed", "goes_back", came - put_away if sku_id in failed else 0, 0),
        ]
        for kind, otherwise, quantity, taken in kinds:
            found += [
                Differs(sku_id, kind, said, came, units, outcome)
                for units, outcome in ((taken, "taken"), (quantity - taken, otherwise))
                if units > 0
            ]
    return found


def _units(counted: Mapping[tuple[UUID, str], int], sku_id: UUID) -> tuple[int, int]:
    return counted.get((sku_id, "new"), 0), counted.get((sku_id, "damaged"), 0)


def demand_counts(totals: Mapping[Any, int], changes: Iterable[tuple[Any, int]]) -> None:
    """A correction takes away no more than was counted. Raises: Invalid."""
    after = dict(totals)
    for key, quantity in changes:
        after[key] = after.get(key, 0) + quantity
    if any(units < 0 for units in after.values()):
        raise Invalid("inbound.below_zero", "Less than nothing cannot have been counted.", field="quantity", least=0)


def suggest(
    *,
    sold: Units,
    available: Units,
    on_the_way: Units,
    pack: Units,
    sales_days: int,
    cover_days: int,
    least: int = 0,
) -> Units:
    """How many units to order of each: the daily sales of recent days × days to cover − what there is or comes.

    Rounding: the need up to whole units, an order up to whole packs; whatever is ordered at all is `least` or more.
    """
    if sales_days < 1 or cover_days < 0 or least < 0:
        raise Invalid("inbound.bad_cover", "Sales are counted over one day or more.", field="sales_days")
    need = -(-sold * cover_days // sales_days) - available - on_the_way
    wanted = np.where(need > 0, np.maximum(need, least), 0)
    return -(-wanted // pack) * pack


def days_of_cover(*, sold: Units, available: Units, sales_days: int) -> NDArray[np.float64]:
    """For how many days the units last at the recent pace; infinite where nothing was sold."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sold > 0, available * sales_days / sold, np.inf)
