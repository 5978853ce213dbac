"""How endpoints are declared: with the verb that they need, run once for their key, named by their function."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, Protocol, TypeVar

from django.http import HttpRequest
from ninja import Router, Status
from ninja.constants import NOT_SET

from entrepot.kernel.errors import Denied, Invalid
from entrepot.surfaces.api.auth import Guest, actor_of
from entrepot.surfaces.api.idempotent import once
from entrepot.surfaces.api.schemas import check_text
from entrepot.surfaces.shared.guards import put_walls_of_seller, put_walls_of_shopper

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Keyed = Literal["once", "own", "not"]

#: Anybody; the endpoint itself asks for ownership or a token where one is needed.
PUBLIC = "public"
#: Anybody who is known.
SIGNED_IN = "signed_in"


class Mark(Protocol):
    """What declares an endpoint and leaves it as it was."""

    def __call__(self, endpoint: Endpoint, /) -> Endpoint: ...


class Routes:
    """The endpoints of a domain. Each names the verbs of which its caller holds one, PUBLIC or SIGNED_IN."""

    def __init__(self, tag: str, *, is_documented: bool = True) -> None:
        self.router = Router(tags=[tag])
        self.is_documented = is_documented

    def get(self, path: str, response: Any, *verbs: str, everybodys: bool = False) -> Mark:
        """A read. `everybodys` asks for a verb whose scope is all rows."""
        return self._route("GET", path, response, verbs, everybodys=everybodys)

    def post(
        self,
        path: str,
        response: Any,
        *verbs: str,
        status: int = 200,
        everybodys: bool = False,
        keyed: Keyed = "once",
    ) -> Mark:
        """An act, which runs once for its Idempotency-Key; "own": it sees to that itself; "not": it takes none."""
        return self._route("POST", path, response, verbs, status=status, everybodys=everybodys, keyed=keyed)

    def put(self, path: str, response: Any, *verbs: str, everybodys: bool = False) -> Mark:
        """A change that may be repeated."""
        return self._route("PUT", path, response, verbs, everybodys=everybodys)

    def delete(self, path: str, response: Any, *verbs: str, everybodys: bool = False) -> Mark:
        """A removal."""
        return self._route("DELETE", path, response, verbs, everybodys=everybodys)

    def _route(
        self,
        method: str,
        path: str,
        response: Any,
        verbs: tuple[str, ...],
        *,
        status: int = 200,
        everybodys: bool = False,
        keyed: Keyed = "not",
    ) -> Mark:
        def mark(endpoint: Endpoint) -> Endpoint:
            inner = once(endpoint, status) if keyed == "once" else endpoint
            guarded = guard(inner, verbs, everybodys=everybodys)
            guarded.takes_key = keyed != "not"
            summary, _, more = (endpoint.__doc__ or "").partition("\n\n")
            self.router.add_api_operation(
                path,
                [method],
                guarded,
                auth=Guest() if PUBLIC in verbs else NOT_SET,
                response=response if isinstance(response, dict) else {status: response},
                operation_id=endpoint.__name__,
                summary=" ".join(summary.split()).rstrip("."),
                description=" ".join(more.split()) or None,
                include_in_schema=self.is_documented,
            )
            return endpoint

        return mark


def guard(endpoint: Callable[..., Any], verbs: tuple[str, ...], *, everybodys: bool) -> Any:
    """Let pass only who holds one of the verbs. They stand on the endpoint, so that a test sees what is undeclared."""

    @wraps(endpoint)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        for name, value in kwargs.items():
            _check_parameter(name, value)
        if not {PUBLIC, SIGNED_IN} & set(verbs):
            held = [actor_of(request).verbs.get(verb) for verb in verbs]
            if not any(scope == "all" or (scope and not everybodys) for scope in held):
                raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=" or ".join(verbs))
            put_walls_of_seller(request, actor_of(request), endpoint.__name__)
        elif actor_of(request).organisation_id is None:
            put_walls_of_shopper(request, actor_of(request), endpoint.__name__)
        answer = endpoint(request, *args, **kwargs)
        return Status(*answer) if isinstance(answer, tuple) else answer

    guarded.verbs = verbs  # type: ignore[attr-defined]
    return guarded


def _check_parameter(name: str, value: Any) -> None:
    """A text of the address that can be looked for."""
    texts = value.model_dump().items() if hasattr(value, "model_dump") else ((name, value),)
    for field, text in texts:
        if isinstance(text, str):
            try:
                check_text(text)
            except ValueError:
                raise Invalid("api.bad_text", "This text cannot be looked for.", field=field) from None
