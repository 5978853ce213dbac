"""Writes of notices: people are told by sets, they read, they choose what comes by e-mail, old ones go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from entrepot.domain.notices.models import Notice, Silence
from entrepot.domain.notices.queries import reader
from entrepot.kernel import ids
from entrepot.kernel.db import atomic, execute, fetch_rows, unnest

#: Read notices are kept this long, unread ones longer.
READ_KEPT = timedelta(days=60)
UNREAD_KEPT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Address:
    """Who is to be told of an event: a user, or those members of an organisation who hold the verb ("": all)."""

    event_id: UUID
    topic: str
    who: str
    about_id: UUID
    at: datetime
    user_id: UUID | None = None
    organisation_id: UUID | None = None
    verb: str = ""
    but_user_id: UUID | None = None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """A person whom an address reached; `place` is the address's place in the sequence."""

    place: int
    user_id: UUID
    email: str
    language: str
    kind: str


@atomic
def tell(*, addresses: Sequence[Address]) -> list[Reader]:
    """Tell people in the app; once each, however often it is asked. Whom the addresses reached."""
    readers = _readers(addresses)
    rows = [(reader, addresses[reader.place]) for reader in readers]
    identities = [ids.new_id(address.at) for _reader, address in rows]
    source, params = unnest(
        "told",
        {"id": "uuid", "created_at": "timestamptz", "user_id": "uuid", "organisation_id": "uuid", "event_id": "uuid",
         "topic": "text", "who": "text", "about_id": "uuid", "vals": "jsonb"},
        [
            (identity, address.at, reader.user_id, address.organisation_id, address.event_id, address.topic,
             address.who, address.about_id, address.values)
            for identity, (reader, address) in zip(identities, rows, strict=True)
        ],
    )  # fmt: skip
    execute(
        "INSERT INTO notices_notice"
        ' (id, created_at, user_id, organisation_id, event_id, topic, who, about_id, "values")'
        f" SELECT id, created_at, user_id, organisation_id, event_id, topic, who, about_id, vals FROM {source}"
        " ON CONFLICT DO NOTHING",
        params,
    )
    return readers


def _readers(addresses: Sequence[Address]) -> list[Reader]:
    if not addresses:
        return []
    source, params = unnest(
        "address",
        {"place": "int", "user_id": "uuid", "organisation_id": "uuid", "verb": "text", "but": "uuid"},
        [
            (place, each.user_id, each.organisation_id, each.verb, each.but_user_id)
            for place, each in enumerate(addresses)
        ],
    )
    rows = fetch_rows(
        f"""
        SELECT DISTINCT ON (address.place, person.email)
            address.place, person.id, person.email, person.language, coalesce(organisation.kind, '') AS kind
        FROM {source}
        LEFT JOIN accounts_organisation organisation ON organisation.id = address.organisation_id
        LEFT JOIN accounts_membership member
            ON member.organisation_id = address.organisation_id AND member.ended_at IS NULL
            AND (address.verb = '' OR EXISTS (SELECT FROM accounts_permission permission
                 WHERE permission.role = member.role AND permission.verb = address.verb))
        JOIN accounts_user person ON person.id = coalesce(address.user_id, member.user_id) AND person.is_active
        WHERE address.but IS NULL OR address.but <> person.id
        ORDER BY address.place, person.email
        """,
        params,
    )
    return [Reader(row.place, row.id, row.email, row.language, row.kind) for row in rows]


def mark_read(*, user_id: UUID, organisation_id: UUID | None, now: datetime, notice_ids: Collection[UUID] = ()) -> int:
    """Note that a person has read these, or all where none are named; how many were new to them."""
    unread = Notice.objects.filter(read_at__isnull=True, **reader(user_id, organisation_id))
    if notice_ids:
        unread = unread.filter(id__in=list(notice_ids))
    return unread.update(read_at=now)


@atomic
def choose_letters(*, user_id: UUID, silent: Collection[str], now: datetime) -> None:
    """From now on a person gets e-mail about everything but these families of topics."""
    Silence.objects.filter(user_id=user_id).exclude(family__in=list(silent)).delete()
    Silence.objects.bulk_create(
        [Silence(id=ids.new_id(now), created_at=now, user_id=user_id, family=family) for family in sorted(silent)],
        ignore_conflicts=True,
    )


def forget(*, now: datetime) -> int:
    """Delete what was read long ago, and what nobody ever read for very long; how many."""
    return execute(
        "DELETE FROM notices_notice WHERE (read_at IS NOT NULL AND read_at < %s) OR created_at < %s",
        [now - READ_KEPT, now - UNREAD_KEPT],
    )
