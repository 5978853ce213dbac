"""Carriers' bills of one line each: entered, accepted, disputed, credited, paid."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from entrepot.domain.ledger import queries as ledger
from entrepot.domain.logistics.bill_models import CarrierBillLine
from entrepot.domain.logistics.billing import NewBill, NewLine
from entrepot.flows import billing
from entrepot.kernel.actors import SYSTEM
from proving.acts import Act, Acts
from proving.market import Market


class Carrier:
    """One carrier: what it bills in the flows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bills: dict[str, Any] = {}

    def enter(self, name: str, number: str, amount: int, now: datetime) -> None:
        on = now.date()
        bill = NewBill(self.name, name, on, on - timedelta(days=7), on, "EUR")
        line = NewLine(1, number, {"carriage": amount})
        self.bills[name] = billing.enter(bill=bill, lines=[line], actor=SYSTEM, now=now).id

    def credit(self, name: str, number: str, amount: int, now: datetime) -> int:
        self.enter(name, number, -amount, now)
        return billing.accept_agreed(bill_id=self.bills[name], actor=SYSTEM, now=now)

    def decide(self, act: Callable[..., int], name: str, now: datetime) -> int:
        """Accept or dispute the one line of a bill; how many that were."""
        [line] = CarrierBillLine.objects.filter(bill_id=self.bills[name]).values_list("id", flat=True)
        return act(bill_id=self.bills[name], line_ids=[line], reason="looked at", actor=SYSTEM, now=now)

    def pay(self, now: datetime) -> int:
        return int(billing.pay(carrier=self.name, currency="EUR", reference="bank", actor=SYSTEM, now=now).amount_minor)

    def seen(self) -> tuple[dict[str, str], int]:
        """The states of its bills' lines, and what the books say that it is owed."""
        rows = dict(CarrierBillLine.objects.filter(bill__carrier=self.name).values_list("bill_id", "state"))
        held = ledger.balances(kinds=["carrier_billed"], currency="EUR")
        owed = sum(each.balance_minor for each in held if each.key.label == self.name)
        return {name: rows[key] for name, key in self.bills.items()}, owed


class BillActs(Acts):
    """What is done with the bills of this history's carrier; the same in the model."""

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.carrier = Carrier(f"Line {self.name}")

    def billed_parcel(self, number: int) -> str | None:
        return self.pick([name for name, each in self.model.parcels.items() if each.left], number)

    def line_of(self, number: int, *states: str) -> str | None:
        """A bill's line that is no credit."""
        found = self.model.bills.lines.items()
        return self.pick([name for name, each in found if each.amount > 0 and each.state in states], number)

    def bill_act(self, parcel: str | None, amount: int) -> Act | None:
        if parcel is None:
            return None
        now, number, name = self.now, self.numbers[parcel], f"{self.name}-bill-{len(self.carrier.bills)}"
        return Act(
            lambda: self.carrier.enter(name, number, amount, now),
            lambda model: model.bills.enter(name, parcel, amount),
        )

    def accept_bill_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        now = self.now
        return Act(lambda: self.carrier.decide(billing.accept, name, now), lambda model: model.bills.accept(name))

    def dispute_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        now = self.now
        return Act(lambda: self.carrier.decide(billing.dispute, name, now), lambda model: model.bills.dispute(name))

    def credit_act(self, line: str | None, part: int) -> Act | None:
        """The carrier gives back what it billed, or a part of it."""
        if line is None:
            return None
        billed, now, name = self.model.bills.lines[line], self.now, f"{self.name}-bill-{len(self.carrier.bills)}"
        amount = billed.amount if part % 3 else billed.amount // 2
        number = self.numbers[billed.parcel]
        return Act(
            lambda: self.carrier.credit(name, number, amount, now),
            lambda model: model.bills.credit(name, billed.parcel, amount),
        )

    def pay_bills_act(self) -> Act:
        now = self.now
        return Act(lambda: self.carrier.pay(now), lambda model: model.bills.pay())

    def do_bill(self, a: int, b: int, c: int) -> None:
        """A carrier bills, and is answered."""
        if c % 6 < 4:
            self.one(self.bill_act(self.billed_parcel(a), 300 + b % 400))
        if c % 6 in (0, 4):
            self.one(self.accept_bill_act(self.line_of(b, "open", "disputed", "accepted")))
        if c % 6 == 1:
            self.one(self.dispute_act(self.line_of(b, "open", "accepted")))
        if c % 6 in (2, 5):
            self.one(self.credit_act(self.line_of(a, "disputed", "accepted"), b))
        if c % 6 == 3:
            self.one(self.pay_bills_act())

    def one(self, act: Act | None) -> Any:
        raise NotImplementedError
