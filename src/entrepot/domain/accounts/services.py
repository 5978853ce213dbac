"""Writes of organisations, people, roles, keys and vault rows."""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from entrepot.domain.accounts import queries, rules
from entrepot.domain.accounts.models import ApiKey, Contact, Membership, Organisation, Permission, User
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import execute, fetch_rows, unnest
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.rounds import insert

#: A key's last use is written down this often, not with every request.
KEY_USE_NOTED_EVERY = timedelta(minutes=5)


@transaction.atomic
def install_permissions() -> None:
    """Give a new installation its permission rows; rows that are there stay as they are."""
    Permission.objects.bulk_create(
        [Permission(role=role, verb=verb, scope=scope) for role, verb, scope in rules.permission_rows()],
        ignore_conflicts=True,
    )


@transaction.atomic
def create_organisation(*, kind: str, code: str, name: str, country: str, now: datetime) -> Organisation:
    """A tenant. Raises: Refused where the code is taken."""
    organisation = Organisation(id=ids.new_id(now), created_at=now, kind=kind, code=code, name=name, country=country)
    try:
        with transaction.atomic():
            organisation.save(force_insert=True)
    except IntegrityError:
        raise Refused(
            "accounts.organisation_exists", "There is an organisation “{code}” already.", field="code", code=code
        ) from None
    return organisation


@transaction.atomic
def keep_organisations(
    *, kind: str, rows: Sequence[tuple[str, str, str]], now: datetime
) -> dict[str, tuple[UUID, str]]:
    """Tenants (code, name, country) by sets: code -> (id, created, changed or same).

    Codes that another kind of organisation has are left out of the answer.
    """
    source, params = unnest(
        "w",
        {"id": "uuid", "code": "text", "name": "text", "country": "text"},
        ((identity, *row) for identity, row in zip(ids.new_ids(now, len(rows)), sorted(rows), strict=True)),
    )
    written = fetch_rows(
        f"INSERT INTO accounts_organisation AS o (id, created_at, kind, code, name, country)"
        f" SELECT id, %s, %s, code, name, country FROM {source}"
        f" ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, country = EXCLUDED.country"
        f" WHERE o.kind = EXCLUDED.kind AND (o.name, o.country) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.country)"
        f" RETURNING code, xmax = 0 AS made",
        [now, kind, *params],
    )
    state = {row.code: "created" if row.made else "changed" for row in written}
    found = fetch_rows(
        "SELECT code, id FROM accounts_organisation WHERE kind = %s AND code = ANY(%s)",
        [kind, [code for code, _, _ in rows]],
    )
    return {row.code: (row.id, state.get(row.code, "same")) for row in found}


@transaction.atomic
def create_user(*, email: str, password: str | None, name: str = "", language: str = "") -> User:
    """A person who can sign in. Raises: Refused where the address is in use."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name, language=language)
    except IntegrityError:
        raise Refused("accounts.user_exists", "This address is in use.", field="email") from None


def confirm_address(*, user: User) -> None:
    """Take it as proved that a person reads their address: somebody who may vouch for it does."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


@transaction.atomic
def keep_users(*, rows: Sequence[tuple[str, str]], now: datetime) -> dict[str, UUID]:
    """People (address, name) by sets, who cannot sign in until they set a password; ids by address."""
    source, params = unnest(
        "w",
        {"id": "uuid", "email": "text", "name": "text", "password": "text"},
        (
            (identity, email.lower(), name, make_password(None))
            for identity, (email, name) in zip(ids.new_ids(now, len(rows)), rows, strict=True)
        ),
    )
    execute(
        f"INSERT INTO accounts_user (id, email, name, password, language, is_active, date_joined)"
        f" SELECT id, email, name, password, '', true, %s FROM {source} ON CONFLICT (email) DO NOTHING",
        [now, *params],
    )
    found = fetch_rows(
        "SELECT email, id FROM accounts_user WHERE email = ANY(%s)", [[email.lower() for email, _ in rows]]
    )
    return {row.email: row.id for row in found}


@transaction.atomic
def join(*, actor: Actor, user: User, organisation: Organisation, role: str, now: datetime) -> Membership:
    """Give a person a role in an organisation. Raises: Invalid for a role of another kind of organisation."""
    if role not in rules.roles_of(organisation.kind):
        raise Invalid(
            "accounts.role_unknown", "{role} is not a role of this kind of organisation.", field="role", role=role
        )
    membership = Membership(id=ids.new_id(now), created_at=now, user=user, organisation=organisation, role=role)
    membership.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="team.join",
        subject_kind="membership",
        subject_id=membership.id,
        now=now,
        after={"user": str(user.id), "organisation": str(organisation.id), "role": role},
    )
    return membership


@transaction.atomic
def create_key(
    *,
    actor: Actor,
    membership: Membership,
    label: str,
    now: datetime,
    verbs: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """An API key and its secret, which is shown this once. Raises: Denied for verbs that the role does not hold."""
    held = set(Permission.objects.filter(role=membership.role).values_list("verb", flat=True))
    if missing := set(verbs) - held:
        raise Denied("accounts.key_beyond_role", "The role does not hold {verbs}.", verbs=", ".join(sorted(missing)))
    prefix = "ek" + secrets.token_hex(5)
    secret = f"{prefix}.{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=ids.new_id(now),
        created_at=now,
        membership=membership,
        label=label,
        prefix=prefix,
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        verbs=list(verbs),
        expires_at=expires_at,
    )
    key.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="keys.create",
        subject_kind="api_key",
        subject_id=key.id,
        now=now,
        after={"label": label, "verbs": list(verbs)},
    )
    return key, secret


