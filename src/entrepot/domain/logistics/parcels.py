"""Writes of parcels and of what is said of them. Every act takes rows; a parcel is locked before it changes."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from entrepot.domain.logistics.models import Parcel, TrackingEvent
from entrepot.kernel import ids
from entrepot.kernel.db import copy_rows, execute, fetch_rows, unnest
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: Characters of a parcel's number: at a million parcels, one chance in two thousand that any two are alike.
NUMBER_LENGTH = 10

#: state -> what may follow it.
NEXT: Mapping[str, frozenset[str]] = {
    "packed": frozenset({"handed_over", "cancelled"}),
    "handed_over": frozenset({"delivered", "lost"}),
    "delivered": frozenset(),
    "lost": frozenset(),
    "cancelled": frozenset(),
}


class WrongState(Refused):
    """The parcel is too far, or not far enough."""

    code = "logistics.parcel_state"
    message = "Parcel {number} is {state} and cannot become {next}."


class NumberTaken(Refused):
    """A carrier gives a number once."""

    code = "logistics.tracking_taken"
    message = "The tracking number {number} belongs to another parcel."


@dataclass(frozen=True, slots=True)
class NewParcel:
    """A box that is packed: what is in it, where it stands and where it goes. Units: grams, minor units.

    What it costs is known at the latest when it leaves.
    """

    reference_id: UUID
    node_id: UUID
    destination_id: UUID | None
    weight_g: int
    cost_currency: str
    lines: Sequence[tuple[UUID, int]]
    carrier: str = ""
    service: str = ""
    direction: str = "outbound"
    cost_minor: int = 0


@dataclass(frozen=True, slots=True)
class LockedParcel:
    """A parcel under lock with its lines (parcel line, order line, quantity, place of the first unit)."""

    id: UUID
    number: str
    direction: str
    reference_id: UUID
    node_id: UUID
    destination_id: UUID | None
    state: str
    carrier: str
    service: str
    delivered_at: datetime | None
    lines: tuple[tuple[UUID, UUID, int, int | None], ...]

    def demand(self, state: str) -> None:
        """Whether that state may follow. Raises: WrongState."""
        if state not in NEXT[self.state]:
            raise WrongState(number=self.number, state=self.state, next=state)


@transaction.atomic
def pack(*, parcels: Sequence[NewParcel], now: datetime) -> list[Parcel]:
    """New parcels with their contents. Raises: Invalid for a parcel without contents."""
    made, contents = [], []
    for identity, wanted in zip(ids.new_ids(now, len(parcels)), parcels, strict=True):
        if not wanted.lines or any(quantity <= 0 for _, quantity in wanted.lines):
            raise Invalid(
                "logistics.parcel_empty", "A parcel holds at least one unit of each of its lines.", field="lines"
            )
        parcel = Parcel(
            id=identity, created_at=now, number=ids.number("P", identity, NUMBER_LENGTH), direction=wanted.direction,
            reference_id=wanted.reference_id, node_id=wanted.node_id, destination_id=wanted.destination_id,
            weight_g=wanted.weight_g, carrier=wanted.carrier, service=wanted.service, cost_minor=wanted.cost_minor,
            cost_currency=wanted.cost_currency,
        )  # fmt: skip
        made.append(parcel)
        contents += [(identity, line_id, quantity) for line_id, quantity in wanted.lines]
    Parcel.objects.bulk_create(made, batch_size=2000)
    copy_rows(
        "logistics_parcelline",
        ("id", "created_at", "parcel_id", "line_id", "quantity"),
        (
            (identity, now, parcel_id, line_id, quantity)
            for identity, (parcel_id, line_id, quantity) in zip(ids.new_ids(now, len(contents)), contents, strict=True)
        ),
    )
    return made


def lock_parcels(*, parcel_ids: Collection[UUID]) -> dict[UUID, LockedParcel]:
    """Lock parcels by id with their lines, in the caller's transaction. Raises: NotFound."""
    rows = fetch_rows(
        "SELECT id, number, direction, reference_id, node_id, destination_id, state, carrier, service, delivered_at"
        " FROM logistics_parcel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [list(parcel_ids)],
    )
    if missing := set(parcel_ids) - {row.id for row in rows}:
        raise NotFound(kind="parcel", id=str(min(missing)))
    lines: dict[UUID, list[tuple[UUID, UUID, int, int | None]]] = {row.id: [] for row in rows}
    for line in fetch_rows(
        "SELECT parcel_id, id, line_id, quantity, first_unit FROM logistics_parcelline"
        " WHERE parcel_id = ANY(%s) ORDER BY id",
        [list(parcel_ids)],
    ):
        lines[line.parcel_id].append(line[1:])
    return {row.id: LockedParcel(*(*row, tuple(lines[row.id]))) for row in rows}


