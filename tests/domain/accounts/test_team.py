"""Teams: invitations that are answered once, roles of the right family, somebody who is always left; keys that end."""

from datetime import timedelta

import pytest

from entrepot.domain.accounts import queries, rules, services, team, words
from entrepot.domain.accounts.models import ApiKey, Invitation, Membership, Organisation
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry, OutboxEvent
from worlds import World


@pytest.fixture
def seller(world: World) -> Organisation:
    return world.seller("brand", programme="self-managed").organisation


def invite(world: World, actor, organisation: Organisation, email: str = "new@example.org", role: str = ""):
    role = role or rules.roles_of(organisation.kind)[0]
    return team.invite(actor=actor, organisation_id=organisation.id, email=email, role=role, now=world.now)


def test_an_invitation_is_mailed_and_joins_whom_it_asks(world: World, seller: Organisation) -> None:
    owner = world.actor(seller, "seller.owner")
    asked = invite(world, owner, seller, "New@Example.org", "seller.staff")
    [event] = OutboxEvent.objects.filter(topic="team.invited")
    assert event.subject_id == asked.id and event.payload == {}
    assert team.read_token(team.token_of(asked.id)) == asked.id

    with pytest.raises(Denied):
        team.accept_invitation(invitation_id=asked.id, user=world.user("another@example.org"), now=world.now)
    user = world.user("new@example.org")
    member = team.accept_invitation(invitation_id=asked.id, user=user, now=world.now)
    assert (member.role, member.organisation_id) == ("seller.staff", seller.id)
    with pytest.raises(NotFound):
        team.accept_invitation(invitation_id=asked.id, user=user, now=world.now)
    assert {"team.invite", "team.join"} <= set(AuditEntry.objects.values_list("verb", flat=True))


def test_a_link_that_was_made_up_or_is_over_leads_nowhere(world: World, seller: Organisation) -> None:
    owner = world.actor(seller, "seller.owner")
    asked = invite(world, owner, seller)
    token = team.token_of(asked.id)
    for wrong in ("", "x", token[:-1], token + "x", asked.id.hex):
        with pytest.raises(team.NoInvitation):
            team.read_token(wrong)
    user = world.user("new@example.org")
    with pytest.raises(team.NoInvitation):
        team.accept_invitation(invitation_id=asked.id, user=user, now=world.now + team.HOLDS_FOR)
    team.revoke_invitation(actor=owner, invitation_id=asked.id, now=world.now)
    with pytest.raises(team.NoInvitation):
        team.accept_invitation(invitation_id=asked.id, user=user, now=world.now)
    with pytest.raises(Refused):
        team.revoke_invitation(actor=owner, invitation_id=asked.id, now=world.now)


def test_asking_again_takes_the_first_letter_back(world: World, seller: Organisation) -> None:
    owner = world.actor(seller, "seller.owner")
    first = invite(world, owner, seller)
    second = invite(world, owner, seller, "NEW@example.org")
    assert Invitation.objects.get(id=first.id).revoked_at is not None
    assert [each.id for each in queries.list_invitations(organisation_id=seller.id)] == [second.id]
    team.accept_invitation(invitation_id=second.id, user=world.user("new@example.org"), now=world.now)
    with pytest.raises(Refused):
        invite(world, owner, seller)


@pytest.mark.parametrize("role", ["operator.admin", "partner.admin", "seller.nobody", ""])
def test_only_roles_of_the_kind_are_given(world: World, seller: Organisation, role: str) -> None:
    owner = world.actor(seller, "seller.owner")
    with pytest.raises(Invalid):
        team.invite(actor=owner, organisation_id=seller.id, email="a@example.org", role=role, now=world.now)


def test_a_team_is_its_own_matter_but_for_partners(world: World, seller: Organisation) -> None:
    operator, owner = world.operator_actor(), world.actor(seller, "seller.owner")
    partner, other = world.partner(), world.seller("other", programme="self-managed").organisation
    assert invite(world, operator, partner).role == "partner.admin"
    for actor, organisation in ((operator, seller), (owner, other), (owner, partner), (owner, world.operator)):
        with pytest.raises(NotFound):
            invite(world, actor, organisation)
    with pytest.raises(NotFound):
        invite(world, world.actor(seller, "seller.staff"), seller)


def test_somebody_is_left_who_may_edit_the_team(world: World, seller: Organisation) -> None:
    owner = world.actor(seller, "seller.owner")
    world.pass_time(seconds=1)
    staff = world.actor(seller, "seller.staff")
    [first, second] = queries.list_members(organisation_id=seller.id)
    assert (first.user_id, second.user_id) == (owner.user_id, staff.user_id)
    with pytest.raises(Refused):
        team.change_role(actor=owner, membership_id=first.id, role="seller.staff", now=world.now)
    with pytest.raises(Refused):
        team.end_membership(actor=owner, membership_id=first.id, reason="leaves", now=world.now)
    team.change_role(actor=owner, membership_id=second.id, role="seller.owner", now=world.now)
    with pytest.raises(Invalid):
        team.end_membership(actor=owner, membership_id=first.id, reason=" ", now=world.now)
    team.end_membership(actor=owner, membership_id=first.id, reason="leaves", now=world.now)
    assert [each.id for each in queries.list_members(organisation_id=seller.id)] == [second.id]
    entry = AuditEntry.objects.get(verb="team.leave")
    assert entry.reason == "leaves" and entry.before["role"] == "seller.owner"


def test_nobody_edits_the_team_of_another(world: World, seller: Organisation) -> None:
    owner = world.actor(seller, "seller.owner")
    other = world.seller("other", programme="self-managed").organisation
    world.actor(other, "seller.owner")
    [theirs] = queries.list_members(organisation_id=other.id)
    for act in (
        lambda: team.change_role(actor=owner, membership_id=theirs.id, role="seller.staff", now=world.now),
        lambda: team.end_membership(actor=owner, membership_id=theirs.id, reason="x", now=world.now),
    ):
        with pytest.raises(NotFound):
            act()
    assert Membership.objects.get(id=theirs.id).ended_at is None


def test_a_key_ends_with_its_revocation_or_its_owner(world: World, seller: Organisation) -> None:
    owner, other = world.actor(seller, "seller.owner"), world.actor(seller, "seller.owner")
    member = queries.get_membership(user_id=owner.user_id, organisation_id=seller.id)
    key, secret = services.create_key(actor=owner, membership=member, label="sync", verbs=["stock.read"], now=world.now)
    found = queries.get_key(secret=secret, now=world.now)
    assert queries.actor_of_key(found).verbs == {"stock.read": "own"}
    services.note_key_use(key=found, now=world.now)
    services.note_key_use(key=ApiKey.objects.get(id=key.id), now=world.now + timedelta(minutes=1))
    assert ApiKey.objects.get(id=key.id).last_used_at == world.now

    stranger = world.actor(world.seller("other", programme="self-managed").organisation, "seller.owner")
    with pytest.raises(NotFound):
        services.revoke_key(actor=stranger, key_id=key.id, now=world.now)
    _second, another = services.create_key(actor=owner, membership=member, label="prices", now=world.now)
    services.revoke_key(actor=other, key_id=key.id, now=world.now)
    team.end_membership(actor=other, membership_id=member.id, reason="leaves", now=world.now)
    for each in (secret, another):
        with pytest.raises(Denied):
            queries.get_key(secret=each, now=world.now)


def test_every_role_and_verb_has_words() -> None:
    assert set(rules.ROLES) == set(words.ROLES)
    assert set(rules.VERBS) == set(words.VERBS)
