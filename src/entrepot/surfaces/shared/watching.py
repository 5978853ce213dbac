"""Every request is counted, timed and said to the log in one line: by its route, never by its address."""

import logging
import time
from collections.abc import Callable

from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse

from entrepot.kernel import context, meters
from entrepot.kernel.actors import Actor

Handler = Callable[[HttpRequest], HttpResponse]

logger = logging.getLogger("entrepot.request")

#: The header that names a request, here and at whoever stands before this.
HEADER = "X-Request-Id"
#: Asked by machines, every few seconds.
QUIET = frozenset({"healthz", "readyz"})
SURFACES = {"api": "api", "seller": "seller", "desk": "desk"}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class WatchingMiddleware:
    """The outermost: what a request is called, what became of it, and how long that took."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        with context.begun(request=context.request_id(request.META.get("HTTP_X_REQUEST_ID", ""))) as said:
            response = self.handler(request)
            spent = time.perf_counter() - started
            response.headers[HEADER] = said["request"]
            route = _route(request)
            method = request.method if request.method in METHODS else "other"
            status = response.status_code
            meters.REQUESTS.labels(_surface(route), route, method, status).observe(spent)
            level = logging.ERROR if status >= 500 and status != 503 else logging.INFO
            if logger.isEnabledFor(level) and route not in QUIET:
                words = {
                    "method": method,
                    "route": route,
                    "status": status,
                    "ms": round(spent * 1000, 1),
                    **_orders(request),
                    **_who(request),
                }
                logger.log(level, "%s %s", method, route, extra={"words": words})
        return response


def _route(request: HttpRequest) -> str:
    """The pattern of the address, without what stands in it; empty names are of no route."""
    match = request.resolver_match
    return match.route if match is not None else "none"


def _surface(route: str) -> str:
    first = route.partition("/")[0]
    return SURFACES.get(first, "shop")


def _orders(request: HttpRequest) -> dict[str, str]:
    """The order that the address names, beside those that were placed."""
    match = request.resolver_match
    number = str(match.kwargs.get("number", "")) if match is not None and "orders/" in match.route else ""
    placed = context.words().get("orders", "")
    found = " ".join(dict.fromkeys(filter(None, (*placed.split(), number))))
    return {"orders": found} if found else {}


def _who(request: HttpRequest) -> dict[str, str]:
    """Of what kind who asked is, and for which organisation; not who."""
    asked: object = getattr(request, "auth", None)
    actor = asked if isinstance(asked, Actor) else getattr(request, "actor", None)
    if not isinstance(actor, Actor):
        return {}
    organisation = {"organisation": str(actor.organisation_id)} if actor.organisation_id else {}
    return {"actor": actor.role or "shopper", **organisation}


def _count_defect(sender: object, **_more: object) -> None:
    meters.EXCEPTIONS.labels("web").inc()


got_request_exception.connect(_count_defect, dispatch_uid="entrepot.surfaces.watching")
