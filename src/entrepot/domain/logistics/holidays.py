"""Public holidays by country: dated rows with their source, on which a country's legs neither depart nor move."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources

from django.db import transaction

from entrepot.domain.logistics import cells
from entrepot.domain.logistics.models import Holiday
from entrepot.kernel import audit, db, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.kept import kept
from entrepot.kernel.sheets import Reader, Unreadable, read_csv

_COLUMNS: dict[str, Reader] = {"country": cells.country, "day": cells.day, "name": str, "source": str}


@dataclass(frozen=True, slots=True)
class Day:
    """A public holiday."""

    country: str
    day: date
    name: str
    source: str


def read(text: str, *, field: str = "sheet") -> list[Day]:
    """The holidays of a table. Raises: Unreadable naming row and column."""
    found: dict[tuple[str, date], Day] = {}
    for row in read_csv(text, _COLUMNS, field=field, number_as="number"):
        number = row.pop("number")
        if missing := next((column for column, value in row.items() if not value), None):
            raise Unreadable(field=field, row=number, column=missing, problem="a holiday needs this")
        if (row["country"], row["day"]) in found:
            raise Unreadable(field=field, row=number, column="day", problem="this day is there twice")
        found[row["country"], row["day"]] = Day(**row)
    return list(found.values())


@transaction.atomic
def publish(*, actor: Actor, rows: Sequence[Day], now: datetime) -> int:
    """Let these rows be the holidays of the countries and years that they name; how many days changed by it.

    What was promised before stays as it was promised.
    """
    years = {(row.country, row.day.year) for row in rows}
    source, params = db.unnest("year", {"country": "text", "number": "int"}, sorted(years))
    # Whoever publishes the same year waits, so that nobody's half of it stays.
    db.execute("SELECT pg_advisory_xact_lock(hashtext('logistics.holidays'))")
    before = {
        (row.country, row.day): (row.name, row.source)
        for row in db.fetch_rows(
            f"SELECT country, day, name, source FROM logistics_holiday holiday JOIN {source}"
            " USING (country) WHERE extract(year FROM holiday.day) = year.number",
            params,
        )
    }
    after = {(row.country, row.day): (row.name, row.source) for row in rows}
    changed = sorted({key for key in {*before, *after} if before.get(key) != after.get(key)})
    if not changed:
        return 0
    source, params = db.unnest("gone", {"country": "text", "day": "date"}, changed)
    db.execute(
        f"DELETE FROM logistics_holiday holiday USING {source}"
        " WHERE holiday.country = gone.country AND holiday.day = gone.day",
        params,
    )
    Holiday.objects.bulk_create(
        [
            Holiday(id=identity, created_at=now, country=key[0], day=key[1], name=after[key][0], source=after[key][1])
            for identity, key in zip(ids.new_ids(now, len(changed)), changed, strict=True)
            if key in after
        ]
    )
    audit.record(
        actor=actor, verb="freight.holidays", subject_kind="freight", subject_id=ids.new_id(now), now=now,
        after={"years": [f"{country} {year}" for country, year in sorted(years)], "days": len(changed)},
    )  # fmt: skip
    return len(changed)


def load_reference(*, now: datetime) -> int:
    """The holidays that come along, of countries and years of which there are none; how many days came."""
    text = (resources.files("entrepot.domain.logistics") / "data" / "holidays.csv").read_text(encoding="utf-8")
    present = {
        (row.country, row.year)
        for row in db.fetch_rows("SELECT DISTINCT country, extract(year FROM day)::int AS year FROM logistics_holiday")
    }
    rows = [row for row in read(text) if (row.country, row.day.year) not in present]
    return publish(actor=SYSTEM, rows=rows, now=now) if rows else 0


def list_holidays(*, since: date, country: str = "", limit: int = 1_000) -> list[Holiday]:
    """Holidays from a day on, by day: of a country, or of all."""
    rows = Holiday.objects.filter(day__gte=since)
    return list((rows.filter(country=country) if country else rows).order_by("day", "country")[:limit])


@kept("freight", states=4)
def calendar() -> dict[str, frozenset[date]]:
    """All holidays by country."""
    found: dict[str, set[date]] = defaultdict(set)
    for row in db.fetch_rows("SELECT country, day FROM logistics_holiday"):
        found[row.country].add(row.day)
    return {country: frozenset(days) for country, days in found.items()}