def packed_units(*, line_ids: Collection[UUID]) -> dict[UUID, int]:
    """Units of order lines that stand in packed parcels, waiting to be handed over."""
    rows = fetch_rows(
        """
        SELECT line.line_id, sum(line.quantity)::int AS units
        FROM logistics_parcelline line JOIN logistics_parcel parcel ON parcel.id = line.parcel_id
        WHERE line.line_id = ANY(%s) AND parcel.state = 'packed' AND parcel.direction = 'outbound'
        GROUP BY line.line_id
        """,
        [list(line_ids)],
    )
    return {row.line_id: row.units for row in rows}


def keep_labels(*, labels: Sequence[tuple[UUID, UUID | None, str]]) -> None:
    """Note of each parcel where its label sends it (contact) and the label itself (media name)."""
    source, params = unnest("wanted", {"id": "uuid", "destination": "uuid", "media": "text"}, labels)
    execute(
        f"UPDATE logistics_parcel parcel SET destination_id = wanted.destination, label_media = wanted.media"
        f" FROM {source} WHERE parcel.id = wanted.id",
        params,
    )


def cancel(*, parcels: Collection[LockedParcel]) -> None:
    """Take packed parcels apart again. Raises: WrongState once one has left."""
    for parcel in parcels:
        parcel.demand("cancelled")
    execute("UPDATE logistics_parcel SET state = 'cancelled' WHERE id = ANY(%s)", [[each.id for each in parcels]])


def cancel_packed(*, reference_ids: Collection[UUID]) -> None:
    """Let go of the packed parcels of what they are for; those that have left go on."""
    execute(
        "UPDATE logistics_parcel SET state = 'cancelled' WHERE reference_id = ANY(%s) AND state = 'packed'",
        [list(reference_ids)],
    )


@dataclass(frozen=True, slots=True)
class Departure:
    """A parcel that leaves: with whom and under which number."""

    parcel: LockedParcel
    carrier: str
    service: str
    tracking_number: str


def hand_over(*, departures: Sequence[Departure], now: datetime) -> None:
    """Packed parcels leave. Raises: WrongState, Refused where a tracking number is taken."""
    for each in departures:
        each.parcel.demand("handed_over")
    _refuse_taken_numbers(departures)
    source, params = unnest(
        "wanted",
        {"id": "uuid", "carrier": "text", "service": "text", "tracking": "text"},
        ((each.parcel.id, each.carrier, each.service, each.tracking_number) for each in departures),
    )
    execute(
        f"""
        UPDATE logistics_parcel parcel SET state = 'handed_over', handed_over_at = %s, carrier = wanted.carrier,
            service = wanted.service, tracking_number = wanted.tracking
        FROM {source} WHERE parcel.id = wanted.id
        """,
        [now, *params],
    )


def place(*, parts: Sequence[tuple[UUID, int]], costs: Mapping[UUID, int]) -> None:
    """Note where the units of each parcel line begin among those of its line, and what each parcel costs."""
    source, params = unnest("wanted", {"id": "uuid", "first": "int"}, parts)
    execute(
        f"UPDATE logistics_parcelline line SET first_unit = wanted.first FROM {source} WHERE line.id = wanted.id",
        params,
    )
    source, params = unnest("wanted", {"id": "uuid", "cost": "bigint"}, costs.items())
    execute(f"UPDATE logistics_parcel parcel SET cost_minor = cost FROM {source} WHERE parcel.id = wanted.id", params)


