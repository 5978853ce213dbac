"""Where orders come in: before anything is done for one, it is known whether this process takes it.

Ten thousand orders that come at once must not keep anybody from reading a page. As many orders are inside as the queue
bears; whoever comes when it is full is told so before being signed in or read. Of those inside a few are worked on at
once, the others wait.
"""

import threading
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import resolve, reverse

from entrepot.kernel import meters
from entrepot.surfaces.api.application import refused
from entrepot.surfaces.shared.hands import HANDS
from entrepot.surfaces.shared.together import Busy
from entrepot.surfaces.shared.watching import Handler


class GateMiddleware:
    """Stands before sessions and sign-in."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.lock = threading.Lock()
        self.most = settings.ORDER_QUEUE
        self.inside = 0
        self.address = reverse("api:place_order")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != self.address or request.method != "POST":
            return self.handler(request)
        with self.lock:
            is_full = self.inside >= self.most
            self.inside += not is_full
        if is_full:
            meters.ORDERS_TURNED_AWAY.inc()
            request.resolver_match = resolve(request.path_info)
            response = refused(request, Busy(seconds=1))
            response.headers["Content-Length"] = str(len(response.content))
            return response
        try:
            if not read(request):
                return HttpResponse(status=400)
            with HANDS.held():
                return self.handler(request)
        finally:
            with self.lock:
                self.inside -= 1


def read(request: HttpRequest) -> bool:
    """Take in the body, however slowly it comes: nobody waits for it with a hand in theirs. Not if its sender left."""
    try:
        with suppress(SuspiciousOperation):  # too large: whoever reads it next says so
            _ = request.body
    except UnreadablePostError:
        return False
    return True
