"""Speaking with the API as somebody."""

from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

from django.test import Client

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Membership, Organisation
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from worlds import World

ROOT = "/api/v1"
_numbers = count(1)


class Caller:
    """Somebody who speaks with the API: by a key, or as a guest."""

    def __init__(self, secret: str = "", **headers: str) -> None:
        self.client = Client(raise_request_exception=True)
        self.headers = ({"Authorization": f"Bearer {secret}"} if secret else {}) | headers

    def send(
        self, method: str, path: str, body: Any = None, *, key: str = "", headers: Mapping[str, str] | None = None
    ) -> Any:
        """The response to a request with a JSON body; a key of its own unless one is given."""
        sent = self.headers | {"Idempotency-Key": key or f"a-key-of-its-own-{next(_numbers)}"} | dict(headers or {})
        return self.client.generic(
            method,
            ROOT + path,
            data=body if isinstance(body, str | bytes) else "" if body is None else dumps(body),
            content_type="application/json",
            headers=sent,
        )

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 0, **options: Any) -> Any:
        """The answer to a request that must succeed, or end with the status."""
        response = self.send(method, path, body, **options)
        found = response.status_code
        assert found == status if status else found < 300, (found, response.content.decode()[:2000])
        return response.json() if response.content else None

    def get(self, path: str, **options: Any) -> Any:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.ask("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.ask("PUT", path, body, **options)


def dumps(body: Any) -> str:
    import json

    return json.dumps(body, default=str)


def caller(world: World, organisation: Organisation, role: str) -> Caller:
    """A new member of an organisation, by an API key."""
    membership = accounts.join(actor=SYSTEM, user=world.user(), organisation=organisation, role=role, now=world.now)
    return Caller(key_of(membership))


def operator(world: World, role: str = "operator.admin") -> Caller:
    return caller(world, world.operator, role)


def key_of(membership: Membership) -> str:
    """A key of a membership that may do all that its role may."""
    _, secret = accounts.create_key(actor=SYSTEM, membership=membership, label="test", now=clock.now())
    return secret


def key_for(world: World, organisation_id: UUID, role: str) -> Caller:
    return caller(world, Organisation.objects.get(id=organisation_id), role)
