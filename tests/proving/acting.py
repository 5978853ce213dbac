"""Histories: plans of abstract steps, carried out on the real flows and on the model at once, and compared.

A step is a rule and three numbers; the numbers choose among what there is at that moment, so that every plan can be
carried out, and a shorter plan means nearly the same. Some steps are two acts at the same instant by two actors: what
they come to must be what one of the two orders of them comes to.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from entrepot.domain.orders import carts
from entrepot.domain.sellers import queries as seller_reads
from entrepot.flows import checkout, enrolling, fulfilment, returns, settling
from entrepot.kernel import rounds
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_rows
from proving.acts import Act, outcome
from proving.bills import BillActs
from proving.model import PLACED, Model
from proving.warehouse import WarehouseActs

RULES = (
    *("order",) * 6, *("ship",) * 5, *("arrive",) * 4, *("cancel",) * 3, *("send_back",) * 3, *("wait",) * 3,
    *("message",) * 2, *("jobs",) * 2, *("both",) * 5, "browse", "again", "cart", "pack", "unpack", "lose", "stock",
    "price", "settle", "pay_out", "terms", "move", *("away",) * 2, *("bill",) * 2,
)  # fmt: skip
Step = tuple[str, int, int, int]
WAITS = (7, 61, 45 * 60, 5 * 3600, 26 * 3600, 4 * 86400, 16 * 86400)


class History(WarehouseActs, BillActs):
    """One history: sellers' offers of its own, what has happened to them, and the model of it."""

    # carrying out

    def run(self, plan: Sequence[Step]) -> None:
        """Every step, compared after each."""
        for rule, *numbers in plan:
            self.world.pass_time(seconds=3)
            self.done.append(f"{rule}{tuple(numbers)}")
            getattr(self, f"do_{rule}")(*numbers)
            self.compare()

    def one(self, act: Act | None) -> Any:
        """One actor acts; it must come to what the model says."""
        if act is None:
            return None
        expected, found = outcome(lambda: act.model(self.model)), outcome(act.real)
        assert found == expected, f"{self.told()}: came to {found!r}, must come to {expected!r}"
        return found

    def two(self, first: Act | None, second: Act | None) -> None:
        """Two actors act at once: in effect one of them is the first."""
        if first is None or second is None:
            return
        waiting = [self.market.threads.submit(outcome, act.real) for act in (first, second)]
        found = [each.result() for each in waiting]
        explained = []
        for acts in ((0, first), (1, second)), ((1, second), (0, first)):
            model = copy.deepcopy(self.model)
            expected = {place: outcome(lambda act=act, model=model: act.model(model)) for place, act in acts}
            explained.append(([expected[0], expected[1]], model))
        seen = self.look()
        for expected, model in explained:
            if expected == found and model.seen() == seen | {"money": known(model, seen)}:
                self.model = model
                return
        raise AssertionError(f"{self.told()}: two at once came to {found}, {seen}; explained would be {explained[0][0]}"
                             f" {explained[0][1].seen()} or {explained[1][0]} {explained[1][1].seen()}")  # fmt: skip

    def compare(self) -> None:
        """What the database shows is what the model says."""
        seen, expected = self.look(), self.model.seen()
        seen["money"] = known(self.model, seen)
        for what, rows in expected.items():
            assert seen[what] == rows, f"{self.told()}: {what} is {seen[what]}, must be {rows}"

    def told(self) -> str:
        return f"{self.name} after " + " ".join(self.done)

    def look(self) -> dict[str, Any]:
        """What the database shows of this history."""
        prefix, skus = [f"{self.name}-%"], [offer.sku_id for offer in self.offers.values()]
        with rounds.together():  # one message, planned once
            asked = [
                rounds.ask(_LINES, prefix), rounds.ask(_PAYMENTS, prefix), rounds.ask(_STOCK, [skus]),
                rounds.ask(_PARCELS, [list(self.parcels.values())]), rounds.ask(_CASES, [list(self.cases.values())]),
                rounds.ask(_VOUCHER, [self.voucher.id]), rounds.ask(_AWAY, [list(self.away.values())]),
                rounds.ask(_PLACED, [self.offers[PLACED].sku_id]),
            ]  # fmt: skip
        rows, payments, stocks, parcel_rows, case_rows, [voucher], backs, [placed] = (each.rows for each in asked)
        for row in rows:
            key = (row.checkout_key, row.position)
            assert self.wordings.setdefault(key, row.terms_id) == row.terms_id, "an order's terms changed"
        stock = {row.sku_id: (int(row.on_hand), int(row.reserved)) for row in stocks}
        parcels = {row.id: row.state for row in parcel_rows}
        cases = {row.id: row.state for row in case_rows}
        away = {row.id: row.state for row in backs}
        first = {}
        for row in rows:
            first.setdefault(row.checkout_key, row.position)
        return {
            "stock": {name: stock[offer.sku_id] for name, offer in self.offers.items()},
            "orders": {row.checkout_key: (row.state, row.total_minor) for row in payments},
            "lines": {
                (row.checkout_key, row.position - first[row.checkout_key]): (
                    row.quantity, row.cancelled_qty, row.shipped_qty, row.delivered_qty, row.lost_qty, row.returned_qty,
                )
                for row in rows
            },
            "money": {
                row.checkout_key: (row.captured_minor, row.voided_minor, row.refunded_minor) for row in payments
            },
            "parcels": {name: parcels[key] for name, key in self.parcels.items()},
            "cases": {name: cases[key] for name, key in self.cases.items()},
            "voucher": voucher.redeemed,
            "away": {name: away[key] for name, key in self.away.items()},
            "bills": self.carrier.seen() if self.carrier.bills else ({}, 0),
            "elsewhere": int(placed.elsewhere),
        }  # fmt: skip

    # rules

    def do_browse(self, a: int, b: int, c: int) -> None:
        """A quote is what the order would cost."""
        name, units = ("a", "b", "c")[a % 3], 1 + b % 6
        asked = checkout.CartRequest(market_code="DE", lines=[(self.offers[name].id, units)])
        [quote] = checkout.quote_carts(carts=[asked], now=self.now)
        if self.model.offers[name].free >= units:
            assert isinstance(quote, checkout.Quote), quote
            assert quote.total_minor == self.model.total([(name, units)]), self.told()

    def do_order(self, a: int, b: int, c: int) -> None:
        self.one(self.order_act(a, b, c))

    def do_again(self, a: int, b: int, c: int) -> None:
        self.one(self.again_act(a))

    def do_cart(self, a: int, b: int, c: int) -> None:
        """One cart is ordered in two tabs at once."""
        held = carts.Holder(tokens=[])
        cart = carts.open_cart(holder=held, market_id=self.offers["a"].market_id, now=self.now)
        carts.add_units(cart=cart, offer_id=self.offers["b"].id, quantity=1, now=self.now)
        first = self.order_act(1, 0, 1, cart=cart)
        self.two(first, self.order_act(1, 0, 1, later=1, cart=cart))

    def do_message(self, a: int, b: int, c: int) -> None:
        self.one(self.message_act(a))

    def do_jobs(self, a: int = 0, b: int = 0, c: int = 0) -> None:
        """Everything periodic, twice: what follows a sweep is swept by the next."""
        for _ in range(2):
            now = self.world.pass_time(minutes=6)
            for job in (checkout.sweep_payments, checkout.expire_holds, fulfilment.sweep_captures,
                        fulfilment.sweep_refunds, returns.sweep_refunds):  # fmt: skip
                job(now=now)
            self.model.jobs(now)

    def do_ship(self, a: int, b: int, c: int) -> None:
        """Pack units of a line, and mostly hand them over."""
        before = set(self.parcels)
        if self.one(self.pack_act(a, b)) is None and c % 4:
            fresh = set(self.parcels) - before
            self.one(self.leave_act(fresh.pop() if fresh else self.parcel(a, "packed")))

    def do_pack(self, a: int, b: int, c: int) -> None:
        self.one(self.pack_act(a, b))

    def do_unpack(self, a: int, b: int, c: int) -> None:
        self.one(self.unpack_act(self.parcel(a, "packed", "handed_over")))

    def do_arrive(self, a: int, b: int, c: int) -> None:
        self.one(self.scan_act(self.parcel(a, "handed_over") or self.parcel(b, "packed", "delivered"), "delivered", c))

    def do_lose(self, a: int, b: int, c: int) -> None:
        self.certain()
        self.one(self.scan_act(self.parcel(a, "handed_over"), "lost"))

    def do_cancel(self, a: int, b: int, c: int) -> None:
        self.certain()
        self.one(self.cancel_act(a, b))

    def do_send_back(self, a: int, b: int, c: int) -> None:
        """A return, mostly to its end."""
        self.one(self.ask_back_act(a, b))
        if c % 5 == 0:
            self.one(self.keep_act(self.case(a, "requested")))
        if c % 5 > 1:
            self.one(self.take_back_act(self.case(b, "requested")))
        if c % 5 > 2:
            self.certain()
            self.one(self.give_back_act(self.case(b, "received")))

    def do_wait(self, a: int, b: int, c: int) -> None:
        self.world.pass_time(seconds=WAITS[a % len(WAITS)])

    def do_stock(self, a: int, b: int, c: int) -> None:
        self.one(self.stock_act(("a", "b", "c")[a % 3], (1, 3, -1, -2)[b % 4]))

    def do_price(self, a: int, b: int, c: int) -> None:
        name, amount = ("a", "b", "c")[a % 3], 199 + b % 4001
        self.world.price(self.offers[name], f"{amount // 100}.{amount % 100:02}")
        self.model.offers[name].price = amount

    def do_settle(self, a: int, b: int, c: int) -> None:
        """Statements close; again for the same day they are the same."""
        until = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        closed = settling.settle(until=until, now=self.now, actor=SYSTEM)
        again = settling.settle(until=until, now=self.now, actor=SYSTEM)
        assert [(each.id, each.payable_minor) for each in closed] == [(each.id, each.payable_minor) for each in again]

    def do_pay_out(self, a: int, b: int, c: int) -> None:
        """What statements owe leaves; the bank pays or sends back."""
        settling.pay_out(now=self.now, actor=SYSTEM)
        assert settling.pay_out(now=self.now, actor=SYSTEM) == [], self.told()
        sent = [row.id for row in fetch_rows("SELECT id FROM settlement_payout WHERE state = 'in_transit' ORDER BY id")]
        if a % 3 == 0:
            settling.fail_payouts(payout_ids=sent, reason="account closed", now=self.now, actor=SYSTEM)
        elif a % 3 == 1:
            settling.confirm_payouts(payout_ids=sent, now=self.now, actor=SYSTEM)

    def do_terms(self, a: int, b: int, c: int) -> None:
        """The seller goes on under another version; what was ordered before stays under its own."""
        if self.wording + 1 >= len(self.market.wordings):
            return
        self.wording += 1
        wanted = self.market.wordings[self.wording]
        [current] = fetch_rows(
            "SELECT id FROM sellers_enrolment WHERE seller_id = %s AND valid_until IS NULL", [self.seller.pk]
        )
        enrolling.switch_version(
            actor=seller_reads.get_system_actor(seller_id=self.seller.pk), enrolment_id=current.id,
            version_id=wanted.id, seen_hash=wanted.content_hash, now=self.now,
        )  # fmt: skip

    def do_both(self, a: int, b: int, c: int) -> None:
        """Two actors at once, on the same thing."""
        self.certain()
        packed, gone = self.parcel(b, "packed"), self.parcel(b, "handed_over")
        asked, came = self.case(b, "requested"), self.case(b, "received")
        back, billed = self.back(c, "accepted"), self.line_of(c, "open", "disputed")
        heard = None if came is None or self.is_cut(came) else came
        pairs: tuple[Callable[[], tuple[Act | None, Act | None]], ...] = (
            lambda: (self.order_act(0, 2 + b, 1), self.order_act(0, 2 + c, 1, later=1)),
            lambda: (self.cancel_act(b, c), self.cancel_act(b, c)),
            lambda: (self.cancel_act(b, c), self.pack_act(b, c)),
            lambda: (self.pack_act(b, c), self.pack_act(b, c + 1000)),
            lambda: (self.leave_act(packed), self.unpack_act(packed)),
            lambda: (self.leave_act(packed), self.leave_act(packed)),
            lambda: (self.scan_act(gone, "delivered"), self.scan_act(gone, "lost")),
            lambda: (self.take_back_act(asked), self.keep_act(asked)),
            lambda: (self.take_back_act(asked), self.take_back_act(asked)),
            lambda: (self.give_back_act(heard), self.give_back_act(heard)),
            lambda: (self.ask_back_act(b, c), self.ask_back_act(b, c + 1000)),
            lambda: (self.message_act(1), self.sweep_act()),
            lambda: (self.message_act(1), self.expire_act()),
            lambda: (self.again_act(b), self.message_act(0)),
            lambda: (self.again_act(b), self.sweep_act()),
            lambda: (self.stock_act("a", -2), self.order_act(0, 3, 1)),
            lambda: (self.ask_away_act(b), self.order_act(1, c, 1)),
            lambda: (self.ask_away_act(3), self.ask_away_act(c)),
            lambda: (self.leave_away_act(back), self.keep_away_act(back)),
            lambda: (self.leave_away_act(back), self.leave_away_act(back)),
            lambda: (self.move_act(b, c), self.move_act(b, c)),
            lambda: (self.move_act(b, c), self.leave_act(packed)),
            lambda: (self.move_act(b, c), self.leave_away_act(back)),
            lambda: (self.accept_bill_act(billed), self.accept_bill_act(billed)),
            lambda: (self.accept_bill_act(billed), self.dispute_act(billed)),
            lambda: (self.pay_bills_act(), self.pay_bills_act()),
            lambda: (self.pay_bills_act(), self.accept_bill_act(billed)),
        )
        self.two(*self.pick(pairs, a)())

    def certain(self) -> None:
        """What is not known yet of any money is asked for, before somebody builds on it."""
        if any(each.doubt for each in self.model.orders.values()):
            self.do_jobs()


