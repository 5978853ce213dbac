"""Parcels and their carriers: quoted, booked, cancelled, followed, and the day closed.

A carrier is asked outside any transaction: a row says *about to*, then the call, then the row says what came back. What
a crash or a cut line left open is swept: looked up where the carrier remembers, left to people where it does not.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from entrepot.domain.logistics import bookings, publishing
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.bookings import NewBooking
from entrepot.domain.logistics.cards import Mode
from entrepot.domain.logistics.carriers import (
    Answer,
    Cancellation,
    Carrier,
    Closing,
    Consignment,
    Outcome,
    Quote,
    Unreachable,
    accounts,
)
from entrepot.domain.logistics.models import Booking, CarrierAccount, Manifest, Node, Parcel
from entrepot.domain.logistics.parcels import WrongState
from entrepot.domain.orders import work
from entrepot.flows import consigning
from entrepot.flows.consigning import Consigned
from entrepot.flows.tracking import Scan, record_tracking
from entrepot.kernel import audit
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused, Unavailable

T = TypeVar("T", Answer, Answer | None)

#: An answer that is missing after this long is asked for again.
GRACE = timedelta(minutes=3)
#: How many tracking numbers a carrier is asked about at once, and for how long after they left.
NUMBERS_MAX = 30
FOLLOWED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a carrier asks for a parcel; `problem` where it could not say."""

    carrier: str
    quotes: Sequence[Quote]
    problem: str = ""


def quote(*, parcel_id: UUID, actor: Actor, now: datetime, with_cards: bool = False) -> list[Offered]:
    """What every carrier asks for a packed parcel: its planned one first; `with_cards` adds those of price lists alone.

    Raises: NotFound, WrongState.
    """
    [told] = _packed([parcel_id], actor).values()
    planned = told.parcel.carrier
    codes = [each.code for each in accounts.list_accounts() if each.is_active]
    if with_cards:
        codes += sorted(
            {each.carrier for each in publishing.list_cards(on=now.date()) if each.mode is Mode.PARCEL} - {""}
        )
    names = list(dict.fromkeys([planned, *codes] if planned else codes))
    found = []
    for code, (carrier, account) in accounts.carriers_of(names).items():
        asked = _consignment(told, code, "", "quote", now)
        try:
            accounts.demand_awake(account, now)
            quotes = carrier.ask_for_quotes(asked)
            accounts.note_answer(account, error="", now=now)
            found.append(Offered(code, quotes))
        except Unreachable as error:
            accounts.note_answer(account, error=str(error), now=now)
            found.append(Offered(code, (), str(error)))
        except (Unavailable, Invalid) as error:
            found.append(Offered(code, (), str(error)))
    return found


def book(
    *, parcel_ids: Sequence[UUID], actor: Actor, now: datetime, carrier: str = "", service: str = ""
) -> dict[UUID, Booking]:
    """Book packed parcels with a carrier, or each with its planned one; what came of each, declined or not.

    Raises: NotFound, Denied, WrongState, AlreadyBooked, Resting, NotInstalled and its like before anything is written.
    """
    told = _packed(parcel_ids, actor)
    wanted = {
        key: (carrier or each.parcel.carrier, service or ("" if carrier else each.parcel.service))
        for key, each in told.items()
    }
    if not all(name for name, _service in wanted.values()):
        raise Invalid("carriers.unnamed", "Say with which carrier.", field="carrier")
    for _carrier, account in accounts.carriers_of({name for name, _service in wanted.values()}).values():
        accounts.demand_awake(account, now)
    opened = bookings.open_bookings(
        rows=[NewBooking(key, told[key].parcel.number, told[key].work.ship_to_id, *wanted[key]) for key in parcel_ids],
        now=now,
    )
    _ask(opened, told, now)
    return {row.parcel_id: row for row in Booking.objects.filter(id__in=[each.id for each in opened])}


def cancel(*, parcel_ids: Collection[UUID], actor: Actor, now: datetime) -> int:
    """Let go of the bookings of packed parcels; how many are by now. Raises: NotFound, Denied, WrongState."""
    _packed(parcel_ids, actor)
    live = bookings.find_live(parcel_ids=parcel_ids)
    begun = bookings.begin_cancelling(booking_ids=[each.id for each in live.values()])
    return _let_go(list(Booking.objects.filter(id__in=begun)), now)


