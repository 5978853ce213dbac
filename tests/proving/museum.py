"""Defects that shops have had, each put into our code for a moment: what to change, and what notices it.

`changed` writes a function anew from its own source, so that an exhibit whose place has changed says so.
"""

import contextlib
import functools
import inspect
import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connections
from django.test import RequestFactory

import bookkeeping
import shipping
import shopping
from entrepot.domain.aftersales import services as aftersales
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory import services as inventory
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders import carts
from entrepot.domain.orders.models import Order, OrderEvent
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.models import Capture, Payment, SandboxCharge
from entrepot.domain.payments.providers import Act, webhooks
from entrepot.domain.payments.providers.interface import Answer, Outcome
from entrepot.domain.payments.providers.sandbox import Sandbox
from entrepot.domain.payments.services import NewCall
from entrepot.domain.promotions import queries as promotions
from entrepot.domain.settlement import payouts, statements
from entrepot.domain.settlement.models import Payout
from entrepot.flows import checkout, paying, returns, settling
from entrepot.kernel import idempotency, ids, outbox
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Refused
from entrepot.kernel.models import OutboxEvent
from entrepot.surfaces.jobs import relay
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.middleware import GuardMiddleware
from proving import test_races as races
from worlds import World

Patch = contextlib.AbstractContextManager[Any]


@dataclass(frozen=True)
class Exhibit:
    """A defect: where it was, what it is, how it is put in, and a look that must then fail."""

    where: str
    what: str
    patches: Callable[[], Sequence[Patch]]
    look: Callable[[], None]
    without: Sequence[str] = ()  # walls of the database that are taken down, table and constraint


@contextlib.contextmanager
def changed(function: Callable[..., Any], *edits: tuple[str, str]) -> Iterator[None]:
    """The function with other words in it, wherever it is known by a name."""
    plain = inspect.unwrap(function)
    source = textwrap.dedent(inspect.getsource(plain))
    for old, new in edits:
        assert source.count(old) == 1, f"{plain.__qualname__} does not say {old!r} once"
        source = source.replace(old, new)
    made: dict[str, Any] = {}
    exec(compile(source, f"<{plain.__qualname__} with a defect>", "exec"), vars(sys.modules[plain.__module__]), made)
    modules = [module for name, module in sys.modules.items() if name.startswith("entrepot.")]
    with contextlib.ExitStack() as stack:
        for module in modules:
            for name in [name for name, value in vars(module).items() if value is function]:
                stack.enter_context(mock.patch.object(module, name, made[plain.__name__]))
        yield


def reworded(module: Any, name: str, *edits: tuple[str, str]) -> Patch:
    """A statement of SQL with other words in it."""
    words = getattr(module, name)
    for old, new in edits:
        assert words.count(old) == 1, f"{name} does not say {old!r} once"
        words = words.replace(old, new)
    return mock.patch.object(module, name, words)


def walls_down(walls: Sequence[str]) -> None:
    """Drop constraints and unique indexes, named as `table.name`, or `table.*column` for that of a column."""
    with connections["owner"].cursor() as cursor:
        for wall in walls:
            table, _, name = wall.partition(".")
            if name.startswith("*"):
                cursor.execute(
                    "SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
                    " WHERE conrelid = %s::regclass AND contype = 'u' AND cardinality(conkey) = 1 AND attname = %s",
                    [table, name[1:]],
                )
                [(name,)] = cursor.fetchall()
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
            cursor.execute(f"DROP INDEX IF EXISTS {name}")


def sound(world: World) -> None:
    """The books hold. No relay tells what happened while days pass, and the world admits its sellers by itself."""
    shopping.assert_sound(world, "I34", "I38")


def stocked(units: int = 5, **fields: Any) -> tuple[World, Offer]:
    world = World()
    return world, world.offer(world.seller(**fields), price="19.99", stock=units)


def raced(build: Callable[[Any], Any]) -> Callable[[], None]:
    """A race of a few, with the books after it."""

    @functools.wraps(build, updated=())
    def look() -> None:
        ring = races.Ring(threads=6)
        try:
            acts, check = build(ring)
            check(ring.at_once(acts))
            sound(ring.world)
        finally:
            ring.close()

    return look


