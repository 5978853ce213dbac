"""Vouchers at checkout: spread over the lines they cover, funded by whom they say, counted and given back."""

from decimal import Decimal

import pytest

from entrepot.domain.orders.models import Adjustment, OrderLine
from entrepot.domain.promotions import services as promotions
from entrepot.domain.promotions.models import Redemption, Voucher
from entrepot.flows import checkout
from entrepot.flows.checkout import CartRequest, Quote
from shopping import order, place, refused, request, voucher

FULL = "fully-managed"


def test_a_co_funded_voucher_is_spread_by_value_and_told_by_funder(world):
    seller, other = world.seller(), world.seller(programme=FULL)
    first, second = world.offer(seller, price="10.00"), world.offer(other, price="3.33")
    voucher(world, "COFUND", amount_minor=500, platform_share=Decimal("0.6"))
    placed = order(world, (first, 1), (second, 2), voucher_code="cofund")
    lines = {line.offer_id: line for line in OrderLine.objects.all()}
    assert {key: line.discount_minor for key, line in lines.items()} == {first.id: 300, second.id: 200}
    shares = {(row.line_id, row.funder): row.amount_minor for row in Adjustment.objects.all()}
    assert shares == {
        (lines[first.id].id, "platform"): 180,
        (lines[first.id].id, "seller"): 120,
        (lines[second.id].id, "platform"): 120,
        (lines[second.id].id, "seller"): 80,
    }
    assert Redemption.objects.get().amount_minor == 500
    assert sum(line.total_minor for line in lines.values()) == placed.total_minor


def test_a_sellers_voucher_falls_on_its_own_goods_by_their_terms(world):
    seller, other = world.seller(), world.seller()
    mine, theirs = world.offer(seller), world.offer(other)
    voucher(world, "MINE", seller=seller, actor=world.seller_actor(seller), platform_share=Decimal(1))
    order(world, (mine, 1), (theirs, 1), voucher_code="MINE")
    discounted = OrderLine.objects.exclude(discount_minor=0).get()
    assert discounted.seller_id == seller.pk
    promotion = _payer(mine)
    expected = {party for party, share in promotion.items() if share}
    assert {row.funder for row in Adjustment.objects.all()} == {str(party) for party in expected}


def _payer(offer):
    from entrepot.domain.terms import documents
    from entrepot.domain.terms.rules import Task

    return documents.parse(offer.enrolment.programme_version.document, where="test").payer(Task.PROMOTION)


def test_a_line_split_over_nodes_shares_its_discount(world):
    seller = world.seller()
    offer = world.offer(seller, price="3.33", stock=2)
    far = world.node("second", operator=seller.organisation, kind="seller_premises", country="DE")
    world.stock(seller, offer.sku, 2, node=far)
    voucher(world, "TENTH")
    order(world, (offer, 3), voucher_code="TENTH")
    assert sorted(OrderLine.objects.values_list("discount_minor", flat=True)) == [33, 67]


def test_limits_hold_within_a_batch(world):
    offer = world.offer(world.seller(), stock=50)
    voucher(world, "THREE", limit_total=3)
    answers = place(world, *[request(f"k{number}", (offer, 1), voucher_code="three") for number in range(5)])
    assert [getattr(each, "code", "") for each in answers[3:]] == ["promotions.used_up"] * 2
    assert Voucher.objects.get().redeemed == 3


def test_a_shopper_is_the_same_signed_in_or_not(world):
    offer = world.offer(world.seller(), stock=50)
    user = world.user("ada@example.org")
    voucher(world, "ONCE", limit_per_shopper=1)
    order(world, (offer, 1), voucher_code="once", email="Ada@Example.org")
    [again] = place(world, request("x", (offer, 1), voucher_code="once", user_id=user.id, email=""))
    assert again.code == "promotions.used_by_shopper"
    [nobody] = place(world, request("y", (offer, 1), voucher_code="once", email=""))
    assert nobody.code == "promotions.needs_shopper"
    order(world, (offer, 1), voucher_code="once", email="eve@example.org")


def test_a_use_comes_back_when_the_payment_is_declined(world):
    offer = world.offer(world.seller(), stock=50)
    voucher(world, "LAST", limit_total=1)
    place(world, request("a", (offer, 1), voucher_code="last", instrument="decline"))
    assert (Voucher.objects.get().redeemed, Redemption.objects.get().released_at) == (0, world.now)
    order(world, (offer, 1), voucher_code="last")
    assert Voucher.objects.get().redeemed == 1


def test_a_use_that_a_refused_order_took_is_there_for_the_next(world):
    offer, gone = world.offer(world.seller(), stock=50), world.offer(world.seller(), stock=0)
    voucher(world, "LAST", limit_total=1)
    answers = place(
        world,
        request("a", (gone, 1), voucher_code="last"),
        request("b", (offer, 1), voucher_code="last", expected_total_minor=1),
        request("c", (offer, 1), voucher_code="last"),
    )
    assert [getattr(each, "code", "placed") for each in answers] == [
        "orders.sold_out",
        "orders.total_changed",
        "placed",
    ]


def test_a_quote_without_its_voucher_says_why(world):
    offer = world.offer(world.seller(), price="10.00")
    voucher(world, "BIG", minimum_minor=5000)
    cart = CartRequest(market_code="DE", lines=[(offer.id, 1)], voucher_code="big")
    [quote] = checkout.quote_carts(carts=[cart], now=world.now)
    assert isinstance(quote, Quote)
    assert quote.discount_minor == 0
    assert quote.voucher_refusal.code == "promotions.below_minimum"
    [better] = checkout.quote_carts(
        carts=[CartRequest(market_code="DE", lines=[(offer.id, 5)], voucher_code="big")], now=world.now
    )
    assert (better.discount_minor, better.voucher_label, better.voucher_refusal) == (500, "Big", None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rate": Decimal("1.5")}, "promotions.not_a_share"),
        ({"rate": Decimal(0)}, "promotions.not_a_share"),
        ({"rate": Decimal("NaN")}, "promotions.not_a_share"),
        ({"rate": Decimal("0.1234567")}, "promotions.not_a_share"),
        ({"platform_share": Decimal(2)}, "promotions.not_a_share"),
        ({"rate": Decimal("0.1"), "amount_minor": 5}, "promotions.rate_or_amount"),
        ({"amount_minor": 0}, "promotions.out_of_range"),
        ({"limit_total": 0}, "promotions.out_of_range"),
        ({"code": "x"}, "promotions.bad_code"),
        ({"code": "a b c"}, "promotions.bad_code"),
    ],
)
def test_a_voucher_that_makes_no_sense_is_refused(world, fields, code):
    with refused(code):
        voucher(world, fields.pop("code", "CODE"), **fields)


def test_a_code_is_taken_once_and_a_seller_makes_only_its_own(world):
    seller, other = world.seller(), world.seller()
    voucher(world, "ONE")
    with refused("promotions.voucher_exists"):
        voucher(world, "one")
    for scope in ({}, {"seller": other}):
        with refused("promotions.not_yours"):
            voucher(world, "TWO", actor=world.seller_actor(seller), **scope)


def test_an_ended_voucher_counts_no_more(world):
    offer = world.offer(world.seller())
    made = voucher(world, "OVER")
    promotions.end_voucher(actor=world.operator_actor(), voucher_id=made.id, reason="a mistake", now=world.now)
    assert place(world, request("a", (offer, 1), voucher_code="over"))[0].code == "promotions.expired"