def give_up(*, parcel_id: UUID, actor: Actor, reason: str, now: datetime) -> None:
    """Say that an unanswered booking does not stand, having looked at the carrier's. Raises: NotFound, Refused."""
    _packed([parcel_id], actor)
    why = audit.require_reason(reason)
    row = bookings.find_live(parcel_ids=[parcel_id]).get(parcel_id)
    if row is None or not bookings.give_up(booking_id=row.id, reason=why, now=now):
        raise Refused("carriers.not_open", "There is no unanswered booking of this parcel.")
    audit.record(actor=actor, verb="bookings.give_up", subject_kind="booking", subject_id=row.id, now=now, reason=why)


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Finish what a crash, a cut line or a parcel taken apart left open; how much of it is."""
    before = now - GRACE
    open_rows = bookings.list_unsettled(before=before, states=bookings.OPEN, limit=limit)
    found = _look_up(open_rows, now)
    anew = [row for row in open_rows if row.id in found and found[row.id] is None]
    told = consigning.read_parcels([row.parcel for row in open_rows])
    heard = {key: answer for key, answer in found.items() if answer is not None}
    done = len(_record(open_rows, heard, told, now)) if heard else 0
    if anew:
        done += _ask(anew, told, now)
    stranded = bookings.list_stranded(limit=limit)
    bookings.begin_cancelling(booking_ids=[row.id for row in stranded])
    leaving = bookings.list_unsettled(before=before, states=["cancelling"], limit=limit)
    leaving += [row for row in stranded if row.id not in {each.id for each in leaving}]
    done += _let_go(leaving, now)
    for manifest in Manifest.objects.filter(state__in=["about_to", "unknown"], created_at__lte=before)[:limit]:
        done += _close(manifest, now) == Manifest.State.CLOSED
    return done


def follow(*, now: datetime, limit: int = 2000) -> int:
    """Ask carriers what they saw of the parcels that they have, and let it count; how much of it was new."""
    active = [row.code for row in accounts.list_accounts() if row.is_active]
    carriers = {code: each for code, each in accounts.carriers_of(active).items() if each[0].tracks}
    rows = fetch_rows(
        "SELECT parcel.id, parcel.carrier, parcel.tracking_number FROM logistics_parcel parcel"
        " WHERE parcel.state = 'handed_over' AND parcel.carrier = ANY(%s) AND parcel.tracking_number <> ''"
        " AND parcel.handed_over_at > %s ORDER BY parcel.handed_over_at DESC LIMIT %s",
        [list(carriers), now - FOLLOWED, limit],
    )
    by_carrier: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_carrier[row.carrier].append(row.tracking_number)
    count = 0
    for code, numbers in by_carrier.items():
        carrier, account = carriers[code]
        for start in range(0, len(numbers), NUMBERS_MAX):
            count += _follow_some(code, carrier, account, numbers[start : start + NUMBERS_MAX], now)
    return count


def list_to_close(*, organisation_id: UUID | None) -> list[tuple[Node, str, int]]:
    """What left and is on no manifest: (node, carrier, parcels), for an organisation's work or everybody's."""
    rows = fetch_rows(
        f"SELECT parcel.node_id, parcel.carrier, count(*) AS parcels {_LEFT} GROUP BY parcel.node_id, parcel.carrier"
        " ORDER BY parcel.carrier, parcel.node_id",
        {"organisation": organisation_id, "node": None, "carrier": None},
    )
    nodes = Node.objects.in_bulk({row.node_id for row in rows})
    return [(nodes[row.node_id], row.carrier, row.parcels) for row in rows]


@dataclass(frozen=True, slots=True)
class Counts:
    """A carrier's lately: parcels that left with it, of these without a number, in doubt, and bookings declined."""

    left: int
    without_number: int
    doubted: int
    declined: int


def count_by_carrier(*, since: datetime) -> dict[str, Counts]:
    """What every carrier had since then."""
    rows = fetch_rows(
        """
        SELECT parcel.carrier, count(*) FILTER (WHERE parcel.handed_over_at IS NOT NULL) AS sent,
            count(*) FILTER (WHERE parcel.handed_over_at IS NOT NULL AND parcel.tracking_number = '') AS bare,
            count(*) FILTER (WHERE EXISTS (SELECT FROM logistics_trackingdoubt doubt
                                           WHERE doubt.parcel_id = parcel.id AND doubt.state <> 'cleared')) AS doubted,
            count(*) FILTER (WHERE EXISTS (SELECT FROM logistics_booking booking WHERE booking.parcel_id = parcel.id
                                           AND booking.state = 'declined')) AS declined
        FROM logistics_parcel parcel
        WHERE parcel.direction = 'outbound' AND parcel.carrier <> '' AND parcel.created_at > %s GROUP BY parcel.carrier
        """,
        [since],
    )
    return {row.carrier: Counts(row.sent, row.bare, row.doubted, row.declined) for row in rows}


def list_hanging(*, limit: int) -> list[Booking]:
    """Bookings and cancellations without an answer, the oldest first."""
    rows = Booking.objects.filter(state__in=["about_to", "unknown", "cancelling"]).select_related("parcel")
    return list(rows.order_by("created_at", "id")[:limit])


