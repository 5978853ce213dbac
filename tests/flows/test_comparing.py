"""Programmes and ways side by side: known answers, and that the figures are the ledger's."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import shipping
from entrepot.domain.customs import services as customs
from entrepot.domain.inventory.models import Stock
from entrepot.domain.logistics import holidays, publishing
from entrepot.domain.logistics import queries as nodes
from entrepot.domain.logistics import services as logistics
from entrepot.domain.orders.models import Suborder
from entrepot.domain.settlement.closing import Group, close
from entrepot.domain.settlement.models import Accrual
from entrepot.flows import bringing, comparing, delivering
from entrepot.flows.comparing import Way, cash_to_cash, share_kept
from entrepot.flows.plans import Unreadable, read_plans
from entrepot.kernel.actors import SYSTEM
from worlds import World

NEUTRAL = {
    "fully-managed": "CNY",
    "semi-managed-platform-logistics": "USD",
    "semi-managed-local-stock": "EUR",
    "self-managed": "EUR",
}


def plan(**changes):
    row = {
        "sku": "mug", "market": "DE", "home_country": "CN", "currency": "EUR", "retail": "29.90", "supply": "9.00",
        "cost": "3.00", "weight_g": 400, "length_mm": 120, "width_mm": 100, "height_mm": 100, "hs_code": "691110",
        "category": "mugs", "units": 500, "stock_days": 60, "supplier_days": 15,
    }  # fmt: skip
    return read_plans([row | changes])[0]


def publish(world: World, market: str = "DE") -> None:
    """Real law, and planning lanes beside those of the world."""
    world.market(market)
    customs.load_reference(now=world.now)
    publishing.load_planning(world.now)


def compared(world: World, *, seller_id=None, **changes):
    publish(world, changes.get("market", "DE"))
    return comparing.compare(plans=[plan(**changes)], now=world.now, seller_id=seller_id)[0]


@pytest.mark.parametrize(("programme", "currency"), NEUTRAL.items())
def test_what_a_unit_leaves_is_what_the_ledger_says(world, programme, currency):
    """Kept by the seller, to the minor unit, of an order that is played to the end under the same terms."""
    publish(world)
    seller = world.seller("factory", programme=programme, currency=currency)
    offer = world.offer(seller, price="29.90", supply="70.00", weight_g=400)
    order = shipping.order(world, (offer, 1))
    found = compared(
        world, currency=currency, supply="70.00", home_country=Suborder.objects.get(order=order).node.country
    )
    option = next(each for each in found.options if each.programme == programme)
    shipping.deliver(world, order)
    earned = sum(each.amount_minor for each in Accrual.objects.filter(seller=seller))
    beside = sum(share.amount_minor for share in option.parts if share.code in ("owed", "goods", "own_carriage"))
    assert option.net_minor - beside == option.kept_minor == earned
    assert (option.problem, option.landed_minor) == ("", order.total_minor)


@pytest.mark.parametrize(("programme", "currency"), NEUTRAL.items())
def test_the_promise_is_that_of_checkout(world, programme, currency):
    """By the node's cut-off, working days and closures: on a Friday evening, with the Monday after closed."""
    publish(world)
    seller = world.seller("factory", programme=programme, currency=currency)
    offer = world.offer(seller, price="29.90", supply="70.00", weight_g=400)
    node = Stock.objects.get(sku=offer.sku).node
    day = world.now.date()
    world.pass_time(days=4 - day.weekday(), hours=11)
    closed = [(world.now.date() + timedelta(days=3), "moving house")]
    logistics.close_node(actor=SYSTEM, node_id=node.id, days=closed, now=world.now, reason="it moves")
    part = Suborder.objects.get(order=shipping.order(world, (offer, 1)))
    found = compared(world, currency=currency, supply="70.00", home_country=node.country, seller_id=seller.pk)
    option = next(each for each in found.options if each.programme == programme)
    first, last = (world.now.date() + timedelta(days=days) for days in option.promise_days)
    assert (first, last) == (part.promised_from, part.promised_until)


def test_a_supply_price_at_seven_tenths_of_retail(world):
    """Retail 5.00 at a settlement ratio of 0.7; goods, packing, freight and other 1.65: 1.85 is left, 52.9 % of it."""
    world.programme("fully-managed")
    found = compared(world, retail="5.00", supply="3.50", cost="1.65")
    option = next(each for each in found.options if each.programme == "fully-managed")
    assert option.net_minor == 185
    assert round(Decimal(option.net_minor) / option.kept_minor, 3) == Decimal("0.529")


