"""Money after the sale, through the real flows: what accrues, what carriage costs, what a return undoes and moves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookkeeping import balances, come_back, payable, postings, settle
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.ledger.rules import AccountKey
from entrepot.domain.logistics.models import ParcelLine
from entrepot.domain.settlement import queries
from entrepot.domain.settlement.models import Accrual
from entrepot.domain.settlement.services import NewCostRate, set_cost_rates
from entrepot.flows import settling
from entrepot.flows.settling import Delivery
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid
from shipping import deliver, lines_of, order, pack, scan, ship
from shipping import hand_over as hand_over_parcels
from shopping import publish_variant, refused
from worlds import World

# One sale under each earning basis, to the cent.


def test_a_sale_on_commission_divides_to_the_cent(world: World) -> None:
    """119.00 with 19.00 tax, 3.99 shipping with 0.64 tax, sold twice: the seller carries, the platform helps."""
    seller = world.seller(programme="semi-managed-local-stock")
    ordered = order(world, (world.offer(seller, price="59.50", weight_g=100), 2))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    assert (line.goods_net_minor, line.goods_tax_minor, line.shipping_net_minor, line.shipping_tax_minor) == (
        10_000, 1_900, 335, 64
    )  # fmt: skip
    assert postings(line, "capture", "accrual") == {
        "capture": ("provider", "shopper_funds", 12_299),
        "earning": ("shopper_funds", "seller_payable", 10_000),
        "tax.platform": ("shopper_funds", "tax_payable", 1_964),
        "shipping.seller": ("shopper_funds", "seller_payable", 335),
        "commission": ("seller_payable", "revenue_commission", 1_034),  # 10 % of 103.35, to even
        "cash": ("cost_incentive", "seller_payable", 50),
        "fee.customer_service": ("seller_payable", "revenue_fee", 61),  # 0.5 % of 122.99
        "fee.payment": ("seller_payable", "revenue_fee", 215),  # 1.75 % of 122.99
    }
    assert postings(line, "handover") == {"label_subsidy": ("cost_incentive", "seller_payable", 78)}  # 25 % of 3.10
    assert payable(world, seller) == 10_000 + 335 - 1_034 + 50 - 61 - 215 + 78
    assert "shopper_funds" not in balances(world)


def test_a_sale_at_a_supply_price_is_the_platforms_and_exchanged_at_the_frozen_rate(world: World) -> None:
    """A seller in China supplies at 78.00 CNY, which is 10.00 EUR at 7.8."""
    seller = world.seller(programme="fully-managed", currency="CNY")
    ordered = order(world, (world.offer(seller, price="23.80", supply="78.00"), 1))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    assert (line.supply_minor, line.supply_currency, line.fx_rate) == (7_800, "CNY", Decimal("7.8"))
    rows = [(row.part, row.source.kind, row.destination.kind, row.amount_minor, row.currency, row.rate)
            for row in ledger.postings_about([line.id]) if row.journal_kind == "accrual"]  # fmt: skip
    assert rows == [
        ("sale", "shopper_funds", "revenue_sales", 2_000, "EUR", None),
        ("supply", "cost_goods", "exchange", 1_000, "EUR", Decimal("7.8")),
        ("supply", "exchange", "seller_payable", 7_800, "CNY", Decimal("7.8")),
        ("tax.platform", "shopper_funds", "tax_payable", 2_380 - 2_000 + line.shipping_tax_minor, "EUR", None),
        ("shipping.platform", "shopper_funds", "revenue_shipping", line.shipping_net_minor, "EUR", None),
        ("customs.platform", "shopper_funds", "customs_payable", line.customs_duty_minor, "EUR", None),
    ]
    assert postings(line, "handover") == {"carriage.platform": ("cost_carriage", "carrier_payable", 420)}
    assert payable(world, seller, "CNY") == 7_800
    [accrual] = Accrual.objects.filter(line=line)
    assert (accrual.amount_minor, accrual.currency, accrual.market_minor, accrual.market_currency) == (
        7_800, "CNY", 1_000, "EUR"
    )  # fmt: skip


@pytest.mark.parametrize("code", ["fully-managed", "semi-managed-platform-logistics", "semi-managed-local-stock",
                                  "self-managed", "shein-self-run", "shein-marketplace", "temu-semi"])  # fmt: skip
def test_parts_of_an_order_that_arrive_one_by_one_sum_to_the_whole(world: World, code: str) -> None:
    seller = world.seller(programme=code, currency="CNY")
    ordered = order(world, (world.offer(seller, price="19.99", stock=7), 7))
    [line] = lines_of(ordered)
    for units in (1, 3, 2, 1):
        parcel = pack(world, (line, units))
        hand_over_parcels(world, parcel)
        world.pass_time(days=1)
        scan(world, "delivered", parcel)
    world.pass_time(days=40)
    settle(world)
    funds = [(row.source.kind, row.amount_minor) for row in ledger.postings_about([line.id])
             if row.source.kind == "shopper_funds"]  # fmt: skip
    assert sum(amount for _, amount in funds) == line.total_minor
    assert ledger.get_balance(AccountKey("shopper_funds", world.operator.id, "EUR")) == 0
    if line.supply_minor and code != "shein-self-run":
        earned = sum(each.amount_minor for each in Accrual.objects.filter(line=line, part="supply"))
        assert earned == line.supply_minor


def test_an_event_is_posted_once_however_often_it_is_told(world: World) -> None:
    seller = world.seller()
    ordered = order(world, (world.offer(seller), 2))
    [parcel] = deliver(world, ordered)
    before = balances(world)
    part = ParcelLine.objects.get(parcel=parcel)
    delivery = Delivery(part.id, part.line_id, 2, world.now)
    assert settling.accrue_deliveries(deliveries=[delivery, delivery], now=world.now) == 0
    assert settling.post_handovers(parcel_ids=[parcel.id], now=world.now) == 0
    assert balances(world) == before


def test_what_never_left_cannot_accrue(world: World) -> None:
    ordered = order(world, (world.offer(world.seller()), 1))
    [line] = lines_of(ordered)
    pack(world, (line, 1))
    part = ParcelLine.objects.get(line_id=line.id)
    with refused("settlement.not_handed_over"):
        settling.accrue_deliveries(deliveries=[Delivery(part.id, line.id, 1, world.now)], now=world.now)


def test_deliveries_are_accrued_by_sets(world: World) -> None:
    seller = world.seller()
    offer = world.offer(seller, stock=60)
    parcels = [parcel for _ in range(12) for parcel in ship(world, order(world, (offer, 1)))]
    deliveries = [Delivery(part.id, part.line_id, 1, world.now) for part in ParcelLine.objects.all()]
    counts = []
    for batch in (deliveries[:1], deliveries[1:]):
        with CaptureQueriesContext(connection) as captured:
            assert settling.accrue_deliveries(deliveries=batch, now=world.now) == len(batch)
        counts.append(len(captured))
    assert counts[1] <= counts[0]
    assert len(parcels) == 12


# Costs of the marketplace by dated rates.


def test_payment_handling_and_storage_cost_what_their_rates_say(world: World) -> None:
    set_cost_rates(
        rows=[
            NewCostRate("payment", "EUR", "contract", rate=Decimal("0.02"), amount_minor=25, code="sandbox"),
            NewCostRate("payment", "EUR", "elsewhere", rate=Decimal("0.5")),
            NewCostRate("handling", "EUR", "contract", amount_minor=40),
            NewCostRate("storage", "EUR", "contract", amount_minor=5),
        ],
        valid_from=world.now.date(), actor=SYSTEM, now=world.now,
    )  # fmt: skip
    seller = world.seller(programme="fully-managed")
    ordered = order(world, (world.offer(seller, price="23.80"), 2))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    handover = postings(line, "handover")
    assert handover["handling.platform"] == ("cost_handling", "carrier_payable", 80)
    assert handover["storage.platform"] == ("cost_storage", "carrier_payable", 10)
    cost = round(line.total_minor * 0.02) + 25
    assert postings(line, "accrual")["payment.platform"] == ("cost_payment", "provider", cost)
    [kept] = queries.list_contributions(by=["programme"])
    assert kept.programme == "fully-managed"
    assert kept.accounts["cost_payment"] == -cost
    assert kept.contribution_minor == sum(kept.accounts.values())


def test_a_cost_rate_never_changes_what_was(world: World) -> None:
    row = NewCostRate("payment", "EUR", "contract", rate=Decimal("0.02"))
    with refused("settlement.rate_in_the_past"):
        set_cost_rates(rows=[row], valid_from=world.now.date() - timedelta(days=1), actor=SYSTEM, now=world.now)
    set_cost_rates(rows=[row], valid_from=world.now.date(), actor=SYSTEM, now=world.now)
    with refused("settlement.rate_exists"):
        set_cost_rates(rows=[row], valid_from=world.now.date(), actor=SYSTEM, now=world.now)
    later = world.now.date() + timedelta(days=5)
    set_cost_rates(rows=[replace(row, rate=Decimal("0.03"))], valid_from=later, actor=SYSTEM, now=world.now)
    assert [each.rate for each in queries.list_cost_rates(on=later - timedelta(days=1))] == [Decimal("0.02")]
    assert [each.rate for each in queries.list_cost_rates(on=later)] == [Decimal("0.03")]


@pytest.mark.parametrize("wrong", [{"kind": "rent"}, {"rate": Decimal(3)}, {"rate": Decimal("0.0000001")},
                                   {"kind": "storage", "rate": Decimal("0.1")}, {"amount_minor": -1}])  # fmt: skip
def test_a_cost_rate_without_sense_is_refused(world: World, wrong: dict) -> None:
    row = replace(NewCostRate("payment", "EUR", "contract"), **wrong)
    with pytest.raises(Invalid):
        set_cost_rates(rows=[row], valid_from=world.now.date(), actor=SYSTEM, now=world.now)


# Other triggers.


def test_what_accrues_at_the_end_of_a_period_waits_for_it(world: World) -> None:
    seller = world.seller(programme="shein-marketplace")
    ordered = order(world, (world.offer(seller), 1))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    assert not postings(line, "accrual", "period")
    world.pass_time(days=30)
    settle(world)
    assert postings(line, "period")["earning"][2] == line.goods_net_minor
    [accrued_at] = set(Accrual.objects.filter(line=line, event_kind="period").values_list("accrued_at", flat=True))
    assert accrued_at == datetime(2026, 3, 16, tzinfo=UTC)


def test_what_comes_back_before_its_period_ends_accrues_and_is_undone_at_once(world: World) -> None:
    seller = world.seller(programme="shein-marketplace")
    ordered = order(world, (world.offer(seller), 2))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    come_back(world, ordered, line, 1, "changed_mind")
    assert postings(line, "period")["earning"][2] == line.goods_net_minor
    assert postings(line, "reversal")["earning"] == ("seller_payable", "shopper_funds", line.goods_net_minor // 2)
    world.pass_time(days=60)
    settle(world)
    assert ledger.get_balance(AccountKey("shopper_funds", world.operator.id, "EUR")) == 0


def test_a_parcel_that_nobody_sees_again_is_taken_for_delivered(world: World) -> None:
    world.market("DE")
    publish_variant(world, "semi-managed-local-stock", "patient", settlement={"undelivered_days": 45})
    seller = world.seller(programme="patient")
    ordered = order(world, (world.offer(seller), 1))
    [parcel] = ship(world, ordered)
    [line] = lines_of(ordered)
    world.pass_time(days=44)
    assert settling.accrue_periods(until=world.now, now=world.now) == 0
    world.pass_time(days=2)
    assert settling.accrue_periods(until=world.now, now=world.now) == 1
    assert set(Accrual.objects.filter(line=line, part="earning").values_list("event_kind", flat=True)) == {
        "undelivered"
    }
    before = payable(world, seller)
    scan(world, "delivered", parcel)
    assert payable(world, seller) == before


def test_what_was_taken_for_delivered_and_is_lost_after_all_is_undone(world: World) -> None:
    world.market("DE")
    publish_variant(world, "semi-managed-local-stock", "patient", settlement={"undelivered_days": 45},
                    duties={"last_mile": {"performer": "seller"}})  # fmt: skip
    seller = world.seller(programme="patient")
    ordered = order(world, (world.offer(seller), 1))
    [parcel] = ship(world, ordered)
    world.pass_time(days=46)
    assert settling.accrue_periods(until=world.now, now=world.now) == 1
    scan(world, "lost", parcel)
    subsidy = postings(lines_of(ordered)[0], "handover")["label_subsidy"][2]
    assert payable(world, seller) == subsidy
    assert set(balances(world)) == {"seller_payable", "cost_incentive"}


@pytest.mark.parametrize(("liable", "expected"), [("seller", 0), ("platform", 1_000), ("third_party", 1_000)])
def test_who_answers_for_a_loss_pays_the_owner_of_the_goods(world: World, liable: str, expected: int) -> None:
    world.market("DE")
    publish_variant(world, "fully-managed", "lossy",
                    duties={"last_mile": {"performer": "platform", "liable": {"carrier": liable}}})  # fmt: skip
    seller = world.seller(programme="lossy")
    ordered = order(world, (world.offer(seller, price="23.80", supply="10.00"), 1))
    [parcel] = ship(world, ordered)
    scan(world, "lost", parcel)
    moved = 420 if liable != "platform" else 0
    assert payable(world, seller) == (expected if liable != "seller" else -moved)
    left = balances(world)
    assert left.get("cost_carriage", 0) == (-420 if liable == "platform" else 0)
    assert left.get("cost_refund", 0) == (-1_000 if liable == "platform" else 0)
    assert left.get("carrier_payable", 0) == 420 - (1_420 if liable == "third_party" else 0)
    assert "shopper_funds" not in left
    assert "provider" not in left


# Returns.


def test_a_whole_return_by_the_seller_leaves_what_was_spent_with_the_seller(world: World) -> None:
    seller = world.seller(programme="self-managed")
    ordered = order(world, (world.offer(seller, price="59.50"), 2))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    come_back(world, ordered, line, 2, "changed_mind")
    left = balances(world)
    assert "shopper_funds" not in left
    assert "provider" not in left
    assert set(left) <= {"seller_payable", "revenue_fee", "revenue_commission"}
    assert left.get("seller_payable", 0) == -sum(left.get(kind, 0) for kind in ("revenue_fee", "revenue_commission"))
    undone = postings(line, "reversal")
    assert undone["earning"] == ("seller_payable", "shopper_funds", line.goods_net_minor)


def test_a_return_for_bad_quality_costs_the_supplier_the_way_and_the_goods(world: World) -> None:
    seller = world.seller(programme="fully-managed", currency="CNY")
    ordered = order(world, (world.offer(seller, price="23.80", supply="78.00"), 1))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    case = come_back(world, ordered, line, 1, "defective", "discard")
    moved = postings(line, "liability")
    assert set(moved) == {"moved.carriage.platform.seller", "customs_back.seller", "label.seller"}
    # 4.20 and 1.00 on the way, 4.20 back, each exchanged at 7.8
    assert payable(world, seller, "CNY") == -(3_276 + 780 + 3_276)
    assert balances(world).get("cost_goods", 0) == 0
    reversed_by = Accrual.objects.filter(event_id=case).values_list("event_kind", flat=True)
    assert set(reversed_by) == {"return"}


def test_a_change_of_mind_that_the_platform_bears_makes_the_supplier_whole(world: World) -> None:
    seller = world.seller(programme="fully-managed")
    ordered = order(world, (world.offer(seller, price="23.80", supply="10.00"), 2))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    come_back(world, ordered, line, 1, "changed_mind", "discard")
    assert payable(world, seller) == 2_000
    moved = postings(line, "liability")
    assert moved["goods.platform"] == ("cost_refund", "seller_payable", 1_000)
    assert moved["customs_back.platform"][:2] == ("cost_customs_duty", "shopper_funds")
    assert moved["label.platform"] == ("cost_carriage", "carrier_payable", 420)


def test_returns_in_steps_are_the_whole_return(world: World) -> None:
    totals = []
    for steps in ((3,), (1, 2), (2, 1)):
        seller = world.seller(programme="semi-managed-platform-logistics", currency="CNY")
        ordered = order(world, (world.offer(seller, price="19.99"), 3))
        deliver(world, ordered)
        [line] = lines_of(ordered)
        for units in steps:
            come_back(world, ordered, line, units, "arrived_late")
        undone = Accrual.objects.filter(line=line).exclude(part__startswith="label")
        totals.append(sorted(undone.values_list("part", "amount_minor").order_by("part")))
        assert sum(amount for part, amount in totals[-1] if part == "earning") == 0
    assert ledger.get_balance(AccountKey("shopper_funds", world.operator.id, "EUR")) == 0


def test_cash_for_the_first_orders_counts_orders_and_not_lines(world: World) -> None:
    world.market("DE")
    cash = {"kind": "cash_per_order", "code": "first_two", "label": {"en": "Cash for two"}, "first_orders": 2,
            "amount_minor": {"EUR": 51, "USD": 51}}  # fmt: skip
    document = dict(world.programme("self-managed").document) | {"incentives": [cash]}
    world.programmes["self-managed"].document = document
    publish_variant(world, "self-managed", "generous")
    seller = world.seller(programme="generous")
    offers = [world.offer(seller, price="10.00"), world.offer(seller, price="30.00")]
    earned = []
    for _ in range(3):
        ordered = order(world, (offers[0], 1), (offers[1], 1))
        deliver(world, ordered)
        earned.append([postings(line, "accrual").get("cash", ("", "", 0))[2] for line in lines_of(ordered)])
    assert [sum(each) for each in earned] == [51, 51, 0]
    assert sorted(earned[0]) == [13, 38]
