"""Lanes: the legs of a way from country to country, when something arrives by it, and who was late. Pure.

A leg waits for its next departure and then takes its transit days; both are calendars and distributions, so that the
arrival is a distribution over dates. What is promised is a window at a stated confidence, and every leg has its part of
it: the day by which it must be done. Whoever took longer than its part made the promise fail.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property

import numpy as np

from entrepot.domain.logistics.transit import Shares, Transit, quantile

#: The days that are looked ahead: longer than any lane takes.
HORIZON = 500
WEEK = frozenset(range(1, 8))

Holidays = Mapping[str, Collection[date]]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one departure takes; what is zero is not limited. Units: grams, cubic centimetres."""

    parcels: int = 0
    weight_g: int = 0
    volume_cm3: int = 0

    def holds(self, *, parcels: int = 0, weight_g: int = 0, volume_cm3: int = 0) -> bool:
        """Whether so much goes with one departure."""
        asked = ((self.parcels, parcels), (self.weight_g, weight_g), (self.volume_cm3, volume_cm3))
        return all(not most or wanted <= most for most, wanted in asked)


@dataclass(frozen=True)
class Leg:
    """One part of a way. `task` is the duty that the terms give to somebody; `departs` and `moves` are ISO weekdays.

    `country` is whose holidays count, `closed` are the days on which this leg itself stands still, `card` the rate card
    by which it is paid. What is handed over after the `cut_off` leaves as if it had come a day later.
    A leg by sea between known ports has its distance and passages (`via`); `is_estimated` where no history said how
    long it takes. Units: kilometres.
    """

    code: str
    task: str
    mode: str
    transit: Transit
    start: str = ""
    end: str = ""
    country: str = ""
    departs: frozenset[int] = WEEK
    moves: frozenset[int] = WEEK
    card: str = ""
    cut_off: time | None = None
    capacity: Capacity | None = None
    closed: frozenset[date] = frozenset()
    distance_km: int = 0
    via: tuple[str, ...] = ()
    is_estimated: bool = False


@dataclass(frozen=True)
class Lane:
    """A way from a country to a country. Limits are of one parcel. Units: grams, minor of `currency`.

    A promise by it is kept as often as `confidence` says.
    """

    code: str
    title: str
    origin: str
    destination: str
    legs: tuple[Leg, ...]
    source: str
    refuses: frozenset[str] = frozenset()
    weight_max_g: int = 0
    value_max_minor: int = 0
    currency: str = ""
    confidence: float = 0.9

    @property
    def ends_at_door(self) -> bool:
        """Whether it brings a parcel to the shopper rather than stock to a warehouse."""
        return self.legs[-1].mode == "parcel"

    @cached_property
    def days(self) -> Shares:
        """Transit days of all legs together, without waiting."""
        total = np.ones(1)
        for leg in self.legs:
            total = np.convolve(total, leg.transit.shares)
        return total


@dataclass(frozen=True, slots=True)
class Segment:
    """A leg's part of a promise: the day by which it must be done."""

    leg: str
    task: str
    done_by: date


@dataclass(frozen=True)
class Forecast:
    """When something that is ready on `start` arrives: the window at the confidence, and every leg's part of it."""

    start: date
    first: date
    last: date
    confidence: float
    segments: tuple[Segment, ...]
    arrivals: Shares  # the probability of arrival 0, 1, 2 … days after the start


@dataclass(frozen=True, slots=True)
class Delay:
    """So many days that a leg made the whole late by."""

    leg: str
    task: str
    days: int


