"""Who is asking, what they may do, and the keys by which programs speak for them."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import services
from entrepot.kernel import clock
from entrepot.kernel.errors import Denied
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routes import SIGNED_IN, Routes
from entrepot.surfaces.api.schemas import In

routes = Routes("Me")


class MeOut(Schema):
    """The actor of this request."""

    label: str
    role: str
    user_id: UUID | None
    organisation_id: UUID | None
    verbs: dict[str, str]


class KeyIn(In):
    """A key for a program; it may do what its verbs say, or all that you may where none are named."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    verbs: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=100)] = []
    expires_at: AwareDatetime | None = None


class KeyOut(Schema):
    """A key. Its secret is shown this once."""

    id: UUID
    label: str
    secret: str


@routes.get("", MeOut, SIGNED_IN)
def get_me(request: HttpRequest) -> MeOut:
    """Who am I.

    The signed-in person or key: organisation, role, and each verb with its scope.
    """
    actor = actor_of(request)
    return MeOut(
        label=actor.label,
        role=actor.role,
        user_id=actor.user_id,
        organisation_id=actor.organisation_id,
        verbs=actor.verbs,
    )


@routes.post("/keys", KeyOut, "keys.edit", status=201, keyed="not")
def create_key(request: HttpRequest, payload: KeyIn) -> tuple[int, KeyOut]:
    """Make an API key.

    The answer is not kept, so that its secret stands nowhere: a repeat makes another key.
    """
    actor = actor_of(request)
    if beyond := set(payload.verbs) - set(actor.verbs):
        raise Denied("accounts.key_beyond_role", "The role does not hold {verbs}.", verbs=", ".join(sorted(beyond)))
    assert actor.user_id
    membership = next(
        each
        for each in accounts.list_memberships(user_id=actor.user_id)
        if each.organisation_id == actor.organisation_id
    )
    key, secret = services.create_key(
        actor=actor,
        membership=membership,
        label=payload.label,
        verbs=payload.verbs or sorted(actor.verbs),
        expires_at=payload.expires_at,
        now=clock.now(),
    )
    return 201, KeyOut(id=key.id, label=key.label, secret=secret)
