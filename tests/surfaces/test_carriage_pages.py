"""Carriers at the desk and at a seller's: booked, printed, closed, doubted; others see none of it."""

import json

import pytest
from django.urls import reverse

import shipping
from entrepot.domain.catalogue.models import Sku
from entrepot.domain.logistics import doubts
from entrepot.domain.logistics.models import Booking, CarrierAccount, Manifest, Parcel, TrackingDoubt, TrackingStandard
from entrepot.domain.orders.models import Suborder
from entrepot.flows import fulfilment
from entrepot.flows.fulfilment import Handover
from entrepot.kernel.actors import SYSTEM
from surfaces.desk.desks import browser, text_of
from surfaces.seller.shops import client_of
from worlds import World

CARRIER = "Sandbox Post"


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def desk(world):
    return browser(world)


def account(desk, **options):
    sent = {"code": CARRIER, "kind": "sandbox", "options": json.dumps(options), "secrets": '{"key": "hush-hush"}',
            "is_active": "on", "reason": "a trial"}  # fmt: skip
    assert desk.post(reverse("desk:carrier_account"), sent).status_code == 302


def packed(world, programme="self-managed") -> tuple[Parcel, Suborder]:
    seller = world.seller("brand", programme=programme)
    ordered = shipping.order(world, (world.offer(seller, price="19.99", stock=10), 2))
    Sku.objects.update(hs_code="691200", origin_country="CN")
    [line] = shipping.lines_of(ordered)
    return shipping.pack(world, (line, 2)), Suborder.objects.get(order=ordered)


def test_the_operator_sets_a_carrier_up_and_sees_how_it_fares(world, desk):
    typed = {"code": "X", "kind": "sandbox", "options": "{", "reason": "try"}
    nonsense = desk.post(reverse("desk:carrier_account"), typed)
    assert nonsense.status_code == 422 and "Write an object in JSON" in text_of(nonsense)
    account(desk, late=3)
    page = text_of(desk.get(reverse("desk:carriers")))
    assert CARRIER in page and "Working" in page
    edited = desk.get(reverse("desk:carriers") + f"?carrier={CARRIER}").content.decode()
    assert "&quot;late&quot;: 3" in edited and "hush-hush" not in edited
    silent = {"failures": 4, "last_error": "no answer within 30 seconds", "resting_until": "2100-01-01T00:00Z"}
    CarrierAccount.objects.update(**silent)
    page = text_of(desk.get(reverse("desk:carriers")))
    assert "Left alone" in page and "no answer within 30 seconds" in page


def test_a_seller_books_prints_and_lets_go_of_its_own_parcel(world, desk):
    account(desk)
    parcel, suborder = packed(world)
    client = client_of(world, suborder.seller)
    page, args = reverse("seller:order", args=[suborder.number]), [suborder.number, parcel.number]
    assert "Packing list" in text_of(client.get(page))
    done = client.post(reverse("seller:parcel_booking", args=args), {"carrier": CARRIER, "service": "standard"})
    made = Booking.objects.get()
    assert done.status_code == 302 and made.state == "booked"
    assert made.tracking_number in text_of(client.get(page))
    again = client.post(reverse("seller:parcel_booking", args=args), {"carrier": CARRIER})
    assert again.status_code == 409 and "is booked with" in text_of(again)
    label = client.post(reverse("seller:parcel_label", args=args))
    assert label.content.startswith(b"%PDF-")
    for kind in ["packing-list"]:
        paper = client.get(reverse("seller:parcel_paper", args=[*args, kind]))
        assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF-")
    assert client.get(reverse("seller:parcel_paper", args=[*args, "cn99"])).status_code == 404
    client.post(reverse("seller:parcel_cancellation", args=args))
    made.refresh_from_db()
    assert made.state == "cancelled"


def test_another_seller_and_a_partner_find_none_of_it(world, desk):
    parcel, suborder = packed(world)
    other = client_of(world, world.seller("other", programme="self-managed"))
    partner = browser(world, "partner.admin", organisation=world.partner())
    args = [suborder.number, parcel.number]
    assert other.get(reverse("seller:parcel_paper", args=[*args, "packing-list"])).status_code == 404
    assert other.post(reverse("seller:parcel_booking", args=args), {"carrier": CARRIER}).status_code == 404
    assert partner.get(reverse("desk:parcel_paper", args=[*args, "packing-list"])).status_code == 404
    assert partner.post(reverse("desk:parcel_booking", args=args), {"carrier": CARRIER}).status_code == 404
    assert partner.get(reverse("desk:carriers")).status_code == 403
    assert Booking.objects.count() == 0


