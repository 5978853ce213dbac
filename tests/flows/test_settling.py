"""Statements, reserves and payouts, through the real flows; what a seller and the operator read of them."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import Error, connection
from django.test.utils import CaptureQueriesContext

from bookkeeping import balances, come_back, payable, postings, settle
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.ledger.models import Journal, Posting
from entrepot.domain.ledger.rules import AccountKey
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.settlement import queries
from entrepot.domain.settlement.models import Accrual, Payout, PayoutBatch, ReserveHold, Statement, StatementLine
from entrepot.domain.settlement.providers import PROVIDERS
from entrepot.flows import settling
from entrepot.kernel import media
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import execute, fetch_value
from entrepot.kernel.errors import Invalid, NotFound, Unavailable
from shipping import deliver, lines_of, order, run_at_once
from shopping import publish_variant, refused, voucher
from worlds import World


def test_a_co_funded_voucher_is_proven_through_to_the_payout(world: World) -> None:
    """A tenth off 119.00, half of it the platform's: 5.00 net each, seen on the statement and in the payout."""
    seller = world.seller(programme="shein-semi")
    voucher(world, "TENTH", platform_share=Decimal("0.5"))
    offer = world.offer(seller, price="119.00", weight_g=100)
    ordered = order(world, (offer, 1), voucher_code="TENTH")
    deliver(world, ordered)
    [line] = lines_of(ordered)
    accrued = postings(line, "accrual")
    assert accrued["earning"] == ("shopper_funds", "seller_payable", 9_000)
    assert accrued["subsidy_earning"] == ("cost_subsidy", "seller_payable", 500)
    world.pass_time(days=60)
    [statement] = settle(world)
    view = queries.get_statement(number=statement.number, seller_id=seller.pk)
    subsidy = next(part for part in view.groups[0].parts if part.part == "subsidy_earning")
    assert (subsidy.amount_minor, subsidy.says) == (500, "Discount funded by the marketplace")
    [batch] = settling.pay_out(now=world.now, actor=SYSTEM)
    assert Payout.objects.get(batch=batch).amount_minor == statement.payable_minor == earned_less_reserve(statement)


def earned_less_reserve(statement: Statement) -> int:
    """What the statement's accruals sum to, less what is kept back."""
    return sum(Accrual.objects.filter(id__in=StatementLine.objects.filter(statement=statement).values("accrual_id"))
               .values_list("amount_minor", flat=True)) - statement.reserved_minor  # fmt: skip


def test_a_statement_says_all_and_opens_down_to_the_event(world: World) -> None:
    seller = world.seller(programme="semi-managed-local-stock")
    ordered = order(world, (world.offer(seller, price="59.50"), 2))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    assert settle(world) == []
    world.pass_time(days=14)
    [statement] = settle(world)
    assert statement.lines_minor == earned_less_reserve(statement) + statement.reserved_minor
    assert statement.reserved_minor == round(statement.lines_minor * 0.1)
    assert statement.payable_minor == statement.lines_minor - statement.reserved_minor
    view = queries.get_statement(number=statement.number, seller_id=seller.pk)
    [group] = view.groups
    assert (group.line_id, group.quantity, group.amount_minor) == (line.id, 2, statement.lines_minor)
    commission = next(part for part in group.parts if part.part == "commission")
    assert commission.rule == "semi-managed-local-stock v1: earning.commission"
    assert commission.inputs["rate_ppm"] == 100_000
    assert commission.inputs["base"] == "goods_net + shipping_net + platform_discount"
    assert commission.inputs["base_minor"] * 0.1 == pytest.approx(-commission.amount_minor, abs=0.5)
    assert commission.because == "delivered"
    opened, journal = queries.get_accrual(accrual_id=commission.id, seller_id=seller.pk)
    assert opened == commission
    assert commission.posting_id in {each.id for each in journal}
    assert {seller.pk} <= {each.source.owner_id for each in journal} | {each.destination.owner_id for each in journal}
    event = fetch_value("SELECT parcel_id FROM logistics_parcelline WHERE id = %s", [commission.event_id])
    assert Parcel.objects.get(id=event).state == "delivered"


def test_another_sellers_statement_is_not_there(world: World) -> None:
    seller, other = world.seller(), world.seller()
    deliver(world, order(world, (world.offer(seller), 1)))
    world.pass_time(days=30)
    [statement] = settle(world)
    accrual = Accrual.objects.first()
    assert accrual is not None
    with pytest.raises(NotFound):
        queries.get_statement(number=statement.number, seller_id=other.pk)
    with pytest.raises(NotFound):
        queries.get_accrual(accrual_id=accrual.id, seller_id=other.pk)
    assert queries.list_statements(seller_id=other.pk) == []
    assert queries.list_statements(seller_id=None) == [statement]


