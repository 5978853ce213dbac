"""The API object: how refusals are told, how it is documented, which routers it has."""

import logging
from collections.abc import Iterator
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from entrepot import __version__
from entrepot.kernel.errors import EntrepotError, Invalid, TooMany
from entrepot.surfaces.api import routers
from entrepot.surfaces.api.auth import SESSION, TOKEN
from entrepot.surfaces.api.idempotent import HEADER
from entrepot.surfaces.api.schemas import Problem
from entrepot.surfaces.shared.errors import sentence

logger = logging.getLogger(__name__)

ERRORS_PAGE = "/api/v1/errors"
KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "A key of your own choice; the same key with the same body gives the first answer.",
}


class Api(NinjaAPI):
    """Ninja's API, whose document also says which verb an operation needs and how it refuses."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> OpenAPISchema:
        """The OpenAPI document."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        endpoints: dict[str | None, Any] = {each.operation_id: each.view_func for each in self.operations()}
        schema = Problem.model_json_schema()
        document["components"]["schemas"]["Problem"] = schema
        problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in document["paths"].values():
            for operation in operations.values():
                endpoint = endpoints[operation["operationId"]]
                operation["x-permission"] = " or ".join(endpoint.verbs)
                operation["responses"]["default"] = {"description": "Refused", "content": problem}
                if endpoint.takes_key:
                    operation["parameters"] = [*operation.get("parameters", []), KEY_PARAMETER]
        return document

    def operations(self) -> Iterator[Operation]:
        """Every operation."""
        for router in self._get_bound_routers():
            for view in router.path_operations.values():
                yield from view.operations


api = Api(
    title="Entrepôt",
    version=__version__,
    description=(
        "One API for every management model. Sign in with `Authorization: Bearer <API key>` or the session of the "
        "pages. Amounts are whole minor units with an ISO 4217 currency. A POST takes an `Idempotency-Key` and is "
        "carried out once for it. Lists come in pages; `next` is the cursor of the next one. Refusals are "
        "`application/problem+json` with a stable `code`."
    ),
    urls_namespace="api",
    auth=[TOKEN, SESSION],
    docs_url="/docs",
)
for prefix, router in routers.ROUTERS:
    api.add_router(prefix, router)


def problem(request: HttpRequest, *, status: int, code: str, title: str, **more: Any) -> HttpResponse:
    """One refusal. Source: RFC 9457."""
    body = {"type": f"{ERRORS_PAGE}#{code}", "title": title, "status": status, "code": code} | {
        name: value for name, value in more.items() if value not in (None, "", [], {})
    }
    response = api.create_response(request, body, status=status)
    response["Content-Type"] = "application/problem+json"
    if status == 503:
        response["Retry-After"] = "1"
    return response


@api.exception_handler(EntrepotError)
def refused(request: HttpRequest, error: EntrepotError) -> HttpResponse:
    """Our own refusals, with their code, field and values."""
    values = {name: value for name, value in error.values.items() if isinstance(value, str | int | list | dict)}
    response = problem(
        request, status=error.status, code=error.code, title=sentence(error), field=error.field, values=values
    )
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.values.get("seconds", 60))
    elif "seconds" in error.values and error.status == 503:
        response["Retry-After"] = str(error.values["seconds"])
    return response


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body or parameter that does not fit its schema: every field is named."""
    errors = [{"field": _field(item["loc"]), "message": item["msg"]} for item in error.errors]
    return problem(
        request,
        status=Invalid.status,
        code="api.malformed",
        title="The request does not fit its schema.",
        field=errors[0]["field"] if errors else "",
        errors=errors,
    )


def _field(place: tuple[Any, ...]) -> str:
    """`("body", "payload", "lines", 0, "quantity")` is `lines[0].quantity`."""
    name = ""
    for part in place[1:]:
        if isinstance(part, int):
            name += f"[{part}]"
        elif part not in {"payload", "body", "paging"}:
            name += f".{part}" if name else str(part)
    return name or "body"


@api.exception_handler(AuthenticationError)
def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """Nobody is signed in."""
    response = problem(request, status=401, code="accounts.sign_in", title="Sign in, or send an API key.")
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What could not be read at all, or was sent without the session's token against forgery."""
    if error.status_code == 403:
        return problem(request, status=403, code="api.forged", title="Send the session's CSRF token, or an API key.")
    return problem(request, status=400, code="api.unreadable", title="The body cannot be read.", field="body")


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def cut_off(request: HttpRequest, error: Exception) -> HttpResponse:
    """The database is away, or the line to it was cut: what was asked may have taken effect, and its key tells."""
    logger.error("the database is away: %s", error)
    return problem(
        request,
        status=503,
        code="api.cut_off",
        title="The answer was lost on its way. Ask again under the same Idempotency-Key: it tells what came of it.",
    )


def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """An address that leads nowhere."""
    return problem(request, status=404, code="api.no_such_address", title="There is nothing at this address.")
