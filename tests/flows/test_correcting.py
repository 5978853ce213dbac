"""Corrections by hand: asked for by one person, posted once by a second one, seen on statements, held to the books."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bookkeeping import balances, midnight, payable, settle
from entrepot.domain.inventory.models import Stock
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.ledger.models import Journal
from entrepot.domain.ledger.rules import AccountKey, NewPosting
from entrepot.domain.settlement import queries
from entrepot.domain.settlement.models import Accrual, StatementLine
from entrepot.flows import approving, correcting, inbound, settling
from entrepot.flows.inbound import Goods
from entrepot.kernel import approvals
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import EntrepotError
from entrepot.kernel.models import Approval, AuditEntry
from shipping import deliver, lines_of, order, run_at_once
from shopping import refused
from worlds import World


def moving(world: World, source: str, destination: str, amount: int, seller=None, **keys) -> NewPosting:
    """A posting in euros between accounts of the operator, or of the seller where they are its."""
    operator = world.operator.id

    def key(kind: str) -> AccountKey:
        return AccountKey(kind, seller.pk if seller and kind.startswith("seller_") else operator, "EUR")

    return NewPosting(key(source), key(destination), amount, "correction", **keys)


def propose(world: World, *postings: NewPosting, actor=None, **fields) -> Approval:
    return correcting.propose(
        actor=actor or world.operator_actor("operator.finance"), postings=postings, reason="agreed by phone",
        now=world.now, **fields,
    )  # fmt: skip


def decide(world: World, asked: Approval, approve: bool = True, actor=None, **fields) -> Approval:
    return approving.decide(
        approval_id=asked.id, approve=approve, actor=actor or world.operator_actor(), now=world.now, **fields
    )


def test_nothing_moves_until_a_second_person_approves(world: World) -> None:
    first, second = world.operator_actor("operator.finance"), world.operator_actor()
    asked = propose(world, moving(world, "cost_payment", "bank", 1250), actor=first)
    assert not Journal.objects.exists()
    with refused("approvals.same_person"):
        decide(world, asked, actor=first)
    for stranger in (world.operator_actor("operator.warehouse"), SYSTEM):
        with refused("accounts.verb_missing"):
            decide(world, asked, actor=stranger)
    assert not Journal.objects.exists()
    decide(world, asked, actor=second)
    with refused("approvals.decided"):
        decide(world, asked, actor=second)
    journal = Journal.objects.get()
    assert (journal.kind, journal.source_type, journal.source_id) == ("correction", "approval", asked.id)
    assert journal.occurred_at == world.now
    assert balances(world) == {"bank": 1250, "cost_payment": -1250}


def test_the_trail_says_who_asked_who_decided_and_why(world: World) -> None:
    first, second = world.operator_actor("operator.finance"), world.operator_actor()
    asked = propose(world, moving(world, "cost_payment", "bank", 1250), actor=first)
    decide(world, asked, actor=second, note="seen the invoice")
    trail = [(each.verb, each.actor_user_id, each.reason)
             for each in AuditEntry.objects.filter(verb__startswith="ledger.").order_by("sequence")]  # fmt: skip
    assert trail == [
        ("ledger.correct.request", first.user_id, "agreed by phone"),
        ("ledger.correct.approved", second.user_id, "seen the invoice"),
        ("ledger.correct", second.user_id, "agreed by phone"),
    ]
    with refused("audit.reason_missing"):
        correcting.propose(actor=first, postings=[moving(world, "cost_payment", "bank", 1)], reason=" ", now=world.now)
    for stranger in (world.operator_actor("operator.warehouse"), world.seller_actor(world.seller()), SYSTEM):
        with refused("accounts.verb_missing"):
            propose(world, moving(world, "cost_payment", "bank", 1), actor=stranger)


def test_what_is_refused_is_never_posted(world: World) -> None:
    asked = propose(world, moving(world, "cost_payment", "bank", 1250))
    with refused("approvals.note_missing"):
        decide(world, asked, approve=False)
    decide(world, asked, approve=False, note="it was paid twice")
    with refused("approvals.decided"):
        decide(world, asked)
    assert not Journal.objects.exists()
    [kept] = approvals.list_approvals(is_pending=False)
    assert (kept.status, kept.note) == ("refused", "it was paid twice")
    assert approvals.list_approvals(is_pending=True) == []


def test_two_second_persons_at_once_post_once(world: World) -> None:
    asked = propose(world, moving(world, "cost_payment", "bank", 1250))
    people = [world.operator_actor() for _ in range(4)]
    answers = run_at_once(*[lambda actor=actor: decide(world, asked, actor=actor) for actor in people])
    codes = sorted(each.code if isinstance(each, EntrepotError) else each.status for each in answers)
    assert codes == ["approvals.decided"] * 3 + ["approved"]
    assert Journal.objects.count() == 1
    assert balances(world)["bank"] == 1250


def test_a_correction_of_a_balance_reaches_the_statement_and_the_payout(world: World) -> None:
    seller = world.seller()
    decide(world, propose(world, moving(world, "cost_incentive", "seller_payable", 700, seller)))
    world.pass_time(hours=1)
    decide(world, propose(world, moving(world, "seller_payable", "revenue_fee", 200, seller)))
    assert payable(world, seller) == 500
    given, taken = Accrual.objects.order_by("id")
    assert [(each.amount_minor, each.part, each.event_kind) for each in (given, taken)] == [
        (700, "correction", "correction"), (-200, "correction", "correction"),
    ]  # fmt: skip
    world.pass_time(days=1)
    [statement] = settle(world)
    assert (statement.lines_minor, StatementLine.objects.count()) == (500, 2)
    view = queries.get_statement(number=statement.number, seller_id=seller.pk)
    assert {part.says for part in view.groups[0].parts} == {"Correction"}
    assert {part.because for part in view.groups[0].parts} == {"corrected by the marketplace"}


def test_a_journal_is_undone_whole_and_once(world: World) -> None:
    seller = world.seller()
    ordered = order(world, (world.offer(seller, price="59.50"), 1))
    deliver(world, ordered)
    before = payable(world, seller), balances(world)
    asked = propose(world, moving(world, "cost_incentive", "seller_payable", 700, seller))
    decide(world, asked)
    wrong = Journal.objects.get(kind="correction")
    again = propose(world, reverses=wrong.id)
    with refused("approvals.pending"):
        propose(world, reverses=wrong.id)
    decide(world, again)
    assert (payable(world, seller), balances(world)) == before
    undone = Journal.objects.get(reverses=wrong)
    [posting] = ledger.postings_of([undone.id])
    assert (posting.source.kind, posting.destination.kind, posting.part) == (
        "seller_payable", "cost_incentive", "correction",
    )  # fmt: skip
    with refused("correcting.undone_before"):
        propose(world, reverses=wrong.id)


def test_an_accrual_is_divided_anew_in_one_journal(world: World) -> None:
    """What the shopper paid for a line is undone and divided otherwise; the line's statement shows each part."""
    seller = world.seller(currency="CNY", programme="fully-managed")
    ordered = order(world, (world.offer(seller, price="59.50", supply="100.00"), 1))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    accrued = Journal.objects.get(kind="accrual")
    with refused("correcting.shoppers_money"):
        propose(world, reverses=accrued.id)
    operator = world.operator.id
    funds = AccountKey("shopper_funds", operator, "EUR")
    anew = [
        NewPosting(funds, row.destination, row.amount_minor, "correction", line.id)
        for row in ledger.postings_of([accrued.id])
        if row.source == funds
    ]
    decide(world, propose(world, *anew, reverses=accrued.id))
    assert payable(world, seller, "CNY") == 0
    parts = {each.part: each.amount_minor for each in Accrual.objects.filter(line=line, event_kind="correction")}
    assert parts == {"correction.supply": -10_000}
    [view] = [each for each in queries.list_pending(seller_id=seller.pk) if each.event_kind == "correction"]
    assert view.says == "Correction: Supply price"
    assert balances(world, "CNY").get("exchange", 0) == 0


