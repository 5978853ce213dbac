"""Who works in an organisation and in which role; invitations; the keys of its programs; the trail of its acts."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.accounts import queries, services, team, words
from entrepot.domain.accounts.models import ApiKey, Invitation, Membership, Organisation
from entrepot.kernel import audit, clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.kernel.models import AuditEntry
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.paging import Page, Paged, bad_cursor, page, read
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Email, In, ReasonIn, Short

routes = Routes("Team")


class MemberOut(Schema):
    """A member."""

    id: UUID
    organisation_id: UUID
    email: str
    name: str
    role: str
    role_in_words: str
    since: AwareDatetime


class InviteIn(In):
    """Who is asked to join. `organisation` is a partner's code where the operator asks; blank is one's own."""

    email: Email
    role: Short
    organisation: Annotated[str, Field(max_length=60)] = ""


class RoleIn(In):
    """Another role."""

    role: Short


class InvitationOut(Schema):
    """An invitation that waits."""

    id: UUID
    organisation_id: UUID
    email: str
    role: str
    expires_at: AwareDatetime
    is_open: bool


class KeyListOut(Schema):
    """A key, without its secret."""

    id: UUID
    label: str
    prefix: str
    owner: str
    verbs: list[str]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class TrailEntryOut(Schema):
    """One act of the trail."""

    sequence: int
    at: AwareDatetime
    who: str
    role: str
    organisation_id: UUID | None
    verb: str
    subject_kind: str
    subject_id: UUID
    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


@routes.get("/team/members", Page[MemberOut], "team.edit")
def list_members(request: HttpRequest, paging: Paged, organisation: str = "") -> Any:
    """Who works here; the operator may name a partner by its code."""
    found = queries.list_members(
        organisation_id=_organisation(request, organisation).id, after=paging.after, limit=paging.more
    )
    return page(found, paging, _member)


@routes.put("/team/members/{uuid:membership_id}/role", MemberOut, "team.edit")
def change_role(request: HttpRequest, membership_id: UUID, payload: RoleIn) -> MemberOut:
    """Give a member another role."""
    return _member(
        team.change_role(actor=actor_of(request), membership_id=membership_id, role=payload.role, now=clock.now())
    )


@routes.post("/team/members/{uuid:membership_id}/end", MemberOut, "team.edit")
def end_membership(request: HttpRequest, membership_id: UUID, payload: ReasonIn) -> MemberOut:
    """Let a member go; the last who may edit the team stays."""
    ended = team.end_membership(
        actor=actor_of(request), membership_id=membership_id, reason=payload.reason, now=clock.now()
    )
    return _member(ended)


@routes.get("/team/invitations", list[InvitationOut], "team.edit")
def list_invitations(request: HttpRequest, organisation: str = "") -> list[InvitationOut]:
    """Who is asked to join and has not answered."""
    found = queries.list_invitations(organisation_id=_organisation(request, organisation).id, limit=200)
    return [_invitation(each) for each in found]


@routes.post("/team/invitations", InvitationOut, "team.edit", status=201)
def invite(request: HttpRequest, payload: InviteIn) -> InvitationOut:
    """Ask somebody to join; a letter with a link goes out, which holds for a week."""
    made = team.invite(
        actor=actor_of(request),
        organisation_id=_organisation(request, payload.organisation).id,
        email=payload.email,
        role=payload.role,
        now=clock.now(),
    )
    return _invitation(made)


@routes.delete("/team/invitations/{uuid:invitation_id}", {204: None}, "team.edit")
def revoke_invitation(request: HttpRequest, invitation_id: UUID) -> tuple[int, None]:
    """Take an invitation back."""
    team.revoke_invitation(actor=actor_of(request), invitation_id=invitation_id, now=clock.now())
    return 204, None


@routes.get("/team/keys", Page[KeyListOut], "keys.edit")
def list_keys(request: HttpRequest, paging: Paged) -> Any:
    """The API keys of the organisation; those that ended too."""
    found = queries.list_keys(organisation_id=_organisation(request, "").id, after=paging.after, limit=paging.more)
    return page(found, paging, _key)


@routes.delete("/team/keys/{uuid:key_id}", {204: None}, "keys.edit")
def revoke_key(request: HttpRequest, key_id: UUID) -> tuple[int, None]:
    """End a key, for good."""
    services.revoke_key(actor=actor_of(request), key_id=key_id, now=clock.now())
    return 204, None


@routes.get("/audit-trail", Page[TrailEntryOut], "audit.read")
def list_audit_trail(
    request: HttpRequest,
    paging: Paged,
    person: Short = "",
    verb: Annotated[str, Field(max_length=80)] = "",
    subject: Short = "",
    since: date | None = None,
    until: date | None = None,
) -> Any:
    """Who did what, when and why, the latest first; of one's own organisation, or for the operator of everybody.

    `person` is part of an address; `verb` one act, or a family such as `team.`; `subject` a kind of thing or an id.
    """
    cursor = read(paging.cursor) if paging.cursor else ""
    if cursor and not (cursor.isdecimal() and len(cursor) < 18):
        raise bad_cursor()
    if since and until and until < since:
        raise Invalid("audit.no_period", "The last day is before the first.", field="until")
    found = audit.list_entries(
        organisation_id=scope_of(request, "audit.read"),
        person=person,
        verb=verb,
        subject=subject,
        since=since,
        until=until,
        before=int(cursor) if cursor else None,
        limit=paging.more,
    )
    return page(found, paging, _entry, lambda entry: str(entry.sequence))


def _organisation(request: HttpRequest, code: str) -> Organisation:
    """One's own, or for the operator a partner's. Raises: NotFound."""
    actor = actor_of(request)
    if code:
        found = queries.get_organisation(code=code)
        team.demand_reach(actor, "team.edit", found)
        return found
    if actor.organisation_id is None:
        raise NotFound(kind="organisation")
    return queries.get_organisations([actor.organisation_id])[actor.organisation_id]


def _member(found: Membership) -> MemberOut:
    return MemberOut(
        id=found.id,
        organisation_id=found.organisation_id,
        email=found.user.email,
        name=found.user.name,
        role=found.role,
        role_in_words=words.role(found.role),
        since=found.created_at,
    )


def _invitation(found: Invitation) -> InvitationOut:
    return InvitationOut(
        id=found.id,
        organisation_id=found.organisation_id,
        email=found.email,
        role=found.role,
        expires_at=found.expires_at,
        is_open=team.is_open(found, clock.now()),
    )


def _key(found: ApiKey) -> KeyListOut:
    return KeyListOut(
        id=found.id,
        label=found.label,
        prefix=found.prefix,
        owner=found.membership.user.email,
        verbs=found.verbs,
        created_at=found.created_at,
        expires_at=found.expires_at,
        revoked_at=found.revoked_at,
        last_used_at=found.last_used_at,
    )


def _entry(found: AuditEntry) -> TrailEntryOut:
    return TrailEntryOut(
        sequence=found.sequence,
        at=found.created_at,
        who=found.actor_label,
        role=found.actor_role,
        organisation_id=found.actor_organisation_id,
        verb=found.verb,
        subject_kind=found.subject_kind,
        subject_id=found.subject_id,
        reason=found.reason,
        before=found.before,
        after=found.after,
        hash=found.hash,
    )
