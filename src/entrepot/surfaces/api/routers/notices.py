"""What somebody was told, what waits for them, and what they want by e-mail."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.notices import queries, services
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import SIGNED_IN, Routes
from entrepot.surfaces.api.schemas import Done, In
from entrepot.surfaces.jobs.topics import FAMILIES
from entrepot.surfaces.shared import notices as shared
from entrepot.surfaces.shared import tasks

routes = Routes("Notices and tasks")

SURFACES = {"operator": "desk", "partner": "desk", "seller": "seller"}


class NoticeOut(Schema):
    """Something that the caller was told, in the words of their language; `link` is a page."""

    id: UUID
    at: datetime
    topic: str
    words: str
    link: str
    is_read: bool


class ReadIn(In):
    """Which notices were read; all where none are named."""

    notice_ids: Annotated[list[UUID], Field(max_length=500)] = []


class LettersIn(In):
    """The families of topics that do not come by e-mail."""

    silent: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=20)]


class LettersOut(Schema):
    """Whether a family of topics comes by e-mail too."""

    family: str
    words: str
    by_letter: bool


class TaskOut(Schema):
    """So much of a kind waits; `due_at` is the earliest deadline of it, `late` how much of it is overdue."""

    kind: str
    group: str
    words: str
    count: int
    late: int
    due_at: datetime | None
    link: str


def surface_of(actor: Actor) -> str:
    """The surface on which an actor works; the shop is everybody's."""
    return SURFACES.get(actor.role.partition(".")[0], "shop")


def reader_of(actor: Actor) -> dict[str, Any]:
    """Whose notices an actor reads."""
    return {"user_id": actor.user_id, "organisation_id": actor.organisation_id}


@routes.get("/notices", Page[NoticeOut], SIGNED_IN)
def list_notices(request: HttpRequest, paging: Paged, state: Literal["all", "unread"] = "all") -> Any:
    """Notices, newest first."""
    actor = actor_of(request)
    found = queries.list_notices(
        **reader_of(actor), is_unread=state == "unread", before=paging.after, limit=paging.more
    )
    surface = surface_of(actor)

    def show(notice: Any) -> NoticeOut:
        shown = shared.show(notice, surface)
        return NoticeOut(
            id=shown.id, at=shown.at, topic=shown.topic, words=shown.words, link=shown.leads_to, is_read=shown.is_read
        )

    return page(found, paging, show)


@routes.post("/notices/reading", Done, SIGNED_IN)
def read_notices(request: HttpRequest, payload: ReadIn) -> Done:
    """Note that notices were read.

    All of them where none are named; the answer counts those that were new.
    """
    actor = actor_of(request)
    return Done(count=services.mark_read(**reader_of(actor), notice_ids=payload.notice_ids, now=clock.now()))


@routes.get("/notices/letters", list[LettersOut], SIGNED_IN)
def list_letters(request: HttpRequest) -> list[LettersOut]:
    """What comes by e-mail too."""
    actor = actor_of(request)
    silent = {family for _user, family in queries.list_silences(user_ids=[actor.user_id] if actor.user_id else [])}
    return [
        LettersOut(family=family, words=str(words), by_letter=family not in silent)
        for family, words in FAMILIES.items()
    ]


@routes.put("/notices/letters", list[LettersOut], SIGNED_IN)
def choose_letters(request: HttpRequest, payload: LettersIn) -> list[LettersOut]:
    """Choose what comes by e-mail too.

    Everything does but the families that are named.
    """
    actor = actor_of(request)
    assert actor.user_id is not None
    services.choose_letters(user_id=actor.user_id, silent=set(payload.silent) & set(FAMILIES), now=clock.now())
    return list_letters(request)


@routes.get("/tasks", list[TaskOut], SIGNED_IN)
def list_tasks(request: HttpRequest) -> list[TaskOut]:
    """What waits for the caller.

    What is late comes first, then by deadline, then what has none.
    """
    actor = actor_of(request)
    return [
        TaskOut(kind=each.kind, group=each.group, words=str(each.words), count=each.count, late=each.late,
                due_at=each.due_at, link=each.href)
        for each in tasks.list_tasks(actor, surface_of(actor), clock.now())
    ]  # fmt: skip
