"""What a unit would earn is what it does earn: the worked example against an order that is played to the end."""

import pytest

import shipping
from entrepot.domain.orders.models import Suborder
from entrepot.domain.settlement import services as settlement
from entrepot.domain.settlement.models import Accrual
from entrepot.domain.settlement.services import NewCostRate
from entrepot.domain.terms.queries import wording_of
from entrepot.flows import reckoning
from entrepot.flows.reckoning import Unit
from entrepot.kernel import money
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Unavailable
from worlds import World

NEUTRAL = {
    "fully-managed": "CNY",
    "semi-managed-platform-logistics": "USD",
    "semi-managed-local-stock": "EUR",
    "self-managed": "EUR",
}


def example(world: World, programme: str, currency: str, origin: str = "", **changes) -> reckoning.Example:
    version = world.programme(programme)
    unit = {"retail_minor": 2990, "supply_minor": 7000, "cost_minor": 1500, "weight_g": 400, "category_path": "mugs"}
    unit |= changes
    basis = reckoning.gather(market=world.market("DE"), currency=currency, home_country="CN", now=world.now)
    return reckoning.reckon(
        basis=basis, programme=wording_of(version), version=version.version, unit=Unit(**unit), origin=origin
    )


@pytest.mark.parametrize(("programme", "currency"), NEUTRAL.items())
def test_the_example_is_what_an_order_comes_to(world, programme, currency):
    settlement.set_cost_rates(
        rows=[NewCostRate("payment", "EUR", "test", amount_minor=12)], valid_from=world.now.date(), actor=SYSTEM,
        now=world.now,
    )  # fmt: skip
    seller = world.seller("factory", programme=programme, currency=currency)
    offer = world.offer(seller, price="29.90", supply="70.00", weight_g=400)
    order = shipping.order(world, (offer, 1))
    found = example(world, programme, currency, Suborder.objects.get(order=order).node.country)
    assert found.paid_minor == order.total_minor
    shipping.deliver(world, order)
    earned = Accrual.objects.filter(seller=seller)
    assert {each.currency for each in earned} == {currency}
    assert found.kept_minor == sum(each.amount_minor for each in earned)
    assert sorted(share.amount_minor for share in found.shares) == sorted(each.amount_minor for each in earned)


def test_parts_sum_and_what_is_left_is_after_cost_and_own_carriage(world):
    found = example(world, "self-managed", "EUR")
    assert sum(share.amount_minor for share in found.shares) == found.kept_minor
    assert found.carriage_minor > 0, "who ships pays a carrier"
    assert found.left_minor == found.kept_minor - found.owed_minor - found.carriage_minor - 1500
    assert found.owed_minor > 0, "who collects tax hands it on"
    assert found.pays_on >= found.delivered_on > world.now.date()


def test_a_supply_price_is_kept_whole_whatever_the_shopper_pays(world):
    kept = {example(world, "fully-managed", "CNY", retail_minor=price).kept_minor for price in (990, 2990, 9990)}
    assert kept == {7000}
    assert money.exponent("CNY") == 2


def test_without_freight_there_is_no_example(world):
    with pytest.raises(Unavailable):
        example(world, "self-managed", "EUR", weight_g=500_000)
