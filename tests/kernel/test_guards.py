"""Audit chain, two-person approval, idempotency: against the real database."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from django.db import Error, connection

from entrepot.kernel import approvals, audit, idempotency
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Denied, Invalid, Refused
from entrepot.kernel.models import AuditEntry, IdempotencyKey

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def person(name: str) -> Actor:
    return Actor(label=name, user_id=uuid4(), role="operator.admin")


def test_audit_entries_are_numbered_chained_and_kept(database: None) -> None:
    for number in range(3):
        audit.record(actor=SYSTEM, verb="test", subject_kind="thing", subject_id=uuid4(), now=NOW, after={"n": number})
    entries = list(AuditEntry.objects.order_by("sequence"))
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert [entry.previous_hash for entry in entries] == ["", entries[0].hash, entries[1].hash]
    with pytest.raises(Error, match="append-only"):
        entries[0].delete()


def test_an_approval_needs_a_second_person_and_acts_once(database: None) -> None:
    first, second = person("first"), person("second")
    done: list[UUID] = []
    subject = uuid4()
    asked = approvals.request(
        actor=first, kind="refund", subject_kind="order", subject_id=subject, reason="lost", now=NOW
    )
    with pytest.raises(Refused) as pending:
        approvals.request(actor=second, kind="refund", subject_kind="order", subject_id=subject, reason="x", now=NOW)
    assert pending.value.code == "approvals.pending"
    with pytest.raises(Denied):
        approvals.decide(actor=first, approval_id=asked.id, approve=True, now=NOW)
    approvals.decide(
        actor=second,
        approval_id=asked.id,
        approve=True,
        now=NOW,
        act=lambda approval, actor, now: done.append(approval.subject_id),
    )
    with pytest.raises(Refused):
        approvals.decide(actor=second, approval_id=asked.id, approve=True, now=NOW)
    assert done == [subject]


def test_a_reason_is_owed() -> None:
    with pytest.raises(Invalid):
        audit.require_reason("  ")


def test_the_same_key_fifty_times_at_once_acts_once(database: None) -> None:
    acts, answers = [], []
    barrier = Barrier(50, timeout=60)

    def call() -> None:
        barrier.wait()
        try:
            answers.append(
                idempotency.once(
                    principal="p", key="k", body={"a": 1}, now=NOW, act=lambda: (acts.append(1), (201, {"id": 7}))[1]
                )
            )
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(acts) == 1
    assert set(map(str, answers)) <= {str((201, {"id": 7})), "idempotency.running"}
    assert idempotency.once(principal="p", key="k", body={"a": 1}, now=NOW, act=lambda: (500, None)) == (201, {"id": 7})
    with pytest.raises(Refused):
        idempotency.once(principal="p", key="k", body={"a": 2}, now=NOW, act=lambda: (201, None))


def test_a_refused_act_leaves_the_key_free_and_one_that_broke_off_is_not_done_again(database: None) -> None:
    def refuse() -> tuple[int, None]:
        raise Refused("test.refused", "No.")

    def fail() -> tuple[int, None]:
        raise RuntimeError

    with pytest.raises(Refused):
        idempotency.once(principal="p", key="refused", body={}, now=NOW, act=refuse)
    assert not IdempotencyKey.objects.exists()
    with pytest.raises(RuntimeError):
        idempotency.once(principal="p", key="failed", body={}, now=NOW, act=fail)
    soon, later = NOW + timedelta(seconds=5), NOW + idempotency.ABANDONED_AFTER
    for now, code in ((soon, "idempotency.running"), (later, "idempotency.unknown"), (later, "idempotency.unknown")):
        with pytest.raises(Refused) as refusal:
            idempotency.once(principal="p", key="failed", body={}, now=now, act=lambda: (200, "done again"))
        assert refusal.value.code == code
    idempotency._claim("p", "dead", idempotency.body_hash({}), NOW)
    assert idempotency.give_up(now=soon) == 0
    assert idempotency.give_up(now=later) == 1
