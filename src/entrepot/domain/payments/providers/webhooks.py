"""Signed messages in the manner of Standard Webhooks: an id, a time, and an HMAC over both and the raw body."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from entrepot.kernel.errors import Invalid

#: A message is believed this long after it was signed, and so far ahead of our clock.
AGE_MAX = timedelta(minutes=5)
BYTES_MAX = 64_000

Headers = Mapping[str, str]


class BadWebhook(Invalid):
    """The message cannot be believed."""

    code = "payments.bad_webhook"
    message = "This message is not accepted: {why}."


def sign(secret: str, event_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove a message."""
    stamp = str(int(now.timestamp()))
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": _mac(secret, event_id, stamp, body),
    }


def verify(secret: str, headers: Headers, body: bytes, now: datetime) -> str:
    """The id of a message that was signed with the secret a short while ago. Raises: BadWebhook."""
    lowered = {name.lower(): value for name, value in headers.items()}
    event_id, stamp, given = (lowered.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (0 < len(event_id) <= 120 and event_id.isascii() and stamp.isascii() and stamp.isdigit() and given):
        raise BadWebhook(why="headers")
    if len(body) > BYTES_MAX:
        raise BadWebhook(why="size")
    mine = _mac(secret, event_id, stamp, body)
    if not any(hmac.compare_digest(mine.encode(), each.encode()) for each in given.split()[:8]):
        raise BadWebhook(why="signature")
    if abs(int(now.timestamp()) - int(stamp)) > AGE_MAX.total_seconds():
        raise BadWebhook(why="age")
    return event_id


def read(body: bytes, fields: Mapping[str, type]) -> dict[str, Any]:
    """A JSON object with these fields of these types. Raises: BadWebhook."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise BadWebhook(why="body") from None
    if not isinstance(content, dict) or any(type(content.get(name)) is not kind for name, kind in fields.items()):
        raise BadWebhook(why="body")
    if any(len(value) > 120 or "\0" in value for value in content.values() if isinstance(value, str)):
        raise BadWebhook(why="body")
    return content


def demand_secret(secret: str, what: str) -> str:
    """A secret that is one. Raises: RuntimeError, so that nothing starts that would believe everybody."""
    if len(secret) < 16:
        raise RuntimeError(f"the webhook secret of {what} is empty or too short")
    return secret


def _mac(secret: str, event_id: str, stamp: str, body: bytes) -> str:
    message = f"{event_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