def test_a_carrier_that_declines_or_is_silent_is_said_at_the_parcel(world, desk):
    account(desk, declines=1)
    parcel, suborder = packed(world)
    args = [suborder.number, parcel.number]
    declined = desk.post(reverse("desk:parcel_booking", args=args), {"carrier": CARRIER, "service": ""})
    assert declined.status_code == 409 and "address_not_served" in text_of(declined)
    account(desk, cuts=1)
    assert desk.post(reverse("desk:parcel_booking", args=args), {"carrier": CARRIER, "service": ""}).status_code == 302
    assert "The carrier has not answered" in text_of(desk.get(reverse("desk:work", args=[suborder.number])))
    assert parcel.number in text_of(desk.get(reverse("desk:carriers")))
    desk.post(reverse("desk:parcel_giving_up", args=args), {"reason": "not at the carrier's"})
    assert set(Booking.objects.values_list("state", flat=True)) == {"declined"}


def test_the_day_is_closed_at_the_page(world, desk):
    account(desk)
    parcel, suborder = packed(world)
    desk.post(reverse("desk:parcel_booking", args=[suborder.number, parcel.number]), {"carrier": CARRIER})
    fulfilment.hand_over(handovers=[Handover(parcel.id)], actor=SYSTEM, now=world.now)
    client = client_of(world, suborder.seller)
    assert CARRIER in text_of(client.get(reverse("seller:manifests")))
    sent = {"carrier": CARRIER, "node": str(parcel.node_id)}
    assert client.post(reverse("seller:manifest_closing"), sent).status_code == 302
    made = Manifest.objects.get()
    assert made.reference in text_of(client.get(reverse("seller:manifests")))
    assert made.number in text_of(desk.get(reverse("desk:manifests")))
    twice = client.post(reverse("seller:manifest_closing"), sent)
    assert twice.status_code == 409 and "Nothing left with" in text_of(twice)


def test_doubts_are_tasks_of_who_ships_and_the_marketplace_decides(world, desk):
    parcel, suborder = packed(world)
    given = Handover(parcel.id, "Anybody", tracking_number="RB123456784GB")
    fulfilment.hand_over(handovers=[given], actor=SYSTEM, now=world.now)
    doubts.watch(now=world.pass_time(hours=48))
    client = client_of(world, suborder.seller)
    shown = text_of(client.get(reverse("seller:doubts")))
    assert parcel.number in shown and "60 points" in shown and "Counts as fraud" in shown
    assert "1 parcel with tracking in doubt" in text_of(client.get(reverse("seller:overview")))
    assert "It is so" not in shown
    row = TrackingDoubt.objects.get(kind="check_digit")
    uphold = reverse("desk:doubt_decision", args=[row.id, "upholding"])
    assert client.post(uphold, {"reason": "mine"}).status_code in (403, 404)
    assert desk.post(uphold, {"reason": ""}).status_code == 422
    assert desk.post(uphold, {"reason": "no such number at the post"}).status_code == 302
    assert "no such number at the post" in text_of(client.get(reverse("seller:doubts") + "?view=upheld"))
    assert "no such number at the post" in text_of(client.get(reverse("seller:order", args=[suborder.number])))
    assert parcel.number in text_of(desk.get(reverse("desk:doubts")))


def test_the_operator_says_what_is_expected(world, desk):
    sent = {"first_scan_hours": "24", "silent_hours": "120", "fraud_score": "50", "reason": "contract of the season"}
    assert desk.post(reverse("desk:tracking_standard"), sent | {"fraud_score": "0"}).status_code == 422
    assert desk.post(reverse("desk:tracking_standard"), sent).status_code == 302
    assert TrackingStandard.objects.get().first_scan_hours == 24
    assert 'value="24"' in desk.get(reverse("desk:carriers")).content.decode()


def test_carriers_stand_side_by_side_and_the_chosen_one_is_booked(world, desk):
    account(desk)
    parcel, suborder = packed(world)
    args = [suborder.number, parcel.number]
    assert "Compare all carriers" in text_of(desk.get(reverse("desk:work", args=[suborder.number])))
    Parcel.objects.filter(id=parcel.id).update(weight_g=900)
    page = desk.get(reverse("desk:parcel_quotes", args=args))
    text, rows = text_of(page), page.context["rows"]
    assert CARRIER in text and "least" in text and "planned" in text
    taken = [row for row in rows if row["form"]]
    assert len({row["carrier"] for row in taken}) > 1, "a price list stands beside the account"
    costs = [row["quote"].cost_minor for row in taken if row["quote"].currency == taken[0]["quote"].currency]
    assert costs == sorted(costs)
    chosen = next(row for row in taken if row["carrier"] == CARRIER)
    sent = {"carrier": CARRIER, "service": chosen["quote"].service}
    assert desk.post(reverse("desk:parcel_booking", args=args), sent).status_code == 302
    assert Booking.objects.get(parcel=parcel).cost_minor == chosen["quote"].cost_minor


def test_a_carrier_that_does_not_take_a_parcel_says_why(world, desk):
    parcel, suborder = packed(world)
    Parcel.objects.filter(id=parcel.id).update(weight_g=1_900_000)
    page = desk.get(reverse("desk:parcel_quotes", args=[suborder.number, parcel.number]))
    assert not any(row["form"] for row in page.context["rows"]) and all(row["why"] for row in page.context["rows"])
    assert page.context["rows"], "what rules a carrier out is shown, not left out"
