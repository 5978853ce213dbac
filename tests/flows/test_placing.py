"""Orders are placed: priced, routed, held, paid, split into suborders; and every bad one is refused alone."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Contact
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.models import Hold, Stock
from entrepot.domain.logistics.models import ShippingCharge
from entrepot.domain.orders import work
from entrepot.domain.orders.models import Order, OrderEvent, OrderLine, Suborder, WorkItem
from entrepot.domain.orders.snapshot import digest_sql
from entrepot.domain.payments.models import Capture, Payment, SandboxCharge
from entrepot.domain.routing import services as routing
from entrepot.domain.routing.services import Wanted
from entrepot.flows import checkout
from entrepot.flows.checkout import Declined, Placed, Waiting
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import Denied, EntrepotError, Invalid, NotFound, Refused
from entrepot.kernel.models import OutboxEvent
from entrepot.surfaces.shared import carriage
from shopping import ADDRESS, order, place, publish_variant, refused, request, voucher

LOCAL = "semi-managed-local-stock"
FULL = "fully-managed"


def test_an_order_is_placed_whole(world):
    offer = world.offer(world.seller(), price="19.99", stock=10)
    placed = order(world, (offer, 2))
    made = Order.objects.get()
    assert (made.state, made.placed_at, made.total_minor) == ("placed", world.now, placed.total_minor)
    line, suborder = OrderLine.objects.get(), Suborder.objects.get()
    assert line.list_minor == 2 * 1999
    assert line.goods_net_minor + line.goods_tax_minor == line.list_minor
    assert line.total_minor == placed.total_minor
    assert line.tax_rate == Decimal("0.19")
    assert (suborder.carrier, suborder.performer_party, suborder.seller_id) == (
        "flat-post",
        "seller",
        offer.seller_id,
    )
    assert Hold.objects.get().expires_at is None
    assert Stock.objects.get().reserved == 2
    assert (Payment.objects.get().state, Payment.objects.get().amount_minor) == ("authorised", placed.total_minor)
    assert WorkItem.objects.get().due_at == suborder.ship_by > world.now
    assert [event.kind for event in OrderEvent.objects.all()] == ["placed"]
    told = OutboxEvent.objects.filter(subject_kind="order")
    assert [event.topic for event in told] == ["order.placed"]


def test_names_stand_in_the_vault_only(world):
    placed = order(world, (world.offer(world.seller()), 1))
    contact = Contact.objects.get(id=Order.objects.get().ship_to_id)
    assert (contact.name, contact.email) == ("Ada Byron", "ada@example.org")
    tables = ("orders_order", "orders_suborder", "orders_orderline", "orders_orderevent", "payments_payment",
              "kernel_outboxevent", "promotions_redemption")  # fmt: skip
    for table in tables:
        for row in fetch_rows(f"SELECT row_to_json(t)::text AS text FROM {table} t"):
            assert "Ada" not in row.text
            assert "example.org" not in row.text
    assert placed.access_token


def test_a_mixed_cart_is_one_total_in_suborders_by_seller_and_node(world):
    sellers = [
        world.seller(programme=code) for code in (FULL, "semi-managed-platform-logistics", LOCAL, "self-managed")
    ]
    offers = [world.offer(seller) for seller in sellers]
    second = world.offer(sellers[2], title="Red mug")
    placed = order(world, *[(offer, 1) for offer in (*offers, second)])
    assert Suborder.objects.count() == 4
    assert Payment.objects.count() == 1
    assert sum(OrderLine.objects.values_list("total_minor", flat=True)) == placed.total_minor
    parties = {row.programme_code: row.performer_party for row in Suborder.objects.all()}
    assert parties[FULL] == "platform"
    assert parties[LOCAL] == parties["self-managed"] == "seller"
    assert len({line.terms_id for line in OrderLine.objects.all()}) == 4


def test_a_market_without_tax_in_its_prices_gets_tax_on_top(world):
    offer = world.offer(world.seller(market="US"), price="20.00", weight_g=400)
    order(world, (offer, 1), market_code="US")
    line = OrderLine.objects.get()
    assert (line.goods_net_minor, line.goods_tax_minor) == (2000, 140)
    assert line.shipping_tax_minor == round(line.shipping_net_minor * 0.07)


def test_a_line_freezes_its_supply_price_rate_and_source(world):
    seller = world.seller(programme=FULL, currency="CNY")
    offer = world.offer(seller, price="19.99", supply="40.00")
    order(world, (offer, 3), attribution={"campaign": "spring"})
    line = OrderLine.objects.get()
    assert (line.supply_minor, line.supply_currency) == (12000, "CNY")
    assert (line.fx_rate, line.fx_source) == (Decimal("7.8"), "test rates")
    assert line.fx_on is not None
    assert line.attribution == {"campaign": "spring"}
    [row] = fetch_rows(f"SELECT {digest_sql('line')} AS hash FROM orders_orderline line")
    assert row.hash == line.snapshot_hash


def test_the_hash_of_a_line_is_the_same_in_sql_for_every_kind_of_line(world):
    for code in (FULL, LOCAL, "self-managed"):
        order(world, (world.offer(world.seller(programme=code), title="Mug | “blau” — 蓝"), 2))
    differing = fetch_rows(f"SELECT id FROM orders_orderline line WHERE snapshot_hash <> {digest_sql('line')}")
    assert differing == []
    assert OrderLine.objects.count() == 3


def test_every_bad_order_of_a_batch_is_refused_alone(world):
    seller = world.seller()
    offer, few = world.offer(seller, stock=10), world.offer(seller, stock=1)
    paused = world.offer(seller)
    paused.status = "paused"
    paused.save()
    good = request("good", (offer, 1))
    batch = [
        request("1", (offer, 0)),
        request("2", (offer, -1)),
        request("3", (offer, 1.5)),
        request("4", (offer, 10**12)),
        request("5", (offer, True)),
        request("6", (offer, "3")),
        request("7", (few, 2)),
        request("8", (paused, 1)),
        replace(good, checkout_key="9", market_code="XX"),
        replace(good, checkout_key="10", expected_total_minor=1),
        replace(good, checkout_key="11", ship_to=ADDRESS | {"country": "FR"}),
        replace(good, checkout_key="12", ship_to=ADDRESS | {"planet": "Mars"}),
        replace(good, checkout_key="13", ship_to=ADDRESS | {"name": "a\0b"}),
        replace(good, checkout_key="14", lines=[]),
        replace(good, checkout_key="15", provider="gold"),
        replace(good, checkout_key="16", provider="recorded"),
        replace(good, checkout_key="17", lines=[(offer.id, 1, 5)]),
        replace(good, checkout_key=""),
        replace(good, checkout_key="19", email="nobody"),
        replace(good, checkout_key="20", voucher_code="NONE"),
        replace(good, checkout_key="21", user_id=offer.id),
        replace(good, checkout_key="22", cart_id=offer.id),
        replace(good, checkout_key="23", ship_to=offer.id),
        replace(good, checkout_key="24", lines=[(seller.pk, 1)]),
        good,
    ]
    answers = place(world, *batch)
    told = [(type(each), each.code, each.field) for each in answers[:-1]]
    assert told[:6] == [(Invalid, "orders.bad_quantity", "lines[0].quantity")] * 6
    assert told[6:] == [
        (Refused, "orders.sold_out", "lines[0].quantity"),
        (Refused, "orders.not_on_sale", "lines[0].offer_id"),
        (NotFound, "markets.unknown", "market"),
        (Refused, "orders.total_changed", "expected_total_minor"),
        (Invalid, "orders.other_country", "ship_to.country"),
        (Invalid, "orders.unknown_field", "ship_to"),
        (Invalid, "orders.bad_text", "ship_to.name"),
        (Invalid, "orders.no_lines", "lines"),
        (Invalid, "payments.unknown_provider", "provider"),
        (Denied, "orders.not_for_shoppers", ""),
        (Denied, "orders.not_for_shoppers", ""),
        (Invalid, "orders.bad_text", "checkout_key"),
        (Invalid, "orders.bad_email", "email"),
        (type(answers[19]), "promotions.unknown_voucher", "voucher_code"),
        (NotFound, "kernel.not_found", ""),
        (NotFound, "orders.unknown_cart", "cart_id"),
        (NotFound, "orders.unknown_address", "ship_to"),
        (NotFound, "orders.unknown_offer", "lines[0].offer_id"),
    ]
    assert isinstance(answers[-1], Placed)
    assert all(str(each) for each in answers)
    assert Order.objects.count() == Payment.objects.count() == Contact.objects.filter(name="Ada Byron").count() == 1


def test_what_a_refused_order_would_have_taken_is_there_for_the_next(world):
    offer = world.offer(world.seller(), stock=2)
    wrong = replace(request("a", (offer, 2)), expected_total_minor=7)
    answers = place(world, wrong, request("b", (offer, 2)), request("c", (offer, 1)))
    assert [getattr(each, "code", "placed") for each in answers] == [
        "orders.total_changed",
        "placed",
        "orders.sold_out",
    ]


def test_a_batch_never_sells_more_than_there_is(world):
    offer = world.offer(world.seller(), stock=7)
    answers = place(world, *[request(f"k{number}", (offer, 2)) for number in range(5)])
    assert [isinstance(each, Placed) for each in answers] == [True, True, True, False, False]
    assert answers[3].values["available"] == 1
    assert Stock.objects.get().reserved == 6


def test_the_same_sku_on_two_lines_and_in_a_kit_is_counted_as_a_sum(world):
    seller = world.seller()
    plain = world.offer(seller, stock=5)
    kit = world.kit(seller, {plain.sku: 2})
    [twice] = place(world, request("a", (plain, 3), (plain, 3)))
    assert twice.code == "orders.sold_out"
    [both] = place(world, request("b", (plain, 2), (kit, 2)))
    assert (both.code, both.values["available"]) == ("orders.sold_out", 1)
    order(world, (plain, 1), (kit, 2))
    assert Stock.objects.get().reserved == 5
    assert sorted(Hold.objects.values_list("quantity", "per_unit")) == [(1, 1), (4, 2)]


def test_units_that_are_set_aside_for_an_offer_are_its_own(world):
    seller = world.seller()
    shared = world.offer(seller, stock=5)
    world.enrol(seller, programme="self-managed", market="DE")
    own = world.offer(seller, sku=shared.sku, stock=0, programme="self-managed")
    stock = Stock.objects.get()
    own.stock_policy = "allotted"
    own.save()
    inventory.allot(offer_id=own.id, rows=[(stock.id, 2)], now=world.now)
    [beyond] = place(world, request("a", (own, 3)))
    assert beyond.values["available"] == 2
    [beyond] = place(world, request("b", (shared, 4)))
    assert beyond.values["available"] == 3
    order(world, (own, 2), (shared, 3))
    stock.refresh_from_db()
    assert (stock.reserved, stock.allotted) == (5, 0)


def test_a_line_that_fits_nowhere_whole_leaves_from_two_nodes(world):
    seller = world.seller()
    offer = world.offer(seller, stock=3)
    other = world.node("second", operator=seller.organisation, kind="seller_premises", country="DE")
    world.stock(seller, offer.sku, 2, node=other)
    placed = order(world, (offer, 5))
    assert sorted(OrderLine.objects.values_list("quantity", flat=True)) == [2, 3]
    assert Suborder.objects.count() == 2
    assert sum(OrderLine.objects.values_list("total_minor", flat=True)) == placed.total_minor


def test_the_same_key_is_the_same_order(world):
    offer = world.offer(world.seller(), price="10.00", stock=10)
    first = place(world, request("one", (offer, 1)))
    world.pass_time(minutes=5)
    again = place(world, request("one", (offer, 1)), request("one", (offer, 1)))
    assert again == [*first, *first]
    assert Order.objects.count() == 1


def test_a_key_with_another_body_is_refused(world):
    offer = world.offer(world.seller(), stock=10)
    answers = place(world, request("one", (offer, 1)), request("one", (offer, 2)))
    assert isinstance(answers[0], Placed)
    assert answers[1].code == "orders.key_reused"
    assert place(world, request("one", (offer, 3)))[0].code == "orders.key_reused"


def test_a_refused_key_may_be_used_again(world):
    seller = world.seller()
    offer = world.offer(seller, stock=0)
    assert place(world, request("one", (offer, 1)))[0].code == "orders.sold_out"
    home = world.node("home", operator=seller.organisation, kind="seller_premises", country="DE")
    world.stock(seller, offer.sku, 1, node=home)
    assert isinstance(place(world, request("one", (offer, 1)))[0], Placed)


def test_a_user_orders_to_an_address_of_the_vault(world):
    user, other = world.user("ada@example.org"), world.user("eve@example.org")
    [contact] = accounts.keep_contacts(rows=[ADDRESS], now=world.now, owner_user_id=user.id)
    offer = world.offer(world.seller())
    placed = order(world, (offer, 1), user_id=user.id, email="", ship_to=contact.id)
    made = Order.objects.get(id=placed.order_id)
    assert made.ship_to_id != contact.id
    assert (made.ship_to.line1, made.ship_to.email) == (contact.line1, user.email)
    [foreign] = place(world, request("x", (offer, 1), user_id=other.id, ship_to=contact.id))
    assert foreign.code == "orders.unknown_address"


def test_a_payment_that_is_declined_leaves_nothing_behind(world):
    offer = world.offer(world.seller(), stock=3)
    [declined] = place(world, request("one", (offer, 2), instrument="decline"))
    assert isinstance(declined, Declined)
    assert declined.reason == "card_declined"
    assert Stock.objects.get().reserved == 0
    assert Order.objects.get().state == "declined"
    assert WorkItem.objects.count() == 0
    assert place(world, request("one", (offer, 2), instrument="decline")) == [declined]


def test_an_order_of_nothing_asks_no_provider(world):
    offer = world.offer(world.seller())
    ShippingCharge.objects.update(flat_minor=0)
    voucher(world, "ALLFREE", rate=Decimal(1))
    [placed] = place(world, request("one", (offer, 1), instrument="decline", voucher_code="allfree"))
    assert isinstance(placed, Placed)
    assert placed.total_minor == 0
    assert Payment.objects.get().state == "authorised"
    assert SandboxCharge.objects.count() == 0


def test_a_weight_that_nobody_ships_is_refused_alone(world):
    seller = world.seller()
    heavy, light = world.offer(seller, weight_g=31_000), world.offer(seller)
    answers = place(world, request("a", (heavy, 2)), request("b", (light, 1)))
    assert (answers[0].code, answers[0].status) == ("orders.no_freight", 503)
    assert isinstance(answers[1], Placed)


def test_goods_too_heavy_for_one_parcel_leave_in_two_unless_a_rule_keeps_them_together(world):
    seller = world.seller()
    heavy, light = world.offer(seller, weight_g=29_000), world.offer(seller)
    [placed] = place(world, request("a", (heavy, 2), (light, 1)))
    assert isinstance(placed, Placed)
    suborder = Suborder.objects.get(order_id=placed.order_id)
    assert sorted(map(sum, suborder.carriage["boxes"])) == [1, 2]
    assert suborder.carriage["charge_minor"] == suborder.carriage["flat_minor"] == 2 * 999
    [item] = work.find_work(suborder_ids=[suborder.id])
    told = carriage.boxes_of(item, work.list_lines(suborder_ids=[suborder.id])[suborder.id])
    titles = [f"1 × {line.title}" for line in OrderLine.objects.order_by("position")]
    assert sorted(told) == sorted([titles[0], ", ".join(titles)])
    routing.add_rule(rule=Wanted("one_parcel"), actor=SYSTEM, reason="boxes are dear", now=world.now)
    [refused] = place(world, request("b", (heavy, 2)))
    assert refused.code == "orders.no_freight"


def test_an_enrolment_that_is_over_sells_no_more(world):
    offer = world.offer(world.seller())
    offer.enrolment.valid_until = world.now
    offer.enrolment.save()
    assert place(world, request("a", (offer, 1)))[0].code == "orders.enrolment_over"


def test_terms_are_those_of_the_order_not_of_today(world):
    seller = world.seller()
    offer = world.offer(seller)
    order(world, (offer, 1))
    frozen = OrderLine.objects.get().terms_id
    world.pass_time(days=1)
    offer.enrolment.valid_until = world.now
    offer.enrolment.save()
    publish_variant(world, LOCAL, LOCAL, service={"handling_business_days": 9})
    offer.enrolment = world.enrol(seller, programme=LOCAL, market="DE")
    offer.save()
    order(world, (offer, 1))
    first, second = OrderLine.objects.order_by("id")
    assert (first.terms_id, second.terms_id != frozen) == (frozen, True)


def test_a_programme_may_take_the_money_at_order(world):
    publish_variant(world, LOCAL, "paid-at-order", fulfilment={"capture": "order"})
    offer = world.offer(world.seller(programme="paid-at-order"), stock=5)
    placed = order(world, (offer, 2))
    capture = Capture.objects.get()
    assert (capture.state, capture.amount_minor) == ("done", placed.total_minor)
    assert capture.source_id == Suborder.objects.get().id
    assert Payment.objects.get().captured_minor == placed.total_minor


def test_trusted_callers_may_name_agreed_prices_and_payments_made_elsewhere(world):
    offer = world.offer(world.seller(), price="19.99")
    wanted = request("a", (offer, 1), provider="recorded", lines=[(offer.id, 1, 500), (offer.id, 2, 700)])
    [placed] = place(world, wanted, trusted=True)
    assert isinstance(placed, Placed)
    assert sorted(OrderLine.objects.values_list("list_minor", flat=True)) == [500, 1400]


def test_the_number_of_statements_does_not_grow_with_the_batch(world):
    seller = world.seller()
    offers = [world.offer(seller, stock=500) for _ in range(4)]

    def count(size: int) -> int:
        wanted = [
            request(world.next("key"), (offers[number % 4], 1), (offers[(number + 1) % 4], 2)) for number in range(size)
        ]
        with CaptureQueriesContext(connection) as queries:
            assert all(isinstance(each, Placed) for each in place(world, *wanted))
        return len(queries)

    count(1)
    assert count(40) == count(2)


def test_a_slow_payment_waits_and_is_told_so(world):
    offer = world.offer(world.seller(), stock=3)
    [waiting] = place(world, request("one", (offer, 1), instrument="slow"))
    assert isinstance(waiting, Waiting)
    assert Hold.objects.get().expires_at > world.now
    assert WorkItem.objects.count() == 0


def test_quotes_say_what_checkout_charges(world):
    seller = world.seller()
    offer, other = world.offer(seller, stock=3), world.offer(seller, price="7.50")
    cart = checkout.CartRequest(market_code="DE", lines=[(offer.id, 2), (other.id, 1)])
    [quote] = checkout.quote_carts(carts=[cart], now=world.now)
    placed = order(world, (offer, 2), (other, 1), expected_total_minor=quote.total_minor)
    assert placed.total_minor == quote.total_minor
    assert quote.list_minor - quote.discount_minor + quote.shipping_minor + quote.customs_duty_minor == (
        quote.total_minor
    )
    assert quote.parcels[0].ship_by == Suborder.objects.get().ship_by
    assert list(quote.parcels[0].nodes.values()) == ["chosen"]
    many = checkout.quote_carts(carts=[replace(cart, lines=[(offer.id, 2)]), cart, cart], now=world.now)
    assert [isinstance(each, EntrepotError) for each in many] == [True, True, True]
    assert Stock.objects.get(sku=offer.sku).reserved == 2


def test_quotes_hold_nothing_and_see_one_shopper_at_a_time(world):
    offer = world.offer(world.seller(), stock=2)
    cart = checkout.CartRequest(market_code="DE", lines=[(offer.id, 2)])
    assert all(isinstance(each, checkout.Quote) for each in checkout.quote_carts(carts=[cart] * 3, now=world.now))
    assert Hold.objects.count() == 0


def test_refusals_name_what_is_left(world):
    offer = world.offer(world.seller(), stock=2)
    with refused("orders.sold_out") as refusal:
        raise place(world, request("a", (offer, 3)))[0]
    assert (refusal.value.values["available"], refusal.value.values["asked"]) == (2, 3)
    assert list(refusal.value.values["nodes"].values()) == ["short"]


def test_an_order_is_not_placed_within_a_transaction(world):
    offer = world.offer(world.seller())
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        place(world, request("a", (offer, 1)))
