"""Transit times out of a history of shipments: fitted on what came before a day, tested on what came after. Pure."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from entrepot.domain.logistics import transit
from entrepot.domain.logistics.transit import Calibration, Transit
from entrepot.kernel.errors import Invalid

#: How dates are written in the files that are known.
FORMATS = ("%Y-%m-%d", "%d-%b-%y", "%d.%m.%Y", "%m/%d/%Y", "%m/%d/%y")
#: Fewer shipments than this are fitted no distribution of their own.
LEAST = 30


@dataclass(frozen=True)
class Fitted:
    """What a group of shipments took, and how promises made by it would have held afterwards."""

    group: str
    count: int
    transit: Transit
    calibration: list[Calibration]


@dataclass(frozen=True)
class Fit:
    """The groups that were fitted, those that were too few, and rows without both dates."""

    fitted: list[Fitted]
    too_few: dict[str, int]
    left_out: int


def fit(text: str, *, start: str, end: str, by: str, until: date) -> Fit:
    """Fit days from column `start` to column `end`, by the values of a column, on what ended before a day.

    Raises: Invalid for a column that there is not, or where nothing can be fitted.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for column in (start, end, by):
        if column not in (reader.fieldnames or ()):
            raise Invalid("history.no_column", "The file has no column {column}.", field=column, column=column)
    earlier: dict[str, list[int]] = defaultdict(list)
    later: dict[str, list[int]] = defaultdict(list)
    left_out = 0
    for begun, ended, group in _spans(reader, start, end, by):
        if begun is None or ended is None or not 0 <= (ended - begun).days <= transit.DAYS_MAX:
            left_out += 1
            continue
        (earlier if ended < until else later)[group].append((ended - begun).days)
    fitted = []
    for group in sorted(earlier):
        if len(earlier[group]) >= LEAST:
            found = transit.fit(earlier[group])
            fitted.append(Fitted(group, len(earlier[group]), found, transit.calibrate(found, later[group])))
    if not fitted:
        raise Invalid("history.too_short", "No group has {least} shipments before {day}.", field=by, least=LEAST,
                      day=until.isoformat())  # fmt: skip
    too_few = {group: len(days) for group, days in sorted(earlier.items()) if len(days) < LEAST}
    return Fit(fitted, too_few, left_out)


def _spans(
    rows: Iterable[Mapping[str, str]], start: str, end: str, by: str
) -> Iterable[tuple[date | None, date | None, str]]:
    for row in rows:
        yield _day(row[start]), _day(row[end]), row[by] or "–"


def _day(text: str | None) -> date | None:
    """A date in one of the known forms; what is none is none, as histories have "not captured"."""
    for form in FORMATS:
        try:
            return datetime.strptime((text or "").strip(), form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None
