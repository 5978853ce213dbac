"""Before goods leave, an order can become less, go elsewhere, or be another product; the money follows exactly."""

import pytest

from entrepot.domain.inventory.models import Hold, Stock
from entrepot.domain.orders import progress
from entrepot.domain.orders.models import Adjustment, Order, OrderEvent, OrderLine, Suborder, WorkItem
from entrepot.domain.orders.progress import Step
from entrepot.domain.orders.rules import EventKind
from entrepot.domain.payments.models import Capture, Payment, Refund, RefundLine, SandboxCharge, Void
from entrepot.domain.promotions.models import Redemption
from entrepot.flows import checkout
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.models import AuditEntry
from shopping import ADDRESS, order, place, publish_variant, refused, request, voucher

LOCAL = "semi-managed-local-stock"


def shopper(placed) -> dict:
    """A guest with the order's token."""
    return {"actor": Actor(label="guest", role="shopper"), "access_token": placed.access_token, "reason": ""}


def cancel(world, placed, *rows, **options):
    return checkout.cancel_lines(rows=rows, now=world.now, **(shopper(placed) | options))


def test_a_whole_order_is_cancelled_and_nothing_is_charged(world):
    placed = order(world, (world.offer(world.seller(), stock=5), 2))
    line = OrderLine.objects.get()
    world.pass_time(minutes=1)
    [cancelled] = cancel(world, placed, (line.id, 2))
    assert (cancelled.amount_minor, cancelled.is_refunded) == (placed.total_minor, False)
    assert Void.objects.get().state == "done"
    payment = Payment.objects.get()
    assert (payment.voided_minor, payment.captured_minor) == (placed.total_minor, 0)
    assert SandboxCharge.objects.get(act="void").amount_minor == placed.total_minor
    assert Stock.objects.get().reserved == 0
    assert (Suborder.objects.get().state, WorkItem.objects.get().state) == ("cancelled", "cancelled")
    assert [event.kind for event in OrderEvent.objects.order_by("id")] == ["placed", "cancelled"]


def test_a_part_of_a_line_is_let_go_to_the_minor_unit(world):
    placed = order(world, (world.offer(world.seller(), price="3.33", stock=9), 7))
    line = OrderLine.objects.get()
    amounts = [cancel(world, placed, (line.id, units))[0].amount_minor for units in (1, 2, 3, 1)]
    assert sum(amounts) == placed.total_minor
    assert Payment.objects.get().voided_minor == placed.total_minor
    assert Hold.objects.filter(state="active").count() == 0


def test_what_was_taken_at_order_is_given_back(world):
    publish_variant(world, LOCAL, "paid-at-order", fulfilment={"capture": "order"})
    offer = world.offer(world.seller(programme="paid-at-order"), stock=5)
    placed = order(world, (offer, 3))
    line = OrderLine.objects.get()
    [cancelled] = cancel(world, placed, (line.id, 1))
    assert cancelled.is_refunded
    refund = Refund.objects.get()
    assert (refund.state, refund.amount_minor, refund.reason) == ("done", cancelled.amount_minor, "cancelled")
    assert RefundLine.objects.get().quantity == 1
    cancel(world, placed, (line.id, 2))
    assert Payment.objects.get().refunded_minor == placed.total_minor == Capture.objects.get().amount_minor


def test_one_order_of_two_kinds_of_terms_lets_go_and_gives_back(world):
    publish_variant(world, LOCAL, "paid-at-order", fulfilment={"capture": "order"})
    first, second = world.offer(world.seller(programme="paid-at-order")), world.offer(world.seller())
    placed = order(world, (first, 1), (second, 1))
    cancel(world, placed, *((line.id, 1) for line in OrderLine.objects.all()))
    payment = Payment.objects.get()
    assert payment.refunded_minor == payment.captured_minor == OrderLine.objects.get(offer=first).total_minor
    assert payment.voided_minor == OrderLine.objects.get(offer=second).total_minor


def test_a_kit_gives_back_every_component(world):
    seller = world.seller()
    cup, plate = world.offer(seller, stock=10), world.offer(seller, stock=10)
    kit = world.kit(seller, {cup.sku: 2, plate.sku: 1})
    placed = order(world, (kit, 3))
    cancel(world, placed, (OrderLine.objects.get().id, 2))
    assert sorted(Stock.objects.values_list("reserved", flat=True)) == [1, 2]


