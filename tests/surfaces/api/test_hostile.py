"""What hostile callers try with what is theirs: keys of one organisation for another, ids of others in bodies."""

from uuid import UUID, uuid4

from entrepot.kernel.actors import Actor
from entrepot.surfaces.api.idempotent import principal_of


def test_who_works_for_two_organisations_has_keys_of_each(rf):
    user, one, other = uuid4(), uuid4(), uuid4()

    def principal(organisation: UUID | None) -> str:
        request = rf.post("/api/v1/uploads")
        request.auth = Actor(label="x", role="seller.owner", user_id=user, organisation_id=organisation)
        return principal_of(request)

    assert len({principal(one), principal(other), principal(None)}) == 3
    assert principal(one) == principal(one) and len(principal(one)) <= 100
