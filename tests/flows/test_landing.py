"""Bills of a shipment's way: entered once, booked where the marketplace paid, shared among units, corrected openly."""

from datetime import timedelta
from decimal import Decimal

import pytest

import stocking
from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.catalogue.models import Sku
from entrepot.domain.inbound import costing
from entrepot.domain.inbound.cost_models import LandedCost, ShipmentCost
from entrepot.domain.inbound.costing import NewCost
from entrepot.domain.ledger.models import Posting
from entrepot.domain.settlement.models import Accrual
from entrepot.flows import landing, settling
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.verify import runner
from worlds import World


@pytest.fixture
def shipment(world: World):
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    order = stocking.accept(world, stocking.ask(world, world.offer(seller, supply="70.00", stock=0)))
    return stocking.pack(world, order)


def bill(world, **more) -> NewCost:
    values = {
        "kind": "freight", "currency": "CNY", "amount_minor": 100_001, "share_by": "weight", "issuer": "Blue Line",
        "document_number": "BL-1", "incurred_on": world.now.date(),
    }  # fmt: skip
    return NewCost(**values | more)


def enter(world, shipment, actor=SYSTEM, **more):
    return landing.enter_cost(shipment_id=shipment.id, cost=bill(world, **more), actor=actor, now=world.now)


def share(world, shipment, reason="", actor=SYSTEM, currency="CNY"):
    return costing.share(shipment_id=shipment.id, currency=currency, reason=reason, actor=actor, now=world.now)


def test_bills_become_the_landed_cost_of_a_unit_and_a_correction_says_why(world, shipment):
    enter(world, shipment)
    enter(world, shipment, kind="customs_duty", share_by="value", issuer="Customs", document_number="7501-9")
    with pytest.raises(Refused) as refused:
        share(world, shipment)
    assert refused.value.code == "inbound.not_closed"
    stocking.receive(world, shipment, good=18, damaged=1)
    first = share(world, shipment)
    [unit] = costing.get_landed(first).units
    assert (first.version, first.total_minor, unit.quantity, unit.amount_minor) == (1, 200_002, 19, 200_002)
    assert unit.unit_minor == 10_526 and [part for _cost, part in unit.parts] == [100_001, 100_001]
    enter(world, shipment, amount_minor=-20_001, document_number="CN-1", note="demurrage taken back")
    with pytest.raises(Invalid):
        share(world, shipment)
    second = share(world, shipment, reason="credit note of the line")
    assert (second.version, second.total_minor) == (2, 180_001)
    assert LandedCost.objects.get(version=1).total_minor == 200_002, "what was said stays"
    assert costing.list_landed(shipment.id)[0] == second


def test_what_the_marketplace_paid_is_in_its_books_and_what_the_seller_paid_is_not(world, shipment):
    enter(world, shipment)
    enter(world, shipment, actor=world.seller_actor(shipment.seller), document_number="own-1", kind="drayage")
    enter(world, shipment, kind="customs_duty", issuer="Customs", document_number="D", amount_minor=5_000)
    enter(world, shipment, kind="freight", document_number="CN-1", amount_minor=-1)
    found = Posting.objects.filter(journal__kind="landing").order_by("amount_minor")
    booked = [(each.source.kind, each.destination.kind, each.destination.label, each.amount_minor) for each in found]
    assert booked == [
        ("carrier_payable", "cost_carriage", "", 1),
        ("cost_customs_duty", "carrier_payable", "Customs", 5_000),
        ("cost_carriage", "carrier_payable", "Blue Line", 100_001),
    ]
    assert {each.source.owner_id for each in found} == {get_operator().id}
    held = {each.invariant.code: each.holds for each in runner.verify(now=world.now, codes=["I06", "I53"])}
    assert held == {"I06": True, "I53": True}


def test_bills_of_another_currency_are_exchanged_at_the_rate_of_their_day(world, shipment):
    enter(world, shipment, currency="EUR", amount_minor=10_000)
    stocking.receive(world, shipment, good=20)
    made = share(world, shipment)
    [row] = costing.get_landed(made).bills
    assert row.rate > 1 and made.total_minor == round(Decimal(10_000) * row.rate)


def test_a_document_counts_once_and_strangers_enter_nothing(world, shipment):
    enter(world, shipment)
    with pytest.raises(Refused) as refused:
        enter(world, shipment, amount_minor=7)
    assert refused.value.code == "inbound.bill_known"
    for actor in (world.seller_actor(world.seller("stranger")), world.operator_actor("operator.warehouse")):
        with pytest.raises(NotFound):
            enter(world, shipment, actor=actor, document_number="X")
    for more in ({"amount_minor": 0}, {"issuer": " "}, {"kind": "bribe"}, {"share_by": "luck"},
                 {"incurred_on": world.now.date() + timedelta(days=1)}, {"currency": "XXQ"}):  # fmt: skip
        with pytest.raises(Invalid):
            enter(world, shipment, document_number="Y", **more)


def test_an_article_without_measures_is_named(world, shipment):
    enter(world, shipment, share_by="volume")
    stocking.receive(world, shipment, good=20)
    Sku.objects.update(length_mm=None)
    with pytest.raises(Refused) as refused:
        share(world, shipment)
    assert (refused.value.code, refused.value.values["measure"]) == ("inbound.no_measure", "volume")


def owed(shipment) -> list[tuple[str, int, str]]:
    found = Accrual.objects.filter(event_kind="inbound_cost", seller=shipment.seller).order_by("amount_minor")
    return [(each.part, each.amount_minor, each.currency) for each in found]


def test_what_the_terms_put_on_the_seller_stands_on_its_statement_and_a_credit_note_gives_it_back(world, shipment):
    enter(world, shipment)  # within one country: the first mile, which these terms put on the seller
    enter(world, shipment, kind="unloading", document_number="U-1")  # consolidation is the marketplace's
    enter(world, shipment, actor=world.seller_actor(shipment.seller), document_number="own-1")  # it paid this itself
    enter(world, shipment, amount_minor=-1_001, document_number="CN-1")
    assert owed(shipment) == [("inbound.freight", -100_001, "CNY"), ("inbound.freight", 1_001, "CNY")]
    accrual = Accrual.objects.get(amount_minor=-100_001)
    assert accrual.rule == "fully-managed v1: duties.first_mile.payer"
    assert (accrual.inputs["shipment"], accrual.inputs["document"]) == (shipment.number, "BL-1")
    world.pass_time(days=40)
    [statement] = settling.settle(until=world.now, now=world.now, actor=SYSTEM)
    assert (statement.lines_minor, statement.payable_minor, statement.carried_minor) == (-99_000, 0, -99_000)
    sound(world)


def test_a_bill_of_another_currency_is_owed_at_the_rate_of_its_day(world, shipment):
    enter(world, shipment, currency="EUR", amount_minor=10_000)
    enter(world, shipment, currency="EUR", amount_minor=-500, document_number="CN-1")
    bill = ShipmentCost.objects.get(amount_minor=10_000)
    assert bill.seller_minor == 10_000 and bill.seller_rate > 1
    assert owed(shipment)[0] == ("inbound.freight", -round(10_000 * bill.seller_rate), "CNY")
    assert owed(shipment)[1][1] > 0
    sound(world)


def sound(world) -> None:
    codes = ["I01", "I02", "I03", "I06", "I10", "I11", "I15", "I53"]
    assert {each.invariant.code: each.rows for each in runner.verify(now=world.now, codes=codes) if each.rows} == {}