def _refuse_taken_numbers(departures: Sequence[Departure]) -> None:
    numbers = [(each.carrier, each.tracking_number) for each in departures if each.tracking_number]
    source, params = unnest("wanted", {"carrier": "text", "tracking": "text"}, numbers)
    taken = fetch_rows(
        f"SELECT wanted.tracking FROM {source} JOIN logistics_parcel parcel"
        " ON parcel.carrier = wanted.carrier AND parcel.tracking_number = wanted.tracking",
        params,
    )
    twice = [tracking for (_, tracking), times in Counter(numbers).items() if times > 1]
    for number in [*(row.tracking for row in taken), *twice]:
        raise NumberTaken(number=number, field="tracking_number")


def depart(*, parcel_ids: Collection[UUID], now: datetime) -> None:
    """Locked return parcels were seen by their carrier for the first time."""
    execute(
        "UPDATE logistics_parcel SET state = 'handed_over', handed_over_at = %s"
        " WHERE id = ANY(%s) AND state = 'packed'",
        [now, list(parcel_ids)],
    )


def arrive(*, rows: Sequence[tuple[UUID, datetime]]) -> None:
    """Locked parcels were delivered, each at its time."""
    source, params = unnest("wanted", {"id": "uuid", "at": "timestamptz"}, rows)
    execute(
        f"UPDATE logistics_parcel parcel SET state = 'delivered', delivered_at = wanted.at FROM {source}"
        " WHERE parcel.id = wanted.id",
        params,
    )


def arrive_return(*, reference_id: UUID, now: datetime) -> None:
    """The return parcels of a case were opened at their node, whether or not a carrier said so before."""
    execute(
        "UPDATE logistics_parcel SET state = 'delivered', handed_over_at = coalesce(handed_over_at, %s),"
        " delivered_at = %s WHERE reference_id = %s AND state IN ('packed', 'handed_over')",
        [now, now, reference_id],
    )


def lose(*, parcel_ids: Collection[UUID]) -> None:
    """Locked parcels were lost on their way."""
    execute("UPDATE logistics_parcel SET state = 'lost' WHERE id = ANY(%s)", [list(parcel_ids)])


@dataclass(frozen=True, slots=True)
class NewTracking:
    """What is said of a parcel; the same key says the same thing."""

    parcel_id: UUID
    kind: str
    origin: str
    occurred_at: datetime
    event_key: str
    place: str = ""
    note: str = ""


def append_tracking(*, events: Sequence[NewTracking], now: datetime) -> set[tuple[UUID, str]]:
    """Append what was not said before; (parcel, key) of what was new. Raises: Invalid for words that there are not."""
    for event in events:
        if event.kind not in TrackingEvent.Kind.values or event.origin not in TrackingEvent.Origin.values:
            raise Invalid(
                "logistics.unknown_tracking",
                "{kind} by {origin} is nothing that can be said of a parcel.",
                kind=event.kind,
                origin=event.origin,
            )
    source, params = unnest(
        "said",
        {"id": "uuid", "parcel_id": "uuid", "kind": "text", "origin": "text", "occurred_at": "timestamptz",
         "event_key": "text", "place": "text", "note": "text"},
        (
            (identity, event.parcel_id, event.kind, event.origin, event.occurred_at, event.event_key, event.place,
             event.note)
            for identity, event in zip(ids.new_ids(now, len(events)), events, strict=True)
        ),
    )  # fmt: skip
    rows = fetch_rows(
        f"""
        INSERT INTO logistics_trackingevent
            (id, created_at, parcel_id, kind, origin, occurred_at, event_key, place, note)
        SELECT id, %s, parcel_id, kind, origin, occurred_at, event_key, place, note FROM {source}
        ON CONFLICT (parcel_id, event_key) DO NOTHING
        RETURNING parcel_id, event_key
        """,
        [now, *params],
    )
    return {(row.parcel_id, row.event_key) for row in rows}
