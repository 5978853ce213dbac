"""Prices over time at the seller's pages, and stock that is shared or set aside for one offer."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from entrepot.domain.inventory import queries as inventory
from entrepot.domain.inventory.models import Stock
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import RetailPrice, RetailProposal
from entrepot.domain.pricing.periods import Period, lay
from entrepot.domain.pricing.services import NewPrice
from entrepot.kernel import clock, ids
from entrepot.kernel.errors import Invalid, Refused
from surfaces.desk.desks import text_of
from surfaces.seller.shops import client_of
from worlds import World


@pytest.fixture
def world(database, monkeypatch) -> World:
    """A market whose moment the pages read: days that no zone shifts its clock on."""
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


def asked(offer, at):
    return prices.prices([offer.id], at)[offer.id].amount_minor


def test_a_price_is_planned_for_a_while_and_dropped_again(world):
    brand = world.seller("brand", programme="self-managed")
    offer = world.offer(brand, price="19.99")
    client = client_of(world, brand)
    page = reverse("seller:offer_prices", args=[offer.id])
    now = clock.now().replace(second=0, microsecond=0)
    zone = ZoneInfo(offer.market.time_zone)
    start, stop = now + timedelta(days=3), now + timedelta(days=5)
    typed = {
        "amount": "9.99", "valid_from": f"{start.astimezone(zone):%Y-%m-%dT%H:%M}",
        "valid_until": f"{stop.astimezone(zone):%Y-%m-%dT%H:%M}", "idempotency_key": "k",
    }  # fmt: skip
    for _ in range(2):
        assert client.post(page, typed).status_code == 302
    assert [asked(offer, at) for at in (now, start, stop)] == [1999, 999, 1999]
    shown = client.get(page)
    assert "planned" in text_of(shown) and "<svg" in shown.content.decode()
    assert (
        client.post(reverse("seller:offer_price_plans", args=[offer.id]), {"idempotency_key": "d"}).status_code == 302
    )
    assert asked(offer, start) == 1999
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor == 1999


def test_a_bad_plan_is_named_and_keeps_what_was_typed(world):
    brand = world.seller("brand", programme="self-managed")
    offer = world.offer(brand)
    client = client_of(world, brand)
    page = reverse("seller:offer_prices", args=[offer.id])
    past = client.post(page, {"amount": "7.77", "valid_from": "2020-01-01T10:00"})
    assert past.status_code == 422 and "7.77" in past.content.decode()
    assert "A price can be planned from now on." in past.content.decode()
    ends = client.post(page, {"amount": "7.77", "valid_from": "2031-01-02T10:00", "valid_until": "2031-01-01T10:00"})
    assert "The end has to come after the beginning." in ends.content.decode()


def test_who_proposes_cannot_plan_and_who_may_not_set_sees_why(world):
    local = world.seller("local", programme="semi-managed-local-stock")
    offer = world.offer(local)
    client = client_of(world, local)
    page = reverse("seller:offer_prices", args=[offer.id])
    assert "waits until the marketplace agrees" in text_of(client.get(page))
    assert client.post(page, {"amount": "21.00"}).status_code == 302
    assert RetailProposal.objects.filter(offer=offer, status="open").get().amount_minor == 2100
    with pytest.raises(Refused):
        pricing.set_retail_prices(
            prices=[NewPrice(offer.id, 2200, valid_from=world.now + timedelta(days=1))],
            actor=world.seller_actor(local), now=world.now,
        )  # fmt: skip
    factory = world.seller("factory", programme="fully-managed")
    closed = client_of(world, factory).get(reverse("seller:offer_prices", args=[world.offer(factory).id]))
    assert "You do not set it" in text_of(closed) and 'name="amount"' not in closed.content.decode()


def test_stock_is_set_aside_and_shared_again(world):
    brand = world.seller("brand", programme="self-managed")
    offer = world.offer(brand, stock=10)
    client = client_of(world, brand)
    page = reverse("seller:offer_stock", args=[offer.id])
    row = Stock.objects.get()
    too_many = client.post(page, {"policy": "allotted", f"units-{row.id}": "11"})
    assert too_many.status_code == 422
    assert client.post(page, {"policy": "allotted", f"units-{row.id}": "4"}).status_code == 302
    assert inventory.available([offer.id])[offer.id] == 4
    assert 'value="4"' in client.get(page).content.decode()
    assert client.post(page, {"policy": "shared"}).status_code == 302
    assert inventory.available([offer.id])[offer.id] == 10


def test_prices_are_laid_into_each_other():
    day = timedelta(days=1)
    now = World.__init__.__defaults__[0]
    one, two = ids.new_id(now), ids.new_id(now)
    present = [Period(one, 100, now - day, now + 4 * day), Period(two, 200, now + 4 * day, None)]
    at_once = lay(present, 150, now)
    assert at_once.ends == {one: now}
    assert [(each.amount_minor, each.start, each.stop) for each in at_once.new] == [(150, now, now + 4 * day)]
    across = lay(present, 50, now + 2 * day, now + 6 * day)
    assert (across.ends, across.starts, across.gone) == ({one: now + 2 * day}, {two: now + 6 * day}, [])
    within = lay(present, 50, now + day, now + 2 * day)
    assert [(each.amount_minor, each.start) for each in within.new] == [(100, now + 2 * day), (50, now + day)]
    assert lay(present, 100, now).new == []


def test_a_first_price_has_no_end(world):
    brand = world.seller("brand", programme="self-managed")
    offer = world.offer(brand)
    RetailPrice.objects.filter(offer=offer).delete()
    with pytest.raises(Invalid):
        pricing.set_retail_prices(
            prices=[NewPrice(offer.id, 500, valid_until=world.now + timedelta(days=1))],
            actor=world.seller_actor(brand), now=world.now,
        )  # fmt: skip
