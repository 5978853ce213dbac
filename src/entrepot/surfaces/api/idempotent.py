"""A POST that creates runs once per Idempotency-Key and principal; repeats get the first answer."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest

from entrepot.kernel import clock, idempotency
from entrepot.surfaces.api.auth import actor_of

KEY_HEADER = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "maxLength": 200},
            "description": "A key of your own choice; the same key with the same body gives the first answer.",
        }
    ]
}


def idempotent(endpoint: Callable[..., tuple[int, Any]]) -> Callable[..., tuple[int, Any]]:
    """Wrap an endpoint that answers (status, body) with body already plain data."""

    @wraps(endpoint)
    def once(request: HttpRequest, *args: Any, **kwargs: Any) -> tuple[int, Any]:
        actor = actor_of(request)
        principal = f"{actor.organisation_id or actor.user_id or 'guest'}:{request.path}"[:100]
        body = json.loads(request.body) if request.body else {}

        def act() -> tuple[int, Any]:
            status, answer = endpoint(request, *args, **kwargs)
            return status, json.loads(json.dumps(answer, cls=DjangoJSONEncoder))

        return idempotency.once(
            principal=principal, key=request.headers.get("Idempotency-Key", ""), body=body, now=clock.now(), act=act
        )

    return once
