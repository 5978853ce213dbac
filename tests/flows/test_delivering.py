"""The services there are for parcels: what they cost, what is asked, when they arrive, and what rules them out."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.installations import NOW

from entrepot.domain.logistics import holidays, lanes, publishing, shipping
from entrepot.domain.logistics.publishing import publish_cards, publish_lanes
from entrepot.flows import delivering
from entrepot.flows.delivering import Parcel, Piece, find_options, first_that_goes
from entrepot.kernel.actors import SYSTEM

DAY = date(2026, 3, 2)
PARCEL = Parcel("CN", "US", "US", "USD", DAY, weight_g=1000, goods_minor=2000, volume_cm3=2000)

CARDS = """card,currency,mode,carrier,service,valid_from,source,charge,basis,amount,weight_max
quick,USD,parcel,Wing,express,2026-01-01,a test,freight,shipment,20,
cheap,USD,parcel,Boat,slow,2026-01-01,a test,freight,shipment,5,2 kg
"""
LANES = """\
lane,title,origin,destination,valid_from,source,refuses,confidence,leg,task,mode,from,to,country,days,card
fast,,CN,US,2026-01-01,a test,,,line haul,line_haul,air,A,B,,1,quick
,,,,,,,,last mile,last_mile,parcel,B,the door,US,1-3,
slow,,CN,US,2026-01-01,a test,battery,95 %,line haul,line_haul,sea,A,B,,5-9,
,,,,,,,,last mile,last_mile,parcel,B,the door,US,1-3,cheap
stock,,CN,US,2026-01-01,a test,,,line haul,line_haul,sea,A,B,,20,cheap
"""


@pytest.fixture
def network(database):
    publish_cards(actor=SYSTEM, text=CARDS, now=NOW)
    publish_lanes(actor=SYSTEM, text=LANES, now=NOW)
    free = shipping.ChargeRow("US", "", 0, 5000, "USD", 0, Decimal("0.5"), 9900, DAY, "a test")
    home = shipping.ChargeRow("US", "US", 0, 5000, "USD", 399, Decimal(0), None, DAY, "a test")
    shipping.set_charges(actor=SYSTEM, now=NOW, rows=[free, home])


def test_every_service_is_an_option_and_the_cheapest_that_goes_is_first(network):
    [options] = find_options([PARCEL], on=DAY)
    assert [(each.lane, each.cost_minor, each.objections) for each in options] == [
        ("slow", 500, ()),
        ("fast", 2000, ()),
    ]
    assert [each.charge_minor for each in options] == [250, 1000]
    assert (options[0].carrier, options[0].service, options[0].confidence) == ("Boat", "slow", 0.95)
    assert options[0].last > options[1].last == lanes.forecast(publishing.list_lanes(codes=["fast"])[0].lane, DAY).last
    assert [each.task for each in options[1].segments] == ["line_haul", "last_mile"]


def test_what_speaks_against_a_service_is_said_and_it_comes_last(network):
    battery, heavy, far = (
        PARCEL._replace(flags=frozenset({"battery"})), PARCEL._replace(weight_g=3000), PARCEL._replace(origin="FR"),
    )  # fmt: skip
    found = find_options([battery, heavy, far], on=DAY)
    assert [[(each.lane, each.objections) for each in options] for options in found] == [
        [("fast", ()), ("slow", ("goods:battery",))], [("fast", ()), ("slow", ("cheap:weight",))], [],
    ]  # fmt: skip
    assert first_that_goes(found[2]) is None
    too_heavy = find_options([PARCEL._replace(weight_g=9000)], on=DAY)[0]
    assert first_that_goes(too_heavy) is None and "charge" in delivering.objections_of(too_heavy)


HEAVY = PARCEL._replace(weight_g=5400, goods_minor=6000, units=3)
THREE = Piece(3, 1800, 2000, 2000, (100, 100, 100), frozenset())


def divided(parcel: Parcel, *pieces: Piece):
    """The services for a parcel that may be divided."""
    [options] = find_options([parcel], on=DAY, pieces=lambda place: pieces)
    return options


def test_what_is_too_heavy_for_every_service_goes_in_several_parcels(network):
    [slow, fast] = divided(HEAVY, THREE)
    assert (slow.lane, slow.boxes, slow.cost_minor, slow.charge_minor) == ("slow", ((1,), (1,), (1,)), 1500, 750)
    assert (fast.lane, fast.boxes, fast.cost_minor) == ("fast", ((2,), (1,)), 4000)
    assert slow.as_document()["boxes"] == [[1], [1], [1]] and slow.costs[0].own_minor == 1500
    assert first_that_goes(find_options([HEAVY], on=DAY)[0]) is None, "in one parcel nobody takes it"
    assert first_that_goes(divided(HEAVY)) is None, "nor where it must stay in one"


def test_what_goes_in_one_parcel_stays_in_one(network):
    light = PARCEL._replace(weight_g=3600, units=2)
    options = divided(light, THREE._replace(units=2))
    assert [(each.lane, each.boxes, bool(each.objections)) for each in options] == [
        ("fast", (), False), ("slow", (), True),
    ]  # fmt: skip


def test_no_parcel_is_divided_for_its_value_or_its_goods(network):
    capped = """\
