"""Statements that go together: in their order, in one transaction, none of them when it breaks off."""

import threading
from decimal import Decimal
from enum import IntEnum

import numpy as np
import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection

from entrepot.kernel import rounds
from entrepot.kernel.db import array_of, atomic, execute, fetch_rows, fetch_value, unnest

pytestmark = pytest.mark.usefixtures("database")

TABLE = "CREATE TEMP TABLE IF NOT EXISTS told (id bigint PRIMARY KEY, word text NOT NULL, data jsonb)"


@pytest.fixture(autouse=True)
def told():
    execute(TABLE)
    yield
    execute("DROP TABLE told")


def write(*ids):
    return rounds.ask(
        "INSERT INTO told SELECT id, 'told', '{}' FROM unnest(%s::bigint[]) w(id) RETURNING id",
        [array_of("bigint", ids)],
    )


def test_all_goes_in_one_message_when_the_first_answer_is_read():
    sent = []
    exchange = rounds._exchange
    try:
        rounds._exchange = lambda raw, waiting: sent.append(len(waiting)) or exchange(raw, waiting)
        with rounds.together():
            first, second = rounds.ask("SELECT %s::int AS n", [7]), rounds.ask("SELECT %s::text AS word", ["a"])
            assert sent == []
            assert [second.rows[0].word, first.rows[0].n] == ["a", 7]
            rounds.ask("SELECT 1")
    finally:
        rounds._exchange = exchange
    assert sent == [2, 1]


def test_what_is_asked_by_another_way_is_asked_after_it():
    with rounds.together():
        write(1, 2)
        assert fetch_value("SELECT count(*) FROM told") == 2
        write(3)
        assert execute("DELETE FROM told") == 3
        write(4)
        with connection.cursor() as cursor:  # as Django's own queries ask
            cursor.execute("SELECT word FROM told")
            assert cursor.fetchall() == [("told",)]


def test_a_statement_that_fails_takes_the_whole_transaction_with_it_and_the_connection_stays():
    with pytest.raises(IntegrityError), atomic(), rounds.together():
        write(1)
        write(1)
        write(2)
    assert fetch_rows("SELECT id FROM told") == []
    with atomic():
        assert write(1).count == 1
    assert [row.id for row in rounds.ask("SELECT id FROM told").rows] == [1]


def test_what_was_not_sent_is_not_done_when_the_block_breaks_off():
    with pytest.raises(ZeroDivisionError), rounds.together():
        write(1)
        raise ZeroDivisionError
    assert fetch_rows("SELECT id FROM told") == []


def test_values_come_as_they_went():
    words = ["", "a,b", 'say "x"', "back\\slash", "NULL", "{curly}", "ü\n"]
    data = [None, {"a": ['"']}, [], {}, {"b": None}, 1, "x"]
    for chosen in (slice(0, 7), slice(0, 1)):
        execute("DELETE FROM told")
        rows = {"id": list(range(7))[chosen], "word": words[chosen]}
        rounds.insert("told", {**rows, "data": data[chosen]})
        found = fetch_rows("SELECT word, data FROM told ORDER BY id")
        assert [tuple(row) for row in found] == list(zip(words[chosen], data[chosen], strict=True))
    assert rounds.insert("told", {"id": []}).count == 0
    assert rounds.insert("told", {"id": [9, 1]}, {"word": "same"}, order="id", returning="id").count == 2


def test_a_wording_is_prepared_once_on_each_connection():
    for _ in range(3):
        rounds.ask("SELECT word FROM told WHERE id = ANY(%s)", [array_of("bigint", [1])])
    query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT word FROM told WHERE%%'"
    assert fetch_value(query) == 1
    seen = []

    def elsewhere():
        try:
            seen.append(rounds.ask("SELECT %s::int AS n", [1]).rows[0].n)
        finally:
            connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [1]


def test_a_table_that_was_empty_is_not_read_whole_for_good():
    with atomic(), rounds.together():
        shown = rounds.ask("SHOW enable_seqscan").rows[0][0]
    assert (shown, fetch_value("SHOW enable_seqscan")) == ("off", "on")


def test_what_somebody_else_let_go_of_is_prepared_anew():
    query = "SELECT word AS prepared_anew FROM told"
    rounds.ask(query)
    execute("DEALLOCATE ALL")
    with pytest.raises(DatabaseError, match="does not exist"):
        rounds.ask(query)
    assert rounds.ask(query).rows == []


@pytest.mark.parametrize("value", ["a\0b", ["a", "b\0c"]])
def test_a_text_with_a_nul_is_refused_and_never_cut_off(value):
    with pytest.raises(DataError), rounds.together():
        rounds.ask("SELECT %s::text", [value])
    assert fetch_value("SELECT 1") == 1


def test_numbers_of_any_kind_become_a_column_and_none_is_cut():
    class Two(IntEnum):
        VALUE = 2

    numbers = [1, None, Two.VALUE, np.int64(3), Decimal(4), "5"]
    source, params = unnest("w", {"n": "bigint"}, [(each,) for each in numbers])
    assert [row.n for row in fetch_rows(f"SELECT n FROM {source}", params)] == [1, None, 2, 3, 4, 5]
    with pytest.raises(DataError):
        fetch_rows(f"SELECT n FROM {source}", [array_of("bigint", [Decimal("1.5")])])
