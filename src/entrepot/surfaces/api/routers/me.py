"""Who is asking, and what they may do."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from entrepot.surfaces.api.auth import actor_of, public

router = Router(tags=["Me"])


class MeOut(Schema):
    """The actor of this request."""

    label: str
    role: str
    user_id: UUID | None
    organisation_id: UUID | None
    verbs: dict[str, str]


@router.get("", response=MeOut, operation_id="get_me", summary="Who am I")
@public
def get_me(request: HttpRequest) -> MeOut:
    """The signed-in person or key: organisation, role, and each verb with its scope."""
    actor = actor_of(request)
    return MeOut(
        label=actor.label,
        role=actor.role,
        user_id=actor.user_id,
        organisation_id=actor.organisation_id,
        verbs=actor.verbs,
    )
