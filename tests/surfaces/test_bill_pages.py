"""Carriers' bills at the desk and by the interface: brought in, looked at, accepted, disputed, paid."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import shipping
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.logistics import billing as bills
from entrepot.domain.logistics.bill_models import BillTolerance, CarrierBill, CarrierBillLine
from entrepot.domain.logistics.bill_rules import Tolerance
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.uploads.models import Upload
from entrepot.kernel.actors import SYSTEM
from surfaces.api.calls import caller
from surfaces.desk.desks import browser, text_of
from surfaces.seller.shops import client_of
from worlds import World

HEAD = "carrier,invoice,invoice_date,currency,tracking,billed_weight,carriage,fuel,remote area\n"


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def offer(world) -> Offer:
    return world.offer(world.seller(programme="fully-managed"), price="23.80", supply="10.00", stock=90)


def gone(world: World, offer: Offer, count: int) -> list[Parcel]:
    for _ in range(count):
        shipping.ship(world, shipping.order(world, (offer, 1)))
    return list(Parcel.objects.order_by("id"))


def row(parcel: Parcel, rest: str, number: str = "R-7") -> str:
    return f"{parcel.carrier},{number},2026-03-02,EUR,{parcel.tracking_number},{rest}\n"


def bring(desk, text: str) -> Upload:
    answer = desk.post(reverse("desk:carrier_sheet_new"), {"pasted": text, "decimal": "."})
    assert answer.status_code == 302, text_of(answer)
    upload = Upload.objects.order_by("-id").first()
    assert upload is not None
    return upload


def test_a_file_is_tried_carried_out_once_and_its_bad_rows_come_back(world, offer):
    desk = browser(world)
    one, two = gone(world, offer, 2)
    text = HEAD + row(one, "400,4.20,,") + row(two, "2400,7.80,,1.10") + row(two, "400,4.205,,") + row(one, "400,,,")
    upload = bring(desk, text)
    page = text_of(desk.get(reverse("desk:carrier_sheet", args=[upload.id])))
    assert "2 lines would be kept" in page and "more decimal places" in page and "The row bills nothing" in page
    assert not CarrierBill.objects.exists()
    assert desk.post(reverse("desk:carrier_sheet_run", args=[upload.id])).status_code == 302
    found = {line.number: (line.verdict, line.amount_minor) for line in CarrierBillLine.objects.all()}
    assert found == {2: ("equal", 420), 3: ("differs", 890)}
    rejects = desk.get(reverse("desk:carrier_sheet_rejects", args=[upload.id])).content.decode()
    assert rejects.count("\n") == 3 and "4.205" in rejects
    again = bring(desk, HEAD + row(one, "400,4.20,,") + row(two, "2400,7.80,,1.10"))
    assert again.planned["counts"]["same"] == 2
    assert "All of it is here already" in text_of(desk.get(reverse("desk:carrier_sheet", args=[again.id])))
    other = bring(desk, HEAD + row(one, "400,4.30,,"))
    assert other.planned["counts"]["refused"] == 1


def test_lines_are_decided_and_paid_on_their_page(world, offer):
    desk = browser(world, "operator.finance")
    one, two, three = gone(world, offer, 3)
    text = HEAD + row(one, "400,4.20,,") + row(two, "2400,7.80,,1.10") + row(three, "400,9.00,,")
    desk.post(reverse("desk:carrier_sheet_run", args=[bring(desk, text).id]))
    bill = CarrierBill.objects.get()
    address = reverse("desk:carrier_bill", args=[bill.id])
    page = text_of(desk.get(address))
    assert "1 open line agrees" in page and "400 g →" in page
    assert desk.post(reverse("desk:carrier_bill_agreed", args=[bill.id])).status_code == 302
    lines = {line.number: str(line.id) for line in CarrierBillLine.objects.all()}
    decide = reverse("desk:carrier_bill_decisions", args=[bill.id])
    nothing = desk.post(decide, {"act": "accept", "reason": "it is so", "idempotency_key": "a"})
    assert nothing.status_code == 422 and "Choose the lines" in text_of(nothing)
    for key, act, line in (("b", "accept", lines[3]), ("c", "dispute", lines[4])):
        sent = {"act": act, "reason": "looked at", "line": [line], "idempotency_key": key}
        assert desk.post(decide, sent).status_code == 302
    assert set(CarrierBillLine.objects.values_list("number", "state")) == {
        (2, "accepted"), (3, "accepted"), (4, "disputed")
    }  # fmt: skip
    assert "looked at" in text_of(desk.get(address + "?view=disputed"))
    owed = {"carrier": bill.carrier, "currency": "EUR", "reference": "bank 9", "idempotency_key": "d"}
    assert desk.post(reverse("desk:carrier_payments"), owed).status_code == 302
    listed = text_of(desk.get(reverse("desk:carrier_bills")))
    assert "bank 9" in listed and "Nothing is owed" in listed and "Disputed" in listed


def test_a_tolerance_counts_from_its_day(world):
    desk = browser(world)
    sent = {"currency": "EUR", "amount": "0.10", "percent": "2", "weight_g": "50", "weight_percent": "5",
            "valid_from": "2026-01-01", "reason": "agreed"}  # fmt: skip
    assert desk.post(reverse("desk:carrier_tolerances"), sent).status_code == 302
    kept = BillTolerance.objects.get()
    assert (kept.amount_minor, kept.rate, kept.weight_rate) == (10, Decimal("0.02"), Decimal("0.05"))
    bills.set_tolerance(carrier="X", currency="EUR", tolerance=Tolerance(), valid_from=date(2026, 2, 1), source="own",
                        actor=SYSTEM, now=world.now)  # fmt: skip
    assert "0.10" in text_of(desk.get(reverse("desk:carrier_bills")))


def test_only_finance_sees_bills_and_a_page_asks_the_same_for_many_lines(world, offer):
    desk = browser(world)
    parcels = gone(world, offer, 8)
    counts = []
    for number, some in (("R-1", parcels[:1]), ("R-2", parcels[1:])):
        text = HEAD + "".join(row(each, "400,5.00,,", number) for each in some)
        desk.post(reverse("desk:carrier_sheet_run", args=[bring(desk, text).id]))
        address = reverse("desk:carrier_bill", args=[CarrierBill.objects.get(number=number).id])
        desk.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[1] <= counts[0] <= 25
    for other in (browser(world, "operator.service"), client_of(world, offer.seller)):
        assert other.get(address).status_code == other.get(reverse("desk:carrier_bills")).status_code == 403


def test_the_interface_brings_in_decides_and_pays(world, offer):
    finance = caller(world, world.operator, "operator.finance")
    [parcel] = gone(world, offer, 1)
    body = {"carrier": parcel.carrier, "number": "R-9", "issued_on": "2026-03-02", "period_from": "2026-03-01",
            "period_until": "2026-03-02", "currency": "EUR", "total_minor": 500,
            "lines": [{"position": 1, "tracking_number": parcel.tracking_number, "charges": {"carriage": 500}}],
            }  # fmt: skip
    made = finance.send("POST", "/carrier-bills", body).json()
    assert (made["beyond_plan"]["minor"], made["open"]) == (80, 1)
    wrong = finance.send("POST", "/carrier-bills", body | {"number": "R-10", "total_minor": 1})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "carriers.bill_total")
    [line] = finance.send("GET", f"/carrier-bills/{made['id']}").json()["items"]
    assert (line["verdict"], line["rate_minor"]) == ("differs", 80)
    decision = {"line_ids": [line["id"]], "reason": "the new rate"}
    assert finance.send("POST", f"/carrier-bills/{made['id']}/acceptances", decision).json() == {"count": 1}
    payment = {"carrier": parcel.carrier, "currency": "EUR", "reference": "bank 1"}
    assert finance.send("POST", "/carrier-payments", payment).json()["amount"]["minor"] == 500
    assert finance.send("GET", "/carrier-bills").json()["items"][0]["open"] == 0
    seller = caller(world, offer.seller.organisation, "seller.owner")
    assert seller.send("GET", "/carrier-bills").status_code == 403