def test_journals_that_say_what_others_did_stand(world: World) -> None:
    seller = world.seller()
    deliver(world, order(world, (world.offer(seller), 1)))
    world.pass_time(days=30)
    settle(world)
    settling.pay_out(now=world.now, actor=SYSTEM)
    found = dict(Journal.objects.values_list("kind", "id"))
    for kind in ("capture", "reserve", "payout"):
        with refused("correcting.follows_its_event"):
            propose(world, reverses=found[kind])


def test_no_account_falls_under_its_floor(world: World) -> None:
    """Neither when it is asked for nor when it is approved, whatever was written into what waits."""
    seller = world.seller()
    ordered = order(world, (world.offer(seller), 1))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    about = {"subject_id": line.id}
    early = moving(world, "shopper_funds", "revenue_sales", 100, **about)
    with refused("ledger.below_floor"):
        propose(world, early)
    waiting = propose(world, moving(world, "cost_payment", "revenue_sales", 100))
    waiting.payload["postings"][0]["source"]["kind"] = "shopper_funds"
    waiting.save(update_fields=["payload"])
    with refused("ledger.below_floor"):
        decide(world, waiting)
    decide(world, waiting, approve=False, note="there is no such money")
    with refused("correcting.shoppers_money"):
        propose(world, moving(world, "revenue_sales", "shopper_funds", 100, **about))
    with refused("correcting.stated_elsewhere"):
        propose(world, moving(world, "seller_reserve", "seller_payable", 100, seller))
    assert not Journal.objects.filter(kind="correction").exists()


