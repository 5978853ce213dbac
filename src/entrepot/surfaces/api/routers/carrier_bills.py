"""Carriers' bills: brought in whole, matched with parcels, accepted, disputed, paid."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.logistics import billing as bills
from entrepot.domain.logistics.bill_models import CarrierBillLine
from entrepot.domain.logistics.billing import BillView, NewBill, NewLine
from entrepot.flows import billing
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Done, In, Money, Short, money, perhaps
from entrepot.surfaces.shared.numbers import MOST

routes = Routes("Carriers' bills")

ChargeKind = Literal["carriage", "fuel", "weight", "remote_area", "oversize", "redelivery", "customs", "other"]
Minor = Annotated[int, Field(ge=-1_000_000_000_000, le=1_000_000_000_000)]
Reason = Annotated[str, Field(min_length=3, max_length=500)]


class BillLineIn(In):
    """A line as the carrier bills it; charges below zero are a credit. Units: minor of the bill's currency, grams."""

    position: Annotated[int, Field(ge=1, le=2_000_000_000)]
    tracking_number: Annotated[str, Field(max_length=60)] = ""
    service: Short = ""
    weight_g: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    charges: Annotated[dict[ChargeKind, Minor], Field(min_length=1)]


class BillIn(In):
    """A whole bill; its period is half-open, and its lines come to `total_minor`."""

    carrier: Annotated[str, Field(min_length=1, max_length=40)]
    number: Annotated[str, Field(min_length=1, max_length=60)]
    issued_on: date
    period_from: date
    period_until: date
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    total_minor: int
    lines: Annotated[list[BillLineIn], Field(min_length=1, max_length=10_000)]


class BillOut(Schema):
    """A bill with what its lines come to; `open` lines wait to be decided."""

    id: UUID
    carrier: str
    number: str
    issued_on: date
    period_from: date
    period_until: date
    stated: Money | None
    total: Money
    beyond_plan: Money
    lines: int
    open: int
    disputed: int

    @classmethod
    def of(cls, view: BillView) -> "BillOut":
        """A bill."""
        row = view.row
        plain = ("id", "carrier", "number", "issued_on", "period_from", "period_until")
        return cls(
            **{name: getattr(row, name) for name in plain},
            stated=perhaps(row.stated_minor, row.currency),
            total=money(view.total_minor, row.currency),
            beyond_plan=money(view.difference_minor, row.currency),
            lines=view.lines,
            open=view.of(states=["open"])[0],
            disputed=view.of(states=["disputed"])[0],
        )


class BillLineOut(Schema):
    """A line beside what was planned; what is beyond is rate, weight and surcharges. Units: minor, grams."""

    id: UUID
    position: int
    tracking_number: str
    service: str
    parcel_id: UUID | None
    verdict: str
    state: str
    reason: str
    billed_weight_g: int | None
    packed_weight_g: int | None
    charges: dict[str, int]
    billed_minor: int
    planned_minor: int
    rate_minor: int
    weight_minor: int
    surcharge_minor: int
    card_minor: int | None
    own_currency: str
    own_minor: int
    fx_rate: Decimal | None
    fx_on: date | None


class WholeBillOut(BillOut):
    """A bill with its lines, what differs first: a thousand at most, from `after` on."""

    items: list[BillLineOut]


class BillDecisionIn(In):
    """Which lines, and why."""

    line_ids: Annotated[list[UUID], Field(min_length=1, max_length=10_000)]
    reason: Reason


