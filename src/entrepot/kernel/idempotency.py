"""The same request twice gives the first answer; the same key with another body is refused.

Where whoever acted died before it answered, nobody knows what it did: that key stays without an effect of its own.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from entrepot.kernel import ids
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.errors import EntrepotError, Invalid, Refused
from entrepot.kernel.models import IdempotencyKey

#: A running key whose owner has said nothing for this long died.
ABANDONED_AFTER = timedelta(minutes=2)
#: An answer is kept for so long: nobody repeats a request later, and answers hold what concerns people.
KEPT = timedelta(days=30)
#: What is kept as the answer of a key of which nobody knows what it did.
UNKNOWN = 409


class Unknown(Refused):
    """The first request may have taken effect, or not."""

    code = "idempotency.unknown"
    message = "The first request with this key broke off and may have taken effect: look, and ask under another key."


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


def body_hash(body: Any) -> str:
    """A hash of a request's meaning: key order does not matter."""
    return hashlib.sha256(_encode(body).encode()).hexdigest()


def once(*, principal: str, key: str, body: Any, now: datetime, act: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
    """Run `act` once for the key and keep its answer (status, body); later calls get that answer.

    The row that claims the key is committed before `act` runs, so that of many requests at once one acts.
    Raises: Invalid without a key, Refused while the first request runs or where the body differs, Unknown where it
    broke off: then it may have taken effect, and is not tried again under this key.
    """
    if not key or len(key) > 200:
        raise Invalid(
            "idempotency.key_missing", "Send an Idempotency-Key of 1 to 200 characters.", field="Idempotency-Key"
        )
    fingerprint = body_hash(body)
    found = _claim(principal, key, fingerprint, now)
    if found is not None:
        return found
    crash_point("once.claimed")
    try:
        status, response = act()
    except EntrepotError:
        # It was refused, so nothing was done: the caller may try again with the same key.
        IdempotencyKey.objects.filter(principal=principal, key=key, finished_at__isnull=True).delete()
        raise
    crash_point("once.acted")
    IdempotencyKey.objects.filter(principal=principal, key=key).update(
        response_status=status, response=response, finished_at=now
    )
    return status, response


def _claim(principal: str, key: str, fingerprint: str, now: datetime) -> tuple[int, Any] | None:
    row = IdempotencyKey(id=ids.new_id(now), created_at=now, principal=principal, key=key, body_hash=fingerprint)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
        return None
    except IntegrityError:
        pass
    with transaction.atomic():
        held = IdempotencyKey.objects.select_for_update().get(principal=principal, key=key)
        if held.body_hash != fingerprint:
            raise Refused("idempotency.reused", "This Idempotency-Key was used with another request.")
        if held.response_status is not None:
            if held.response_status == UNKNOWN:
                raise Unknown(field="Idempotency-Key")
            return held.response_status, held.response
        if now - held.created_at < ABANDONED_AFTER:
            raise Refused("idempotency.running", "The first request with this Idempotency-Key is still running.")
    give_up(now=now)
    raise Unknown(field="Idempotency-Key")


def give_up(*, now: datetime) -> int:
    """Close the keys whose owners died: nobody knows what they did. How many these were."""
    return IdempotencyKey.objects.filter(finished_at__isnull=True, created_at__lte=now - ABANDONED_AFTER).update(
        response_status=UNKNOWN, response=None, finished_at=now
    )


def forget(*, now: datetime) -> int:
    """Delete the answers that nobody asks for any more; how many. An order has a key of its own, which stays."""
    return IdempotencyKey.objects.filter(finished_at__lt=now - KEPT).delete()[0]