def test_two_channels_by_what_is_kept():
    """A buyer's 18 leave 7, another's 14 leave 8: the lower price leaves more."""
    assert (round(share_kept(1800, 700), 3), round(share_kept(1400, 800), 3)) == (Decimal("0.389"), Decimal("0.571"))


def test_cash_to_cash_days():
    assert cash_to_cash(stock_days=35, receivable_days=2, payable_days=15) == 22


def test_a_reserve_is_a_share_up_to_a_cap():
    """A tenth of 30 days' settlement of 232.70, at most 200,000."""
    closed = close(opening_minor=0, groups=[Group(23_270, reserve_ppm=100_000, cap_minor=20_000_000)])
    assert closed.reserved_minor == 2327


def test_stock_in_the_market_costs_its_way_there_and_a_parcel_does_not(world):
    world.programme("self-managed")
    found = compared(world, market="US", currency="USD", home_country="CN")
    by_way = {each.way: each for each in found.options if each.programme == "self-managed"}
    codes = {way: {share.code for share in each.parts} for way, each in by_way.items()}
    assert by_way[Way.STOCK].problem == "" and by_way[Way.STOCK].lane == "cn-us-sea"
    assert {"inbound.line_haul", "inbound.customs_duty"} <= codes[Way.STOCK]
    assert not any(code.startswith("inbound") for code in codes[Way.PARCEL])
    assert by_way[Way.STOCK].promise_days < by_way[Way.PARCEL].promise_days
    assert by_way[Way.STOCK].cash_days > by_way[Way.PARCEL].cash_days
    for each in by_way.values():
        through = sum(share.amount_minor for share in each.parts if share.code in ("tax.seller", "customs.seller"))
        assert {share.code: share.amount_minor for share in each.parts}["owed"] == -through < 0
        assert each.net_minor == sum(share.amount_minor for share in each.parts)
        assert each.break_even is not None and each.break_even > 0


def test_what_is_missing_is_said_and_nothing_guessed(world):
    world.programme("self-managed")
    world.programme("fully-managed")
    found = compared(world, market="US", currency="USD", hs_code="", supply="")
    problems = {(each.programme, each.way): each.problem for each in found.options}
    assert "HS code" in problems["self-managed", Way.STOCK]
    assert any("supply price" in problem for problem in problems.values())
    assert found.options[-1].problem


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"retail": "x"}, "retail"),
        ({"cost": ""}, "cost"),
        ({"weight_g": -1}, "weight_g"),
        ({"weight_g": 0}, "weight_g"),
        ({"currency": "XYZ"}, "currency"),
        ({"units": "1.5"}, "units"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_plan_names_its_field(world, changes, field):
    world.market("DE")
    with pytest.raises(Unreadable) as refused:
        plan(**changes)
    assert (refused.value.field, refused.value.values["row"]) == (field, 1)


def test_more_goods_of_one_kind_ask_the_database_no_more(world):
    """What holds for a market and a weight is read once, however many articles are compared."""
    world.programme("self-managed")
    compared(world, home_country="DE")
    counts = []
    for plans in (
        [plan(home_country="DE")],
        [plan(home_country="DE", sku=f"mug {n}", cost=f"{n}.50") for n in range(9)],
    ):
        with CaptureQueriesContext(connection) as asked:
            comparing.compare(plans=plans, now=world.now)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_stock_is_there_when_a_warehouse_of_the_country_opens(world):
    publish(world, "US")
    node = world.node("own-us", operator=world.operator, kind="platform_overseas", country="US")
    [[before]] = _brought(world)
    arrives = world.now.date() + timedelta(days=before.days)
    rest = [holidays.Day("US", arrives + timedelta(days=day), "a feast", "test") for day in range(9)]
    holidays.publish(actor=SYSTEM, rows=rest, now=world.now)
    [[after]] = _brought(world)
    opens_on = nodes.list_nodes([node.id])[node.id].open_on(rest[-1].day + timedelta(days=1))
    assert world.now.date() + timedelta(days=after.days) == opens_on > rest[-1].day


def _brought(world):
    network = delivering.load(world.now.date())
    return bringing.bring([(plan(market="US"), "US")], network=network, on=world.now.date())