def known(model: Model, seen: dict[str, Any]) -> dict[str, Any]:
    """The money of orders of which nothing is in doubt."""
    return {key: sums for key, sums in seen["money"].items() if key not in model.orders or not model.orders[key].doubt}


_LINES = """
SELECT ordered.checkout_key, line.position, line.terms_id, line.quantity, line.cancelled_qty, line.shipped_qty,
    line.delivered_qty, line.lost_qty, line.returned_qty
FROM orders_orderline line JOIN orders_order ordered ON ordered.id = line.order_id
WHERE ordered.checkout_key LIKE %s ORDER BY ordered.checkout_key, line.position
"""

_PAYMENTS = """
SELECT ordered.checkout_key, ordered.state, ordered.total_minor, payment.captured_minor, payment.voided_minor,
    payment.refunded_minor
FROM payments_payment payment JOIN orders_order ordered ON ordered.id = payment.reference_id
WHERE ordered.checkout_key LIKE %s
"""

_STOCK = """
SELECT sku_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved FROM inventory_stock
WHERE sku_id = ANY(%s) AND condition = 'new' GROUP BY sku_id
"""

_PARCELS = "SELECT id, state FROM logistics_parcel WHERE id = ANY(%s)"
_CASES = "SELECT id, state FROM aftersales_returncase WHERE id = ANY(%s)"
_VOUCHER = "SELECT redeemed FROM promotions_voucher WHERE id = %s"
_AWAY = "SELECT id, state FROM inbound_vendorreturn WHERE id = ANY(%s)"

#: Units of a warehouse that stand at none of its places, or at more than one.
_PLACED = """
SELECT coalesce(sum(abs(stock.on_hand - (
    SELECT coalesce(sum(quantity), 0) FROM inventory_placeunits units WHERE units.stock_id = stock.id
))), 0) AS elsewhere FROM inventory_stock stock WHERE stock.sku_id = %s AND stock.is_placed
"""