class CarrierPaymentIn(In):
    """Whose accepted lines are paid, and the bank's reference."""

    carrier: Annotated[str, Field(min_length=1, max_length=40)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    reference: Annotated[str, Field(min_length=1, max_length=80)]


class CarrierPaymentOut(Schema):
    """What a carrier was paid."""

    id: UUID
    number: str
    carrier: str
    amount: Money
    reference: str


@routes.get("/carrier-bills", Page[BillOut], "bills.read", everybodys=True)
def list_carrier_bills(request: HttpRequest, paging: Paged) -> Any:
    """Bills of carriers, the last first."""
    found = bills.list_bills(before=paging.after, limit=paging.more)
    return page(found, paging, BillOut.of, stands_at=lambda view: str(view.row.id))


@routes.post("/carrier-bills", BillOut, "bills.decide", status=201, everybodys=True)
def enter_carrier_bill(request: HttpRequest, payload: BillIn) -> BillOut:
    """Bring a bill in and match its lines; the same bill once more changes nothing."""
    given = payload.model_dump(exclude={"lines", "total_minor"})
    row = billing.enter(
        bill=NewBill(**given, stated_minor=payload.total_minor),
        lines=[NewLine(number=each.position, **each.model_dump(exclude={"position"})) for each in payload.lines],
        actor=actor_of(request), now=clock.now(),
    )  # fmt: skip
    return _bill(row.id)


@routes.get("/carrier-bills/{uuid:bill_id}", WholeBillOut, "bills.read", everybodys=True)
def get_carrier_bill(request: HttpRequest, bill_id: UUID, after: int = 0) -> WholeBillOut:
    """A bill with its lines, what differs first."""
    head = _bill(bill_id)
    rows = bills.list_lines(bill_id=bill_id, after=min(max(after, 0), MOST), limit=1000)
    charges = bills.charges_of([row.id for row in rows])
    return WholeBillOut(**dict(head), items=[_line(row, charges.get(row.id, {})) for row in rows])


@routes.post("/carrier-bills/{uuid:bill_id}/agreed", Done, "bills.decide", everybodys=True)
def accept_agreed_lines(request: HttpRequest, bill_id: UUID) -> Done:
    """Match what is open once more, and accept what agrees; how many lines."""
    return Done(count=billing.accept_agreed(bill_id=bill_id, actor=actor_of(request), now=clock.now()))


@routes.post("/carrier-bills/{uuid:bill_id}/acceptances", Done, "bills.decide", everybodys=True)
def accept_bill_lines(request: HttpRequest, bill_id: UUID, payload: BillDecisionIn) -> Done:
    """Accept lines that differ, with a reason: the difference goes to who bears it by the terms."""
    count = billing.accept(bill_id=bill_id, actor=actor_of(request), now=clock.now(), **payload.model_dump())
    return Done(count=count)


@routes.post("/carrier-bills/{uuid:bill_id}/disputes", Done, "bills.decide", everybodys=True)
def dispute_bill_lines(request: HttpRequest, bill_id: UUID, payload: BillDecisionIn) -> Done:
    """Say that lines are not owed as they are billed; they wait for the carrier's credit note."""
    count = billing.dispute(bill_id=bill_id, actor=actor_of(request), now=clock.now(), **payload.model_dump())
    return Done(count=count)


@routes.post("/carrier-payments", CarrierPaymentOut, "bills.decide", status=201, everybodys=True)
def pay_carrier(request: HttpRequest, payload: CarrierPaymentIn) -> CarrierPaymentOut:
    """Book that all accepted lines of a carrier are paid, less its credits."""
    made = billing.pay(actor=actor_of(request), now=clock.now(), **payload.model_dump())
    plain = ("id", "number", "carrier", "reference")
    return CarrierPaymentOut(
        **{name: getattr(made, name) for name in plain}, amount=money(made.amount_minor, made.currency)
    )


def _bill(bill_id: UUID) -> BillOut:
    bills.get_bill(bill_id=bill_id)
    [view] = bills.list_bills(bill_ids=[bill_id])
    return BillOut.of(view)


def _line(row: CarrierBillLine, charges: dict[str, int]) -> BillLineOut:
    own = ("position", "billed_weight_g", "packed_weight_g", "billed_minor", "charges")
    plain = {name: getattr(row, name) for name in BillLineOut.model_fields if name not in own}
    return BillLineOut(
        **plain, position=row.number, billed_weight_g=row.weight_g, packed_weight_g=row.planned_weight_g,
        billed_minor=row.amount_minor, charges=charges,
    )  # fmt: skip
