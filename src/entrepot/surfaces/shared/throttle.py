"""How often somebody may knock: counted in windows, by address and by key or person, for each kind of door.

The counts stand in Django's cache: in memory, each process its own, unless the installation names a shared cache.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from entrepot.kernel import clock
from entrepot.kernel.errors import TooMany

View = TypeVar("View", bound=Callable[..., object])


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
    limit = LIMITS[door]
    where = address(request)
    who = caller(request)
    # Whoever shows a new key at every knock is refused by the address, and fills the cache with no more names.
    _count(f"{door}:at:{where}", limit.shared, limit.seconds, only_look=True)
    _count(f"{door}:{who or where}", limit.most, limit.seconds)
    _count(f"{door}:at:{where}", limit.shared, limit.seconds)


def caller(request: HttpRequest) -> str:
    """Who knocks, where that is known: a key's digest, or a person."""
    key = request.headers.get("Authorization", "")
    if key:
        return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:32]
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else ""


def address(request: HttpRequest) -> str:
    """Where a request comes from, behind as many proxies of our own as the settings say."""
    if settings.PROXIES:
        hops = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()]
        if len(hops) >= settings.PROXIES:
            return hops[-settings.PROXIES][:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def _count(name: str, most: int, seconds: int, *, only_look: bool = False) -> None:
    now = int(clock.now().timestamp())
    window = now // seconds
    key = f"throttle:{name}:{window}"
    if only_look:
        found = cache.get(key, 0) + 1
    else:
        cache.add(key, 0, seconds + 1)
        try:
            found = cache.incr(key)
        except ValueError:  # it fell out of the cache in between
            found = 1
    if found > most:
        raise TooMany(seconds=(window + 1) * seconds - now)
