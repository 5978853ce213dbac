"""Reads of people, their memberships and what they may do."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db.models import Count

from entrepot.domain.accounts.models import ApiKey, Contact, Invitation, Membership, Organisation, Permission, User
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied, NotFound
from entrepot.kernel.kept import kept
from entrepot.kernel.rounds import Asked, ask

#: Addresses that a person may keep.
BOOK_MAX = 20


def get_operator() -> Organisation:
    """The one organisation that runs the marketplace. Raises: NotFound before it is set up."""
    operator = Organisation.objects.filter(kind=Organisation.Kind.OPERATOR).first()
    if operator is None:
        raise NotFound("accounts.no_operator", "This marketplace has no operator yet; run `entrepot up` first.")
    return operator


def get_actor(*, user_id: UUID, kinds: Collection[str] = (), user: User | None = None, preferred: str = "") -> Actor:
    """The signed-in person acting for their first organisation of these kinds; without one, for themselves.

    `preferred` is the id of the organisation that they chose to act for; `user` saves a question where the row is at
    hand.
    """
    user = user or User.objects.get(id=user_id)
    memberships = Membership.objects.select_related("organisation").filter(user_id=user_id, ended_at__isnull=True)
    if kinds:
        memberships = memberships.filter(organisation__kind__in=kinds)
    found = list(memberships.order_by("id"))
    membership = next((each for each in found if each.organisation_id.hex == preferred), found[0] if found else None)
    if membership is None:
        return Actor(label=user.email, user_id=user_id, role="shopper")
    return actor_of(membership, user)


def actor_of(membership: Membership, user: User, *, only: frozenset[str] = frozenset()) -> Actor:
    """The actor of a membership; `only` narrows its verbs, as an API key does."""
    verbs = dict(permissions_of(membership.role))
    if only:
        verbs = {verb: scope for verb, scope in verbs.items() if verb in only}
    return Actor(
        label=user.email,
        user_id=user.id,
        organisation_id=membership.organisation_id,
        role=membership.role,
        verbs=verbs,
        organisation=membership.organisation.name,
    )


@kept("permissions", states=64)
def permissions_of(role: str) -> Mapping[str, str]:
    """verb -> scope of a role."""
    return MappingProxyType(dict(Permission.objects.filter(role=role).values_list("verb", "scope")))


def actor_of_key(key: ApiKey) -> Actor:
    """Who a key speaks for, with the verbs that it and its role share."""
    return actor_of(key.membership, key.membership.user, only=frozenset(key.verbs))


def get_key(*, secret: str, now: datetime) -> ApiKey:
    """An API key `prefix.secret` with its membership. Raises: Denied for one that is unknown or has ended."""
    prefix, _, _ = secret.partition(".")
    key = (
        ApiKey.objects.select_related("membership__user", "membership__organisation")
        .filter(prefix=prefix, digest=hashlib.sha256(secret.encode()).hexdigest(), revoked_at__isnull=True)
        .first()
    )
    if (
        key is None
        or (key.expires_at is not None and key.expires_at <= now)
        or key.membership.ended_at is not None
        or not key.membership.user.is_active
    ):
        raise Denied("accounts.key_unknown", "This API key is not valid.")
    return key


def list_memberships(*, user_id: UUID) -> list[Membership]:
    """The live memberships of a person, with their organisations."""
    return list(
        Membership.objects.select_related("organisation")
        .filter(user_id=user_id, ended_at__isnull=True)
        .order_by("organisation__kind", "id")
    )


def ask_emails(*, user_ids: Collection[UUID]) -> Asked:
    """Ask for the (id, address) of those of these people who may sign in."""
    if not user_ids:
        return Asked()
    return ask("SELECT id, email FROM accounts_user WHERE id = ANY(%s) AND is_active", [list(user_ids)])


def ask_contacts(*, contact_ids: Collection[UUID]) -> Asked:
    """Ask for names and addresses of the vault that are not erased."""
    if not contact_ids:
        return Asked()
    return ask(
        "SELECT id, owner_user_id, name, company, line1, line2, city, region, postcode, country, phone, email"
        " FROM accounts_contact WHERE id = ANY(%s) AND erased_at IS NULL",
        [list(contact_ids)],
    )


def get_contact(*, contact_id: UUID) -> Contact:
    """A vault row. Raises: NotFound."""
    contact = Contact.objects.filter(id=contact_id).first()
    if contact is None:
        raise NotFound(kind="contact")
    return contact


def list_user_names(user_ids: Collection[UUID]) -> dict[UUID, str]:
    """What people are called, by id."""
    return {user.id: user.get_full_name() for user in User.objects.filter(id__in=list(user_ids))}


def list_organisation_names(organisation_ids: Collection[UUID]) -> dict[UUID, str]:
    """What organisations are called, by id."""
    found = Organisation.objects.filter(id__in=list(organisation_ids))
    return dict(found.values_list("id", "name"))


def get_organisations(organisation_ids: Collection[UUID]) -> dict[UUID, Organisation]:
    """Organisations by id; what is none is left out."""
    return Organisation.objects.in_bulk(list(organisation_ids))


def list_book(*, owner_user_id: UUID, country: str = "") -> list[Contact]:
    """The addresses that a person keeps, the newest first; of one country where it is named."""
    kept = Contact.objects.filter(owner_user_id=owner_user_id, kept_at__isnull=False, erased_at__isnull=True)
    if country:
        kept = kept.filter(country=country)
    return list(kept.order_by("-kept_at", "-id")[:BOOK_MAX])


def get_kept(*, owner_user_id: UUID, contact_id: UUID) -> Contact:
    """An address that a person keeps. Raises: NotFound."""
    found = Contact.objects.filter(
        id=contact_id, owner_user_id=owner_user_id, kept_at__isnull=False, erased_at__isnull=True
    ).first()
    if found is None:
        raise NotFound(kind="address")
    return found


def list_contacts(*, owner_user_id: UUID) -> list[Contact]:
    """Every name and address of a person in the vault."""
    return list(Contact.objects.filter(owner_user_id=owner_user_id, erased_at__isnull=True).order_by("id"))


def find_last_contact(*, owner_user_id: UUID) -> Contact | None:
    """The name and address that a person used last, or None."""
    contacts = Contact.objects.filter(owner_user_id=owner_user_id, erased_at__isnull=True)
    return contacts.order_by("-id").first()


def get_organisation(*, code: str, kind: str = "") -> Organisation:
    """An organisation by its code. Raises: NotFound."""
    found = Organisation.objects.filter(code=code, **({"kind": kind} if kind else {})).first()
    if found is None:
        raise NotFound(kind="organisation")
    return found


def list_organisations(*, kind: str, after: UUID | None = None, limit: int = 200) -> list[Organisation]:
    """Organisations of a kind in the order in which they came."""
    found = Organisation.objects.filter(kind=kind)
    if after is not None:
        found = found.filter(id__gt=after)
    return list(found.order_by("id")[:limit])


def get_membership(*, user_id: UUID, organisation_id: UUID) -> Membership:
    """A person's live membership of an organisation. Raises: NotFound."""
    rows = Membership.objects.select_related("organisation", "user")
    found = rows.filter(user_id=user_id, organisation_id=organisation_id, ended_at__isnull=True).first()
    if found is None:
        raise NotFound(kind="member")
    return found


