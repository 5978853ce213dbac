"""Each invariant of the money holds on sound books, and a defect of its kind trips it and no other."""

from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from entrepot.domain.settlement.models import Statement
from entrepot.flows import settling
from entrepot.kernel.actors import SYSTEM
from entrepot.verify import runner
from shipping import deliver, order
from shopping import voucher
from worlds import World

#: What the little world does not have: admitted sellers with an audit row, a relay.
ELSEWHERE = {"I34", "I38"}


@pytest.fixture
def world(database) -> World:
    """Four kinds of sale, delivered in parts, settled and paid out."""
    world = World()
    voucher(world, "TENTH")
    for code, currency in (("fully-managed", "CNY"), ("semi-managed-local-stock", "EUR"), ("self-managed", "USD")):
        seller = world.seller(programme=code, currency=currency)
        for _ in range(2):
            deliver(world, order(world, (world.offer(seller, price="23.80"), 3), voucher_code="TENTH"))
    world.pass_time(days=30)
    settling.settle(until=world.now.replace(hour=0), now=world.now, actor=SYSTEM)
    settling.pay_out(now=world.now, actor=SYSTEM)
    return world


@pytest.fixture
def tripped(world: World) -> Iterator[Callable[..., set[str]]]:
    """Tampers as the owner of the tables in a transaction that is undone; which invariants see it."""
    from django.db import connections

    def tamper(*statements: str) -> set[str]:
        owner = connections["owner"]
        with transaction.atomic("owner"), owner.cursor() as cursor:
            cursor.execute("SELECT set_config('entrepot.reset', 'on', true), set_config('timezone', 'UTC', true)")
            for statement in statements:
                cursor.execute(statement)
                assert cursor.rowcount != 0, statement
            found = {each.code for each in runner.invariants() if not runner.check(cursor, each, now=world.now).holds}
            transaction.set_rollback(True, "owner")
        return found - ELSEWHERE

    yield tamper


def test_sound_books_have_no_findings(world: World) -> None:
    assert Statement.objects.count() == 3
    found = {result.invariant.code: result.rows for result in runner.verify(now=world.now) if not result.holds}
    assert not {code: rows for code, rows in found.items() if code not in ELSEWHERE}


FORGOTTEN = "0199d8f0-0000-7000-8000-000000000001"

#: What is wrong, and the statements that make it so.
MUTANTS = {
    "I01 a journal without a posting": [
        """INSERT INTO ledger_journal (id, created_at, kind, source_type, source_id, occurred_at)
        SELECT gen_random_uuid(), now(), 'again', 'capture', id, now() FROM payments_capture LIMIT 1"""
    ],
    "I03 a balance that is not its postings": [
        """UPDATE ledger_balance SET balance_minor = balance_minor + 1 WHERE account_id IN
        (SELECT id FROM ledger_account WHERE kind = 'shopper_funds' ORDER BY id LIMIT 1)"""
    ],
    "I04 an account that was below its floor": [
        "ALTER TABLE ledger_balance DROP CONSTRAINT balance_above_floor,"
        " ADD CONSTRAINT balance_above_floor CHECK (true)",
        "UPDATE ledger_balance SET floor_minor = 100000000",
    ],
    "I06 a journal without an event": [
        f"""INSERT INTO ledger_journal (id, created_at, kind, source_type, source_id, occurred_at)
        VALUES ('{FORGOTTEN}', now(), 'capture', 'capture', gen_random_uuid(), now())""",
        f"""INSERT INTO ledger_posting
        (id, created_at, journal_id, source_id, destination_id, amount_minor, currency, part)
        SELECT gen_random_uuid(), now(), '{FORGOTTEN}', source_id, destination_id, 1, currency, part
        FROM ledger_posting WHERE part = 'commission' LIMIT 1""",
    ],
    "I06 an accrual that is not its posting": [
        """UPDATE settlement_accrual SET journal_id = (SELECT id FROM ledger_journal WHERE kind = 'capture' LIMIT 1)
        WHERE id = (SELECT id FROM settlement_accrual LIMIT 1)"""
    ],
    "I10 an accrual that no statement carries": [
        f"""INSERT INTO ledger_journal (id, created_at, kind, source_type, source_id, occurred_at)
        SELECT '{FORGOTTEN}', now(), 'forgotten', 'parcel', id, now() FROM logistics_parcel LIMIT 1""",
        f"""INSERT INTO ledger_posting
        (id, created_at, journal_id, source_id, destination_id, amount_minor, currency, part)
        SELECT '{FORGOTTEN}', now(), '{FORGOTTEN}', source_id, destination_id, 5, currency, 'forgotten'
        FROM ledger_posting WHERE part = 'cash' LIMIT 1""",
        f"""INSERT INTO settlement_accrual
        SELECT (jsonb_populate_record(accrual, jsonb_build_object('id', '{FORGOTTEN}', 'journal_id', '{FORGOTTEN}',
            'posting_id', '{FORGOTTEN}', 'amount_minor', 5, 'part', 'forgotten'))).*
        FROM settlement_accrual accrual WHERE part = 'cash' LIMIT 1""",
    ],
    "I11 a statement that opens with what none carried": [
        "UPDATE settlement_statement SET opening_minor = opening_minor + 1, carried_minor = carried_minor + 1"
    ],
    "I12 a statement that is paid without a payment": ["UPDATE settlement_statement SET state = 'paid'"],
    "I13 a cent of tax on the wrong line": [
        """UPDATE ledger_posting SET amount_minor = amount_minor - 1 WHERE id =
        (SELECT id FROM ledger_posting WHERE part = 'tax.platform' ORDER BY id LIMIT 1)""",
        """UPDATE ledger_posting SET amount_minor = amount_minor + 1 WHERE id =
        (SELECT id FROM ledger_posting WHERE part = 'tax.platform' ORDER BY id DESC LIMIT 1)""",
    ],
    "I14 a rate that the terms do not know": [
        """UPDATE settlement_accrual SET inputs = inputs || '{"rate_ppm": 90000}' WHERE part = 'commission'"""
    ],
    "I14 a commission of another base": [
        """UPDATE settlement_accrual SET inputs = inputs || '{"base_minor": 1}' WHERE part = 'commission'"""
    ],
    "I15 another rate than the line froze": ["UPDATE ledger_posting SET rate = rate * 1.01 WHERE rate IS NOT NULL"],
    "I15 legs that do not agree": [
        "UPDATE ledger_posting SET amount_minor = amount_minor + 9 WHERE part = 'supply' AND currency = 'EUR'"
    ],
}


@pytest.mark.parametrize("defect", MUTANTS)
def test_a_defect_trips_its_invariant_and_no_other(tripped: Callable[..., set[str]], defect: str) -> None:
    assert tripped(*MUTANTS[defect]) == {defect.partition(" ")[0]}