@transaction.atomic
def revoke_key(*, actor: Actor, key_id: UUID, now: datetime) -> ApiKey:
    """End a key of the actor's organisation, for good. Raises: NotFound, Refused where it has ended."""
    rows = ApiKey.objects.select_for_update(of=("self",)).select_related("membership__user")
    key = rows.filter(id=key_id).first()
    if key is None or not actor.may("keys.edit") or key.membership.organisation_id != actor.organisation_id:
        raise NotFound(kind="API key")
    if key.revoked_at is not None:
        raise Refused("accounts.key_revoked", "This key was revoked before.")
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    audit.record(
        actor=actor,
        verb="keys.revoke",
        subject_kind="api_key",
        subject_id=key.id,
        now=now,
        before={"label": key.label, "verbs": key.verbs, "owner": key.membership.user.email},
    )
    return key


def note_key_use(*, key: ApiKey, now: datetime) -> None:
    """Remember when a key was used, to the nearest minutes."""
    if key.last_used_at is None or now - key.last_used_at > KEY_USE_NOTED_EVERY:
        ApiKey.objects.filter(id=key.id).update(last_used_at=now)


@transaction.atomic
def describe_organisation(
    *, actor: Actor, organisation_id: UUID, name: str, country: str, now: datetime
) -> Organisation:
    """Say what an organisation is called and where it is. Raises: NotFound, Invalid."""
    organisation = Organisation.objects.select_for_update().filter(id=organisation_id).first()
    if organisation is None:
        raise NotFound(kind="organisation")
    check_country(country)
    before = {"name": organisation.name, "country": organisation.country}
    organisation.name, organisation.country = name.strip(), country
    organisation.save(update_fields=["name", "country"])
    audit.record(
        actor=actor,
        verb="organisation.describe",
        subject_kind="organisation",
        subject_id=organisation.id,
        now=now,
        before=before,
        after={"name": organisation.name, "country": country},
    )
    return organisation


def check_country(country: str) -> None:
    """Raises: Invalid for what is no two-letter code."""
    if len(country) != 2 or not (country.isascii() and country.isalpha() and country.isupper()):
        raise Invalid("accounts.country_missing", "Give the country as two letters.", field="country")


#: What tells one address of a book from another.
_ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")


@transaction.atomic
def keep_address(*, user_id: UUID, address: dict[str, str], now: datetime, replaces_id: UUID | None = None) -> Contact:
    """Put an address into a person's book, once; another one may make place for it.

    An address that an order went to stays with the order as it was. Raises: NotFound, Refused where the book is full.
    """
    User.objects.select_for_update().get(id=user_id)
    if replaces_id is not None:
        drop_address(user_id=user_id, contact_id=replaces_id)
    book = queries.list_book(owner_user_id=user_id)
    wanted = {name: address.get(name, "") for name in _ADDRESS}
    for each in book:
        if {name: getattr(each, name) for name in _ADDRESS} == wanted:
            return each
    if len(book) >= queries.BOOK_MAX:
        raise Refused("accounts.book_full", "An address book holds {most} addresses.", most=queries.BOOK_MAX)
    [kept] = keep_contacts(rows=[wanted | {"kept_at": now}], now=now, owner_user_id=user_id)
    return kept


def drop_address(*, user_id: UUID, contact_id: UUID) -> None:
    """Take an address out of a person's book. Raises: NotFound."""
    if not Contact.objects.filter(id=contact_id, owner_user_id=user_id, kept_at__isnull=False).update(kept_at=None):
        raise NotFound(kind="address")


@transaction.atomic
def erase_contacts(*, contact_ids: Collection[UUID], now: datetime) -> int:
    """Empty rows of the vault for good; the ids and the countries stay."""
    empty = dict.fromkeys((*(name for name in _ADDRESS if name != "country"), "email"), "")
    rows = Contact.objects.filter(id__in=list(contact_ids), erased_at__isnull=True)
    return rows.update(**empty, erased_at=now, kept_at=None, owner_user_id=None)


@transaction.atomic
def close_account(*, user_id: UUID, now: datetime) -> None:
    """Nobody signs in with this account again, and it names nobody any more."""
    User.objects.filter(id=user_id).update(
        email=f"{user_id.hex}@erased.invalid", name="", language="", is_active=False, password=make_password(None)
    )
    EmailAddress.objects.filter(user_id=user_id).delete()
    Authenticator.objects.filter(user_id=user_id).delete()


@transaction.atomic
def keep_contacts(*, rows: Sequence[dict[str, Any]], now: datetime, owner_user_id: UUID | None = None) -> list[Contact]:
    """Put names and addresses into the vault; a row gets an id and an owner where it has none of its own.

    Raises: Invalid without a country.
    """
    contacts = []
    for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True):
        if len(row.get("country", "")) != 2:
            raise Invalid("accounts.country_missing", "Give the country as two letters.", field="country")
        contacts.append(Contact(**({"id": identity, "created_at": now, "owner_user_id": owner_user_id} | row)))
    return Contact.objects.bulk_create(contacts, batch_size=2000)


_CONTACT_TEXTS = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone", "email")


def write_contacts(*, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The same for many that have their ids, in the caller's transaction. Raises: Invalid without a country."""
    if any(len(row.get("country", "")) != 2 for row in rows):
        raise Invalid("accounts.country_missing", "Give the country as two letters.", field="country")
    columns: dict[str, list[Any]] = {
        "id": [row["id"] for row in rows],
        "owner_user_id": [row.get("owner_user_id") for row in rows],
    }
    columns |= {name: [row.get(name, "") for row in rows] for name in _CONTACT_TEXTS}
    insert("accounts_contact", columns, {"created_at": now})
