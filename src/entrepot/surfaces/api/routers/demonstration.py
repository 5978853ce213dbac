"""The clock of a demonstration. No other installation has these addresses, and no document names them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema

from entrepot.demonstration import clock as shared
from entrepot.demonstration import living
from entrepot.demonstration.models import Advance
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routes import SIGNED_IN, Routes
from entrepot.surfaces.api.schemas import In
from entrepot.surfaces.desk.clock import move

routes = Routes("Demonstration", is_documented=False)


class DeadlineOut(Schema):
    """A moment to which the clock may be moved."""

    kind: str
    at: datetime


class ClockOut(Schema):
    """What the demonstration's clock shows, and where it may go."""

    now: datetime
    others_work: bool
    left_alone: list[UUID]
    deadlines: list[DeadlineOut]


class AdvanceIn(In):
    """How far: an hour, a day, the next deadline, or the next of a kind."""

    to: Literal["hour", "day", "next", "hand_over", "delivery", "return_window", "settlement", "payout", "bank"]


class WorkersIn(In):
    """Whether the demonstration does the work of others, and of whom not."""

    others_work: bool
    left_alone: list[UUID] = []


class AdvanceOut(Schema):
    """A journey of the clock."""

    id: UUID
    state: str
    from_at: datetime
    until_at: datetime
    reached_at: datetime
    happened: dict[str, int]
    failure: str


@routes.get("", ClockOut, SIGNED_IN)
def get_clock(request: HttpRequest) -> ClockOut:
    """The demonstration's clock."""
    row, now = shared.demand_operator(actor_of(request)), clock.now()
    return ClockOut(
        now=now,
        others_work=row.others_work,
        left_alone=row.left_alone,
        deadlines=[DeadlineOut(kind=each.kind, at=each.at) for each in living.deadlines(now=now)],
    )


@routes.put("/workers", ClockOut, SIGNED_IN)
def choose_workers(request: HttpRequest, payload: WorkersIn) -> ClockOut:
    """Say whose work the demonstration does."""
    shared.choose_workers(
        actor=actor_of(request), others_work=payload.others_work, left_alone=set(payload.left_alone), now=clock.now()
    )
    return get_clock(request)


@routes.post("/advances", AdvanceOut, SIGNED_IN, status=201)
def advance_clock(request: HttpRequest, payload: AdvanceIn) -> tuple[int, AdvanceOut]:
    """Let the clock go on; a job does it."""
    shared.demand_operator(actor_of(request))
    return 201, _shown(move(actor_of(request), payload.to))


@routes.get("/advances/{advance_id}", AdvanceOut, SIGNED_IN)
def get_advance(request: HttpRequest, advance_id: UUID) -> AdvanceOut:
    """How far a journey of the clock is."""
    shared.demand_operator(actor_of(request))
    found = Advance.objects.filter(id=advance_id).first()
    if found is None:
        raise NotFound(kind="advance")
    return _shown(found)


def _shown(advance: Advance) -> AdvanceOut:
    return AdvanceOut(
        id=advance.id, state=advance.state, from_at=advance.from_at, until_at=advance.until_at,
        reached_at=advance.reached_at, happened=advance.happened, failure=advance.failure,
    )  # fmt: skip
