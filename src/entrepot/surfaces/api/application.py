"""The API object: how refusals are told, how it is documented, which routers it has."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from entrepot import __version__
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.surfaces.api import routers
from entrepot.surfaces.api.auth import Session, Token
from entrepot.surfaces.shared.errors import sentence

api = NinjaAPI(
    title="Entrepôt",
    version=__version__,
    description=(
        "One API for every management model. Sign in with `Authorization: Bearer <API key>` or the session of the "
        "pages. Amounts are whole minor units with an ISO 4217 currency. A POST that creates takes an "
        "`Idempotency-Key`. Refusals are `application/problem+json` with a stable `code`."
    ),
    urls_namespace="api",
    auth=[Token(), Session()],
    docs_url="/docs",
)
for prefix, router in routers.ROUTERS:
    api.add_router(prefix, router)


def problem(request: HttpRequest, *, status: int, code: str, title: str, **more: Any) -> HttpResponse:
    """One refusal. Source: RFC 9457."""
    body = {"type": f"/docs/errors#{code}", "title": title, "status": status, "code": code} | {
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
    return problem(
        request, status=error.status, code=error.code, title=sentence(error), field=error.field, values=values
    )


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body or parameter that does not fit its schema: every field is named."""
    errors = [
        {
            "field": ".".join(str(part) for part in item["loc"][1:] if part not in {"payload", "body"}) or "body",
            "message": item["msg"],
        }
        for item in error.errors
    ]
    return problem(
        request,
        status=Invalid.status,
        code="api.malformed",
        title="The request does not fit its schema.",
        field=errors[0]["field"] if errors else "",
        errors=errors,
    )


@api.exception_handler(AuthenticationError)
def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """Nobody is signed in."""
    response = problem(request, status=401, code="accounts.sign_in", title="Sign in, or send an API key.")
    response["WWW-Authenticate"] = "Bearer"
    return response
