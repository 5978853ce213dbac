"""Notices on the pages of every surface: the list, reading them, and which of them also come by e-mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.notices import queries, services
from entrepot.domain.notices.models import Notice
from entrepot.kernel import clock
from entrepot.surfaces.jobs import wording
from entrepot.surfaces.jobs.topics import FAMILIES, TOPICS
from entrepot.surfaces.shared.acting import ActForm, attempt
from entrepot.surfaces.shared.components import Link, Slice, Text
from entrepot.surfaces.shared.guards import ActingRequest

PAGE = 30
#: Audiences that read on a surface; those whom no other surface names read at the desk.
AUDIENCES: Mapping[str, tuple[str, ...]] = {"shop": ("shopper",), "seller": ("seller", "performer")}


def _heard(surface: str) -> tuple[str, ...]:
    """Families of which those who read on a surface get letters."""
    elsewhere = {"shopper", "seller", "invited"}
    found = {
        topic.family_of(who)
        for topic in TOPICS.values()
        for who, told in topic.told.items()
        if told.letter and (who in AUDIENCES[surface] if surface in AUDIENCES else who not in elsewhere)
    }
    return tuple(family for family in FAMILIES if family in found)


HEARD: Mapping[str, tuple[str, ...]] = {surface: _heard(surface) for surface in ("shop", "seller", "desk")}
ICONS: Mapping[str, str] = {
    "orders": "crate",
    "shipping": "truck",
    "returns": "return",
    "prices": "tag",
    "goods": "catalogue",
    "stock": "layers",
    "money": "coins",
    "messages": "message",
    "account": "user",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as it is read."""

    id: UUID
    at: datetime
    words: str
    family: Text
    icon: str
    is_read: bool
    leads_to: str
    topic: str


class LettersForm(ActForm):
    """Of what a person wants to hear by e-mail too."""

    families = forms.MultipleChoiceField(
        label=gettext_lazy("Also by e-mail"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, surface: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["families"].choices = [  # type: ignore[attr-defined]
            (family, FAMILIES[family]) for family in HEARD[surface]
        ]


def reader_of(request: ActingRequest, surface: str) -> dict[str, Any]:
    """Whose notices a surface shows: in the shop a person's own, elsewhere those as a member."""
    organisation_id = None if surface == "shop" else request.actor.organisation_id
    return {"user_id": request.actor.user_id, "organisation_id": organisation_id}


def show(notice: Notice, surface: str) -> Shown:
    """A notice in the words and links of a surface."""
    found = TOPICS.get(notice.topic)
    family = found.family_of(notice.who) if found else "account"
    return Shown(
        notice.id,
        notice.created_at,
        wording.sentence(notice.topic, notice.who, notice.values),
        FAMILIES[family],
        ICONS[family],
        notice.read_at is not None,
        wording.path(notice.topic, notice.who, notice.values, surface),
        notice.topic,
    )


def context(request: ActingRequest, surface: str, letters: LettersForm | None = None) -> dict[str, Any]:
    """What the page of notices reads."""
    reader = reader_of(request, surface)
    is_unread = request.GET.get("state") == "unread"
    found = queries.list_notices(
        **reader, is_unread=is_unread, before=_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    rows = [show(each, surface) for each in found[:PAGE]]
    unread = unread_of(request, surface)
    silent = {family for _user, family in queries.list_silences(user_ids=[reader["user_id"]])}
    chosen = {"families": [family for family in HEARD[surface] if family not in silent]}
    return {
        "page": Slice(rows, next_cursor=found[PAGE - 1].id.hex if len(found) > PAGE else ""),
        "tabs": [
            Link(_("All"), "?", current=not is_unread),
            Link(_("Unread"), "?state=unread", current=is_unread, count=unread or None),
        ],
        "is_unread": is_unread,
        "unread": unread,
        "read": ActForm(name="read"),
        "read_url": reverse(f"{surface}:notices_read"),
        "letters": letters or LettersForm(name="letters", surface=surface, initial=chosen),
        "letters_url": reverse(f"{surface}:notices_letters"),
        "notice_route": f"{surface}:notice",
    }


def go(request: ActingRequest, surface: str, notice_id: UUID) -> HttpResponse:
    """Follow a notice, which is read by that. Raises: NotFound."""
    reader = reader_of(request, surface)
    notice = queries.get_notice(notice_id=notice_id, **reader)
    services.mark_read(**reader, notice_ids=[notice_id], now=clock.now())
    return redirect(wording.path(notice.topic, notice.who, notice.values, surface) or f"{surface}:notices")


def mark_read(request: ActingRequest, surface: str) -> HttpResponse:
    """Note that all is read."""
    services.mark_read(**reader_of(request, surface), now=clock.now())
    return redirect(f"{surface}:notices")


def choose_letters(request: ActingRequest, surface: str) -> tuple[HttpResponse | None, LettersForm]:
    """Keep what a person wants by e-mail; what this surface does not speak of stays as it is."""
    form = LettersForm(request.POST, name="letters", surface=surface)
    assert request.actor.user_id is not None

    def choose(typed: Mapping[str, Any]) -> None:
        silent = {family for _user, family in queries.list_silences(user_ids=[request.actor.user_id])}  # type: ignore[list-item]
        silent = (silent - set(HEARD[surface])) | (set(HEARD[surface]) - set(typed["families"]))
        services.choose_letters(user_id=request.actor.user_id, silent=silent, now=clock.now())  # type: ignore[arg-type]

    return attempt(request, form, choose, said=_("It is noted."), to=reverse(f"{surface}:notices")), form


def unread_of(request: HttpRequest, surface: str) -> int:
    """How many notices of a surface its reader has not read; asked for once a page."""
    kept: int | None = getattr(request, "unread_notices", None)
    if kept is None:
        actor = getattr(request, "actor", None)
        known = actor is not None and actor.user_id is not None
        kept = queries.count_unread(**reader_of(request, surface)) if known else 0  # type: ignore[arg-type]
        request.unread_notices = kept  # type: ignore[attr-defined]
    return kept


def _cursor(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if text else None
    except ValueError:
        return None
