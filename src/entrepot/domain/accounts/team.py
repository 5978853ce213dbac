"""Who works in an organisation: invited by e-mail, joined in a role, moved to another, let go.

An organisation always keeps somebody who may edit its team; the organisation's row is the lock of that rule.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import transaction

from entrepot.domain.accounts import rules
from entrepot.domain.accounts.models import Invitation, Membership, Organisation, Permission, User
from entrepot.domain.accounts.services import join
from entrepot.kernel import audit, ids, outbox
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.outbox import Event

#: So long an invitation holds.
HOLDS_FOR = timedelta(days=7)
_SALT = "entrepot.accounts.invitation"


class NoInvitation(NotFound):
    """The link is none of ours, or what it led to is over."""

    code = "accounts.invitation_over"
    message = "This invitation does not hold any more. Ask whoever invited you for another one."


def token_of(invitation_id: UUID) -> str:
    """What the link of an invitation carries; nobody else can make it."""
    return signing.dumps(invitation_id.hex, salt=_SALT)


def read_token(token: str) -> UUID:
    """The invitation that a link leads to. Raises: NoInvitation."""
    try:
        return UUID(hex=signing.loads(token, salt=_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        raise NoInvitation from None


def demand_reach(actor: Actor, verb: str, organisation: Organisation) -> None:
    """Own people and keys, and for the operator those of its partners; a seller's are the seller's own matter.

    Raises: NotFound.
    """
    is_own = actor.organisation_id == organisation.id and actor.may(verb)
    is_partner = organisation.kind == Organisation.Kind.THIRD_PARTY and actor.verbs.get(verb) == "all"
    if not (is_own or is_partner):
        raise NotFound(kind="organisation")


@transaction.atomic
def invite(
    *, actor: Actor, organisation_id: UUID, email: str, role: str, now: datetime, language: str = ""
) -> Invitation:
    """Ask an address to join in a role; a letter goes out. One that waited for the same address is replaced.

    Raises: NotFound, Invalid for a role of another kind of organisation, Refused where the person is there already.
    """
    organisation = _locked(organisation_id)
    demand_reach(actor, "team.edit", organisation)
    email = email.strip().lower()
    check_role(role, organisation.kind)
    if Membership.objects.filter(organisation=organisation, user__email__iexact=email, ended_at__isnull=True).exists():
        raise Refused("accounts.member_already", "{email} is in the team already.", field="email", email=email)
    open_ones = Invitation.objects.filter(
        organisation=organisation, email=email, accepted_at__isnull=True, revoked_at__isnull=True
    )
    open_ones.update(revoked_at=now)
    invitation = Invitation(
        id=ids.new_id(now),
        created_at=now,
        organisation=organisation,
        email=email,
        role=role,
        language=language,
        invited_by=actor.user_id,
        expires_at=now + HOLDS_FOR,
    )
    invitation.save(force_insert=True)
    _audit(actor, "team.invite", "invitation", invitation.id, now, after=_said(organisation, email, role))
    outbox.append([Event("team.invited", "invitation", invitation.id)], now=now)
    return invitation


@transaction.atomic
def revoke_invitation(*, actor: Actor, invitation_id: UUID, now: datetime) -> Invitation:
    """Take an invitation back. Raises: NotFound, Refused where it was accepted or taken back before."""
    invitation = _invitation(invitation_id)
    demand_reach(actor, "team.edit", invitation.organisation)
    if invitation.accepted_at is not None or invitation.revoked_at is not None:
        raise Refused("accounts.invitation_closed", "This invitation was accepted or taken back before.")
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])
    said = _said(invitation.organisation, invitation.email, invitation.role)
    _audit(actor, "team.uninvite", "invitation", invitation.id, now, before=said)
    return invitation


@transaction.atomic
def accept_invitation(*, invitation_id: UUID, user: User, now: datetime) -> Membership:
    """Join. Raises: NoInvitation, Denied to anybody but the person who was asked."""
    invitation = _invitation(invitation_id)
    if not is_open(invitation, now):
        raise NoInvitation
    if user.email.lower() != invitation.email:
        raise Denied("accounts.invitation_of_another", "This invitation is for {email}.", email=invitation.email)
    organisation = _locked(invitation.organisation_id)
    actor = Actor(label=user.email, user_id=user.id, organisation_id=organisation.id, role=invitation.role)
    membership = Membership.objects.filter(user=user, organisation=organisation, ended_at__isnull=True).first()
    if membership is None:
        membership = join(actor=actor, user=user, organisation=organisation, role=invitation.role, now=now)
    invitation.accepted_at, invitation.accepted_by = now, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    return membership


@transaction.atomic
def change_role(*, actor: Actor, membership_id: UUID, role: str, now: datetime) -> Membership:
    """Give a member another role. Raises: NotFound, Invalid, Refused for the last who may edit the team."""
    membership = _live(actor, membership_id)
    check_role(role, membership.organisation.kind)
    before, membership.role = membership.role, role
    if before == role:
        return membership
    if not _keeps(role):
        _refuse_last(membership)
    membership.save(update_fields=["role"])
    _audit(
        actor,
        "team.role",
        "membership",
        membership.id,
        now,
        before=_said(membership.organisation, membership.user.email, before),
        after=_said(membership.organisation, membership.user.email, role),
    )
    return membership


@transaction.atomic
def end_membership(*, actor: Actor, membership_id: UUID, reason: str, now: datetime) -> Membership:
    """Let a member go, and their keys with them. Raises: NotFound, Invalid, Refused for the last keeper of the team."""
    membership = _live(actor, membership_id)
    _refuse_last(membership)
    membership.ended_at = now
    membership.save(update_fields=["ended_at"])
    _audit(
        actor,
        "team.leave",
        "membership",
        membership.id,
        now,
        reason=audit.require_reason(reason),
        before=_said(membership.organisation, membership.user.email, membership.role),
    )
    return membership


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Whether an invitation can be accepted."""
    return invitation.accepted_at is None and invitation.revoked_at is None and now < invitation.expires_at


