"""A POST runs once per Idempotency-Key and principal; repeats get the first answer."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from ninja import Schema

from entrepot.kernel import clock, idempotency
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.api.auth import actor_of

HEADER = "Idempotency-Key"
#: Guests have no name that tells them apart: their key is a secret, which nobody else may guess.
GUEST_KEY_LEAST = 16


def key_of(request: HttpRequest) -> str:
    """The request's key. Raises: Invalid without one, or where a guest's could be guessed."""
    key = request.headers.get(HEADER, "")
    if not key or len(key) > 200 or "\0" in key:
        raise Invalid("idempotency.key_missing", "Send an Idempotency-Key of 1 to 200 characters.", field=HEADER)
    if actor_of(request).user_id is None and len(key) < GUEST_KEY_LEAST:
        raise Invalid(
            "idempotency.key_guessable",
            "Without signing in, send an Idempotency-Key of {least} characters or more that nobody can guess.",
            field=HEADER,
            least=GUEST_KEY_LEAST,
        )
    return key


def principal_of(request: HttpRequest) -> str:
    """Who asks, for which organisation of theirs, and for what: another path is another request."""
    actor = actor_of(request)
    what = f"{actor.organisation_id} {request.method} {request.get_full_path()}"
    return f"api:{actor.user_id or 'guest'}:{hashlib.sha256(what.encode()).hexdigest()[:32]}"


def once(endpoint: Callable[..., Any], status: int) -> Callable[..., tuple[int, Any]]:
    """Let an endpoint run once for a key; its answer is kept with the status."""

    @wraps(endpoint)
    def act_once(request: HttpRequest, *args: Any, **kwargs: Any) -> tuple[int, Any]:
        def act() -> tuple[int, Any]:
            return status, plain(endpoint(request, *args, **kwargs))

        return idempotency.once(
            principal=principal_of(request), key=key_of(request), body=_meaning(request), now=clock.now(), act=act
        )

    return act_once


def plain(answer: Any) -> Any:
    """An answer as the plain data that it is sent as."""
    if isinstance(answer, list):
        return [plain(each) for each in answer]
    if isinstance(answer, Schema):
        return answer.model_dump(mode="json")
    return json.loads(json.dumps(answer, cls=DjangoJSONEncoder))


def _meaning(request: HttpRequest) -> Any:
    """What tells one body from another; a password is not kept, not even as a part of a hash."""
    if (request.content_type or "").startswith("multipart/"):
        sent = [(name, file) for name, found in request.FILES.lists() for file in found]
        files = [[name, hashlib.sha256(file.read()).hexdigest()] for name, file in sent]
        for _, file in sent:
            file.seek(0)
        return {"fields": dict(request.POST.lists()), "files": files}
    body = json.loads(request.body) if request.body else {}
    return {name: value for name, value in body.items() if name != "password"} if isinstance(body, dict) else body