def test_a_closed_period_is_closed(world: World) -> None:
    seller = world.seller()
    deliver(world, order(world, (world.offer(seller), 1)))
    gift = moving(world, "cost_incentive", "seller_payable", 700, seller)
    waiting = propose(world, gift)
    world.pass_time(days=30)
    settling.settle(until=midnight(world, 1), now=world.now, actor=SYSTEM)
    with refused("correcting.period_closed"):
        propose(world, gift)
    with refused("correcting.period_closed"):
        decide(world, waiting)
    assert Approval.objects.get().status == "pending"
    propose(world, moving(world, "cost_payment", "bank", 1))  # no seller's period
    world.pass_time(days=1)
    decide(world, waiting)
    accrual = Accrual.objects.get(event_kind="correction")
    assert accrual.accrued_at == accrual.eligible_at == world.now


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"kind": "slush_fund"}, "ledger.unknown_kind", "postings[0].source.kind"),
        ({"currency": "XXX"}, "money.unknown_currency", "postings[0].source.currency"),
        ({"label": "x"}, "correcting.label", "postings[0].source.label"),
        ({"kind": "tax_payable"}, "correcting.label", "postings[0].source.label"),
        ({"kind": "exchange"}, "correcting.stated_elsewhere", "postings[0].source.kind"),
        ({"kind": "seller_payable"}, "correcting.owner", "postings[0].source.owner_id"),
        ({"kind": "bank"}, "ledger.same_account", "postings[0].destination"),
        ({"currency": "USD"}, "correcting.two_currencies", "postings[0].destination"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(world: World, change, code, field) -> None:
    posting = moving(world, "cost_payment", "bank", 100)
    with refused(code) as refusal:
        propose(world, replace(posting, source=replace(posting.source, **change)))
    assert refusal.value.field == field
    with refused("correcting.amount"):
        propose(world, replace(posting, amount_minor=0))
    with refused("correcting.empty"):
        propose(world)


def test_own_goods_that_are_missing_cost_what_was_paid_for_them(world: World) -> None:
    seller = world.seller(programme="shein-self-run", currency="CNY")
    offer = world.offer(seller, supply="70.00", stock=0)
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    clerk = world.operator_actor()
    for units, supply in ((40, "70.00"), (20, "85.00")):
        world.supply_price(offer, supply)
        inbound.receive_goods(
            seller_id=seller.pk, node_id=node.id, rows=[Goods(offer.sku_id, units)], actor=clerk, now=world.now
        )
        world.pass_time(days=1)
    own = Stock.objects.get(owner_id=world.operator.id)
    held = balances(world, "CNY")["stock_owned"]
    assert held == -(40 * 7_000 + 20 * 8_500)
    inbound.adjust_stock(actor=clerk, changes=[(own.id, -3)], reason="broken", now=world.now)
    assert balances(world, "CNY") == {
        "seller_payable": -held, "stock_owned": held + 22_500, "cost_goods": -22_500,
    }  # fmt: skip
    world.pass_time(hours=1)
    inbound.adjust_stock(actor=clerk, changes=[(own.id, 1)], reason="found", now=world.now)
    assert balances(world, "CNY")["cost_goods"] == -15_000
    journal = Journal.objects.filter(kind="adjustment").order_by("-id")[0]
    decide(world, propose(world, reverses=journal.id))
    assert balances(world, "CNY")["cost_goods"] == -22_500


def test_own_goods_of_unknown_cost_are_not_adjusted(world: World) -> None:
    seller = world.seller()
    sku = world.sku(seller)
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    stock_id = world.stock(seller, sku, 5, node=node)
    Stock.objects.filter(id=stock_id).update(owner_id=world.operator.id)
    with refused("settlement.no_cost_basis"):
        inbound.adjust_stock(
            actor=world.operator_actor(), changes=[(stock_id, -1)], reason="gone", now=world.now + timedelta(hours=1)
        )
    assert Stock.objects.get(id=stock_id).on_hand == 5
