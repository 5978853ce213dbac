"""How promises fare: what is known of suborders on their way, what was made of it, and who was late on which part."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from entrepot.domain.logistics.keeping import BLIND, Sighting
from entrepot.kernel import ids
from entrepot.kernel.db import copy_rows, execute, fetch_rows, unnest

#: A promise that runs is looked at anew after this long, also where nobody scanned anything.
STALE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel of a suborder: when it left and arrived, and what carriers saw of it, oldest first."""

    id: UUID
    left_at: datetime
    arrived_at: datetime | None
    seen: Sequence[Sighting]


@dataclass(frozen=True, slots=True)
class Running:
    """A suborder of a placed order: what was promised, where its days count, what is still to leave, what has left.

    Its goods were on their way as it was ordered where `awaited_on` says when they are expected.
    """

    id: UUID
    segments: Sequence[Mapping[str, str]]
    ship_by: datetime
    promised_until: date
    lane_code: str
    placed_at: datetime
    performer_party: str
    home_zone: str
    there_zone: str
    terms_id: str
    to_ship: int
    awaited_on: date | None
    goods_came_at: datetime | None
    parcels: Sequence[Sent]


@dataclass(frozen=True, slots=True)
class NewPart:
    """A leg's part of a promise, or a stretch of legs, as it is kept."""

    position: int
    until: int
    leg: str
    task: str
    party: str
    liable: str
    due_on: date
    due_at: datetime
    first_on: date | None
    done_on: date | None
    done_at: datetime | None
    event_id: UUID | None
    days: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a promise, or becomes of it."""

    suborder_id: UUID
    state: str
    ends_on: date
    late_days: int
    parcel_id: UUID | None
    parts: Sequence[NewPart]


def lock(*, suborder_ids: Collection[UUID], now: datetime) -> None:
    """Take hold of the rows of these promises, in the caller's transaction; one that is not there yet is begun."""
    wanted = sorted(suborder_ids)
    source, params = unnest(
        "wanted", {"id": "uuid", "suborder_id": "uuid"}, zip(ids.new_ids(now, len(wanted)), wanted, strict=True)
    )
    execute(
        f"""
        INSERT INTO orders_promise (id, created_at, suborder_id, state, ends_on, late_days, judged_at)
        SELECT wanted.id, %s, suborder.id, 'open', suborder.promised_until, 0, %s
        FROM {source} JOIN orders_suborder suborder ON suborder.id = wanted.suborder_id ORDER BY suborder.id
        ON CONFLICT (suborder_id) DO UPDATE SET judged_at = excluded.judged_at
        """,
        [now, now, *params],
    )


def read_running(*, suborder_ids: Collection[UUID]) -> list[Running]:
    """What there is to judge of these suborders; those without a unit that leaves or arrives are left out."""
    rows = fetch_rows(
        """
        SELECT suborder.id, suborder.segments, suborder.ship_by, suborder.promised_until, suborder.lane_code,
            coalesce(ordered.placed_at, ordered.created_at) AS placed_at, suborder.performer_party,
            node.time_zone AS home_zone, market.time_zone AS there_zone, line.terms_id, line.to_ship,
            suborder.awaited_on, suborder.goods_came_at
        FROM orders_suborder suborder
        JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state = 'placed'
        JOIN markets_market market ON market.id = ordered.market_id
        JOIN logistics_node node ON node.id = suborder.node_id
        JOIN LATERAL (
            SELECT (array_agg(terms_id ORDER BY position))[1] AS terms_id,
                sum(quantity - cancelled_qty - shipped_qty)::int AS to_ship,
                sum(quantity - cancelled_qty - lost_qty) AS live
            FROM orders_orderline WHERE suborder_id = suborder.id
        ) line ON line.live > 0
        WHERE suborder.id = ANY(%s) ORDER BY suborder.id
        """,
        [list(suborder_ids)],
    )
    sent = _sent([row.id for row in rows])
    return [Running(*(*row, sent[row.id])) for row in rows]


