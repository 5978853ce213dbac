"""Who may open a view: declared beside the view, answered by permission rows, denied by default."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts.rules import FAMILIES
from entrepot.kernel import walls
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied
from entrepot.surfaces.shared.for_many import FOR_MANY

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

#: Libraries whose views hold their own guard.
SELF_GUARDED = ("allauth.", "django.views.i18n", "django.contrib.staticfiles", "ninja.")


#: Where a session keeps the organisation that somebody chose to act for, who works in several.
ACTING_FOR = "acting_for"


class SignInNeeded(Exception):
    """The view is for people who are known."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may pass: anybody, anybody signed in, members of kinds of organisation, or who holds the verb there."""

    verb: str = ""
    kinds: tuple[str, ...] = ()
    public: bool = False


class ActingRequest(HttpRequest):
    """A request after the guard: it carries its actor."""

    actor: Actor


def public(view: View) -> View:
    """Anybody may open this view."""
    view.guard = Guard(public=True)  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Whoever is signed in may open this view; it sees its own things only."""
    view.guard = Guard()  # type: ignore[attr-defined]
    return view


def allow(verb: str, *, kind: str | tuple[str, ...]) -> Callable[[View], View]:
    """Whoever holds the verb in an organisation of the kind (operator, seller, third_party) may open this view."""
    return _guarded(Guard(verb=verb, kinds=(kind,) if isinstance(kind, str) else kind))


def members(*kinds: str) -> Callable[[View], View]:
    """Whoever belongs to an organisation of one of the kinds may open this view; it shows what their verbs allow."""
    return _guarded(Guard(kinds=kinds))


def _guarded(guard: Guard) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.guard = guard  # type: ignore[attr-defined]
        return view

    return mark


def declared(view: Callable[..., HttpResponse]) -> Guard | None:
    """The guard a view declares, or None."""
    guard = getattr(view, "guard", None)
    while isinstance(view, partial):
        view = view.func
    if guard is None and getattr(view, "__module__", "").startswith(SELF_GUARDED):
        return Guard(public=True)
    return cast(Guard | None, guard)


def admit(request: HttpRequest, guard: Guard) -> None:
    """Attach the actor to the request. Raises: SignInNeeded, Denied."""
    user = request.user
    if not user.is_authenticated:
        if not guard.public:
            raise SignInNeeded
        request.actor = Actor(label="guest", role="guest")  # type: ignore[attr-defined]
        return
    preferred = request.session.get(ACTING_FOR, "")
    actor = accounts.get_actor(user_id=user.id, kinds=guard.kinds, user=user, preferred=preferred)
    request.actor = actor  # type: ignore[attr-defined]
    if guard.kinds and actor.organisation_id is None:
        raise Denied("accounts.not_a_member", "This part of the marketplace is for those who work in it.")
    if guard.verb and not actor.may(guard.verb):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=guard.verb)


def put_walls(request: HttpRequest, guard: Guard) -> None:
    """What is done for a seller is done behind walls until the request ends, but for what `FOR_MANY` names."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    match = request.resolver_match
    if guard.kinds and is_walled(request, actor, match.view_name if match is not None else ""):
        walls.enter(cast(UUID, actor.organisation_id))


def is_walled(request: HttpRequest, actor: Actor, act: str) -> bool:
    """Whether this request, to a page's route or an operation of the API, concerns a seller's own rows only."""
    return (
        actor.organisation_id is not None
        and actor.role.startswith(FAMILIES["seller"])
        and (request.method in {"GET", "HEAD"} or act not in FOR_MANY)
    )


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, with the way back."""
    return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
