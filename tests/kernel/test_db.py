"""SQL by sets: what goes in comes out, and what is appended stays."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction

from entrepot.kernel import db, ids
from entrepot.kernel.models import AuditEntry, OutboxEvent

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_rows_have_names_and_types(database):
    (row,) = db.fetch_rows(
        "SELECT %s::uuid AS id, 2.50::numeric AS rate, '{\"a\": [1]}'::jsonb AS facts", [uuid.UUID(int=5)]
    )
    assert (row.id, row.rate, row.facts) == (uuid.UUID(int=5), Decimal("2.50"), {"a": [1]})
    assert db.fetch_rows("SELECT 1 WHERE false") == []
    assert db.fetch_rows("SELECT 'a%b' AS text")[0].text == "a%b"


def test_one_value_or_none(database):
    assert db.fetch_value("SELECT 7") == 7
    assert db.fetch_value("SELECT 7 WHERE false") is None


def test_copy_writes_every_row(database):
    columns = ["id", "created_at", "next_attempt_at", "topic", "subject_kind", "subject_id", "payload", "status",
               "attempts", "failure"]  # fmt: skip
    rows = [
        (identity, NOW, NOW, "test.copied", "test", identity, {"note": "tab\tline\nö"}, "pending", 0, "")
        for identity in ids.new_ids(NOW, 3000)
    ]
    assert db.copy_rows("kernel_outboxevent", columns, iter(rows)) == 3000
    assert OutboxEvent.objects.count() == 3000
    assert OutboxEvent.objects.first().payload == {"note": "tab\tline\nö"}


def test_copy_is_part_of_the_transaction(database):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        db.copy_rows("kernel_processheartbeat", ["name", "seen_at"], [("a", NOW)])
        raise ZeroDivisionError
    assert db.fetch_value("SELECT count(*) FROM kernel_processheartbeat") == 0


def test_copy_says_what_was_wrong(database):
    with pytest.raises(IntegrityError):
        db.copy_rows("kernel_processheartbeat", ["name", "seen_at"], [("a", NOW), ("a", NOW)])


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_unnest_is_a_table_of_the_rows(database, count):
    rows = [(uuid.UUID(int=n), n, {"n": n} if n % 2 else None) for n in range(count)]
    source, params = db.unnest("given", {"id": "uuid", "qty": "bigint", "facts": "jsonb"}, rows)
    assert len(params) == 3
    assert [tuple(row) for row in db.fetch_rows(f"SELECT id, qty, facts FROM {source} ORDER BY qty", params)] == rows


def test_unnest_refuses_rows_of_another_width():
    with pytest.raises(ValueError, match="2 columns are named and 1 are given"):
        db.unnest("given", {"id": "uuid", "qty": "bigint"}, [(1,)])


def test_no_outside_call_within_a_transaction(database):
    db.assert_no_transaction()
    with transaction.atomic(), pytest.raises(RuntimeError, match="within a transaction"):
        db.assert_no_transaction()


def audit_entry():
    AuditEntry.objects.create(
        id=ids.new_id(NOW), created_at=NOW, sequence=1, actor_label="test", verb="test", subject_id=ids.new_id(NOW)
    )


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE kernel_auditentry SET verb = 'other'", "DELETE FROM kernel_auditentry", "TRUNCATE kernel_auditentry"],
)
def test_what_is_appended_stays(database, alias, statement):
    audit_entry()
    with connections[alias].cursor() as cursor, pytest.raises(Exception, match=r"append-only|permission denied"):
        cursor.execute(statement)
    assert AuditEntry.objects.values_list("verb", flat=True).get() == "test"


def test_the_run_time_role_cannot_ask_for_a_reset(database):
    audit_entry()
    with connections["default"].cursor() as cursor:
        cursor.execute("SET entrepot.reset = 'on'")
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute("DELETE FROM kernel_auditentry")
        cursor.execute("RESET entrepot.reset")
        with pytest.raises(Exception, match="permission denied"):
            cursor.execute("SELECT entrepot_reset()")


def test_the_owner_resets_everything(owner):
    audit_entry()
    owner.execute("SELECT entrepot_reset()")
    assert not AuditEntry.objects.exists()
    assert db.fetch_value("SELECT count(*) FROM django_migrations") > 20
