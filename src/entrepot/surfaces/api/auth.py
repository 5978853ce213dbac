"""Who asks, by API key or by the session of the pages; whose rows they may touch, by the same permission rows."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import APIKeyCookie, HttpBearer

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import services
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms.rules import Party
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound
from entrepot.surfaces.shared.guards import ACTING_FOR

GUEST = Actor(label="guest", role="guest")


class Token(HttpBearer):
    """`Authorization: Bearer <API key>`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The key's actor, or None where the key is not valid."""
        if "\0" in token:
            return None
        now = clock.now()
        try:
            key = accounts.get_key(secret=token, now=now)
        except Denied:
            return None
        services.note_key_use(key=key, now=now)
        return accounts.actor_of_key(key)


class Session(APIKeyCookie):
    """The session of the pages; unsafe methods need its CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        """The signed-in person's actor; whoever has no session has nothing that could be forged."""
        return cast(Actor | None, super().__call__(request)) if request.user.is_authenticated else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """The signed-in person's actor."""
        if not request.user.is_authenticated:
            return None
        preferred = request.session.get(ACTING_FOR, "")
        return accounts.get_actor(user_id=request.user.id, preferred=preferred)


TOKEN, SESSION = Token(), Session()


class Guest:
    """Routes that serve guests too: whoever is signed in is known, everybody else is a guest."""

    def __call__(self, request: HttpRequest) -> Actor:
        """The actor, never None. Raises: AuthenticationError for a key that is not valid."""
        if "Authorization" in request.headers:
            actor = TOKEN(request)
            if actor is None:
                raise AuthenticationError
            return cast(Actor, actor)
        return SESSION(request) or GUEST


def actor_of(request: HttpRequest) -> Actor:
    """The actor that authentication attached."""
    return cast(Actor, request.auth)  # type: ignore[attr-defined]


def scope_of(request: HttpRequest, verb: str) -> UUID | None:
    """Whose rows the actor reaches with the verb: an organisation's, or everybody's (None). Raises: Denied."""
    actor = actor_of(request)
    match actor.verbs.get(verb):
        case "all":
            return None
        case "own" if actor.organisation_id is not None:
            return actor.organisation_id
    raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=verb)


def is_seller(request: HttpRequest) -> bool:
    """Whether the actor speaks for a seller."""
    actor = actor_of(request)
    return actor.organisation_id is not None and party_of(actor) is Party.SELLER


def place_scope(request: HttpRequest, verb: str, at_nodes: str) -> dict[str, Any]:
    """The scope of rows that are a seller's and stand at somebody's node: by seller, by node (`at_nodes`), or all."""
    own = scope_of(request, verb)
    if own is None:
        return {}
    return {"seller_id" if is_seller(request) else at_nodes: own}


def seller_of(request: HttpRequest, verb: str, asked: UUID | None, *, field: str = "seller_id") -> UUID:
    """The seller for whom something is done: a seller itself, else the one that is named. Raises: Invalid, NotFound."""
    own = scope_of(request, verb)
    if is_seller(request) and own is not None:
        if asked not in (None, own):
            raise NotFound(kind="seller")
        return own
    if asked is None:
        raise Invalid("api.seller_missing", "Name the seller.", field=field)
    return asked


def header(request: HttpRequest, name: str) -> str:
    """A header's text; empty where it was not sent or cannot be kept."""
    value: Any = request.headers.get(name, "")
    return "" if "\0" in value else str(value)[:200]