#: Long enough for all of a race to come as far, on a machine that has much else to do.
SLOWLY = "__import__('time').sleep(2)"


# what is looked at


def two_orders() -> None:
    world, offer = stocked()
    shipping.order(world, (offer, 1))
    shipping.order(world, (offer, 2))
    sound(world)


def two_orders_in_one_batch() -> None:
    world, offer = stocked()
    shopping.place(world, shopping.request("one", (offer, 2)), shopping.request("two", (offer, 3)))
    sound(world)


def let_go_twice() -> None:
    world, offer = stocked()
    ordered = shipping.order(world, (offer, 1))
    line = shipping.lines_of(ordered)[0]
    shipping.order(world, (offer, 2))
    inventory.release_holds(owner_ids=[line.id], now=world.now)
    inventory.release_holds(owner_ids=[line.id], now=world.now)
    assert inventory.lock_stock(seller_skus={(offer.seller_id, offer.sku_id)}, lock=False)[0].reserved == 2


def paid_when_the_goods_are_gone() -> None:
    world, offer = stocked(1)
    shopping.place(world, shopping.request("late", (offer, 1), instrument="slow"))
    world.pass_time(minutes=40)
    checkout.expire_holds(now=world.now)
    shopping.place(world, shopping.request("quick", (offer, 1)))
    for headers, body in shopping.sandbox().messages(world.now):
        checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)
    sound(world)
    assert Order.objects.get(checkout_key="late").state == "declined"


def one_key_for_two_baskets() -> None:
    world, offer = stocked()
    shopping.place(world, shopping.request("key", (offer, 1)))
    [answer] = shopping.place(world, shopping.request("key", (offer, 3)))
    assert isinstance(answer, checkout.KeyReused)


def one_order_a_key() -> None:
    world, offer = stocked()
    for _ in range(2):
        shopping.place(world, shopping.request("key", (offer, 1)))
    sound(world)
    assert Order.objects.count() == SandboxCharge.objects.count() == 1


def told_by_two() -> None:
    """The return page and the message bring the same news."""
    world, offer = stocked()
    shopping.place(world, shopping.request("slow", (offer, 1), instrument="slow"))
    world.pass_time(minutes=1)
    payment = Payment.objects.get()
    for _ in range(2):
        paying.complete(answers=[(payment.id, Answer("key", Outcome.APPROVED, "ref"))], now=world.now)
    assert OrderEvent.objects.filter(kind="placed").count() == 1
    assert OutboxEvent.objects.filter(topic="order.placed").count() == 1


def captured_once_a_parcel() -> None:
    world, offer = stocked()
    line = shipping.lines_of(shipping.order(world, (offer, 3)))[0]
    parcel = shipping.pack(world, (line, 1))
    shipping.hand_over(world, parcel)
    call = Capture.objects.get()
    again = NewCall(call.payment_id, parcel.id, [(line.id, 1, call.amount_minor)])
    paying.carry_out(
        act=Act.CAPTURE, call_ids=payments.open_calls(act=Act.CAPTURE, rows=[again], now=world.now), now=world.now
    )
    sound(world)
    assert SandboxCharge.objects.filter(act="capture").count() == 1


def given_back_beyond_what_was_taken() -> None:
    world, offer = stocked()
    ordered = shipping.order(world, (offer, 1))
    shipping.deliver(world, ordered)
    payment, line = Payment.objects.get(), shipping.lines_of(ordered)[0]
    rows = [NewCall(payment.id, ids.new_id(world.now), [(line.id, 1, payment.captured_minor)], "return")
            for _ in range(2)]  # fmt: skip
    with pytest.raises(payments.BeyondCaptured):
        payments.open_calls(act=Act.REFUND, rows=rows, now=world.now)


