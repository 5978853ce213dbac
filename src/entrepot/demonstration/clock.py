"""The demonstration's clock: one row that all processes read, and the only way to move it, which is forward.

Where there is no row, this is no demonstration, and nothing here does anything.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, transaction

from entrepot.demonstration.models import Advance, Clock
from entrepot.domain.accounts.queries import get_operator
from entrepot.kernel import audit, clock, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import execute, fetch_rows
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused

#: A process looks again after so long. Units: seconds.
FRESH = 1.0
#: So far the clock goes in one journey.
LONGEST = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class State:
    """How the clock stood when this process last looked: what pages show of it."""

    others_work: bool
    left_alone: frozenset[UUID]
    advance_id: UUID | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    reached_at: datetime | None = None

    @property
    def percent(self) -> int:
        """How much of the running journey is done."""
        if self.from_at is None or self.until_at is None or self.reached_at is None:
            return 100
        return min(99, int(100 * ((self.reached_at - self.from_at) / (self.until_at - self.from_at))))


_lock = threading.Lock()
_state: State | None = None
_is_watching = False
_read_at = float("-inf")


def watch() -> None:
    """From now on this process follows the clock of the demonstration, if it serves one."""
    global _is_watching
    _is_watching = True
    follow(anew=True)


def look() -> None:
    """Let this process's clock stand where the demonstration's does now: for a command, which ends soon."""
    _read()


def unwatch() -> None:
    """Leave the clock alone again, as tests do."""
    global _is_watching, _state
    _is_watching, _state = False, None


def follow(*, anew: bool = False) -> State | None:
    """Let this process's clock stand where the demonstration's does; looked up once a second at most."""
    global _state, _read_at
    if not _is_watching:
        return None
    if not anew and time.monotonic() - _read_at < FRESH:
        return _state
    # One looks, the others go by what they know meanwhile.
    if _lock.acquire(blocking=anew):
        try:
            _state, _read_at = _read(), time.monotonic()
        except DatabaseError:
            pass  # what needs the database will say so itself
        finally:
            _lock.release()
    return _state


def state() -> State | None:
    """How the clock stood when this process last looked; None where this is no demonstration."""
    return _state


def _read() -> State | None:
    rows = fetch_rows(
        "SELECT clock.ahead, clock.others_work, clock.left_alone, advance.id, advance.from_at, advance.until_at,"
        " advance.reached_at FROM demonstration_clock clock"
        " LEFT JOIN demonstration_advance advance ON advance.state = 'open'"
    )
    if not rows:
        return None
    [row] = rows
    clock.set_offset(row.ahead)
    return State(row.others_work, frozenset(row.left_alone), row.id, row.from_at, row.until_at, row.reached_at)


def begin() -> None:
    """Make this installation a demonstration: called by `seed demo`, which only fills an empty database."""
    Clock.objects.get_or_create(id=1)


def demand() -> Clock:
    """The clock's row. Raises: NotFound where this is no demonstration."""
    found = Clock.objects.filter(id=1).first()
    if found is None:
        raise NotFound(kind="page")
    return found


def ask(*, actor: Actor, until: datetime, now: datetime) -> Advance:
    """Ask for the clock to go on until then; a job does it. Raises: NotFound, Denied, Invalid, Refused as it goes."""
    demand_operator(actor)
    if not now < until <= now + LONGEST:
        raise Invalid(
            "demonstration.too_far", "The clock goes on by {days} days at most, and never back.", field="until",
            days=LONGEST.days,
        )  # fmt: skip
    advance = Advance(
        id=ids.new_id(now), created_at=now, asked_by=actor.user_id, from_at=now, until_at=until, reached_at=now
    )
    try:
        with transaction.atomic():
            advance.save(force_insert=True)
            _audit(actor, "clock.advance", advance.id, now, {"until": until.isoformat()})
    except IntegrityError:
        raise Refused("demonstration.advancing", "The clock is on its way; wait until it has arrived.") from None
    follow(anew=True)
    return advance


def choose_workers(*, actor: Actor, others_work: bool, left_alone: set[UUID], now: datetime) -> None:
    """Say whose work the demonstration does as time goes on: everybody's but these, or nobody's.

    Raises: NotFound, Denied.
    """
    row = demand_operator(actor)
    with transaction.atomic():
        Clock.objects.filter(id=row.id).update(others_work=others_work, left_alone=sorted(left_alone))
        _audit(actor, "clock.workers", ids.new_id(now), now, {"others_work": others_work, "but": len(left_alone)})
    follow(anew=True)


def demand_operator(actor: Actor) -> Clock:
    """The clock's row, for whoever belongs to the operator. Raises: NotFound, Denied."""
    row = demand()
    if actor != SYSTEM and actor.organisation_id != get_operator().id:
        raise Denied("demonstration.operators_act", "Only the operator's people move the clock.")
    return row


def move_to(instant: datetime) -> datetime:
    """Let the clock of all processes stand at that instant, unless it is past; the present time then."""
    ahead = instant - (clock.now() - clock.offset())
    execute("UPDATE demonstration_clock SET ahead = %s WHERE ahead < %s", [ahead, ahead])
    follow(anew=True)
    return clock.now()


def _audit(actor: Actor, verb: str, subject_id: UUID, now: datetime, after: dict[str, Any]) -> None:
    audit.record(
        actor=actor, verb=verb, subject_kind="demonstration", subject_id=subject_id, now=now, reason="demonstration",
        after=after,
    )  # fmt: skip
