"""Reads of people, their memberships and what they may do."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from entrepot.domain.accounts.models import ApiKey, Contact, Membership, Organisation, Permission, User
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied, NotFound


def get_operator() -> Organisation:
    """The one organisation that runs the marketplace. Raises: NotFound before it is set up."""
    operator = Organisation.objects.filter(kind=Organisation.Kind.OPERATOR).first()
    if operator is None:
        raise NotFound("accounts.no_operator", "This marketplace has no operator yet; run `entrepot up` first.")
    return operator


def get_actor(*, user_id: UUID, kinds: Collection[str] = (), user: User | None = None) -> Actor:
    """The signed-in person acting for their first organisation of these kinds; without one, for themselves.

    `user` saves a question where the row is at hand.
    """
    user = user or User.objects.get(id=user_id)
    memberships = Membership.objects.select_related("organisation").filter(user_id=user_id, ended_at__isnull=True)
    if kinds:
        memberships = memberships.filter(organisation__kind__in=kinds)
    membership = memberships.order_by("id").first()
    if membership is None:
        return Actor(label=user.email, user_id=user_id, role="shopper")
    return actor_of(membership, user)


def actor_of(membership: Membership, user: User, *, only: frozenset[str] = frozenset()) -> Actor:
    """The actor of a membership; `only` narrows its verbs, as an API key does."""
    verbs = dict(Permission.objects.filter(role=membership.role).values_list("verb", "scope"))
    if only:
        verbs = {verb: scope for verb, scope in verbs.items() if verb in only}
    return Actor(
        label=user.email,
        user_id=user.id,
        organisation_id=membership.organisation_id,
        role=membership.role,
        verbs=verbs,
    )


def get_actor_by_key(*, secret: str, now: datetime) -> Actor:
    """The actor of an API key `prefix.secret`. Raises: Denied for one that is unknown or has ended."""
    prefix, _, _ = secret.partition(".")
    key = (
        ApiKey.objects.select_related("membership__user")
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
    return actor_of(key.membership, key.membership.user, only=frozenset(key.verbs))


def list_memberships(*, user_id: UUID) -> list[Membership]:
    """The live memberships of a person, with their organisations."""
    return list(
        Membership.objects.select_related("organisation")
        .filter(user_id=user_id, ended_at__isnull=True)
        .order_by("organisation__kind", "id")
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


def find_last_contact(*, owner_user_id: UUID) -> Contact | None:
    """The name and address that a person used last, or None."""
    contacts = Contact.objects.filter(owner_user_id=owner_user_id, erased_at__isnull=True)
    return contacts.order_by("-id").first()