def a_cart_that_was_ordered() -> None:
    world, offer = stocked()
    cart = carts.open_cart(holder=carts.Holder(), market_id=offer.market_id, now=world.now)
    carts.add_units(cart=cart, offer_id=offer.id, quantity=1, now=world.now)
    shopping.place(world, shopping.request("key", (offer, 1), cart_id=cart.id))
    with shopping.refused("orders.cart_ordered"):
        carts.add_units(cart=cart, offer_id=offer.id, quantity=3, now=world.now)


def held_before_it_is_paid() -> None:
    world, offer = stocked()
    shipping.order(world, (offer, 2))
    sound(world)


def due() -> World:
    """A world in which a seller is owed something."""
    world, offer = stocked()
    shipping.deliver(world, shipping.order(world, (offer, 2)))
    world.pass_time(days=14)
    return world


def one_payout_a_statement() -> None:
    world = due()
    bookkeeping.settle(world)
    for _ in range(2):
        settling.pay_out(now=world.now, actor=SYSTEM)
    sound(world)
    assert Payout.objects.count() == 1


def one_statement_an_accrual() -> None:
    world = due()
    for _ in range(2):
        bookkeeping.settle(world)
        world.pass_time(days=7)
    sound(world)


def told_in_any_order() -> None:
    """What was begun first is committed last."""
    world = World()
    late, early = world.now + timedelta(seconds=1), world.now
    OutboxEvent.objects.all().delete()
    for when in (late, early):
        outbox.append([outbox.Event("offer.archived", "offer", uuid.uuid4())], now=when)
        relay.relay(now=late)
    assert not OutboxEvent.objects.filter(status="pending").exists()


def a_provider_without_a_secret() -> None:
    with pytest.raises(RuntimeError):
        Sandbox("")


def _message(world: World, offer: Offer, **claims: Any) -> tuple[dict[str, str], bytes]:
    shopping.place(world, shopping.request("slow", (offer, 1), instrument="slow"))
    world.pass_time(minutes=1)
    return shopping.sandbox().message(SandboxCharge.objects.get(), world.now, **claims)


def a_forged_message() -> None:
    world, offer = stocked()
    headers, body = _message(world, offer)
    headers["webhook-signature"] = "v1,Zm9yZ2Vk"
    with pytest.raises(webhooks.BadWebhook):
        checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)


def a_message_of_another_account() -> None:
    world, offer = stocked()
    headers, body = _message(world, offer, account="somebody else")
    told = checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)
    assert told == ["does_not_agree"] and Order.objects.get().state == "pending"


def a_stranger_sends_it_back() -> None:
    world, offer = stocked()
    ordered = shipping.order(world, (offer, 1))
    line = shipping.lines_of(ordered)[0]
    shipping.deliver(world, ordered)
    stranger = world.seller_actor(world.seller())
    with shopping.refused("kernel.not_found"):
        returns.request_return(
            order_id=ordered.id, lines=[(line.id, 1)], reason="changed_mind", actor=stranger, now=world.now
        )


def one_unit_comes_back_once() -> None:
    world, offer = stocked()
    ordered = shipping.order(world, (offer, 1))
    line = shipping.lines_of(ordered)[0]
    shipping.deliver(world, ordered)
    bookkeeping.come_back(world, ordered, line, 1, "changed_mind")
    with shopping.refused("aftersales.beyond_delivered"):
        returns.request_return(
            order_id=ordered.id, lines=[(line.id, 1)], reason="changed_mind", actor=SYSTEM, now=world.now
        )


def a_view_that_declares_nothing() -> None:
    def view(request: Any) -> Any:
        raise AssertionError("it was opened")

    request = RequestFactory().get("/")
    request.user = mock.Mock(is_authenticated=False)
    answer = GuardMiddleware(view).process_view(request, view, (), {})
    assert answer is not None and answer.status_code == 403


def asked_again_under_its_key() -> None:
    world, offer = stocked()
    wanted = shopping.request("cut", (offer, 1), instrument="cut")
    shopping.place(world, wanted)
    shopping.place(world, wanted)
    assert SandboxCharge.objects.filter(act="authorise", state="approved").count() == 1