def list_manifests(*, organisation_id: UUID | None, limit: int = 50) -> list[tuple[Manifest, int]]:
    """Manifests with how many parcels they have, of an organisation's work or everybody's, the last first."""
    rows = fetch_rows(
        "SELECT parcel.manifest_id AS id, count(*) AS parcels FROM logistics_parcel parcel"
        " JOIN orders_workitem item ON item.suborder_id = parcel.reference_id WHERE parcel.manifest_id IS NOT NULL"
        " AND (%s::uuid IS NULL OR item.organisation_id = %s)"
        " GROUP BY parcel.manifest_id ORDER BY parcel.manifest_id DESC LIMIT %s",
        [organisation_id, organisation_id, limit],
    )
    made = Manifest.objects.select_related("node").in_bulk([row.id for row in rows])
    return [(made[row.id], row.parcels) for row in rows]


def close_day(*, carrier: str, node_id: UUID, actor: Actor, now: datetime) -> Manifest:
    """Close a carrier's day at a node, for the parcels of the actor's that left and are on no manifest yet.

    Raises: NotFound, Denied, Refused where there are none, Resting.
    """
    if not actor.may("work.perform"):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb="work.perform")
    scope = None if actor.verbs.get("work.perform") == "all" else actor.organisation_id
    if scope is not None and not fetch_rows(
        "SELECT FROM orders_workitem WHERE node_id = %s AND organisation_id = %s LIMIT 1", [node_id, scope]
    ):
        raise NotFound(kind="node")
    left = fetch_rows(f"SELECT parcel.id {_LEFT}", {"organisation": scope, "node": node_id, "carrier": carrier})
    [(_carrier, account)] = accounts.carriers_of([carrier]).values()
    accounts.demand_awake(account, now)
    made = bookings.open_manifest(carrier=carrier, node_id=node_id, parcel_ids=[row.id for row in left], now=now)
    if made is None:
        raise Refused(
            "carriers.nothing_to_close", "Nothing left with {carrier} that is on no list yet.", carrier=carrier
        )
    _close(made, now)
    made.refresh_from_db()
    return made


_LEFT = """
    FROM logistics_parcel parcel JOIN orders_workitem item ON item.suborder_id = parcel.reference_id
    WHERE parcel.direction = 'outbound' AND parcel.state IN ('handed_over', 'delivered', 'lost')
      AND parcel.manifest_id IS NULL
      AND (%(organisation)s::uuid IS NULL OR item.organisation_id = %(organisation)s)
      AND (%(node)s::uuid IS NULL OR parcel.node_id = %(node)s)
      AND (%(carrier)s::text IS NULL OR parcel.carrier = %(carrier)s)
"""


def _packed(parcel_ids: Collection[UUID], actor: Actor) -> dict[UUID, Consigned]:
    """Packed parcels that the actor performs. Raises: NotFound, Denied, WrongState, Invalid for none."""
    told = reachable(parcel_ids=parcel_ids, actor=actor, verb="work.perform")
    for each in told.values():
        if each.parcel.state != Parcel.State.PACKED:
            raise WrongState(number=each.parcel.number, state=each.parcel.state, next="booked")
    return told


def reachable(*, parcel_ids: Collection[UUID], actor: Actor, verb: str) -> dict[UUID, Consigned]:
    """Parcels with what is in them, if the actor holds the verb for their work. Raises: NotFound, Denied, Invalid."""
    if not parcel_ids:
        raise Invalid("work.nothing_chosen", "Choose what you take on.")
    found = logistics.find_parcels(ids=parcel_ids)
    owners = {
        item.suborder_id: item.organisation_id
        for item in work.find_work(suborder_ids={each.reference_id for each in found})
    }
    missing = set(parcel_ids) - {each.id for each in found if each.reference_id in owners}
    if missing or not all(
        actor.reaches(verb, owners[each.reference_id]) or owners[each.reference_id] == actor.organisation_id
        for each in found
    ):
        raise NotFound(kind="parcel")
    if not all(actor.reaches(verb, owners[each.reference_id]) for each in found):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=verb)
    return consigning.read_parcels(found)


def _consignment(told: Consigned, carrier: str, service: str, key: str, now: datetime) -> Consignment:
    return Consignment(
        key=key, number=told.parcel.number, reference=told.work.suborder_number, carrier=carrier, service=service,
        sender=told.sender, recipient=told.recipient, weight_g=told.parcel.weight_g, currency=told.currency,
        items=tuple(each.item for each in told.contents), at=now, incoterm=told.incoterm,
    )  # fmt: skip