def test_nobody_else_can_cancel_it(world):
    seller, other = world.seller(), world.seller()
    user = world.user()
    placed = order(world, (world.offer(seller), 2))
    line = OrderLine.objects.get()
    strangers = [
        {"actor": Actor(label="guest", role="shopper"), "access_token": ""},
        {"actor": Actor(label="guest", role="shopper"), "access_token": "x" * 43},
        {"actor": Actor(label="user", user_id=user.id, role="shopper"), "access_token": ""},
        {"actor": world.seller_actor(other), "access_token": ""},
    ]
    for stranger in strangers:
        with refused("kernel.not_found"):
            cancel(world, placed, (line.id, 1), **stranger)
    with refused("accounts.verb_missing"):
        cancel(world, placed, (line.id, 1), actor=world.seller_actor(seller, "seller.staff"), access_token="")
    line.refresh_from_db()
    assert line.cancelled_qty == 0


def test_a_user_cancels_their_own_and_a_token_does_not_open_it(world):
    user = world.user()
    placed = order(world, (world.offer(world.seller()), 2), user_id=user.id)
    line = OrderLine.objects.get()
    with refused("kernel.not_found"):
        cancel(world, placed, (line.id, 1))
    cancel(world, placed, (line.id, 1), actor=Actor(label="user", user_id=user.id, role="shopper"), access_token="")


def test_seller_and_operator_say_why(world):
    seller = world.seller()
    placed = order(world, (world.offer(seller), 2))
    line = OrderLine.objects.get()
    owner = world.seller_actor(seller)
    with refused("audit.reason_missing"):
        cancel(world, placed, (line.id, 1), actor=owner, access_token="")
    cancel(world, placed, (line.id, 1), actor=owner, access_token="", reason="broken in the warehouse")
    cancel(world, placed, (line.id, 1), actor=world.operator_actor(), access_token="", reason="fraud")
    assert sorted(AuditEntry.objects.filter(verb="orders.cancel").values_list("reason", flat=True)) == [
        "broken in the warehouse",
        "fraud",
    ]


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, 10**12, "1"])
def test_a_quantity_that_is_none_is_refused(world, quantity):
    placed = order(world, (world.offer(world.seller()), 2))
    with refused("orders.bad_quantity"):
        cancel(world, placed, (OrderLine.objects.get().id, quantity))


def test_no_more_is_cancelled_than_is_left(world):
    placed = order(world, (world.offer(world.seller()), 3))
    line = OrderLine.objects.get()
    progress.advance(steps=[Step(line.id, EventKind.HANDED_OVER, 1)], actor=SYSTEM, now=world.now)
    for rows in ([(line.id, 3)], [(line.id, 2), (line.id, 1)]):
        with refused("orders.beyond_quantity"):
            cancel(world, placed, *rows)
    progress.advance(steps=[Step(line.id, EventKind.HANDED_OVER, 2)], actor=SYSTEM, now=world.now)
    with refused("orders.beyond_quantity"):
        cancel(world, placed, (line.id, 1))
    assert Void.objects.count() == 0
    _ship_by_hand(world, line)


def _ship_by_hand(world, line) -> None:
    """The movements that a hand-over would have written, so that the books close."""
    from entrepot.domain.inventory import services as inventory

    inventory.consume_holds(
        rows=[(line.id, 3)], now=world.now, source_type="parcel", source_id_by_owner={line.id: line.id}
    )


def test_an_order_that_waits_for_its_payment_is_not_cancelled(world):
    [waiting] = place(world, request("one", (world.offer(world.seller()), 1), instrument="slow"))
    with refused("orders.forbidden_transition"):
        cancel(world, waiting, (OrderLine.objects.get().id, 1))


