"""Jobs that have a role of their own do their work as it, and it may do nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection

from bookkeeping import midnight
from entrepot.domain.settlement.models import Accrual, Statement
from entrepot.kernel import db, walls
from entrepot.kernel.models import OutboxEvent
from entrepot.surfaces.jobs.schedule import JOBS, run
from shipping import deliver, order
from worlds import World

BY_NAME = {job.name: job for job in JOBS}


@pytest.fixture
def world(database) -> World:
    return World()


@contextmanager
def written_by() -> Iterator[set[str]]:
    """The roles as which rows were written; a COPY is not among them."""
    found: set[str] = set()

    def look(execute, sql, params, many, context):
        if str(sql).split()[:1] in (["INSERT"], ["UPDATE"]) and "kernel_processheartbeat" not in sql:
            found.add(walls.role())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found


def test_what_happened_is_told_by_the_relay_alone(world):
    order(world, (world.offer(world.seller()), 1))
    assert OutboxEvent.objects.filter(status="pending").exists()
    with written_by() as roles:
        run(BY_NAME["outbox"], now=world.now)
    assert roles == {walls.RELAY}
    assert set(OutboxEvent.objects.values_list("status", flat=True)) == {"delivered"}
    assert db.fetch_value("SELECT current_user") == "entrepot_app"


def test_the_day_is_closed_by_settlement_alone(world):
    deliver(world, order(world, (world.offer(world.seller()), 1)))
    world.pass_time(days=40)
    before = Accrual.objects.count()
    with written_by() as roles:
        run(BY_NAME["settlement"], now=midnight(world))
    assert roles == {walls.SETTLEMENT}
    assert Statement.objects.count() == 1
    assert Accrual.objects.count() >= before > 0
    assert db.fetch_value("SELECT current_user") == "entrepot_app"


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (walls.RELAY, "INSERT INTO ledger_posting DEFAULT VALUES"),
        (walls.RELAY, "UPDATE orders_order SET state = 'placed'"),
        (walls.RELAY, "SELECT * FROM accounts_apikey"),
        (walls.RELAY, "DELETE FROM kernel_outboxevent"),
        (walls.SETTLEMENT, "UPDATE orders_orderline SET total_minor = 0"),
        (walls.SETTLEMENT, "DELETE FROM settlement_statement"),
        (walls.SETTLEMENT, "UPDATE ledger_posting SET amount_minor = 0"),
        (walls.SETTLEMENT, "UPDATE accounts_permission SET scope = 'all'"),
    ],
)
def test_what_is_no_part_of_a_job_it_may_not(database, role, statement):
    with walls.acting_as(role), pytest.raises(DatabaseError, match="permission denied"):
        db.execute(statement)
    assert (db.fetch_value("SELECT current_user"), walls.role()) == ("entrepot_app", "")


def test_a_role_is_given_back_whatever_happened_and_taken_on_anew_by_a_new_connection(database):
    with pytest.raises(ZeroDivisionError), walls.acting_as(walls.RELAY):
        connection.close()
        assert db.fetch_value("SELECT current_user") == walls.RELAY
        with pytest.raises(RuntimeError, match="once"), walls.acting_as(walls.SETTLEMENT):
            pass
        raise ZeroDivisionError
    assert db.fetch_value("SELECT current_user") == "entrepot_app"