def list_members(*, organisation_id: UUID, after: UUID | None = None, limit: int = 100) -> list[Membership]:
    """The live members of an organisation with their people, in the order in which they joined."""
    found = Membership.objects.select_related("user", "organisation")
    found = found.filter(organisation_id=organisation_id, ended_at__isnull=True)
    if after is not None:
        found = found.filter(id__gt=after)
    return list(found.order_by("id")[:limit])


def count_members(organisation_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many people work in each of these organisations."""
    rows = Membership.objects.filter(organisation_id__in=list(organisation_ids), ended_at__isnull=True)
    return dict(rows.values_list("organisation_id").annotate(people=Count("id")))


def get_invitation(*, invitation_id: UUID) -> Invitation:
    """An invitation with its organisation. Raises: NotFound."""
    found = Invitation.objects.select_related("organisation").filter(id=invitation_id).first()
    if found is None:
        raise NotFound(kind="invitation")
    return found


def list_invitations(*, organisation_id: UUID, limit: int = 100) -> list[Invitation]:
    """The invitations of an organisation that nobody accepted or took back, the latest first."""
    found = Invitation.objects.filter(
        organisation_id=organisation_id, accepted_at__isnull=True, revoked_at__isnull=True
    )
    return list(found.order_by("-id")[:limit])


def list_keys(*, organisation_id: UUID, after: UUID | None = None, limit: int = 100) -> list[ApiKey]:
    """The API keys of an organisation's members, the latest first; those that ended too."""
    found = ApiKey.objects.select_related("membership__user").filter(membership__organisation_id=organisation_id)
    if after is not None:
        found = found.filter(id__lt=after)
    return list(found.order_by("-id")[:limit])