lane,title,origin,destination,valid_from,source,value_max,currency,leg,task,mode,from,to,country,days,card
only,,CN,DE,2026-01-01,a test,50,USD,last mile,last_mile,parcel,B,the door,DE,1-3,cheap
"""
    publish_lanes(actor=SYSTEM, text=capped, now=NOW)
    row = shipping.ChargeRow("DE", "", 0, 5000, "USD", 0, Decimal("0.5"), None, DAY, "a test")
    shipping.set_charges(actor=SYSTEM, now=NOW, rows=[row])
    there = HEAVY._replace(market_code="DE", destination="DE")
    [option] = divided(there, THREE)
    assert "value" in option.objections and not option.boxes
    [option] = divided(there._replace(goods_minor=5000), THREE)
    assert len(option.boxes) == 3 and not option.objections
    battery = THREE._replace(flags=frozenset({"battery"}))
    slow = next(each for each in divided(HEAVY._replace(flags=battery.flags), battery) if each.lane == "slow")
    assert "goods:battery" in slow.objections and not slow.boxes


def test_goods_that_pay_for_it_travel_free(network):
    cheap, dear = find_options([PARCEL, PARCEL._replace(goods_minor=9900)], on=DAY)
    assert (cheap[0].charge_minor, dear[0].charge_minor) == (250, 0)


def test_where_the_operator_says_so_the_whole_order_pays_for_it(network):
    part, whole = PARCEL._replace(goods_minor=5000, order_minor=9899), PARCEL._replace(goods_minor=10, order_minor=9900)
    assert [each[0].charge_minor for each in find_options([part, whole], on=DAY)] == [250, 250]
    row = shipping.ChargeRow("US", "", 0, 5000, "USD", 0, Decimal("0.5"), 9900, DAY + timedelta(days=1), "x", "order")
    shipping.set_charges(actor=SYSTEM, now=NOW, rows=[row])
    later = find_options([part, whole], on=DAY + timedelta(days=1))
    assert [each[0].charge_minor for each in later] == [250, 0]


def test_legs_rest_on_their_countrys_holidays(network):
    """The last mile is in the United States; the line haul, which is in no country, goes on."""
    before = find_options([PARCEL], on=DAY)[0][0]
    for country, later in (("CN", 0), ("US", 1)):
        rest = holidays.Day(country, before.last, "A day off", "a law")
        assert holidays.publish(actor=SYSTEM, rows=[rest], now=NOW) == 1
        assert find_options([PARCEL], on=DAY)[0][0].last == before.last + timedelta(days=later)


def test_a_foreign_card_is_exchanged_at_the_rate_of_the_day(network, database):
    from entrepot.domain.markets import services as markets

    euro = PARCEL._replace(currency="EUR")
    assert "exchange:USD" in find_options([euro], on=DAY)[0][0].objections
    markets.publish_exchange_rates(rows=[("EUR", "USD", Decimal("1.25"), DAY)], source="a test", now=NOW)
    [options] = find_options([euro], on=DAY)
    [cost] = options[0].costs
    assert (options[0].cost_minor, cost.own_minor, cost.currency) == (400, 500, "USD") and cost.rate.published_on == DAY


def test_one_parcel_alone_is_quoted_as_among_many(network):
    parcels = [PARCEL._replace(weight_g=weight) for weight in (1, 900, 2000, 2001, 4999)] * 3
    assert find_options(parcels, on=DAY) == [find_options([each], on=DAY)[0] for each in parcels]


def test_what_is_published_is_read_once(network):
    assert delivering.load(DAY) is delivering.load(DAY)
    before = delivering.load(DAY)
    publish_cards(actor=SYSTEM, text=CARDS.replace("2026-01-01", "2026-02-01").replace(",5,2 kg", ",6,2 kg"), now=NOW)
    assert delivering.load(DAY) is not before
    assert find_options([PARCEL], on=DAY)[0][0].cost_minor == 600


def test_the_planning_network_serves_three_markets_with_and_without_batteries(database):
    from entrepot.domain.markets import services as markets

    publishing.load_planning(NOW)
    assert shipping.load_planning(NOW) > 20 and shipping.load_planning(NOW) == 0
    markets.publish_exchange_rates(
        rows=[("EUR", each, Decimal(2), DAY) for each in ("USD", "BRL")], source="a test", now=NOW
    )
    ways = [("CN", "US", "USD"), ("CN", "DE", "EUR"), ("CN", "BR", "BRL"), ("US", "US", "USD"), ("DE", "DE", "EUR"),
            ("BR", "BR", "BRL"), ("NL", "DE", "EUR"), ("NL", "US", "USD"), ("NL", "BR", "BRL")]  # fmt: skip
    parcels = [
        PARCEL._replace(origin=origin, market_code=to, destination=to, currency=currency, flags=flags)
        for origin, to, currency in ways
        for flags in (frozenset(), frozenset({"battery"}))
    ]
    for parcel, options in zip(parcels, find_options(parcels, on=DAY), strict=True):
        found = first_that_goes(options)
        assert found and found.cost_minor > 0 and found.charge_minor > 0 and found.first <= found.last, parcel
