"""Where orders come in: before anything is done for one, it is known whether this process takes it.

Ten thousand orders that come at once must not keep anybody from reading a page. As many orders are inside as the queue
bears; whoever comes when it is full is told so before being signed in or read. Of those inside a few are worked on at
once, the others wait. A guest who asks for what is known to be gone is told so here: that takes no session and no
sign-in.

No one caller fills the queue: whoever holds more places than a share of those that are free is told to come back. So a
caller alone gets half of them, two get a third each, and there is always room for one more. What a caller says of
itself is not checked here; an address, which cannot be made up, has a share too.
Source: A. K. Choudhury, E. L. Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import resolve, reverse
from django.utils import translation

from entrepot.kernel import meters
from entrepot.kernel.errors import EntrepotError
from entrepot.surfaces.api.application import refused
from entrepot.surfaces.api.routers import orders
from entrepot.surfaces.shared import throttle
from entrepot.surfaces.shared.hands import HANDS
from entrepot.surfaces.shared.soldout import SOLD_OUT
from entrepot.surfaces.shared.together import Busy
from entrepot.surfaces.shared.watching import Handler

#: A caller may hold so many times as many places as are free; and an address, behind which many may sit.
OF_A_CALLER, OF_AN_ADDRESS = 1, 3


class GateMiddleware:
    """Stands before sessions and sign-in."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.lock = threading.Lock()
        self.most = settings.ORDER_QUEUE
        self.inside = 0
        self.held: Counter[str] = Counter()  # the places of each caller and of each address
        self.address = reverse("api:place_order")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != self.address or request.method != "POST":
            return self.handler(request)
        shares = shares_of(request)
        if not self._enter(shares):
            return turned_away(request)
        try:
            if not read(request):
                return HttpResponse(status=400)
            with HANDS.held():
                refusal = find_gone(request)
                return self.handler(request) if refusal is None else told(request, refusal)
        finally:
            self._leave(shares)

    def _enter(self, shares: Sequence[tuple[str, int]]) -> bool:
        """Take a place, where there is one for this caller."""
        with self.lock:
            free = self.most - self.inside
            if free <= 0 or any(self.held[name] >= times * free for name, times in shares):
                return False
            self.inside += 1
            self.held.update(name for name, _ in shares)
            return True

    def _leave(self, shares: Sequence[tuple[str, int]]) -> None:
        with self.lock:
            self.inside -= 1
            for name, _ in shares:
                self.held[name] -= 1
                if not self.held[name]:
                    del self.held[name]


def shares_of(request: HttpRequest) -> Sequence[tuple[str, int]]:
    """Whose places a request takes, each with its share: the key or session that it shows, and its address."""
    if not settings.THROTTLED:
        return ()
    shown = request.META.get("HTTP_AUTHORIZATION") or request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    address = (f"at:{throttle.address(request)}", OF_AN_ADDRESS)
    return ((f"by:{shown}", OF_A_CALLER), address) if shown else (address,)


def turned_away(request: HttpRequest) -> HttpResponse:
    """Come back in a moment."""
    meters.ORDERS_TURNED_AWAY.inc()
    return told(request, Busy(seconds=1))


def told(request: HttpRequest, refusal: EntrepotError) -> HttpResponse:
    """A refusal in the language that the request asks for: nobody has chosen one for it yet."""
    request.resolver_match = resolve(request.path_info)
    with translation.override(translation.get_language_from_request(request)):
        response = refused(request, refusal)
        response.headers["Content-Language"] = translation.get_language()
    response.headers["Content-Length"] = str(len(response.content))
    return response


def find_gone(request: HttpRequest) -> EntrepotError | None:
    """Why a guest's order is refused that asks for what is known to be gone; None where that takes a closer look."""
    is_guest = "HTTP_AUTHORIZATION" not in request.META and settings.SESSION_COOKIE_NAME not in request.COOKIES
    if not SOLD_OUT.known or not is_guest:
        return None
    try:
        return orders.find_gone(request)
    except EntrepotError as refusal:
        return refusal


def read(request: HttpRequest) -> bool:
    """Take in the body, however slowly it comes: nobody waits for it with a hand in theirs. Not if its sender left."""
    try:
        with suppress(SuspiciousOperation):  # too large: whoever reads it next says so
            _ = request.body
    except UnreadablePostError:
        return False
    return True