def test_a_voucher_comes_back_with_the_last_unit(world):
    voucher(world, "TENTH", limit_per_shopper=1)
    offer = world.offer(world.seller(), stock=9)
    placed = order(world, (offer, 2), voucher_code="tenth")
    line = OrderLine.objects.get()
    cancel(world, placed, (line.id, 1))
    assert Redemption.objects.get().released_at is None
    cancel(world, placed, (line.id, 1))
    assert Redemption.objects.get().released_at == world.now
    order(world, (offer, 1), voucher_code="tenth")


def test_an_address_changes_in_the_vault_and_as_an_event(world):
    placed = order(world, (world.offer(world.seller()), 1))
    before = Order.objects.get().ship_to_id
    options = shopper(placed)
    changed = checkout.change_address(
        order_id=placed.order_id, ship_to=ADDRESS | {"line1": "2 New Street"}, now=world.now, **options
    )
    made = Order.objects.get()
    assert (made.ship_to_id, made.ship_to.line1) == (changed, "2 New Street")
    event = OrderEvent.objects.get(kind="address_changed")
    assert event.data == {"from": str(before), "to": str(changed)}
    with refused("orders.other_country"):
        checkout.change_address(order_id=placed.order_id, ship_to=ADDRESS | {"country": "US"}, now=world.now, **options)
    with refused("kernel.not_found"):
        checkout.change_address(
            order_id=placed.order_id, ship_to=ADDRESS, now=world.now, **(options | {"access_token": "no"})
        )
    cancel(world, placed, (OrderLine.objects.get().id, 1))
    with refused("orders.nothing_to_ship"):
        checkout.change_address(order_id=placed.order_id, ship_to=ADDRESS, now=world.now, **options)


def substitute(world, line, offer, quantity, actor=None):
    return checkout.substitute(
        line_id=line.id,
        offer_id=offer.id,
        quantity=quantity,
        actor=actor or world.operator_actor(),
        reason="the shopper agreed",
        now=world.now,
    )


def test_a_dearer_product_is_paid_for_by_who_is_liable(world):
    seller = world.seller()
    offer, other = world.offer(seller, price="10.00", stock=5), world.offer(seller, price="12.00", title="Big mug")
    placed = order(world, (offer, 3))
    old = OrderLine.objects.get()
    done = substitute(world, old, other, 2)
    old.refresh_from_db()
    new = OrderLine.objects.get(id=done.line_id)
    assert (old.cancelled_qty, new.quantity, new.replaces_id, done.amount_minor) == (2, 2, old.id, 0)
    assert (new.list_minor, new.discount_minor) == (2400, 400)
    adjustment = Adjustment.objects.get()
    assert (adjustment.kind, adjustment.amount_minor, adjustment.source_id) == ("substitution", 400, old.id)
    assert Order.objects.get().total_minor == placed.total_minor, "what was ordered"
    assert Void.objects.count() == 0
    assert sorted(Hold.objects.filter(state="active").values_list("owner_id", "quantity")) == sorted(
        [(old.id, 1), (new.id, 2)]
    )
    cancel(world, placed, (old.id, 1), (new.id, 2))
    assert Payment.objects.get().voided_minor == placed.total_minor


def test_a_cheaper_product_lets_the_difference_go(world):
    seller = world.seller()
    offer, other = world.offer(seller, price="10.00", stock=5), world.offer(seller, price="7.01", title="Small mug")
    placed = order(world, (offer, 1))
    done = substitute(world, OrderLine.objects.get(), other, 1)
    assert done.amount_minor == 299
    assert Payment.objects.get().voided_minor == 299
    cancel(world, placed, (done.line_id, 1))
    assert Payment.objects.get().voided_minor == placed.total_minor


def test_another_sellers_product_takes_no_place(world):
    seller, other = world.seller(), world.seller()
    offer, foreign, gone = world.offer(seller), world.offer(other), world.offer(seller, stock=0)
    order(world, (offer, 1))
    line = OrderLine.objects.get()
    with refused("orders.sold_out"):
        substitute(world, line, foreign, 1)
    with refused("orders.sold_out"):
        substitute(world, line, gone, 1)
    with refused("kernel.not_found"):
        substitute(world, line, offer, 1, world.seller_actor(other))
    with refused("orders.beyond_quantity"):
        substitute(world, line, offer, 2)
    line.refresh_from_db()
    assert line.cancelled_qty == 0
