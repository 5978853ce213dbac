"""Public holidays: the table that comes along, and tables of an operator's own."""

from collections import Counter
from datetime import date, timedelta
from importlib import resources

import pytest
from tests.installations import NOW

from entrepot.domain.logistics import holidays
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.models import AuditEntry
from entrepot.kernel.sheets import Unreadable

TABLE = (resources.files("entrepot.domain.logistics") / "data" / "holidays.csv").read_text(encoding="utf-8")
HEAD = "country,day,name,source\n"


def easter(year: int) -> date:
    """Easter Sunday. Source: Meeus/Jones/Butcher, the Gregorian computus."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, skipped = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    quarters, odd = divmod(rest, 4)
    sunday = (32 + 2 * skipped + 2 * quarters - moon - odd) % 7
    shift = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def test_the_table_has_every_country_and_year_with_its_known_days():
    rows = holidays.read(TABLE)
    years = Counter((row.country, row.day.year) for row in rows)
    assert set(years) == {(country, year) for country in "BR CN DE GB NL US".split() for year in (2026, 2027, 2028)}
    # A holiday that is observed a day before the new year counts in the year of that day.
    assert {years["US", 2026], years["US", 2027], years["US", 2028]} == {11, 12, 10}
    assert {years["GB", year] for year in (2026, 2027, 2028)} == {8}
    named = {(row.country, row.day): row.name for row in rows}
    for year in (2026, 2027, 2028):
        for country in ("BR", "DE", "GB", "NL"):
            assert named[country, easter(year) - timedelta(days=2)] == "Good Friday"
    for (country, day), name in named.items():
        if country == "US":
            assert day.isoweekday() < 6, name
        if name.startswith(("Martin Luther", "Memorial", "Labor", "Easter Monday", "Early May", "Spring bank")):
            assert day.isoweekday() == 1, (country, day)
    assert named["US", date(2026, 11, 26)] == "Thanksgiving Day"
    assert named["CN", date(2026, 2, 17)] == named["CN", date(2027, 2, 6)] == "Spring Festival"


def test_it_is_loaded_once_and_an_operators_year_replaces_ours(database):
    assert holidays.load_reference(now=NOW) == len(holidays.read(TABLE))
    assert holidays.load_reference(now=NOW) == 0
    before = holidays.calendar()
    sheet = "CN,2027-02-05,Spring Festival,as arranged\nCN,2027-02-12,Spring Festival,as arranged\n"
    ours = holidays.read(HEAD + sheet)
    gone = sum(day.year == 2027 for day in before["CN"]) - 1
    assert holidays.publish(actor=SYSTEM, rows=ours, now=NOW) == gone + 2
    after = holidays.calendar()
    assert {day for day in after["CN"] if day.year == 2027} == {date(2027, 2, 5), date(2027, 2, 12)}
    assert {day for day in after["CN"] if day.year != 2027} == {day for day in before["CN"] if day.year != 2027}
    assert after["US"] == before["US"]
    assert holidays.publish(actor=SYSTEM, rows=ours, now=NOW) == 0
    assert AuditEntry.objects.filter(verb="freight.holidays").count() == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("China,2027-02-05,A day,a law", "Row 2, country"),
        ("CN,5 February,A day,a law", "Row 2, day"),
        ("CN,2027-02-05,A day,", "Row 2, source"),
        ("CN,2027-02-05,A day,x\nCN,2027-02-05,The same,x", "Row 3, day: this day is there twice"),
    ],
)
def test_what_cannot_be_read_is_named(row, said):
    with pytest.raises(Unreadable, match=said):
        holidays.read(HEAD + row)