def test_two_settlers_at_once_make_one_statement(world: World) -> None:
    for _ in range(3):
        deliver(world, order(world, (world.offer(world.seller()), 1)))
    world.pass_time(days=30)
    outcomes = run_at_once(*[lambda: settle(world)] * 6)
    assert Statement.objects.count() == 3
    assert all(outcome == outcomes[0] and len(outcome) == 3 for outcome in outcomes)
    assert StatementLine.objects.count() == Accrual.objects.count()
    assert settle(world) == outcomes[0]


def test_statements_are_written_by_sets_and_say_the_same_again(world: World) -> None:
    """One seller, then four more and the first one's reserve: as many statements of SQL, and twice the same rows."""
    counts = []
    for sellers, orders, closed in ((1, 1, 1), (4, 2, 5)):
        for _ in range(sellers):
            offer = world.offer(world.seller(programme="semi-managed-local-stock"), price="59.50", stock=5)
            for _ in range(orders):
                deliver(world, order(world, (offer, 1)))
        world.pass_time(days=14)
        with CaptureQueriesContext(connection) as asked:
            assert len(settle(world)) == closed
        counts.append(len(asked))
        rows = _everything_settled()
        settle(world)
        assert _everything_settled() == rows
        with CaptureQueriesContext(connection) as asked:
            settling.pay_out(now=world.now, actor=SYSTEM)
        counts.append(len(asked))
        sent = Payout.objects.filter(state="in_transit").values_list("id", flat=True)
        with CaptureQueriesContext(connection) as asked:
            assert settling.confirm_payouts(payout_ids=list(sent), now=world.now, actor=SYSTEM) == closed
        counts.append(len(asked))
    assert all(many <= few for few, many in zip(counts[:3], counts[3:], strict=True)), counts
    placed = StatementLine.objects.order_by("id").values_list("accrual_id", flat=True)
    assert len(placed) == Accrual.objects.count()
    assert {line.statement.seller_id == line.accrual.seller_id
            for line in StatementLine.objects.select_related("statement", "accrual")} == {True}  # fmt: skip


def _everything_settled() -> list:
    """Every row that settlement wrote."""
    tables = (Statement, StatementLine, ReserveHold, Journal, Posting)
    return [list(table.objects.order_by("id").values()) for table in tables]


def test_a_day_that_has_not_come_is_not_settled(world: World) -> None:
    with refused("settlement.not_over"):
        settling.settle(until=world.now + timedelta(days=2), now=world.now, actor=SYSTEM)


def test_a_reserve_is_kept_back_and_released(world: World) -> None:
    seller = world.seller(programme="semi-managed-local-stock")
    deliver(world, order(world, (world.offer(seller, price="59.50"), 1)))
    world.pass_time(days=14)
    [first] = settle(world)
    [hold] = ReserveHold.objects.all()
    assert hold.amount_minor == first.reserved_minor > 0
    reserve = AccountKey("seller_reserve", seller.pk, "EUR")
    assert ledger.get_balance(reserve) == hold.amount_minor
    assert payable(world, seller) == first.payable_minor
    world.pass_time(days=29)
    assert settle(world) == []
    world.pass_time(days=1)
    [second] = settle(world)
    assert (second.lines_minor, second.released_minor, second.payable_minor) == (
        0,
        hold.amount_minor,
        hold.amount_minor,
    )
    assert ledger.get_balance(reserve) == 0
    [balance] = queries.list_balances(seller_id=seller.pk)
    assert balance.payable_minor == payable(world, seller) == first.payable_minor + second.payable_minor


def test_too_little_is_carried_to_the_next_statement(world: World) -> None:
    world.market("DE")
    publish_variant(world, "self-managed", "thrifty", settlement={"minimum_payout_minor": {"EUR": 10_000}})
    seller = world.seller(programme="thrifty")
    offer = world.offer(seller, price="59.50", stock=3)
    deliver(world, order(world, (offer, 1)))
    world.pass_time(days=14)
    [first] = settle(world)
    assert (first.payable_minor, first.carried_minor) == (0, first.lines_minor - first.reserved_minor)
    assert settling.pay_out(now=world.now, actor=SYSTEM) == []
    deliver(world, order(world, (offer, 2)))
    world.pass_time(days=14)
    [second] = settle(world)
    assert second.opening_minor == first.carried_minor > 0
    assert (second.payable_minor, second.carried_minor) == (payable(world, seller), 0)
    assert second.payable_minor > 10_000