def _sent(suborder_ids: Sequence[UUID]) -> dict[UUID, list[Sent]]:
    parcels = fetch_rows(
        "SELECT id, reference_id, handed_over_at, delivered_at FROM logistics_parcel WHERE reference_id = ANY(%s)"
        " AND direction = 'outbound' AND state IN ('handed_over', 'delivered') ORDER BY id",
        [list(suborder_ids)],
    )
    seen: dict[UUID, list[Sighting]] = defaultdict(list)
    for row in fetch_rows(
        "SELECT id, parcel_id, kind, occurred_at, place FROM logistics_trackingevent WHERE parcel_id = ANY(%s)"
        " AND origin = 'carrier' AND kind <> ALL(%s) ORDER BY occurred_at, id",
        [[row.id for row in parcels], list(BLIND)],
    ):
        seen[row.parcel_id].append(Sighting(row.id, row.kind, row.occurred_at, row.place))
    found: dict[UUID, list[Sent]] = defaultdict(list)
    for row in parcels:
        found[row.reference_id].append(Sent(row.id, row.handed_over_at, row.delivered_at, seen[row.id]))
    return found


def record(*, judged: Sequence[Judged], gone: Collection[UUID], now: datetime) -> None:
    """Keep what became of locked promises; of those that are gone, nothing is kept."""
    held = {
        row.suborder_id: row.id
        for row in fetch_rows(
            "SELECT id, suborder_id FROM orders_promise WHERE suborder_id = ANY(%s)",
            [[*(each.suborder_id for each in judged), *gone]],
        )
    }
    execute("DELETE FROM orders_promisepart WHERE promise_id = ANY(%s)", [list(held.values())])
    execute("DELETE FROM orders_promise WHERE suborder_id = ANY(%s)", [list(gone)])
    source, params = unnest(
        "wanted",
        {"id": "uuid", "state": "text", "ends_on": "date", "late_days": "int", "parcel_id": "uuid"},
        ((held[each.suborder_id], each.state, each.ends_on, each.late_days, each.parcel_id) for each in judged),
    )
    execute(
        f"""
        UPDATE orders_promise promise SET state = wanted.state, ends_on = wanted.ends_on,
            late_days = wanted.late_days, parcel_id = wanted.parcel_id
        FROM {source} WHERE promise.id = wanted.id
        """,
        params,
    )
    parts = [(held[each.suborder_id], part) for each in judged for part in each.parts]
    names = NewPart.__slots__
    copy_rows(
        "orders_promisepart",
        ("id", "created_at", "promise_id", *names),
        (
            (identity, now, promise_id, *(getattr(part, name) for name in names))
            for identity, (promise_id, part) in zip(ids.new_ids(now, len(parts)), parts, strict=True)
        ),
    )


def list_stale(*, now: datetime, limit: int) -> list[UUID]:
    """Suborders whose dispatch was due and whose promise runs and was not looked at for a while, the oldest first."""
    rows = fetch_rows(
        """
        SELECT suborder.id FROM orders_suborder suborder
        JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state = 'placed'
        LEFT JOIN orders_promise promise ON promise.suborder_id = suborder.id
        WHERE suborder.state IN ('open', 'shipped') AND suborder.ship_by < %s
          AND (promise.id IS NULL OR (promise.state = 'open' AND promise.judged_at <= %s))
        ORDER BY promise.judged_at NULLS FIRST, suborder.ship_by, suborder.id LIMIT %s
        """,
        [now, now - STALE, limit],
    )
    return [row.id for row in rows]