def _ask(rows: Sequence[Booking], told: Mapping[UUID, Consigned], now: datetime) -> int:
    """Ask the carriers of open bookings and write what they say; how many are booked by it."""
    answers = _by_carrier(
        rows,
        lambda carrier, group: carrier.ask_to_book(
            [_consignment(told[row.parcel_id], row.carrier, row.service, str(row.id), now) for row in group]
        ),
        now,
    )
    return len(_record(rows, answers, told, now))


def _record(
    rows: Sequence[Booking], answers: Mapping[UUID, Answer], told: Mapping[UUID, Consigned], now: datetime
) -> list[UUID]:
    carriers = accounts.carriers_of({row.carrier for row in rows})
    papers = {
        row.id: carriers[row.carrier][0].draw_label(
            _consignment(told[row.parcel_id], row.carrier, row.service, str(row.id), now), answers[row.id]
        )
        for row in rows
        if row.id in answers and answers[row.id].outcome is Outcome.DONE
    }
    return bookings.record_booked(answers=answers, papers=papers, now=now)


def _let_go(rows: Sequence[Booking], now: datetime) -> int:
    answers = _by_carrier(
        rows,
        lambda carrier, group: carrier.ask_to_cancel(
            [Cancellation(str(row.id), row.reference, row.tracking_number, row.service, now) for row in group]
        ),
        now,
    )
    return bookings.record_cancelled(answers=answers, now=now)


def _look_up(rows: Sequence[Booking], now: datetime) -> dict[UUID, Answer | None]:
    """What carriers' books say of open bookings; those of resting carriers are left out."""
    return _by_carrier(
        rows, lambda carrier, group: carrier.look_up([str(row.id) for row in group], now), now, is_lookup=True
    )


def _by_carrier(
    rows: Sequence[Booking],
    question: Callable[[Carrier, Sequence[Booking]], Sequence[T]],
    now: datetime,
    *,
    is_lookup: bool = False,
) -> dict[UUID, T]:
    """The answers to a question that each carrier is asked about its bookings; a resting carrier is not asked."""
    groups: dict[str, list[Booking]] = defaultdict(list)
    for row in rows:
        groups[row.carrier].append(row)
    answers: dict[UUID, T] = {}
    for code, (carrier, account) in accounts.carriers_of(groups).items():
        try:
            accounts.demand_awake(account, now)
        except accounts.Resting:
            continue
        heard = question(carrier, groups[code])
        silent = [each for each in heard if each is not None and each.outcome is Outcome.UNKNOWN]
        if carrier.remembers or not is_lookup:
            accounts.note_answer(account, error=silent[0].reason if silent else "", now=now)
        answers |= zip((row.id for row in groups[code]), heard, strict=True)
    return answers


def _follow_some(
    code: str, carrier: Carrier, account: CarrierAccount | None, numbers: Sequence[str], now: datetime
) -> int:
    try:
        accounts.demand_awake(account, now)
        seen = carrier.ask_for_sightings(numbers, now)
    except Unreachable as error:
        accounts.note_answer(account, error=str(error), now=now)
        return 0
    except Unavailable:
        return 0
    accounts.note_answer(account, error="", now=now)
    scans = [
        Scan(each.kind, "carrier", each.occurred_at, f"{code[:20]}-{each.key}"[:100], carrier=code,
             tracking_number=each.tracking_number, place=each.place, note=each.note)
        for each in seen
    ]  # fmt: skip
    return sum(outcome not in ("known", "unknown") for outcome in record_tracking(events=scans, now=now, actor=SYSTEM))


def _close(manifest: Manifest, now: datetime) -> str:
    [(carrier, account)] = accounts.carriers_of([manifest.carrier]).values()
    try:
        accounts.demand_awake(account, now)
    except Unavailable:
        return str(manifest.state)
    node = Node.objects.select_related("address").get(id=manifest.node_id)
    rows = fetch_rows(
        "SELECT parcel.number, parcel.tracking_number, coalesce(booking.reference, '') AS reference"
        " FROM logistics_parcel parcel LEFT JOIN logistics_booking booking"
        " ON booking.parcel_id = parcel.id AND booking.state = 'booked'"
        " WHERE parcel.manifest_id = %s ORDER BY parcel.id",
        [manifest.id],
    )
    parcels = tuple((row.reference or row.number, row.tracking_number or row.number) for row in rows)
    sender = consigning.sender_of(node)
    answer = carrier.ask_to_close(Closing(manifest.number, manifest.carrier, sender, parcels, now))
    accounts.note_answer(account, error=answer.reason if answer.outcome is Outcome.UNKNOWN else "", now=now)
    return bookings.record_closed(manifest_id=manifest.id, answer=answer, paper=answer.paper, now=now)
