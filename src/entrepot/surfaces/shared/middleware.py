"""What every page request passes: who asks, and whether the view says who may."""

from collections.abc import Callable
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from entrepot.demonstration import clock as shared
from entrepot.kernel import kept, walls
from entrepot.kernel.errors import Denied, EntrepotError
from entrepot.surfaces.shared import errors, guards

Handler = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

#: What changes nothing.
SAFE = ("GET", "HEAD", "OPTIONS")

#: Surfaces whose words are in English only, so that no page is half in one language and half in another.
ENGLISH = ("/seller/", "/desk/")


class LanguageMiddleware:
    """What stands behind the shop is in English, whatever language somebody reads the shop in."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(ENGLISH):
            return self.handler(request)
        with translation.override(settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = settings.LANGUAGE_CODE
            return self.handler(request)


class PlainTextMiddleware:
    """No NUL in what narrows a list: PostgreSQL has no text with it. What stands for it is no number and no date, so
    that the page names it like any other nonsense. The API and forms name the field themselves."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") and not request.path.startswith("/api/"):
            plain = request.GET.copy()
            for name, values in plain.lists():
                plain.setlist(name, [value.replace("\0", "\ufffd") for value in values])
            request.GET = plain  # type: ignore[assignment]
        return self.handler(request)


class GuardMiddleware:
    """Attach the actor, refuse what the view does not declare or the actor may not do, and render our own errors."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        shared.follow()
        try:
            # What only reads asks once whether reference data changed; what acts sees its own changes at once.
            with kept.asked_once() if request.method in SAFE else nullcontext():
                response = self.handler(request)
        finally:
            walls.leave()
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not getattr(response, "content", b"-"):
            response = errors.not_a_page(request, response.headers.get("Allow", ""))
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers.setdefault("Retry-After", "60")
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Deny by default: a view that declares no verb and is not of a library that guards itself is refused."""
        guard = guards.declared(view)
        if guard is None:
            return errors.render(request, Denied("accounts.undeclared_route"))
        try:
            guards.admit(request, guard)
            guards.put_walls(request, guard)
        except guards.SignInNeeded:
            return guards.to_sign_in(request)
        except EntrepotError as refusal:
            return errors.render(request, refusal)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal becomes a calm page that says what to do; a defect goes on to be logged."""
        if isinstance(exception, EntrepotError):
            return errors.render(request, exception)
        return None