def test_a_payout_goes_into_transit_and_to_the_bank(world: World) -> None:
    seller = world.seller(programme="self-managed")
    execute("UPDATE accounts_organisation SET name = %s WHERE id = %s", ['=HYPERLINK("http://x")', seller.pk])
    deliver(world, order(world, (world.offer(seller, price="59.50"), 1)))
    world.pass_time(days=40)
    [statement] = settle(world)
    [batch] = settling.pay_out(now=world.now, actor=SYSTEM)
    assert settling.pay_out(now=world.now, actor=SYSTEM) == []
    [payout] = Payout.objects.all()
    assert (payout.state, payout.amount_minor) == ("in_transit", statement.payable_minor)
    assert balances(world)["payout_in_transit"] == statement.payable_minor
    assert payable(world, seller) == 0
    [row] = csv.DictReader(io.StringIO(media.read(batch.media).decode()))
    assert row["seller_name"] == '\'=HYPERLINK("http://x")'
    assert (row["currency"], row["statement"], row["reference"]) == (
        "EUR", statement.number, payout.provider_reference
    )  # fmt: skip
    assert Decimal(row["amount"]) == Decimal(statement.payable_minor) / 100
    assert settling.confirm_payouts(payout_ids=[payout.id], now=world.now, actor=SYSTEM) == 1
    assert settling.confirm_payouts(payout_ids=[payout.id], now=world.now, actor=SYSTEM) == 0
    assert balances(world)["bank"] == statement.payable_minor
    assert "payout_in_transit" not in balances(world)
    statement.refresh_from_db()
    assert statement.state == "paid"


class Moody:
    """A provider that takes the batch and does not answer the first time; it remembers what it was asked."""

    code = "moody"

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def pay_out(self, number, transfers, made_at):
        from entrepot.domain.settlement.providers import Receipt

        self.asked.append((number, tuple(transfers), made_at))
        if len(self.asked) == 1:
            raise Unavailable("moody.silent", "No answer.")
        return Receipt(
            {each.payout_id: each.reference for each in transfers if each.amount_minor < 10_000},
            {each.payout_id: "limit" for each in transfers if each.amount_minor >= 10_000},
        )


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Moody:
    provider = Moody()
    monkeypatch.setitem(PROVIDERS, "moody", provider)
    return provider


def test_a_batch_without_an_answer_is_asked_again_and_never_made_twice(world: World, moody: Moody) -> None:
    small, large = (world.seller(programme="self-managed") for _ in range(2))
    deliver(world, order(world, (world.offer(small, price="50.00"), 1)))
    deliver(world, order(world, (world.offer(large, price="500.00"), 1)))
    world.pass_time(days=40)
    settle(world)
    with pytest.raises(Unavailable):
        settling.pay_out(now=world.now, actor=SYSTEM, provider="moody")
    assert set(Payout.objects.values_list("state", flat=True)) == {"about_to"}
    assert "payout_in_transit" not in balances(world)
    world.pass_time(hours=1)
    [batch] = settling.pay_out(now=world.now, actor=SYSTEM)  # whichever provider is asked for now
    assert batch.provider == "moody"
    assert moody.asked[0] == moody.asked[1]
    assert PayoutBatch.objects.count() == 1
    failed = Payout.objects.get(state="failed")
    assert (failed.seller_id, failed.failure) == (large.pk, "limit")
    assert payable(world, large) == failed.amount_minor
    [again] = settling.pay_out(now=world.now, actor=SYSTEM)
    assert Payout.objects.get(batch=again).statement_id == failed.statement_id


def test_two_payers_at_once_pay_once(world: World) -> None:
    for _ in range(3):
        deliver(world, order(world, (world.offer(world.seller(programme="self-managed"), price="50.00"), 1)))
    world.pass_time(days=40)
    settle(world)
    outcomes = run_at_once(*[lambda: settling.pay_out(now=world.now, actor=SYSTEM)] * 5)
    assert sum(len(outcome) for outcome in outcomes) == 1
    assert Payout.objects.count() == 3
    assert balances(world)["payout_in_transit"] == sum(Payout.objects.values_list("amount_minor", flat=True))