def forecast(
    lane: Lane,
    start: date,
    *,
    confidence: float | None = None,
    holidays: Holidays | None = None,
    at: time | None = None,
) -> Forecast:
    """The arrivals of what is ready on a day, at the lane's confidence where no other is asked for.

    A leg's holidays are its country's and its own closed days: it neither departs nor moves. `at` is when on the day
    the goods are ready; after the first leg's cut-off they count as ready a day later.

    The parts of the legs are the quantiles at the confidence of what has passed until then, so that the last leg's is
    the promise itself. Raises: ValueError for a confidence outside [0.5, 1).
    """
    confidence = lane.confidence if confidence is None else confidence
    if not 0.5 <= confidence < 1:
        raise ValueError("a confidence lies between a half and one")
    there = np.zeros(HORIZON)
    cut_off = lane.legs[0].cut_off
    there[1 if at is not None and cut_off is not None and at > cut_off else 0] = 1.0
    segments = []
    for leg in lane.legs:
        closed = {(day - start).days for day in {*(holidays or {}).get(leg.country, ()), *leg.closed}}
        there = _travel(
            leg, _depart(there, _open_days(start, leg.departs, closed)), _open_days(start, leg.moves, closed)
        )
        done = start + timedelta(days=quantile(there, confidence))
        segments.append(Segment(leg.code, leg.task, done))
    first = start + timedelta(days=quantile(there, 1 - confidence))
    return Forecast(start, first, segments[-1].done_by, confidence, tuple(segments), there)


def delays(promised: Sequence[Segment], start: date, done: Sequence[date]) -> list[Delay]:
    """Which legs made the promise fail, and by how many days; nothing where it was kept.

    `done` are the days on which the legs were done, in their order. A leg answers for the days beyond its own part,
    counted from when it was handed the goods; a leg before that was fast gives nothing away, and the delays of all
    legs never sum to more than the whole delay: it is charged in the order of the way.
    """
    if len(done) != len(promised):
        raise ValueError("every leg has one day on which it was done")
    late = (done[-1] - promised[-1].done_by).days
    found = []
    handed, planned = start, start
    for segment, day in zip(promised, done, strict=True):
        over = (day - handed).days - (segment.done_by - planned).days
        mine = min(max(over, 0), late)
        if mine > 0:
            found.append(Delay(segment.leg, segment.task, mine))
            late -= mine
        handed, planned = day, segment.done_by
    return found


def objections(lane: Lane, *, weight_g: int, value_minor: int, currency: str, flags: Collection[str]) -> list[str]:
    """What speaks against sending a parcel this way: goods that are refused, weight, value."""
    found = [f"goods:{flag}" for flag in sorted(lane.refuses & set(flags))]
    if lane.weight_max_g and weight_g > lane.weight_max_g:
        found.append("weight")
    if lane.value_max_minor and currency == lane.currency and value_minor > lane.value_max_minor:
        found.append("value")
    if any(leg.capacity and not leg.capacity.holds(parcels=1, weight_g=weight_g) for leg in lane.legs):
        found.append("capacity")
    return found


def _open_days(start: date, weekdays: Collection[int], closed: Collection[int]) -> np.ndarray:
    """The days from the start on which there is work, as offsets."""
    weekday = (start.isoweekday() - 1 + np.arange(HORIZON)) % 7 + 1
    return np.flatnonzero(np.isin(weekday, list(weekdays)) & ~np.isin(np.arange(HORIZON), list(closed)))


def _depart(there: Shares, departures: np.ndarray) -> Shares:
    """What is there leaves on the next day of departure."""
    days = np.flatnonzero(there)
    at = departures[np.minimum(np.searchsorted(departures, days), len(departures) - 1)]
    left: Shares = np.bincount(at, weights=there[days], minlength=HORIZON).astype(np.float64)
    return left


def _travel(leg: Leg, left: Shares, moving: np.ndarray) -> Shares:
    """Transit days count on days of work alone; none takes no day at all."""
    days, shares = np.flatnonzero(left), leg.transit.shares
    steps = np.flatnonzero(shares)
    before = np.searchsorted(moving, days, side="right")  # days of work until and with the day of departure
    places = np.minimum(before[:, None] + steps[None, :] - 1, len(moving) - 1)
    arrived = np.where(steps[None, :] == 0, days[:, None], moving[places])
    weights = left[days][:, None] * shares[steps][None, :]
    there: Shares = np.bincount(arrived.ravel(), weights=weights.ravel(), minlength=HORIZON).astype(np.float64)
    return there[:HORIZON]