def broken_off_and_asked_again() -> None:
    world = World()
    idempotency._claim("p", "key", idempotency.body_hash({}), world.now)
    acts: list[int] = []
    with pytest.raises(Refused):
        idempotency.once(principal="p", key="key", body={}, now=world.now + timedelta(minutes=5),
                         act=lambda: (200, acts.append(1)))  # fmt: skip
    assert not acts


def lost_and_delivered() -> None:
    world, offer = stocked()
    [parcel] = shipping.ship(world, shipping.order(world, (offer, 1)))
    shipping.scan(world, "delivered", parcel)
    shipping.scan(world, "lost", parcel)
    assert Parcel.objects.get().state == "delivered"
    sound(world)


EXHIBITS: Sequence[Exhibit] = (
    Exhibit(
        "saleor #543, #6897; oscar #1811; vendure #1738, #3508", "stock is checked and taken without a lock",
        lambda: [
            changed(inventory.ask_stock, ('(" FOR NO KEY UPDATE OF s" if lock else "")', '""')),
            changed(inventory.read_stock, ('    allotments: dict', f'    {SLOWLY}\n    allotments: dict')),
            changed(inventory._reserve, (" AND s.on_hand - s.reserved - s.allotted >= w.shared", "")),
        ],
        raced(races.buyers_of_the_last_units), ["inventory_stock.stock_promised_within_on_hand"],
    ),
    Exhibit(
        "oscar #2102", "a counter loses an update",
        lambda: [changed(inventory._reserve, ("SET reserved = s.reserved + w.shared", "SET reserved = w.shared"))],
        two_orders,
    ),
    Exhibit(
        "medusa #16502", "lines of the same goods are checked one by one",
        lambda: [changed(inventory.write_holds,
                         ("shared[hold.stock_id] += hold.quantity", "shared[hold.stock_id] = hold.quantity"))],
        two_orders_in_one_batch,
    ),
    Exhibit(
        "medusa #16569, #12401", "what was let go is let go again, and what is reserved falls below what is held",
        lambda: [changed(inventory._end, ("AND h.state = 'active' AND (", "AND ("))], let_go_twice,
        ["inventory_stock.stock_promised_within_on_hand", "inventory_hold.hold_one_end"],
    ),
    Exhibit(
        "vendure PR #4930", "goods are not looked at again when the payment comes",
        lambda: [changed(paying._keep_goods, ("if line.id not in kept:", "if False:"))],
        paid_when_the_goods_are_gone,
    ),
    Exhibit(
        "spree #11286", "a key that was used answers for another basket",
        lambda: [changed(checkout._answer, ("request.fingerprint != row.request_hash", "False"))],
        one_key_for_two_baskets,
    ),
    Exhibit(
        "spree #11284, PR #13734; hackerone 759247, 157996, 59179", "a limited voucher is used by all who come at once",
        lambda: [changed(promotions.find_vouchers, ('(" FOR NO KEY UPDATE OF voucher" if lock else "")', '""'),
                         ("    return {row.code", f"    {SLOWLY}\n    return {{row.code"))],
        raced(races.a_voucher_with_a_limit), ["promotions_voucher.voucher_within_limit"],
    ),
    Exhibit(
        "hackerone 220445, 115007", "what a shopper used before is not counted when a voucher is used once more",
        lambda: [mock.patch.object(promotions, "count_uses", lambda pairs: {})],
        raced(races.a_voucher_once_a_shopper),
    ),
    Exhibit(
        "saleor #12652, #19220; medusa #13301; woocommerce #62659", "page and message both complete the checkout",
        lambda: [reworded(paying, "_WAITING", ("payment.state = ANY(%s)", "(payment.state = ANY(%s) OR true)"))],
        told_by_two,
    ),
    Exhibit(
        "medusa #2948, #4798", "a repeated checkout is another order",
        lambda: [changed(checkout._ask_known, ("= ANY(%s)", "= ANY(%s) AND false"))], one_order_a_key,
        ["orders_order.*checkout_key"],
    ),
    Exhibit(
        "mollie/PrestaShop #1251", "a parcel is captured again",
        lambda: [changed(payments.open_calls,
                         ("    fresh = [row", "    known = {}\n    fresh = [row"))],
        captured_once_a_parcel, ["payments_capture.*source_id"],
    ),
    Exhibit(
        "woocommerce-gateway-stripe #5720", "stock is looked at and not held before the money is taken",
        lambda: [mock.patch.object(inventory, "write_holds", lambda **given: [])], held_before_it_is_paid,
    ),
    Exhibit(
        "eventyay #1406", "two refunds come to more than was paid",
        lambda: [mock.patch.object(payments, "_keep_within", lambda *args: None)], given_back_beyond_what_was_taken,
    ),
    Exhibit(
        "Sylius GHSA-5597-7rmh-97q5", "a page of an old cart changes what was ordered",
        lambda: [changed(carts._change, (" AND state = 'open'", ""))], a_cart_that_was_ordered,
    ),
    Exhibit(
        "hackerone 429026", "a statement is paid out twice",
        lambda: [changed(payouts._open_batches, ("AND payout.state <> 'failed')", "AND false)"))],
        one_payout_a_statement, ["settlement_payout.payout_one_live_a_statement"],
    ),
    Exhibit(
        "hackerone 429026", "what was settled is settled again with the next period",
        lambda: [reworded(statements, "_PLACE_DUE",
                          ("DELETE FROM settlement_unstated unstated USING settlement_accrual accrual\n    WHERE",
                           "SELECT accrual.* FROM settlement_unstated unstated, settlement_accrual accrual\n    WHERE"),
                          (statements._PLACE_DUE.partition("RETURNING")[2].partition(")")[0], ""), ("RETURNING", ""))],
        one_statement_an_accrual, ["settlement_statementline.*accrual_id"],
    ),
    Exhibit(
        "outboxes read by the last id", "an event that was begun first and committed last is never told",
        lambda: [reworded(relay, "CLAIM", ("status = 'pending'", "status = 'pending' AND coalesce(id > (SELECT id FROM"
                          " kernel_outboxevent WHERE status <> 'pending' ORDER BY id DESC LIMIT 1), true)"))],
        told_in_any_order,
    ),
    Exhibit(
        "CVE-2026-92400, CVE-2026-103298", "an empty secret proves every message",
        lambda: [mock.patch.object(webhooks, "demand_secret", lambda secret, what: secret)],
        a_provider_without_a_secret,
    ),
    Exhibit(
        "payment plugins of 2026", "a message is believed without its signature",
        lambda: [changed(webhooks.verify,
                         ("hmac.compare_digest(mine.encode(), each.encode())", "True"))],
        a_forged_message,
    ),
    Exhibit(
        "CVE-2026-103300", "a genuine message of another account counts",
        lambda: [changed(paying._match, ("if claims != (", "if () == ("))], a_message_of_another_account,
    ),
    Exhibit(
        "WCFM CVE-2026-1722, Dokan CVE-2026-10023", "anybody can ask for a refund of any order",
        lambda: [changed(returns._own_order, ("if not (is_own", "if not (True"))], a_stranger_sends_it_back,
    ),
    Exhibit(
        "saleor CVE-2026-48744", "what declares no permission is open to all",
        lambda: [changed(guards.declared, ("return cast(Guard | None, guard)", "return guard or Guard(public=True)"))],
        a_view_that_declares_nothing,
    ),
    Exhibit(
        "refunds of the same unit", "a unit that came back comes back again",
        lambda: [mock.patch.object(aftersales, "taken_places", lambda **_: {})], one_unit_comes_back_once,
    ),
    Exhibit(
        "double charges after a cut line", "a provider is asked again under another key",
        lambda: [mock.patch.object(payments, "key_of", lambda act, *_: f"{act}:{uuid.uuid4()}")],
        asked_again_under_its_key,
    ),
    Exhibit(
        "our own, found by killing a process", "a request that broke off after its effect is done again",
        lambda: [changed(idempotency._claim,
                         ('    give_up(now=now)\n    raise Unknown(field="Idempotency-Key")', "    return None"))],
        broken_off_and_asked_again,
    ),
)  # fmt: skip
