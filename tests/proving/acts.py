"""Acts of one actor each: what is done in the flows, and the same in the model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import shopping
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import Receipt
from entrepot.flows import checkout, fulfilment, returns
from entrepot.flows.fulfilment import Box, Handover, Scan
from entrepot.kernel import ids
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import EntrepotError
from proving.market import GOODS, Market
from proving.model import CARDS, PLACED, Model, Offer
from proving.refusals import No


@dataclass(frozen=True)
class Act:
    """One act of one actor: in the flows, and in the model."""

    real: Callable[[], Any]
    model: Callable[[Model], Any]


class Acts:
    """One history's offers and what was made of them; its acts, chosen by numbers among what there is."""

    def __init__(self, market: Market) -> None:
        self.market, self.world = market, market.world
        self.world.pass_time(minutes=1)
        stall = market.stalls.pop()
        self.name, self.seller, self.offers, self.voucher = stall.name, stall.seller, stall.offers, stall.voucher
        self.wording = 0
        self.model = Model(
            {name: Offer(int(Decimal(price) * 100), units, at_order=early)
             for name, (price, units, early) in GOODS.items()},
            rate=Fraction(1, 10), limit=2,
        )  # fmt: skip
        self.requests: dict[str, Any] = {}
        self.parcels: dict[str, Any] = {}
        self.cases: dict[str, Any] = {}
        self.away: dict[str, Any] = {}
        #: tracking numbers of parcels
        self.numbers: dict[str, str] = {}
        self.wordings: dict[tuple[str, int], str] = {}
        self.done: list[str] = []

    @property
    def now(self) -> datetime:
        return self.world.now

    # what may be chosen

    def pick(self, among: Sequence[Any], number: int) -> Any:
        return among[number % len(among)] if among else None

    def line(self, number: int) -> tuple[str, int] | None:
        """A line of a placed order."""
        found = [(key, at) for key, each in self.model.orders.items() if each.state == "placed"
                 for at in range(len(each.lines))]  # fmt: skip
        return self.pick(found, number)

    def parcel(self, number: int, *states: str) -> str | None:
        return self.pick([name for name, each in self.model.parcels.items() if each.state in states], number)

    def case(self, number: int, state: str) -> str | None:
        return self.pick([name for name, each in self.model.cases.items() if each.state == state], number)

    # acts

    def order_act(self, a: int, b: int, c: int, *, later: int = 0, cart: Any = None) -> Act:
        key = f"{self.name}-{len(self.requests)}"
        cards = ("approve",) * 5 + tuple(CARDS)
        if a % 5 == 4:
            wants = [(("a", "b")[b % 2], 1 + b % 3), ("c", 1 + c % 2)]
        else:
            wants = [(("a", "b", "c")[a % 3], 1 + b % 5)]
        voucher = len(wants) == 1 and c % 4 == 0
        now = self.now + timedelta(milliseconds=later)
        fields = {"voucher_code": self.voucher.code if voucher else "", "instrument": cards[c % len(cards)]}
        lines = [(self.offers[name], units) for name, units in wants]
        request = shopping.request(key, *lines, **fields, cart_id=cart.id if cart else None)
        self.requests[key] = request
        return Act(
            lambda: state_of(checkout.place_orders(requests=[request], now=now)[0]),
            lambda model: model.place(
                key, wants, fields["instrument"], now, voucher=voucher, cart=str(cart.id) if cart else ""
            ),
        )

    def again_act(self, number: int) -> Act | None:
        key = self.pick(list(self.model.orders), number)
        if key is None:
            return None
        now = self.now
        return Act(
            lambda: state_of(checkout.place_orders(requests=[self.requests[key]], now=now)[0]),
            lambda model: model.place(key, [], "", now),
        )

    def message_act(self, copies: int) -> Act:
        now = self.now
        sent = shopping.sandbox().messages(now)
        body = [each for each in sent for _ in range(1 + copies % 2)]

        def deliver() -> None:
            for headers, content in body:
                checkout.receive_webhook(provider="sandbox", headers=headers, body=content, now=now)

        return Act(deliver, lambda model: model.messages(now))

    def sweep_act(self) -> Act:
        now = self.now
        return Act(lambda: quietly(checkout.sweep_payments(now=now)), lambda model: model.sweep(now))

    def expire_act(self) -> Act:
        now = self.now
        return Act(lambda: quietly(checkout.expire_holds(now=now)), lambda model: model.expire(now))

    def cancel_act(self, a: int, b: int) -> Act | None:
        if (at := self.line(a)) is None:
            return None
        key, place = at
        row, units, now = self.row(*at), 1 + b % 3, self.now
        return Act(
            lambda: quietly(checkout.cancel_lines(rows=[(row.id, units)], actor=SYSTEM, reason="", now=now)),
            lambda model: model.cancel(key, place, units),
        )

    def pack_act(self, a: int, b: int) -> Act | None:
        if (at := self.line(a)) is None:
            return None
        key, place = at
        row, now, name = self.row(*at), self.now, f"p{len(self.parcels)}-{len(self.done)}-{b}"
        left = self.model.orders[key].lines[place].to_ship
        units = 1 + b % max(left, 1)

        def pack() -> None:
            [item] = fetch_rows("SELECT id FROM orders_workitem WHERE suborder_id = %s", [row.suborder_id])
            [made] = fulfilment.pack(boxes=[Box(item.id, [(row.id, units)])], actor=SYSTEM, now=now)
            self.parcels[name] = made.id

        return Act(pack, lambda model: model.pack(name, key, place, units))

    def leave_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        now, number = self.now, self.numbers.setdefault(name, self.world.next("T"))
        handover = Handover(self.parcels[name], carrier=f"Line {self.name}", tracking_number=number)
        return Act(
            lambda: quietly(fulfilment.hand_over(handovers=[handover], actor=SYSTEM, now=now)),
            lambda model: model.hand_over(name, now),
        )

    def unpack_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        now = self.now
        return Act(
            lambda: fulfilment.unpack(parcel_ids=[self.parcels[name]], actor=SYSTEM, now=now),
            lambda model: model.unpack(name),
        )

    def scan_act(self, name: str | None, kind: str, late: int = 0) -> Act | None:
        """A carrier says what became of a parcel: at once, or so many tenths of its way later."""
        if name is None:
            return None
        now = self.now
        happened = now - (now - (self.model.parcels[name].left or now)) * (late % 10) / 10
        scan = Scan(kind, "carrier", happened, self.world.next("scan"), parcel_id=self.parcels[name])
        return Act(
            lambda: fulfilment.record_tracking(events=[scan], now=now)[0],
            lambda model: model.scan(name, kind, happened),
        )

    def ask_back_act(self, a: int, b: int) -> Act | None:
        found = [(key, at) for key, each in self.model.orders.items() for at, line in enumerate(each.lines)
                 if line.delivered]  # fmt: skip
        at = self.pick(found, a)
        if at is None:
            return None
        row, units, now, name = self.row(*at), 1 + b % 2, self.now, f"r{len(self.cases)}-{len(self.done)}-{b}"

        def ask() -> None:
            [case] = returns.request_return(
                order_id=row.order_id, lines=[(row.id, units)], reason="changed_mind", actor=SYSTEM, now=now
            )
            self.cases[name] = case.id

        return Act(ask, lambda model: model.ask_back(name, *at, units, now))

    def keep_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        case, now = self.cases[name], self.now
        return Act(lambda: returns.cancel_return(case_id=case, actor=SYSTEM, now=now), lambda model: model.keep(name))

    def take_back_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        case, now = self.model.cases[name], self.now
        goods = self.model.orders[case.order].lines[case.line].offer
        fate = "discard" if goods == PLACED else "restock"
        back = [returns.Received(self.row(case.order, case.line).id, len(case.places), fate)]
        return Act(
            lambda: quietly(returns.receive_return(case_id=self.cases[name], received=back, actor=SYSTEM, now=now)),
            lambda model: model.take_back(name),
        )

    def give_back_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        now = self.now

        def give_back() -> None:
            done = returns.refund(case_ids=[self.cases[name]], actor=SYSTEM, now=now)
            if not done and not self.is_cut(name):
                raise No  # what another has given back just now is not given back by it

        return Act(give_back, lambda model: model.give_back(name))

    def is_cut(self, name: str) -> bool:
        """Whether a refund of this case is not heard of before the next sweep."""
        return self.model.orders[self.model.cases[name].order].card == "cut_capture"

    def stock_act(self, name: str, units: int) -> Act:
        row, now = self.stock_row(name), self.now
        receipt = Receipt(row.seller_id, row.owner_id, row.node_id, row.sku_id, units, "received", "test",
                          ids.new_id(now))  # fmt: skip

        def move() -> None:
            if units > 0:
                inventory.receive(rows=[receipt], now=now)
            else:
                inventory.adjust(rows=[receipt], actor=SYSTEM, reason="counted", now=now)

        return Act(move, lambda model: model.stock(name, units))

    def stock_row(self, name: str) -> Any:
        """The row of new units of an offer."""
        sku_id = self.offers[name].sku_id
        [row] = fetch_rows("SELECT * FROM inventory_stock WHERE sku_id = %s AND condition = 'new'", [sku_id])
        return row

    def row(self, key: str, at: int) -> Any:
        """A line's row, by its order and place."""
        rows = fetch_rows(
            "SELECT line.id, line.order_id, line.suborder_id FROM orders_orderline line JOIN orders_order ordered"
            " ON ordered.id = line.order_id WHERE ordered.checkout_key = %s ORDER BY line.position",
            [key],
        )
        return rows[at]


def outcome(act: Callable[[], Any]) -> Any:
    """What an act came to; a refusal is one thing, whatever its words."""
    try:
        return act()
    except (EntrepotError, No):
        return "refused"


def quietly(_answer: Any) -> None:
    """Of an act whose answer says no more than that it was done."""


def state_of(answer: Any) -> str:
    """The state of an order by its answer."""
    if isinstance(answer, EntrepotError):
        raise answer
    return {"Placed": "placed", "Waiting": "pending", "Declined": "declined"}[type(answer).__name__]
