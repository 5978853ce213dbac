"""A rich market has no findings, each defect of it trips exactly what it is declared to, and proving only reads."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction

from entrepot.domain.inventory.models import Movement, Stock
from entrepot.domain.orders.models import Order
from entrepot.domain.sellers.models import Seller
from entrepot.domain.settlement import queries as settlement
from entrepot.kernel.db import fetch_rows
from entrepot.verify import last, recent, runner
from entrepot.verify.runner import Invariant
from verify.mutants import MUTANTS
from verify.tripped import ALSO
from worlds import World

THE_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


def test_sound_books_have_no_findings(rich: World) -> None:
    assert {each.invariant.code: each.rows for each in runner.verify(now=rich.now) if not each.holds} == {}


def test_what_a_seller_awaits_is_what_stands_on_no_statement(rich: World) -> None:
    """The page tells it from the books, without a look at what was settled; here it is summed."""
    awaited = fetch_rows(
        "SELECT seller_id, currency, sum(amount_minor)::bigint AS amount FROM settlement_accrual accrual"
        " WHERE NOT EXISTS (SELECT FROM settlement_statementline placed WHERE placed.accrual_id = accrual.id)"
        " GROUP BY 1, 2"
    )
    told = {
        (seller.pk, each.currency): each.pending_minor
        for seller in Seller.objects.all()
        for each in settlement.list_balances(seller_id=seller.pk)
        if each.pending_minor
    }
    assert told == {(row.seller_id, row.currency): row.amount for row in awaited if row.amount} != {}


#: What a marketplace that has orders, money, stock and tenants must be able to prove.
OWED = {f"I{n:02}" for n in (*range(1, 21), *range(24, 27), *range(31, 37), 38, 39)}


def test_what_must_be_proven_is_proven() -> None:
    assert OWED - {each.code for each in runner.invariants()} == set()


def test_every_invariant_has_a_mutant() -> None:
    assert {name.partition(" ")[0] for name in MUTANTS} == {each.code for each in runner.invariants()}
    assert ALSO.keys() <= MUTANTS.keys()


#: Tables whose rows this transaction has changed, by the names that queries have for them.
CHANGED = """
SELECT DISTINCT coalesce(whole.relname, changed.relname) FROM pg_stat_xact_user_tables changed
LEFT JOIN pg_inherits ON inhrelid = changed.relid LEFT JOIN pg_class whole ON whole.oid = inhparent
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
"""


def concerned(cursor: Any, statements: list[str]) -> list[Invariant]:
    """The invariants that read what these statements have changed; of the others the answers stay as they were."""
    if not all(each.split()[0] in ("INSERT", "UPDATE", "DELETE") for each in statements):
        return runner.invariants()  # tables themselves are changed
    cursor.execute(CHANGED)
    changed = {name for (name,) in cursor.fetchall()}
    assert changed
    return [each for each in runner.invariants() if changed & set(re.findall(r"\w+", each.query))]


def test_what_an_invariant_reads_stands_in_its_query(rich: World) -> None:
    known = {
        row[0]
        for row in fetch_rows(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
    }
    for invariant in runner.invariants():
        query = invariant.query.replace(":now", "now()").replace(":anchors", "'[]'")
        plan = "\n".join(row[0] for row in fetch_rows(f"EXPLAIN {query}"))
        read = set(re.findall(r" on (?:public\.)?(\w+)", plan)) & known
        whole = {re.sub(r"_\d{4}q\d$", "", each) for each in read}
        assert whole <= set(re.findall(r"\w+", query)), invariant.code


@pytest.mark.parametrize("defect", MUTANTS)
def test_a_defect_trips_exactly_what_is_declared(rich: World, defect: str) -> None:
    owner = connections["owner"]
    with transaction.atomic("owner"), owner.cursor() as cursor:
        cursor.execute("SET LOCAL entrepot.reset = 'on'")
        for statement in MUTANTS[defect]:
            cursor.execute(statement)
            assert cursor.rowcount != 0, f"touches nothing: {statement}"
        asked = concerned(cursor, MUTANTS[defect])
        checked = (runner.check(cursor, invariant, now=rich.now) for invariant in asked)
        found = {each.invariant.code: each.rows for each in checked if not each.holds}
        cut = [each for each in asked if each.code in recent.CUT]
        window = recent.find(cursor, THE_BEGINNING)
        again = (runner.check_recent(cursor, invariant, window, now=rich.now) for invariant in cut)
        found_again = {each.invariant.code: each.rows for each in again if not each.holds}
        transaction.set_rollback(True, "owner")
    assert found.keys() == {defect.partition(" ")[0]} | ALSO.get(defect, set()), found
    assert found_again.keys() == found.keys() & set(recent.CUT), found_again


def test_sound_books_have_no_findings_since_whenever(rich: World) -> None:
    """Cut at any time of the market's life, what was touched since is whole, and less the later it is cut."""
    steps = Movement.objects.order_by("id").values_list("created_at", flat=True)
    seen = []
    for since in (
        THE_BEGINNING,
        *(steps[len(steps) * part // 8] for part in range(1, 8)),
        rich.now + timedelta(days=1),
    ):
        proven = runner.verify_recent(since=since, now=rich.now)
        assert {each.invariant.code: each.rows for each in proven.results if not each.holds} == {}, since
        seen.append(proven.orders)
    assert seen == sorted(seen, reverse=True)
    assert (seen[0], seen[-1]) == (Order.objects.count(), 0)
    codes = [each.invariant.code for each in proven.results] + proven.left
    assert sorted(codes) == [each.code for each in runner.invariants()]


def everything() -> dict[str, str]:
    """A hash of every table's rows and of every sequence."""
    tables = fetch_rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition"
    )
    found = {
        row.relname: fetch_rows(
            f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS h FROM "{row.relname}" t'
        )[0].h
        for row in tables
    }
    sequences = fetch_rows("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
    return found | {row.sequencename: str(row.last_value) for row in sequences}


def test_verify_leaves_no_trace(rich: World) -> None:
    before = everything()
    assert len(list(runner.verify(now=rich.now))) == len(runner.invariants())
    assert everything() == before
    assert connection.get_autocommit()
    assert not connection.in_atomic_block


def test_the_snapshot_of_verify_refuses_to_write(rich: World) -> None:
    results = runner.verify(now=rich.now)
    next(results)
    with pytest.raises(DatabaseError, match="read-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_stock SET on_hand = on_hand + 1")
    results.close()
    assert Stock.objects.exists()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`entrepot` in a process of its own, on this database."""
    code = "from entrepot.surfaces.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=600)


@pytest.fixture
def a_unit_too_many(rich: World) -> Iterator[None]:
    """A stock row that is not the sum of its movements."""
    stock = Stock.objects.order_by("id").first()
    assert stock is not None
    Stock.objects.filter(id=stock.id).update(on_hand=stock.on_hand + 1)
    yield
    Stock.objects.filter(id=stock.id).update(on_hand=stock.on_hand)


def test_the_command_ends_with_status_0_where_all_holds(rich: World) -> None:
    done = command("verify", "--json")
    document = json.loads(done.stdout)
    assert {each["id"]: each["rows"] for each in document["invariants"] if each["findings"]} == {}
    assert (done.returncode, document["holds"]) == (0, True)
    assert {each["id"]: each["findings"] for each in document["invariants"]} == {
        each.code: 0 for each in runner.invariants()
    }


def test_the_command_goes_on_where_the_last_run_that_held_ended(rich: World) -> None:
    kept = settings.DATA_DIR / last.FILE
    kept.unlink(missing_ok=True)

    def held_until() -> datetime:
        return datetime.fromisoformat(last.read(folder=settings.DATA_DIR).held_until)

    try:
        first, again = (json.loads(command("verify", "--since", "last", "--json").stdout) for _ in range(2))
        assert ("since" in first, first["holds"]) == (False, True)
        assert datetime.fromisoformat(again["since"]) == datetime.fromisoformat(first["checked_at"]) - last.OVERLAP
        assert {each["id"] for each in again["invariants"]} == {*recent.CUT, *recent.WHOLE}
        assert held_until() == datetime.fromisoformat(again["checked_at"])
        late = command("verify", "--since", "2100-01-01", "--json")
        assert late.returncode == 0 and held_until() == datetime.fromisoformat(again["checked_at"]), "that leaves a gap"
        told = command("verify", "--since", "2020-01-01")
        assert f"{Order.objects.count()} orders" in told.stdout
        assert "Left to a whole run: I01, I02" in told.stdout
        assert command("verify", "--since", "yesterday").returncode == 2
    finally:
        kept.unlink(missing_ok=True)


def test_the_command_ends_with_status_1_and_names_the_rows(a_unit_too_many: None) -> None:
    done = command("verify", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["holds"]) == (1, False)
    found = {each["id"]: each for each in document["invariants"] if each["findings"]}
    assert {"I17"} <= found.keys() <= {"I17", "I54"}  # where the row has places, they do not know of the unit
    finding = found["I17"]
    assert finding["findings"] == 1
    assert finding["rows"][0]["on_hand"] == finding["rows"][0]["moved"] + 1
    assert command("verify", "--only", "I18", "--json").returncode == 0
    assert command("verify", "--only", "I17").returncode == 1
