"""How often somebody may knock: counted in windows, by address and by key or person, for each kind of door.

The counts stand in Django's cache: in memory, each process its own, unless the installation names a shared cache.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from entrepot.kernel import clock
from entrepot.kernel.errors import TooMany

View = TypeVar("View", bound=Callable[..., object])

#: So much of an IPv6 address names a network.
NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within so many seconds, of one caller; `shared` of one address, behind which many may sit."""

    most: int
    seconds: int
    shared: int


#: door -> what it bears. Far above what a person does, far below what a guessing machine needs.
LIMITS: dict[str, Limit] = {
    "search": Limit(60, 60, 240),
    "message": Limit(20, 600, 60),
    "checkout": Limit(20, 600, 120),
    "voucher": Limit(15, 600, 60),
    "link": Limit(30, 600, 60),
    "guest": Limit(120, 60, 480),
}


def throttled(door: str, *methods: str) -> Callable[[View], View]:
    """Bear a view only so often; with methods, only these are counted. Raises: TooMany."""

    def mark(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: object, **kwargs: object) -> object:
            if not methods or request.method in methods:
                count(request, door)
            return view(request, *args, **kwargs)

        return cast(View, counted)

    return mark


def count(request: HttpRequest, door: str) -> None:
    """Count a knock at a door. Raises: TooMany once there are too many of the caller, or of its address."""
    if not settings.THROTTLED:
        return
    limit, now = LIMITS[door], int(clock.now().timestamp())
    window = now // limit.seconds
    where = address(request)
    shared, mine = (f"throttle:{door}:{name}:{window}" for name in (f"at:{where}", caller(request) or where))
    # The address is looked at first: whoever shows a new key at every knock is refused by it, and fills no memory.
    if (
        cache.get(shared, 0) >= limit.shared
        or knock(mine, limit.seconds) > limit.most
        or knock(shared, limit.seconds) > limit.shared
    ):
        raise TooMany(seconds=(window + 1) * limit.seconds - now)


def caller(request: HttpRequest) -> str:
    """Who knocks, where that is known: a key's digest, or a person."""
    key = request.headers.get("Authorization", "")
    if key:
        return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:32]
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else ""


def address(request: HttpRequest) -> str:
    """Where a request comes from, behind as many proxies of our own as the settings say.

    Of an IPv6 address the network: each household is given one, and its machines take new addresses in it at will.
    Source: RFC 8981; RIPE-690, 4.2.
    """
    seen = str(request.META.get("REMOTE_ADDR", ""))
    if settings.PROXIES:
        hops = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()]
        if len(hops) >= settings.PROXIES:
            seen = hops[-settings.PROXIES]
    return _network(seen) if ":" in seen else seen[:64]


def _network(seen: str) -> str:
    """The network of an IPv6 address; of an IPv4 address in the clothes of one, that address."""
    try:
        known = ip_address(seen)
    except ValueError:
        return seen[:64]
    if not isinstance(known, IPv6Address):
        return seen
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ip_network((known, NETWORK_BITS), strict=False).network_address)


def knock(key: str, seconds: int) -> int:
    """How often it was knocked within so many seconds of the first time, this time among them."""
    cache.add(key, 0, seconds + 1)
    try:
        return int(cache.incr(key))
    except ValueError:  # it fell out of the cache in between
        return 1
