"""Journals: once per event, floors under races, books that balance."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from django.db import Error, connection

from entrepot.domain.ledger import queries
from entrepot.domain.ledger.rules import CHART, AccountKey, Nature, NewJournal, NewPosting, kinds
from entrepot.domain.ledger.services import BelowFloor, post
from entrepot.kernel.db import execute, fetch_rows, fetch_value
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.kernel.ids import new_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPERATOR = uuid4()
SELLER = uuid4()
PROVIDER = AccountKey("provider", OPERATOR, "EUR", "sandbox")
FUNDS = AccountKey("shopper_funds", OPERATOR, "EUR")
PAYABLE = AccountKey("seller_payable", SELLER, "EUR")


def journal(
    amount: int,
    *,
    source: AccountKey = PROVIDER,
    destination: AccountKey = FUNDS,
    source_id: UUID | None = None,
    kind: str = "capture",
    subject: UUID | None = None,
) -> NewJournal:
    return NewJournal(
        kind, "test", source_id or uuid4(), NOW, [NewPosting(source, destination, amount, "test", subject)]
    )


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run the acts at the same moment on connections of their own; what each returned or raised."""
    barrier, outcomes = Barrier(len(acts), timeout=60), [None] * len(acts)

    def run(index: int) -> None:
        try:
            barrier.wait()
            outcomes[index] = acts[index]()
        except Exception as error:
            outcomes[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_the_chart_has_a_nature_for_every_kind_and_floors_where_money_is_held_for_others() -> None:
    assert kinds(*Nature) and set(kinds(*Nature)) == set(CHART)
    assert {name for name, kind in CHART.items() if kind.floor_minor is not None} == {"shopper_funds", "seller_reserve"}


def test_a_posting_moves_money_and_a_balance_is_in_less_out(database: None) -> None:
    posted = post(journals=[journal(1000), journal(400, source=FUNDS, destination=PAYABLE, kind="accrual")], now=NOW)
    assert [len(each.posting_ids) for each in posted if each] == [1, 1]
    assert queries.get_balance(PROVIDER) == -1000
    assert queries.get_balance(FUNDS) == 600
    assert queries.get_balance(PAYABLE) == 400
    assert [(line.kind, line.balance_minor) for line in queries.trial_balance()] == [
        ("provider", -1000),
        ("shopper_funds", 600),
        ("seller_payable", 400),
    ]


def test_an_event_has_one_journal_of_a_kind_however_often_it_is_posted(database: None) -> None:
    event = uuid4()
    first = post(journals=[journal(1000, source_id=event), journal(999, source_id=event)], now=NOW)
    again = post(journals=[journal(1, source_id=event), journal(5, source_id=event, kind="refund")], now=NOW)
    assert first[0] is not None and first[1] is None
    assert again[0] is None and again[1] is not None
    assert queries.get_balance(FUNDS) == 1005


def test_twenty_at_once_post_one_event_once(database: None) -> None:
    event = uuid4()
    outcomes = at_once(*[lambda: post(journals=[journal(1000, source_id=event)], now=NOW)] * 20)
    assert sum(outcome != [None] for outcome in outcomes) == 1
    assert queries.get_balance(FUNDS) == 1000


def test_batches_that_share_events_in_any_order_do_not_lock_each_other_out(database: None) -> None:
    events = [uuid4() for _ in range(30)]
    forwards = [journal(10, source_id=event) for event in events]
    outcomes = at_once(*[lambda batch=batch: post(journals=batch, now=NOW) for batch in (forwards, forwards[::-1]) * 4])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert queries.get_balance(FUNDS) == 300


def test_a_floor_holds(database: None) -> None:
    post(journals=[journal(1000)], now=NOW)
    with pytest.raises(BelowFloor) as refused:
        post(
            journals=[journal(600, source=FUNDS, destination=PAYABLE), journal(401, source=FUNDS, destination=PAYABLE)],
            now=NOW,
        )
    assert refused.value.values == {"kind": "shopper_funds", "currency": "EUR", "balance": 1000, "amount": 1001}
    assert queries.get_balance(PAYABLE) == 0
    assert fetch_value("SELECT count(*) FROM ledger_journal") == 1


def test_a_floor_holds_when_twenty_take_at_once(database: None) -> None:
    post(journals=[journal(1000)], now=NOW)
    outcomes = at_once(*[lambda: post(journals=[journal(150, source=FUNDS, destination=PAYABLE)], now=NOW)] * 20)
    assert sum(isinstance(outcome, BelowFloor) for outcome in outcomes) == 14
    assert queries.get_balance(FUNDS) == 100
    assert fetch_value("SELECT balance_minor FROM ledger_balance") == 100
    levels = [entry.balance_minor for entry in queries.list_history(account_id=_account(FUNDS))[0]]
    assert min(levels) == 100


def test_the_floor_is_checked_by_the_database_too(owner) -> None:
    post(journals=[journal(1000)], now=NOW)
    with pytest.raises(Error, match="balance_above_floor"):
        execute("UPDATE ledger_balance SET balance_minor = -1")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (NewJournal("capture", "test", uuid4(), NOW, []), "ledger.empty_journal"),
        (journal(0), "ledger.amount_not_positive"),
        (journal(-5), "ledger.amount_not_positive"),
        (journal(10**13), "ledger.amount_not_positive"),
        (journal(5, destination=AccountKey("shopper_funds", OPERATOR, "USD")), "ledger.two_currencies"),
        (journal(5, destination=PROVIDER), "ledger.same_account"),
        (journal(5, destination=AccountKey("petty_cash", OPERATOR, "EUR")), "ledger.unknown_kind"),
        (journal(5, destination=AccountKey("shopper_funds", OPERATOR, "EUR", "x")), "ledger.label_unused"),
    ],
)
def test_a_journal_without_form_is_refused(database: None, bad: NewJournal, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        post(journals=[journal(1000), bad], now=NOW)
    assert refused.value.code == code
    assert fetch_value("SELECT count(*) FROM ledger_journal") == 0


def test_the_books_are_append_only_and_keep_to_one_currency(database: None) -> None:
    post(journals=[journal(1000)], now=NOW)
    for table in ("ledger_posting", "ledger_journal", "ledger_account"):
        with pytest.raises(Error, match="append-only"):
            execute(f"DELETE FROM {table}")
    with pytest.raises(Error, match=r"posting_(source|destination)_currency"):
        execute(
            "INSERT INTO ledger_posting (id, created_at, journal_id, source_id, destination_id, amount_minor, currency,"
            " part) SELECT %s, now(), journal_id, source_id, destination_id, 1, 'USD', 'x' FROM ledger_posting",
            [new_id(NOW)],
        )


def test_a_history_runs_backwards_page_by_page_with_the_balance_after_each(database: None) -> None:
    line = uuid4()
    for step in range(5):
        post(journals=[journal(100 + step, subject=line)], now=NOW + timedelta(minutes=step))
    post(journals=[journal(60, source=FUNDS, destination=PAYABLE, kind="accrual", subject=line)], now=NOW)
    account = _account(FUNDS)
    page, rest = queries.list_history(account_id=account, limit=4)
    assert [(entry.change_minor, entry.balance_minor) for entry in page] == [
        (-60, 450),
        (104, 510),
        (103, 406),
        (102, 303),
    ]
    last, end = queries.list_history(account_id=account, before=rest, limit=4)
    assert [(entry.change_minor, entry.balance_minor) for entry in last] == [(101, 201), (100, 100)]
    assert end is None
    with pytest.raises(NotFound):
        queries.list_history(account_id=uuid4())


def test_postings_say_in_words_what_happened(database: None) -> None:
    line = uuid4()
    post(journals=[journal(100, subject=line)], now=NOW)
    (posting,) = queries.postings_about([line])
    assert posting.says == "Payment taken: from “held by the payment provider” to “paid by shoppers and not yet earned”"
    assert queries.postings_of([posting.journal_id]) == [posting]
    assert [each.says for each in queries.balances(owner_id=OPERATOR, kinds=["provider"])] == [
        "held by the payment provider (sandbox)"
    ]


def test_a_batch_writes_a_constant_number_of_statements(database: None) -> None:
    from django.test.utils import CaptureQueriesContext

    post(journals=[journal(1)], now=NOW)
    counts = []
    for size in (1, 500):
        with CaptureQueriesContext(connection) as captured:
            post(journals=[journal(1) for _ in range(size)], now=NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def _account(key: AccountKey) -> UUID:
    (row,) = fetch_rows("SELECT id FROM ledger_account WHERE kind = %s AND owner_id = %s", [key.kind, key.owner_id])
    return row.id
