"""Tables that grow: rows lie where their key says, a missing part is named, and no part has a door of its own."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, connections

from entrepot.kernel import db, ids, outbox, partitions
from entrepot.kernel.models import OutboxEvent
from entrepot.kernel.partitions import PartitionMissing

NOW = datetime(2026, 3, 31, 23, 59, 59, 999000, tzinfo=UTC)
LONG_AGO = datetime(1999, 5, 1, tzinfo=UTC)
GROWING = ["inventory_movement", "kernel_outboxevent", "ledger_posting", "orders_orderevent"]


def tell(now: datetime) -> None:
    outbox.append([outbox.Event("test.told", "test", ids.new_id(now))], now=now)


def test_the_tables_that_only_grow_are_cut(database: None) -> None:
    assert partitions.tables() == GROWING


def test_a_row_lies_in_the_quarter_of_its_key(database: None) -> None:
    tell(NOW)
    tell(NOW.replace(month=4, day=1, hour=0, minute=0, second=0, microsecond=0))
    rows = db.fetch_rows("SELECT tableoid::regclass::text AS part FROM kernel_outboxevent ORDER BY id")
    assert [row.part for row in rows] == ["kernel_outboxevent_2026q1", "kernel_outboxevent_2026q2"]


def test_a_missing_part_is_named_by_every_way_of_writing(database: None) -> None:
    with pytest.raises(PartitionMissing, match="kernel_outboxevent"):
        tell(LONG_AGO)
    event = OutboxEvent(
        id=ids.new_id(LONG_AGO), created_at=NOW, next_attempt_at=NOW, topic="x", subject_id=ids.new_id(NOW)
    )
    columns = [field.column for field in OutboxEvent._meta.concrete_fields]
    with pytest.raises(PartitionMissing, match="kernel_outboxevent"):
        db.copy_rows("kernel_outboxevent", columns, [[getattr(event, name) for name in columns]])


def test_parts_are_made_by_whoever_serves_and_only_once(database: None) -> None:
    since, until = datetime(2001, 2, 1, tzinfo=UTC), datetime(2001, 8, 1, tzinfo=UTC)
    partitions.ensure(since=since, until=until)
    assert partitions.ensure(since=since, until=until) == 0
    for month in (1, 9):
        tell(datetime(2001, month, 15, tzinfo=UTC))
    assert OutboxEvent.objects.count() == 2
    with pytest.raises(DatabaseError, match="no range of time"):
        partitions.ensure(since=until, until=since)


@pytest.mark.parametrize("table", GROWING)
def test_a_part_is_reached_through_its_table_alone(database: None, table: str) -> None:
    for verb in ("SELECT * FROM", "DELETE FROM", "TRUNCATE"):
        with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(f"{verb} {table}_2026q1")


def test_a_part_refuses_its_owner_what_its_table_refuses(database: None) -> None:
    with connections["owner"].cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute("DELETE FROM ledger_posting_2026q1")


def test_a_key_is_looked_for_in_its_own_part_only(database: None) -> None:
    plan = db.fetch_rows(f"EXPLAIN SELECT * FROM ledger_posting WHERE id = '{ids.new_id(NOW)}'")
    text = "\n".join(row[0] for row in plan)
    assert "2026q1" in text
    assert "2026q2" not in text