def check_role(role: str, kind: str) -> None:
    """Raises: Invalid for a role that this kind of organisation does not have."""
    if role not in rules.roles_of(kind):
        raise Invalid(
            "accounts.role_unknown", "{role} is not a role of this kind of organisation.", field="role", role=role
        )


def _locked(organisation_id: UUID) -> Organisation:
    organisation = Organisation.objects.select_for_update().filter(id=organisation_id).first()
    if organisation is None:
        raise NotFound(kind="organisation")
    return organisation


def _invitation(invitation_id: UUID) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("organisation")
    invitation = rows.filter(id=invitation_id).first()
    if invitation is None:
        raise NoInvitation
    return invitation


def _live(actor: Actor, membership_id: UUID) -> Membership:
    """A live membership that the actor may change, its organisation locked. Raises: NotFound."""
    found = Membership.objects.filter(id=membership_id, ended_at__isnull=True).first()
    if found is None:
        raise NotFound(kind="member")
    demand_reach(actor, "team.edit", _locked(found.organisation_id))
    rows = Membership.objects.select_related("organisation", "user").filter(id=membership_id, ended_at__isnull=True)
    membership = rows.first()
    if membership is None:
        raise NotFound(kind="member")
    return membership


def _keeps(role: str) -> bool:
    return Permission.objects.filter(role=role, verb=rules.KEEPER).exists()


def _refuse_last(membership: Membership) -> None:
    """Raises: Refused where nobody else could edit the team any more."""
    keepers = Permission.objects.filter(verb=rules.KEEPER).values("role")
    live = Membership.objects.filter(
        organisation_id=membership.organisation_id, ended_at__isnull=True, user__is_active=True, role__in=keepers
    )
    others = live.exclude(id=membership.id).exists()
    if not others and live.filter(id=membership.id).exists():
        raise Refused("accounts.last_keeper", "Somebody has to be left who may edit the team; name another one first.")


def _said(organisation: Organisation, email: str, role: str) -> dict[str, str]:
    return {"organisation": organisation.code, "email": email, "role": role}


def _audit(
    actor: Actor, verb: str, kind: str, identity: UUID, now: datetime, *, reason: str = "", **values: Any
) -> None:
    audit.record(actor=actor, verb=verb, subject_kind=kind, subject_id=identity, now=now, reason=reason, **values)
