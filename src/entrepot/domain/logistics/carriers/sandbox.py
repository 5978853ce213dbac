"""A carrier that plays every part a real one can: punctual, late, losing, silent, lying and dying mid-call.

What it does with a parcel is drawn from a seed and the parcel's id, so the same parcel has always the same fate. It
keeps its own book, written outside our transactions, so that our records can be compared with it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from entrepot.domain.logistics.carriers.interface import (
    Answer,
    Cancellation,
    Carrier,
    Closing,
    Consignment,
    Outcome,
    Quote,
    Sighting,
)
from entrepot.kernel import db, ids
from entrepot.kernel.db import execute, fetch_rows
from entrepot.kernel.errors import Invalid

#: A shopper takes a return to the carrier so long after its label was made.
DROPPED_OFF = timedelta(hours=20)
#: Two scans of a parcel lie so far apart at least.
BETWEEN = timedelta(minutes=20)
#: So long after a booking its parcel is picked up, as the sandbox has it.
PICKED_UP = timedelta(hours=6)
#: What it asks: so much, and so much for every kilogram that is begun; in any currency's minor units.
BASE_MINOR, KILOGRAM_MINOR = 350, 120
TRANSIT = {True: (1, 3), False: (6, 10)}


@dataclass(frozen=True, slots=True)
class Temper:
    """How often it does what: one parcel in so many, 0 is never.

    `unseen`: it says delivered and never scanned it before; `gaps`: it scans nothing between the first scan and the
    round of the last day; `silent`: it says nothing at all; `repeats`: it gives a number that it gave before;
    `declines`, `cuts` and `dies` are of bookings.
    """

    seed: str = ""
    late: int = 12
    lost: int = 250
    unseen: int = 0
    gaps: int = 0
    silent: int = 0
    repeats: int = 0
    declines: int = 0
    cuts: int = 0
    dies: int = 0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Temper":
        """From an account's options. Raises: Invalid for what is no number, or unknown."""
        known = {field.name for field in fields(cls)}
        for name, value in options.items():
            fits = isinstance(value, str) if name == "seed" else type(value) is int and value >= 0
            if name not in known or not fits:
                raise Invalid(
                    "carriers.option", "The option {name} does not fit this carrier.", field="options", name=name[:40]
                )
        return cls(**options)


class SandboxCarrierCrash(Exception):
    """The process dies after the carrier has done its part; nobody is meant to catch this."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a leg before the last one ends, by when it is promised to, and what a carrier scans of it there."""

    place: str
    due_on: date
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voyage:
    """A parcel on its way and what was promised of it; `stops` where its way is known leg by leg."""

    id: UUID
    is_return: bool
    left_at: datetime
    origin: str
    destination: str
    ship_by: datetime
    promised_from: date
    promised_until: date
    stops: tuple[Stop, ...] = ()


def voyage_of(voyage: Voyage, temper: Temper) -> Iterator[Sighting]:
    """What the carrier will say of a parcel, in order of time; the tracking number is left to the caller."""
    chance = _chance(temper.seed, voyage.id.bytes)
    if voyage.is_return:
        yield from _way_back(voyage, chance)
        return
    if _happens(temper.silent, chance, 14):
        return
    day, late_by = _arrival(voyage, chance, temper)
    arrives = datetime.combine(day, time(9 + chance[3] % 9, chance[4] % 60), tzinfo=UTC)
    span = arrives - voyage.left_at
    is_lost = _happens(temper.lost, chance, 5)
    if _happens(temper.unseen, chance, 8) and not is_lost and not late_by:
        yield _sighting("delivered", arrives, "delivered", voyage.destination)
        return
    left = voyage.left_at + min(timedelta(hours=7), span / 6)
    yield _sighting("in_transit", left, "left", voyage.origin)
    if voyage.stops:
        if not _happens(temper.gaps, chance, 22):
            yield from _pass(voyage, left, arrives, late_by, chance)
    elif voyage.origin != voyage.destination:
        yield _sighting("customs", voyage.left_at + span * 0.6, "customs", voyage.destination)
        yield _sighting("in_transit", voyage.left_at + span * 0.75, "cleared", voyage.destination)
    if is_lost:
        yield _sighting("lost", arrives + timedelta(days=6), "lost", voyage.destination)
        return
    out = datetime.combine(day, time(7, chance[4] % 60), tzinfo=UTC)
    if out > voyage.left_at + span * 0.75:
        yield _sighting("out_for_delivery", out, "out", voyage.destination)
    yield _sighting("delivered", arrives, "delivered", voyage.destination)


