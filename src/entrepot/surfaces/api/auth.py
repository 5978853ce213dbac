"""Who asks, by API key or by the pages' session; what they may do, by the same permission rows as the pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from entrepot.domain.accounts import queries as accounts
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Token(HttpBearer):
    """`Authorization: Bearer <API key>`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The key's actor, or None where the key is not valid."""
        try:
            return accounts.get_actor_by_key(secret=token, now=clock.now())
        except Denied:
            return None


class Session(APIKeyCookie):
    """The session of the pages; unsafe methods need its CSRF token."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """The signed-in person's actor."""
        if not request.user.is_authenticated:
            return None
        return accounts.get_actor(user_id=request.user.id)


class Guest:
    """Routes that serve guests too: whoever is signed in is known, everybody else is a guest."""

    def __call__(self, request: HttpRequest) -> Actor:
        """The actor, never None."""
        for known in (Token(), Session()):
            if (actor := known(request)) is not None:
                return cast(Actor, actor)
        return Actor(label="guest", role="guest")


def actor_of(request: HttpRequest) -> Actor:
    """The actor that authentication attached."""
    return cast(Actor, request.auth)  # type: ignore[attr-defined]


def allow(verb: str) -> Callable[[Endpoint], Endpoint]:
    """Only whoever holds the verb. The verb stands on the endpoint, so that a test can list what is undeclared."""

    def mark(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not actor_of(request).may(verb):
                raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=verb)
            return endpoint(request, *args, **kwargs)

        guarded.verb = verb  # type: ignore[attr-defined]
        return cast(Endpoint, guarded)

    return mark


def public(endpoint: Endpoint) -> Endpoint:
    """Anybody; the endpoint itself asks for ownership or a token where that is needed."""
    endpoint.verb = "public"  # type: ignore[attr-defined]
    return endpoint


def seller_scope(request: HttpRequest, asked: Any = None) -> Any:
    """Whose rows an endpoint may touch: the own organisation's, or, for those with all, the one asked for (or all)."""
    actor = actor_of(request)
    verb_scope = set(actor.verbs.values())
    return asked if "all" in verb_scope else actor.organisation_id
