"""Who may open a view: declared beside the view, answered by permission rows, denied by default."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast
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
from entrepot.surfaces.shared.for_many import FOR_MANY, READS

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

#: Libraries whose views hold their own guard.
SELF_GUARDED = ("allauth.", "django.views.i18n", "django.contrib.staticfiles", "ninja.")


#: Where a session keeps the organisation that somebody chose to act for, who works in several.
ACTING_FOR = "acting_for"
#: A guest's right to carts and orders: tokens, in the session of the pages and in headers of the API.
CARTS, ORDERS = "carts", "orders"
CART_TOKEN, ORDER_TOKEN = "Cart-Token", "Order-Token"
TOKEN_HEADERS = (CART_TOKEN, ORDER_TOKEN)


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
    """What is done for a seller or a shopper is done behind walls until the request ends, but for what `FOR_MANY`
    and `READS` name.

    Whoever is in the shop is a shopper there, whomever else they work for.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    match = request.resolver_match
    act = match.view_name if match is not None else ""
    if act.startswith("shop:"):
        put_walls_of_shopper(request, actor, act)
    elif guard.kinds:
        put_walls_of_seller(request, actor, act)


def put_walls_of_seller(request: HttpRequest, actor: Actor, act: str) -> None:
    """Where somebody acts for a seller, only that seller's rows are there from here on."""
    is_seller = actor.organisation_id is not None and actor.role.startswith(FAMILIES["seller"])
    if is_seller and is_walled(request, act):
        walls.enter(cast(UUID, actor.organisation_id))


def put_walls_of_shopper(request: HttpRequest, actor: Actor, act: str) -> None:
    """Only the rows of who is signed in are there from here on, and those that the tokens of a guest open."""
    if is_walled(request, act):
        walls.enter(walls.Shopper.of(actor.user_id, _tokens(request)))


def is_walled(request: HttpRequest, act: str) -> bool:
    """Whether this request, to a page's route or an operation of the API, concerns its own rows only."""
    return act not in (READS if request.method in {"GET", "HEAD"} else FOR_MANY)


def _tokens(request: HttpRequest) -> Iterable[Any]:
    """What a request shows of a guest's rights: kept in the session, sent as a header, named in the address."""
    for name in (CARTS, ORDERS):
        kept = request.session.get(name)
        yield from kept if isinstance(kept, list) else ()
    yield from (request.headers.get(name) for name in TOKEN_HEADERS)
    if request.resolver_match is not None:
        yield request.resolver_match.kwargs.get("token")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, with the way back."""
    return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
