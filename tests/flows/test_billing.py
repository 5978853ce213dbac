"""Carriers' bills: matched with parcels, accepted into the books, disputed, credited, paid."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import shipping
import shopping
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.logistics import billing as bills
from entrepot.domain.logistics.bill_models import CarrierBill, CarrierBillLine
from entrepot.domain.logistics.bill_rules import Tolerance
from entrepot.domain.logistics.billing import NewBill, NewLine
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.settlement.models import Accrual
from entrepot.flows import billing, booking
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, Invalid
from shopping import refused
from worlds import World


@pytest.fixture
def offer(world: World) -> Offer:
    """Sold to the platform, which carries: 4.20 a parcel."""
    return world.offer(world.seller(programme="fully-managed"), price="23.80", supply="10.00", stock=90)


def gone(world: World, offer: Offer, count: int = 1) -> list[Parcel]:
    """Parcels that left."""
    found = []
    for _ in range(count):
        found += shipping.ship(world, shipping.order(world, (offer, 1)))
    return list(Parcel.objects.filter(id__in=[each.id for each in found]).order_by("id"))


def bill_of(world: World, number: str, *lines: NewLine, carrier: str, **fields) -> CarrierBill:
    on = world.now.date()
    new = NewBill(**{"carrier": carrier, "number": number, "issued_on": on, "period_from": on - timedelta(days=7),
                     "period_until": on, "currency": "EUR"} | fields)  # fmt: skip
    return billing.enter(bill=new, lines=lines, actor=SYSTEM, now=world.now)


def line(number: int, parcel: Parcel, weight: int | None = None, **charges: int) -> NewLine:
    return NewLine(number, parcel.tracking_number, charges, weight_g=weight or parcel.weight_g)


def verdicts(bill: CarrierBill) -> dict[int, tuple[str, str]]:
    return {row.number: (row.verdict, row.state) for row in CarrierBillLine.objects.filter(bill=bill)}


def held(kind: str, currency: str = "EUR") -> int:
    return sum(each.balance_minor for each in ledger.balances(kinds=[kind], currency=currency))


def lines_of(bill: CarrierBill, *numbers: int) -> list:
    return [row.id for row in CarrierBillLine.objects.filter(bill=bill, number__in=numbers)]


def test_a_bill_is_matched_and_what_agrees_is_owed_as_billed(world, offer):
    same, small, heavy = gone(world, offer, 3)
    tolerance = Tolerance(10, Decimal(0), 20, Decimal(0))
    bills.set_tolerance(carrier="", currency="EUR", tolerance=tolerance, valid_from=date(2026, 1, 1),
                        source="agreed with carriers", actor=SYSTEM, now=world.now)  # fmt: skip
    carrier, owed = same.carrier, held("carrier_payable")
    bill = bill_of(
        world, "R-1", line(1, same, carriage=400, fuel=20), line(2, small, carriage=428),
        line(3, heavy, 2_400, carriage=780), NewLine(4, "NOBODY-1", {"carriage": 300}), carrier=carrier,
        stated_minor=420 + 428 + 780 + 300,
    )  # fmt: skip
    assert verdicts(bill) == {
        1: ("equal", "open"), 2: ("within", "open"), 3: ("differs", "open"), 4: ("unknown", "open")
    }  # fmt: skip
    assert billing.accept_agreed(bill_id=bill.id, actor=SYSTEM, now=world.now) == 2
    assert (held("carrier_billed"), held("carrier_payable")) == (848, owed - 840)
    row = CarrierBillLine.objects.get(bill=bill, number=3)
    assert (row.planned_minor, row.weight_minor, row.planned_weight_g, row.weight_g) == (420, 360, 400, 2_400)
    spent = held("cost_carriage")
    billing.accept(bill_id=bill.id, line_ids=lines_of(bill, 3, 4), reason="it is so", actor=SYSTEM, now=world.now)
    assert held("carrier_billed") == 848 + 780 + 300
    assert held("cost_carriage") == spent - 360 - 300
    paid = billing.pay(carrier=carrier, currency="EUR", reference="bank 77", actor=SYSTEM, now=world.now)
    assert (paid.amount_minor, held("carrier_billed"), held("bank")) == (1_928, 0, 1_928)
    assert not bills.list_owed()
    with refused("carriers.nothing_owed"):
        billing.pay(carrier=carrier, currency="EUR", reference="bank 78", actor=SYSTEM, now=world.now)


def test_the_same_bill_twice_does_nothing_and_another_word_is_refused(world, offer):
    [parcel] = gone(world, offer)
    for _ in range(2):
        bill = bill_of(world, "R-1", line(1, parcel, carriage=420), carrier=parcel.carrier)
    assert CarrierBillLine.objects.count() == 1
    with refused("carriers.line_differs"):
        bill_of(world, "R-1", line(1, parcel, carriage=421), carrier=parcel.carrier)
    with refused("carriers.bill_differs"):
        bill_of(world, "R-1", line(2, parcel, carriage=1), carrier=parcel.carrier, currency="USD")
    with refused("carriers.bill_total"):
        bill_of(world, "R-2", line(1, parcel, carriage=420), carrier=parcel.carrier, stated_minor=500)
    assert CarrierBill.objects.get() == bill


def test_part_of_a_bill_is_not_accepted(world, offer):
    [parcel] = gone(world, offer)
    on = world.now.date()
    new = NewBill(parcel.carrier, "R-1", on, on - timedelta(days=1), on, "EUR", stated_minor=840)
    billing.enter_lines(bill=new, lines=[line(1, parcel, carriage=420)], actor=SYSTEM, now=world.now)
    with refused("carriers.bill_incomplete"):
        billing.accept_agreed(bill_id=CarrierBill.objects.get().id, actor=SYSTEM, now=world.now)


def test_carriage_is_paid_once_a_parcel_and_adjustments_come_later(world, offer):
    [parcel] = gone(world, offer)
    first = bill_of(world, "R-1", line(1, parcel, carriage=420), carrier=parcel.carrier)
    second = bill_of(
        world, "R-2", line(1, parcel, carriage=420), line(2, parcel, redelivery=250), carrier=parcel.carrier
    )
    assert verdicts(second) == {1: ("twice", "open"), 2: ("differs", "open")}
    billing.accept_agreed(bill_id=first.id, actor=SYSTEM, now=world.now)
    with refused("carriers.billed_twice"):
        billing.accept(bill_id=second.id, line_ids=lines_of(second, 1), reason="so be it", actor=SYSTEM, now=world.now)
    billing.accept(bill_id=second.id, line_ids=lines_of(second, 2), reason="nobody home", actor=SYSTEM, now=world.now)
    assert held("carrier_billed") == 670


def test_a_label_that_was_let_go_of_is_told_and_one_that_has_not_left_waits(world, offer):
    ordered = shipping.order(world, (offer, 2))
    [row] = shipping.lines_of(ordered)
    one, other = (shipping.pack(world, (row, 1)) for _ in range(2))
    booked = booking.book(parcel_ids=[one.id, other.id], actor=SYSTEM, now=world.now)
    booking.cancel(parcel_ids=[one.id], actor=SYSTEM, now=world.now)
    carrier = booked[one.id].carrier
    bill = bill_of(
        world, "R-1", *(NewLine(n, booked[key].tracking_number, {"carriage": other.cost_minor}, weight_g=100)
                        for n, key in enumerate((one.id, other.id), 1)), carrier=carrier,
    )  # fmt: skip
    assert verdicts(bill) == {1: ("cancelled", "open"), 2: ("waiting", "open")}
    with refused("carriers.line_not_ready"):
        billing.accept(bill_id=bill.id, line_ids=lines_of(bill, 2), reason="early", actor=SYSTEM, now=world.now)
    shipping.hand_over(world, other)
    Parcel.objects.filter(id=other.id).update(tracking_number=booked[other.id].tracking_number)
    assert billing.accept_agreed(bill_id=bill.id, actor=SYSTEM, now=world.now) == 1
    assert verdicts(bill)[2] == ("equal", "accepted")


def test_a_dispute_is_settled_by_a_credit_note(world, offer):
    once, heavy = gone(world, offer, 2)
    carrier = once.carrier
    bill = bill_of(world, "R-1", line(1, once, carriage=420), line(2, once, carriage=420),
                   line(3, heavy, 2_400, carriage=780), carrier=carrier)  # fmt: skip
    billing.accept_agreed(bill_id=bill.id, actor=SYSTEM, now=world.now)
    billing.dispute(bill_id=bill.id, line_ids=lines_of(bill, 2, 3), reason="not so", actor=SYSTEM, now=world.now)
    note = bill_of(world, "C-1", NewLine(1, once.tracking_number, {"carriage": -420}),
                   NewLine(2, heavy.tracking_number, {"weight": -300}), carrier=carrier)  # fmt: skip
    assert verdicts(note) == {1: ("credit", "open"), 2: ("credit", "open")}
    assert billing.accept_agreed(bill_id=note.id, actor=SYSTEM, now=world.now) == 2
    assert {n: state for n, (_v, state) in verdicts(bill).items()} == {1: "accepted", 2: "credited", 3: "accepted"}
    assert {n: state for n, (_v, state) in verdicts(note).items()} == {1: "credited", 2: "accepted"}
    assert held("carrier_billed") == 420 + 780 - 300
    again = bill_of(world, "C-2", NewLine(1, heavy.tracking_number, {"carriage": -500}), carrier=carrier)
    with refused("carriers.credited_twice"):
        billing.accept_agreed(bill_id=again.id, actor=SYSTEM, now=world.now)


def test_who_bears_a_difference_is_said_by_the_terms_of_the_parcel(world):
    """The seller pays its share of rate and surcharge, and a re-weighing where the terms name it, with the evidence."""
    duty = {"performer": "platform", "payer": {"platform": 0.5, "seller": 0.5}, "liable": {"weight": "seller"}}
    document = world.programme("fully-managed").document["duties"]
    shopping.publish_variant(world, "fully-managed", "weighs", duties=document | {"last_mile": duty})
    seller = world.seller(programme="weighs", currency="CNY")
    [parcel] = gone(world, world.offer(seller, price="23.80", supply="78.00", stock=9))
    bill = bill_of(
        world, "R-1", line(1, parcel, 2_400, carriage=780, remote_area=101), carrier=parcel.carrier
    )  # fmt: skip
    billing.accept(bill_id=bill.id, line_ids=lines_of(bill, 1), reason="weighed", actor=SYSTEM, now=world.now)
    found = {each.part: each for each in Accrual.objects.filter(event_kind="carrier_bill")}
    assert {part: each.market_minor for part, each in found.items()} == {
        "billed.seller": -50, "billed_weight.seller": -360
    }  # fmt: skip
    assert found["billed_weight.seller"].amount_minor == -2_808  # 3.60 at 7.8
    evidence = found["billed_weight.seller"].inputs
    assert (evidence["document"], evidence["packed_weight_g"], evidence["billed_weight_g"]) == ("R-1", 400, 2_400)
    assert held("carrier_billed") == 881


def test_a_bill_in_another_currency_is_reckoned_at_the_rate_of_its_day(world, offer):
    """1 EUR is 7.80 CNY: 4.20 EUR were planned, which is 32.76 CNY; 41.00 CNY are 5.26 EUR."""
    same, dear, disputed = gone(world, offer, 3)
    carrier, owed, spent = same.carrier, held("carrier_payable"), held("cost_carriage")
    bill = bill_of(world, "R-1", line(1, same, carriage=3_276), line(2, dear, carriage=4_100),
                   line(3, disputed, carriage=4_100), carrier=carrier, currency="CNY")  # fmt: skip
    assert {n: verdict for n, (verdict, _s) in verdicts(bill).items()} == {1: "equal", 2: "differs", 3: "differs"}
    row = CarrierBillLine.objects.get(bill=bill, number=2)
    assert (row.planned_minor, row.rate_minor, row.own_currency, row.own_minor) == (3_276, 824, "EUR", 420)
    assert billing.accept_agreed(bill_id=bill.id, actor=SYSTEM, now=world.now) == 1
    assert (held("carrier_billed"), held("carrier_billed", "CNY")) == (0, 3_276)
    billing.accept(bill_id=bill.id, line_ids=lines_of(bill, 2, 3), reason="peak", actor=SYSTEM, now=world.now)
    assert (held("carrier_billed"), held("carrier_billed", "CNY")) == (0, 3_276 + 2 * 4_100)
    assert held("carrier_payable") == owed - 3 * 420
    assert abs(held("cost_carriage") - spent) == 2 * 106
    assert abs(held("exchange")) == 420 + 2 * 526 and abs(held("exchange", "CNY")) == 3_276 + 2 * 4_100
    note = bill_of(world, "C-1", NewLine(1, disputed.tracking_number, {"carriage": -824}), carrier=carrier,
                   currency="CNY")  # fmt: skip
    assert billing.accept_agreed(bill_id=note.id, actor=SYSTEM, now=world.now) == 1
    assert (held("carrier_billed"), held("carrier_billed", "CNY")) == (0, 3_276 + 4_100 + 3_276)
    assert abs(held("cost_carriage") - spent) == 106
    shopping.assert_sound(world, "I34")
    paid = billing.pay(carrier=carrier, currency="CNY", reference="bank 9", actor=SYSTEM, now=world.now)
    assert (paid.amount_minor, held("carrier_billed", "CNY")) == (3_276 + 4_100 + 3_276, 0)
    shopping.assert_sound(world, "I34")


def test_without_a_rate_for_its_day_a_line_waits(world, offer):
    [parcel] = gone(world, offer)
    bill = bill_of(world, "R-1", line(1, parcel, carriage=420), carrier=parcel.carrier, currency="JPY")
    assert verdicts(bill) == {1: ("currency", "open")}
    with refused("carriers.line_not_ready"):
        billing.accept(bill_id=bill.id, line_ids=lines_of(bill, 1), reason="so", actor=SYSTEM, now=world.now)


def test_a_weighing_is_compared_with_the_card(world, offer):
    """The card asks 7.80 from 500 g on: of 8.50 for 600 g the weight makes 3.60, and the rate 0.70."""
    [parcel] = gone(world, offer)
    bill = bill_of(world, "R-1", line(1, parcel, 600, carriage=850), carrier=parcel.carrier)
    row = CarrierBillLine.objects.get(bill=bill)
    assert (row.card_minor, row.weight_minor, row.rate_minor) == (780, 360, 70)
    other = bill_of(world, "R-2", line(1, gone(world, offer)[0], 600, carriage=6_630), carrier=parcel.carrier,
                    currency="CNY")  # fmt: skip
    row = CarrierBillLine.objects.get(bill=other)
    assert (row.card_minor, row.weight_minor, row.rate_minor) == (6_084, 2_808, 546)


def test_who_may_decide_is_a_permission(world, offer):
    [parcel] = gone(world, offer)
    bill = bill_of(world, "R-1", line(1, parcel, carriage=420), carrier=parcel.carrier)
    for actor in (world.seller_actor(offer.seller), world.operator_actor("operator.service")):
        with pytest.raises(Denied):
            billing.accept_agreed(bill_id=bill.id, actor=actor, now=world.now)
    finance = world.operator_actor("operator.finance")
    with pytest.raises(Invalid, match="why"):
        billing.dispute(bill_id=bill.id, line_ids=lines_of(bill, 1), reason=" ", actor=finance, now=world.now)
    assert billing.accept_agreed(bill_id=bill.id, actor=finance, now=world.now) == 1


def test_a_long_bill_takes_as_many_statements_as_a_short_one(world, offer):
    parcels = gone(world, offer, 4)
    counts = []
    for number, some in enumerate((parcels[:1], parcels[1:])):
        with CaptureQueriesContext(connection) as asked:
            bill = bill_of(world, f"R-{number}", *(line(n, each, carriage=430) for n, each in enumerate(some)),
                           carrier=parcels[0].carrier)  # fmt: skip
            billing.accept(bill_id=bill.id, line_ids=lines_of(bill, *range(4)), reason="so", actor=SYSTEM,
                           now=world.now)  # fmt: skip
        counts.append(len(asked))
    assert counts[1] <= counts[0]
