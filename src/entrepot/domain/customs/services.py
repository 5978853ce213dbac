"""Writes of border law: the tables that come along, and tariffs and lists as their publishers write them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import models as django_models

from entrepot.domain.customs import models, queries, reference, rows
from entrepot.domain.customs.rates import to_json
from entrepot.kernel import audit, db, ids
from entrepot.kernel.actors import Actor

_TABLES: Mapping[str, type[models.Sourced]] = {
    "memberships": models.Membership,
    "regimes": models.Regime,
    "levies": models.Levy,
    "taxes": models.ImportTax,
    "overlays": models.Overlay,
}
#: The edition that stands for the tables themselves: its digest says which are in the database.
_TABLES_EDITION = "tables"


@db.atomic
def load_reference(*, now: datetime) -> bool:
    """Put the tables that come along in place of those of an earlier release; False where they are there."""
    db.execute("SELECT pg_advisory_xact_lock(hashtext('customs.reference'))")  # the web and a command may start at once
    digest = reference.digest()
    shipped = models.Edition.objects.filter(is_shipped=True)
    if shipped.filter(name=_TABLES_EDITION, digest=digest).exists():
        return False
    book = reference.load()
    for name, model in _TABLES.items():
        model._default_manager.filter(is_shipped=True).delete()
        found = getattr(book, name)
        model._default_manager.bulk_create(
            [
                model(id=identity, created_at=now, is_shipped=True, **asdict(row))
                for identity, row in zip(ids.new_ids(now, len(found)), found, strict=True)
            ]
        )
    for each in shipped:
        _drop(each)
    for edition in book.editions:
        _keep(edition, digest=digest, now=now, is_shipped=True)
    mark = rows.Edition("", _TABLES_EDITION, False, date(2018, 1, 1), None, "the tables that come along")
    _keep(mark, digest=digest, now=now, is_shipped=True)
    return True


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of an edition: whether its rows were new to the database."""

    schedule: str
    name: str
    rows: int
    is_new: bool


@db.atomic
def load_editions(
    *, editions: Sequence[rows.Edition], digests: Sequence[str], actor: Actor, now: datetime
) -> list[Loaded]:
    """Keep tariffs and lists. One that is there, with the same day and content, is left as it is."""
    outcomes = []
    for edition, digest in zip(editions, digests, strict=True):
        there = models.Edition.objects.filter(
            schedule=edition.schedule,
            name=edition.name,
            valid_from=edition.valid_from,
            is_complete=edition.is_complete,
            digest=digest,
        ).exists()
        if not there:
            row = _keep(edition, digest=digest, now=now)
            audit.record(
                actor=actor,
                verb="customs.load",
                subject_kind="tariff",
                subject_id=row.id,
                now=now,
                after={"schedule": row.schedule, "list": row.name, "rows": row.rows, "source": row.source},
            )
        outcomes.append(Loaded(edition.schedule, edition.name, len(edition.lines) or len(edition.codes), not there))
    return outcomes


@db.atomic
def assume_free(*, destination: str, currency: str, on: date, source: str, actor: Actor, now: datetime) -> bool:
    """A regime that charges nothing, for days before the first that is known; False where one is known on the day.

    It says in the database, with its source, what would else be an unknown: for histories older than the tables.
    """
    book = queries.load_book(codes=())
    try:
        book.regime(destination, on)
    except rows.Missing:
        names = {destination, *(row.union for row in book.memberships if row.country == destination)}
        later = [row.valid_from for row in book.regimes if row.destination in names and row.valid_from > on]
        row = models.Regime(
            id=ids.new_id(now), created_at=now, destination=destination, currency=currency, schedule="none",
            duty_base="goods", value_base="goods", retail_importers="shopper", rounding="half_even",
            rounding_level="line", decides="", valid_from=on, valid_until=min(later, default=None), reviewed_on=on,
            source=source,
        )  # fmt: skip
        row.save(force_insert=True)
        mark = rows.Edition("", f"free {destination} {on}", False, on, row.valid_until, source)
        _keep(mark, digest=f"free {destination} {on}", now=now)
        audit.record(
            actor=actor, verb="customs.assume", subject_kind="regime", subject_id=row.id, now=now,
            after={"destination": destination, "from": on.isoformat(), "source": source},
        )  # fmt: skip
        return True
    return False


def _keep(edition: rows.Edition, *, digest: str, now: datetime, is_shipped: bool = False) -> models.Edition:
    row = models.Edition(
        id=ids.new_id(now),
        created_at=now,
        schedule=edition.schedule,
        name=edition.name,
        is_complete=edition.is_complete,
        valid_from=edition.valid_from,
        valid_until=edition.valid_until,
        source=edition.source,
        digest=digest,
        rows=len(edition.lines) or len(edition.codes),
        is_shipped=is_shipped,
    )
    row.save(force_insert=True)
    _copy(
        models.TariffLine,
        ("edition_id", "column", "code", "heading", "text", "duty", "description"),
        (
            (row.id, line.column, line.code, line.code[:4], line.text, _body(line), line.description)
            for line in edition.lines.values()
        ),
    )
    _copy(
        models.ListedCode,
        ("edition_id", "code", "heading"),
        ((row.id, code, code[:4]) for code in sorted(edition.codes)),
    )
    return row


def _body(line: rows.TariffLine) -> Any:
    return None if line.duty is None else to_json(line.duty)


def _copy(model: type[django_models.Model], columns: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    """COPY with the keys that the database gives."""
    db.copy_rows(model._meta.db_table, columns, values)


def _drop(edition: models.Edition) -> None:
    models.TariffLine.objects.filter(edition=edition).delete()
    models.ListedCode.objects.filter(edition=edition).delete()
    edition.delete()