def test_a_payout_that_the_bank_sends_back_is_paid_again(world: World) -> None:
    seller = world.seller(programme="self-managed")
    deliver(world, order(world, (world.offer(seller, price="50.00"), 1)))
    world.pass_time(days=40)
    [statement] = settle(world)
    settling.pay_out(now=world.now, actor=SYSTEM)
    [payout] = Payout.objects.all()
    with pytest.raises(Invalid):
        settling.fail_payouts(payout_ids=[payout.id], reason=" ", now=world.now, actor=SYSTEM)
    assert settling.fail_payouts(payout_ids=[payout.id], reason="account closed", now=world.now, actor=SYSTEM) == 1
    assert payable(world, seller) == statement.payable_minor
    settling.pay_out(now=world.now, actor=SYSTEM)
    live = Payout.objects.exclude(state="failed").get()
    assert (live.statement_id, live.amount_minor) == (statement.id, statement.payable_minor)
    assert payable(world, seller) == 0


def test_a_refund_after_the_payout_is_carried_and_recovered(world: World) -> None:
    world.market("DE")
    publish_variant(world, "self-managed", "patient", returns={"window_days": 60})
    seller = world.seller(programme="patient")
    offer = world.offer(seller, price="50.00")
    ordered = order(world, (offer, 1))
    deliver(world, ordered)
    world.pass_time(days=25)
    settle(world)
    settling.pay_out(now=world.now, actor=SYSTEM)
    assert payable(world, seller) == 0
    [line] = lines_of(ordered)
    come_back(world, ordered, line, 1, "changed_mind")
    debt = payable(world, seller)
    assert debt < 0
    world.pass_time(days=10)
    [second] = settle(world)
    assert (second.payable_minor, second.carried_minor) == (0, debt)
    assert settling.pay_out(now=world.now, actor=SYSTEM) == []
    deliver(world, order(world, (offer, 3)))
    world.pass_time(days=40)
    [third] = settle(world)
    assert third.opening_minor == debt
    assert third.payable_minor == debt + third.lines_minor - third.reserved_minor > 0
    assert payable(world, seller) == third.payable_minor + third.carried_minor


def test_what_was_stated_never_changes(world: World) -> None:
    deliver(world, order(world, (world.offer(world.seller()), 1)))
    world.pass_time(days=30)
    settle(world)
    for statement in (
        "UPDATE settlement_accrual SET amount_minor = 1",
        "UPDATE settlement_statement SET payable_minor = payable_minor + 1, carried_minor = carried_minor - 1",
        "DELETE FROM settlement_statement",
        "UPDATE settlement_reservehold SET amount_minor = 1",
        "DELETE FROM settlement_statementline",
    ):
        with pytest.raises(Error, match=r"append-only|frozen"):
            execute(statement)


def test_contribution_is_told_by_programme_market_and_category(world: World) -> None:
    for code, market in (("fully-managed", "DE"), ("self-managed", "US")):
        world.market(market)
        seller = world.seller(programme=code, market=market)
        deliver(world, order(world, (world.offer(seller, price="23.80", supply="10.00"), 1)))
    found = {(each.programme, each.market, each.category, each.currency): each for each in queries.list_contributions()}
    assert set(found) == {("fully-managed", "DE", "mugs", "EUR"), ("self-managed", "US", "mugs", "USD")}
    fully = found["fully-managed", "DE", "mugs", "EUR"]
    assert fully.accounts["revenue_sales"] == 2_000
    assert fully.accounts["cost_goods"] == -1_000
    assert fully.accounts["cost_carriage"] == -420
    books = ledger.trial_balance()
    for each in found.values():
        total = sum(line.balance_minor for line in books
                    if line.currency == each.currency and line.nature in ("revenue", "cost"))  # fmt: skip
        assert each.contribution_minor == total


def test_a_waterfall_shows_where_an_orders_money_went(world: World) -> None:
    seller = world.seller(programme="fully-managed")
    ordered = order(world, (world.offer(seller, price="23.80", supply="10.00"), 1))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    stages = {each.kind: each.amount_minor for each in queries.get_waterfall(line_ids=[line.id])}
    assert stages["provider"] == -line.total_minor
    assert stages["seller_payable"] == 1_000
    assert "shopper_funds" not in stages
    assert sum(stages.values()) == 0


def test_the_books_of_every_currency_balance(world: World) -> None:
    for code, currency in (("fully-managed", "CNY"), ("self-managed", "USD"), ("shein-semi", "EUR")):
        deliver(world, order(world, (world.offer(world.seller(programme=code, currency=currency)), 1)))
    sums: dict[str, int] = {}
    for line in ledger.trial_balance():
        sums[line.currency] = sums.get(line.currency, 0) + line.balance_minor
    assert set(sums.values()) == {0}