def _pass(voyage: Voyage, left: datetime, arrives: datetime, late_by: int, chance: bytes) -> Iterator[Sighting]:
    """The scans at the stops: as promised until the leg that is late, so many days later from it on.

    What is not late is spread over its way as the promise spreads it.
    """
    delay = max((voyage.left_at.date() - voyage.ship_by.date()).days, 0)
    late_from = chance[9] % (len(voyage.stops) + 1)
    start, end = voyage.left_at.date(), arrives.date()
    promised = max((voyage.promised_until - start).days + delay, 1)
    latest = max(arrives.replace(hour=6, minute=0), left + (len(voyage.stops) + 1) * BETWEEN)
    at = left
    for place, stop in enumerate(voyage.stops):
        day = stop.due_on + timedelta(days=delay + (late_by if place >= late_from else 0))
        if not late_by:
            day = start + timedelta(days=(day - start).days * (end - start).days // promised)
        noon = datetime.combine(day, time(12, chance[10] % 40), tzinfo=UTC) + place * BETWEEN
        at = max(at + BETWEEN, min(noon, latest - (len(voyage.stops) - place) * BETWEEN))
        for number, kind in enumerate(stop.kinds):
            yield _sighting(kind, at + number * BETWEEN / 4, f"stop-{place}-{kind}", stop.place)


def _arrival(voyage: Voyage, chance: bytes, temper: Temper) -> tuple[date, int]:
    """The day of arrival, and by how many days it is late."""
    # Who hands over late is late by as many days.
    delay = max((voyage.left_at.date() - voyage.ship_by.date()).days, 0)
    first = max(voyage.promised_from + timedelta(days=delay), voyage.left_at.date() + timedelta(days=1))
    last = max(voyage.promised_until + timedelta(days=delay), first)
    if temper.late and chance[1] % temper.late == 0:
        late_by = 1 + chance[2] % 3
        return last + timedelta(days=late_by), late_by
    return first + timedelta(days=chance[0] % ((last - first).days + 1)), 0


def _way_back(voyage: Voyage, chance: bytes) -> Iterator[Sighting]:
    dropped = voyage.left_at + DROPPED_OFF
    day = dropped.date() + timedelta(days=2 + chance[0] % 3)
    arrives = datetime.combine(day, time(9 + chance[3] % 8, chance[4] % 60), tzinfo=UTC)
    yield _sighting("in_transit", dropped, "left", voyage.destination)
    yield _sighting("delivered", arrives, "delivered", voyage.origin)


def _sighting(kind: str, at: datetime, key: str, place: str) -> Sighting:
    return Sighting("", kind, at, f"sandbox-{key}", place)


def _chance(seed: str, identity: bytes) -> bytes:
    return hashlib.sha256(seed.encode() + identity).digest()


def _happens(one_in: int, chance: bytes, at: int) -> bool:
    return one_in > 0 and int.from_bytes(chance[at : at + 2]) % one_in == 0


class Sandbox(Carrier):
    """Plays a carrier."""

    kind = "sandbox"
    label = _("Sandbox")

    def __init__(self, account: str = "sandbox", options: Mapping[str, Any] | None = None) -> None:
        self.account = account
        self.temper = Temper.of(options or {})

    def quote(self, consignment: Consignment) -> list[Quote]:
        kilograms = -(-consignment.weight_g // 1000)
        is_home = consignment.sender.country == consignment.recipient.country
        cost = (BASE_MINOR + KILOGRAM_MINOR * kilograms) * (1 if is_home else 3)
        return [
            Quote("standard", consignment.currency, cost, TRANSIT[is_home]),
            Quote("express", consignment.currency, cost * 2, (TRANSIT[is_home][0], TRANSIT[is_home][0] + 1)),
        ]

    def book(self, consignment: Consignment) -> Answer:
        db.assert_no_transaction()
        chance = _chance(self.temper.seed, consignment.key.encode())
        is_new = not _known(consignment.key)
        if is_new and _happens(self.temper.declines, chance, 10):
            return Answer(consignment.key, Outcome.DECLINED, reason="address_not_served")
        with db.atomic():
            # One booking at a time, so that a number that is given again was given before.
            execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"sandbox carrier {self.account}"])
            if not (known := _known(consignment.key)):
                self._keep(consignment, chance)
                known = _known(consignment.key)
        if is_new and _happens(self.temper.dies, chance, 16):
            raise SandboxCarrierCrash(consignment.key)
        if is_new and _happens(self.temper.cuts, chance, 12):
            raise ConnectionError("the line was cut")
        return _answer(known[0])

    def cancel(self, cancellation: Cancellation) -> Answer:
        db.assert_no_transaction()
        known = _by_reference(cancellation.reference)
        if not known:
            return Answer(cancellation.key, Outcome.DECLINED, reason="unknown_reference")
        if known[0].closed_at is not None and known[0].cancelled_at is None:
            return Answer(cancellation.key, Outcome.DECLINED, cancellation.reference, reason="already_taken_over")
        execute(
            "UPDATE logistics_sandboxconsignment SET cancelled_at = coalesce(cancelled_at, %s) WHERE reference = %s",
            [cancellation.at, cancellation.reference],
        )
        return Answer(cancellation.key, Outcome.DONE, cancellation.reference)

    def lookup(self, key: str, at: datetime) -> Answer | None:
        known = _known(key)
        return _answer(known[0]) if known else None

    def track(self, numbers: Sequence[str], at: datetime) -> list[Sighting]:
        rows = fetch_rows(
            "SELECT * FROM logistics_sandboxconsignment WHERE account = %s AND tracking_number = ANY(%s)"
            " AND cancelled_at IS NULL ORDER BY id",
            [self.account, list(numbers)],
        )
        seen = [
            Sighting(row.tracking_number, each.kind, each.occurred_at, each.key, each.place)
            for row in rows
            for each in voyage_of(_voyage(row), self.temper)
            if each.occurred_at <= at
        ]
        return sorted(seen, key=lambda each: (each.occurred_at, each.tracking_number))

    def manifest(self, closing: Closing) -> Answer:
        db.assert_no_transaction()
        execute(
            "UPDATE logistics_sandboxconsignment SET closed_at = coalesce(closed_at, %s)"
            " WHERE account = %s AND reference = ANY(%s)",
            [closing.at, self.account, [reference for reference, _number in closing.parcels]],
        )
        digest = hashlib.sha256(closing.key.encode()).hexdigest()
        return Answer(closing.key, Outcome.DONE, f"SM{digest[:10].upper()}")

    def _keep(self, consignment: Consignment, chance: bytes) -> None:
        identity = ids.new_id(consignment.at)
        number = f"SB{int.from_bytes(chance[20:26]) % 10**12:012d}"
        if _happens(self.temper.repeats, chance, 18):
            given = fetch_rows(
                "SELECT tracking_number FROM logistics_sandboxconsignment WHERE account = %s ORDER BY id DESC LIMIT 1",
                [self.account],
            )
            number = given[0].tracking_number if given else number
        [cheapest, *others] = self.quote(consignment)
        cost = next((each.cost_minor for each in others if each.service == consignment.service), cheapest.cost_minor)
        is_home = consignment.sender.country == consignment.recipient.country
        execute(
            "INSERT INTO logistics_sandboxconsignment (id, created_at, key, account, reference, tracking_number,"
            " cost_minor, currency, facts) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [identity, consignment.at, consignment.key, self.account, f"SR{identity.hex[-12:].upper()}", number, cost,
             consignment.currency,
             json.dumps({"origin": consignment.sender.country, "destination": consignment.recipient.country,
                         "days": TRANSIT[is_home]})],
        )  # fmt: skip


def _known(key: str) -> list[Any]:
    return fetch_rows("SELECT * FROM logistics_sandboxconsignment WHERE key = %s", [key])


def _by_reference(reference: str) -> list[Any]:
    return fetch_rows("SELECT * FROM logistics_sandboxconsignment WHERE reference = %s", [reference])


def _answer(row: Any) -> Answer:
    return Answer(row.key, Outcome.DONE, row.reference, row.tracking_number, row.cost_minor, row.currency)


def _voyage(row: Any) -> Voyage:
    left_at = row.created_at + PICKED_UP
    first, last = row.facts["days"]
    return Voyage(
        row.id, False, left_at, row.facts["origin"], row.facts["destination"], left_at,
        left_at.date() + timedelta(days=first), left_at.date() + timedelta(days=last),
    )  # fmt: skip