@dataclass(frozen=True, slots=True)
class PartView:
    """A part of a promise as it was last judged, with the parcel and the place of the scan that shows its end."""

    position: int
    until: int
    leg: str
    task: str
    party: str
    liable: str
    due_on: date
    due_at: datetime
    first_on: date | None
    done_on: date | None
    done_at: datetime | None
    event_id: UUID | None
    days: int
    event_kind: str | None
    event_place: str | None

    @property
    def is_stretch(self) -> bool:
        """Whether it is several legs between which nobody saw the goods."""
        return self.until > self.position

    @property
    def is_done(self) -> bool:
        """Whether the day is known on which it ended."""
        return self.done_on is not None and self.done_on == self.first_on

    @property
    def hours_late(self) -> int:
        """Whole hours from its deadline until what showed that it was done."""
        return max(int((self.done_at - self.due_at).total_seconds() // 3600), 0) if self.done_at else 0


@dataclass(frozen=True, slots=True)
class PromiseView:
    """How the promise of a suborder fares."""

    suborder_id: UUID
    state: str
    ends_on: date
    late_days: int
    parcel_id: UUID | None
    promised_from: date
    promised_until: date
    judged_at: datetime
    parts: tuple[PartView, ...]

    @property
    def starts_on(self) -> date:
        """The first day of the window in which it is expected by now."""
        return self.promised_from + (self.ends_on - self.promised_until) if self.late_days else self.promised_from

    @property
    def late_parts(self) -> list[PartView]:
        """Those that made it late, in the order of the way."""
        return [each for each in self.parts if each.days]


def find_promises(*, suborder_ids: Collection[UUID]) -> dict[UUID, PromiseView]:
    """How the promises of suborders fare, of those that were looked at; scope is the caller's."""
    rows = fetch_rows(
        "SELECT promise.id, promise.suborder_id, promise.state, promise.ends_on, promise.late_days,"
        " promise.parcel_id, suborder.promised_from, suborder.promised_until, promise.judged_at"
        " FROM orders_promise promise JOIN orders_suborder suborder ON suborder.id = promise.suborder_id"
        " WHERE suborder.state <> 'cancelled' AND promise.suborder_id = ANY(%s) ORDER BY promise.suborder_id",
        [list(suborder_ids)],
    )
    parts: dict[UUID, list[Any]] = defaultdict(list)
    for part in fetch_rows(
        f"SELECT part.promise_id, {', '.join(f'part.{name}' for name in NewPart.__slots__)},"
        " event.kind AS event_kind, event.place AS event_place FROM orders_promisepart part"
        " LEFT JOIN logistics_trackingevent event ON event.id = part.event_id"
        " WHERE part.promise_id = ANY(%s) ORDER BY part.position, part.until",
        [[row.id for row in rows]],
    ):
        parts[part.promise_id].append(PartView(*part[1:]))
    return {row.suborder_id: PromiseView(*(*row[1:], tuple(parts[row.id]))) for row in rows}


@dataclass(frozen=True, slots=True)
class LateView:
    """A suborder that is or was late, with how many of its days each party answers for by its parts."""

    suborder_id: UUID
    number: str
    order_number: str
    market_code: str
    seller_name: str
    state: str
    promised_until: date
    ends_on: date
    late_days: int
    key: UUID
    parts: tuple[PartView, ...]


def list_late(*, state: str = "", party: str = "", before: UUID | None = None, limit: int = 50) -> list[LateView]:
    """Promises that run late (`open`) or were missed (`missed`), for who may see all; the last to end comes first.

    `party` is one that did a late part, `unknown` where nobody knows. `before` is the key of the last one before.
    """
    rows = fetch_rows(
        """
        SELECT suborder.id, suborder.number, ordered.number AS order_number, market.code AS market_code,
            seller.name AS seller_name, promise.state, suborder.promised_until, promise.ends_on, promise.late_days,
            promise.id AS key
        FROM orders_promise promise JOIN orders_suborder suborder ON suborder.id = promise.suborder_id
        JOIN orders_order ordered ON ordered.id = suborder.order_id
        JOIN markets_market market ON market.id = ordered.market_id
        JOIN accounts_organisation seller ON seller.id = suborder.seller_id
        WHERE promise.late_days > 0 AND suborder.state <> 'cancelled' AND (%(state)s = '' OR promise.state = %(state)s)
          AND (%(party)s = '' OR EXISTS (SELECT FROM orders_promisepart part WHERE part.promise_id = promise.id
              AND part.days > 0 AND part.party = CASE %(party)s WHEN 'unknown' THEN '' ELSE %(party)s END))
          AND (%(before)s::uuid IS NULL OR (promise.ends_on, promise.id) <
              (SELECT ends_on, id FROM orders_promise WHERE id = %(before)s))
        ORDER BY promise.ends_on DESC, promise.id DESC LIMIT %(limit)s
        """,
        {"state": state, "party": party, "before": before, "limit": limit},
    )
    found = find_promises(suborder_ids=[row.id for row in rows])
    return [LateView(*(*row, tuple(found[row.id].late_parts))) for row in rows]
