"""Every shipped programme goes from listing to payout on its own accrual, and gives out what the shopper paid."""

from datetime import timedelta

import pytest

import shipping
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.settlement.models import Accrual, Payout, Statement
from entrepot.domain.terms import presets
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Accrual as AccruesOn
from entrepot.flows import inbound, settling
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_rows
from entrepot.verify import runner
from worlds import MARKETS, World

PROGRAMMES = presets.load()


def market_of(code: str) -> str:
    """A market of the tests that the programme serves."""
    served = PROGRAMMES[code].markets
    return next(market for market in ("DE", *MARKETS) if "*" in served or market in served)


@pytest.mark.parametrize("code", PROGRAMMES)
def test_a_programme_goes_from_listing_to_payout(database: None, code: str) -> None:
    world = World()
    market = market_of(code)
    seller = world.seller("trader", programme=code, market=market, currency="USD")
    offer = world.offer(seller, price="48.00", stock=0)
    wording = terms.wording_of(offer.enrolment.programme_version)
    node = world.node_of(seller, wording, offer.market)
    inbound.receive_goods(
        seller_id=seller.pk, node_id=node.id, rows=[inbound.Goods(offer.sku_id, 6)], actor=SYSTEM, now=world.now
    )
    on_receipt = Accrual.objects.filter(event_kind="receipt").count()
    assert bool(on_receipt) is (wording.earning.accrues_on is AccruesOn.RECEIPT)

    ordered = shipping.order(world, (offer, 3))
    shipping.deliver(world, ordered)
    on_delivery = Accrual.objects.filter(event_kind="delivery").exists()
    assert on_delivery is (wording.earning.accrues_on is AccruesOn.DELIVERY)

    actor = world.operator_actor()
    for _ in range(8):
        world.pass_time(days=10)
        settling.settle(until=world.now, now=world.now, actor=actor)
        settling.pay_out(now=world.now, actor=actor)
        sent = list(Payout.objects.exclude(state="done").values_list("id", flat=True))
        settling.confirm_payouts(payout_ids=sent, now=world.now, actor=actor)

    line = shipping.lines_of(ordered)[0]
    assert given_out(line.id) == line.total_minor == ordered.total_minor
    assert Statement.objects.exists()
    assert sum(payout.amount_minor for payout in Payout.objects.all()) == owed(seller.pk)
    assert owed(seller.pk) > 0
    world.pass_time(minutes=1)
    found = {each.invariant.code: each.rows for each in runner.verify(now=world.now) if not each.holds}
    found.pop("I34", None)  # nobody runs the relay here
    assert found == {}


def given_out(line_id: object) -> int:
    """What left the shoppers' funds for a line."""
    [row] = fetch_rows(
        """
        SELECT sum(CASE WHEN source.kind = 'shopper_funds' THEN 1 ELSE -1 END * posting.amount_minor) AS given_out
        FROM ledger_posting posting
        JOIN ledger_journal journal ON journal.id = posting.journal_id AND journal.kind <> 'capture'
        JOIN ledger_account source ON source.id = posting.source_id
        JOIN ledger_account destination ON destination.id = posting.destination_id
        WHERE posting.subject_id = %s AND 'shopper_funds' IN (source.kind, destination.kind)
        """,
        [line_id],
    )
    return int(row.given_out)


def owed(seller_id: object) -> int:
    """What the seller earned in all, less what is still kept back or carried: what must have been paid out."""
    earned = sum(Accrual.objects.filter(seller_id=seller_id).values_list("amount_minor", flat=True))
    left = sum(each.balance_minor for each in ledger.balances(owner_id=seller_id))  # type: ignore[arg-type]
    return earned - left


def test_every_accrual_is_among_the_shipped_programmes() -> None:
    assert {programme.earning.accrues_on for programme in PROGRAMMES.values()} == set(AccruesOn)


def test_time_is_long_enough_for_every_calendar() -> None:
    """The contract above waits eighty days; no shipped calendar may need more."""
    longest = max(programme.settlement.delay_days for programme in PROGRAMMES.values())
    assert timedelta(days=longest + 31) < timedelta(days=80)
