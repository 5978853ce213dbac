"""UUIDv7 keys whose time is the `now` passed in, typed prefixes at the edges, numbers that people read aloud."""

import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from entrepot.kernel.errors import NotFound

_entropy: ContextVar[Callable[[int], int]] = ContextVar("entropy", default=secrets.randbits)

#: Crockford's base 32: no I, L, O, U, so that a number survives being read over the telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(now: datetime) -> uuid.UUID:
    """A UUIDv7 at that instant. Source: RFC 9562 §5.7."""
    return new_ids(now, 1)[0]


def new_ids(now: datetime, count: int) -> list[uuid.UUID]:
    """Ascending UUIDv7s of one instant, so that rows of a batch keep their order."""
    milliseconds = int(now.timestamp() * 1000)
    draw = _entropy.get()
    head = (milliseconds << 80) | (0x7 << 76) | (0b10 << 62)
    low = draw(74) >> 1
    ids = []
    # The 74 random bits serve as a counter within the batch; steps of random size keep them unguessable.
    for step in memoryview(draw(32 * count).to_bytes(4 * count)).cast("I") if count else ():
        ids.append(_uuid(head | ((low >> 62) << 64) | (low & _LOW_BITS)))
        low += 1 + step
    return ids


_LOW_BITS = (1 << 62) - 1


def series_sql(place: str, name: str = "series") -> str:
    """An SQL expression: the id at a place (a bigint) of a series that is given by this name; see `series`.

    For rows that the database makes of other rows, without their coming here.
    """
    return f"(%({name}_head)s::text || to_hex(%({name}_first)s::bigint + ({place}) * %({name}_step)s::bigint))::uuid"


def series(now: datetime, name: str = "series") -> dict[str, str | int]:
    """Parameters for `series_sql`: ascending UUIDv7s of one instant, for places below 2²⁹."""
    draw = _entropy.get()
    milliseconds = int(now.timestamp() * 1000)
    # The last eight bytes begin with the variant's bits 10: a bigint below zero. The first draw leaves room above.
    return {
        f"{name}_head": f"{(milliseconds << 16) | (0x7 << 12) | draw(12):016x}",
        f"{name}_first": 1 + draw(61) - (1 << 63),
        f"{name}_step": 1 + draw(32),
    }


def _uuid(value: int) -> uuid.UUID:
    """A UUID of a number that is in range: what the class would make, without its checks, a few times faster."""
    identity = object.__new__(uuid.UUID)
    object.__setattr__(identity, "int", value)
    object.__setattr__(identity, "is_safe", uuid.SafeUUID.unknown)
    return identity


@contextmanager
def entropy(draw: Callable[[int], int]) -> Iterator[None]:
    """Draw the random bits of ids from elsewhere: a seeded generator makes a demonstration the same every time."""
    token = _entropy.set(draw)
    try:
        yield
    finally:
        _entropy.reset(token)


def number(prefix: str, identity: uuid.UUID, length: int = 8) -> str:
    """A short number for documents, from the random part of the id: `R-7K2M-94QX`."""
    value = identity.int & ((1 << 62) - 1)
    digits = ""
    for _ in range(length):
        value, digit = divmod(value, 32)
        digits = _ALPHABET[digit] + digits
    return f"{prefix}-" + "-".join(digits[i : i + 4] for i in range(0, length, 4))


def show(prefix: str, identity: uuid.UUID) -> str:
    """The id as the edges show it: `ord_0192…`."""
    return f"{prefix}_{identity.hex}"


def read(prefix: str, text: str, *, kind: str = "") -> uuid.UUID:
    """Read an id as the edges show it, with its prefix or as a plain UUID. Raises: NotFound."""
    body = text.removeprefix(f"{prefix}_")
    try:
        return uuid.UUID(body)
    except ValueError:
        raise NotFound(kind=kind or prefix) from None


def new_id_now() -> uuid.UUID:
    """A key for rows that a library makes for us, such as a user who signs up; our own code passes its `now`."""
    from entrepot.kernel import clock

    return new_id(clock.now())
