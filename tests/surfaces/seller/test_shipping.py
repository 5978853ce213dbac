"""Shipping many orders at once, by a seller at its pages and by a partner at the desk."""

import pytest
from django.urls import reverse

import shipping
from entrepot.domain.accounts import services as accounts
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import Suborder, WorkItem
from entrepot.domain.uploads.models import Upload
from surfaces.desk.desks import browser, text_of
from surfaces.seller.shops import client_of
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def brand(world):
    return world.seller("brand", programme="self-managed")


def orders(world, offer, *quantities):
    return [Suborder.objects.get(order=shipping.order(world, (offer, quantity))) for quantity in quantities]


def chosen(*suborders):
    return [str(item.id) for item in WorkItem.objects.filter(suborder__in=suborders)]


def test_many_are_accepted_picked_packed_and_labelled_in_one_go(world, brand):
    mug, bowl = world.offer(brand, stock=50), world.offer(brand, stock=50, title="Bowl")
    first, second = orders(world, mug, 2, 3)
    third = Suborder.objects.get(order=shipping.order(world, (mug, 1), (bowl, 4)))
    client = client_of(world, brand)
    works = reverse("seller:works")

    nothing = client.post(works, {"act": "pack", "idempotency_key": "n"}, follow=True)
    assert "Choose what you take on." in nothing.content.decode()
    early = client.post(works, {"act": "labels", "work": chosen(first)}, follow=True)
    assert "pack it first" in early.content.decode()

    listed = client.post(works, {"act": "picks", "work": chosen(first, second, third)}, follow=True)
    listed = text_of(listed)
    assert f"{third.number} × 4" in listed and "For 3 suborders" in listed
    for _ in range(2):
        client.post(works, {"act": "pack", "work": chosen(first, second, third), "idempotency_key": "p"})
    assert Parcel.objects.count() == 3
    empty = client.get(reverse("seller:picks")).content.decode()
    assert "Nothing is to be fetched" in empty

    paper = client.post(works, {"act": "labels", "work": chosen(first, second, third)})
    assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")
    assert paper.content.count(b"/Type /Page\n") + paper.content.count(b"/Type/Page/") in (0, 3)
    assert not Parcel.objects.filter(label_media="").exists()


def test_parcels_are_handed_over_together_and_listed_for_the_carrier(world, brand):
    offer = world.offer(brand, stock=50)
    first, second = orders(world, offer, 2, 3)
    client = client_of(world, brand)
    client.post(reverse("seller:works"), {"act": "pack", "work": chosen(first, second), "idempotency_key": "p"})
    parcels = [str(each.id) for each in Parcel.objects.all()]
    page = client.get(reverse("seller:departures"))
    assert all(each.number in page.content.decode() for each in Parcel.objects.all())
    none = client.post(reverse("seller:departures"), {"carrier": "DHL", "idempotency_key": "a"})
    assert none.status_code == 422 and "Choose the parcels that leave." in none.content.decode()
    nobody = client.post(reverse("seller:departures"), {"carrier": "", "parcel": parcels, "idempotency_key": "b"})
    assert nobody.status_code == 422
    for _ in range(2):
        done = client.post(reverse("seller:departures"), {"carrier": "DHL", "parcel": parcels, "idempotency_key": "c"})
        assert done.status_code == 302
    assert set(Parcel.objects.values_list("state", "carrier")) == {("handed_over", "DHL")}
    # The pages run on the real clock, the world on its own.
    day = Parcel.objects.all()[0].handed_over_at.date().isoformat()
    listed = client.get(reverse("seller:manifest"), {"carrier": "DHL", "day": day}).content.decode()
    assert all(each.number in listed for each in Parcel.objects.all())


def test_tracking_numbers_come_by_sheet_and_pack_what_is_not_packed(world, brand):
    offer = world.offer(brand, stock=50)
    first, second, third = orders(world, offer, 2, 3, 1)
    (line,) = shipping.lines_of(first.order)
    parcel = shipping.pack(world, (line, 2))
    client = client_of(world, brand)
    pasted = (
        "order\tparcel\tcarrier\ttracking_number\n"
        f"\t{parcel.number}\tDHL\tJD-1\n{second.number}\t\t\tJD-2\n{third.number}\t\tDHL\t\nX-1\t\tDHL\tJD-4\n"
    )
    page = client.post(
        reverse("seller:upload_new", args=["tracking"]), {"pasted": pasted, "idempotency_key": "a"}, follow=True
    )
    assert "2 rows would change something" in page.content.decode()
    upload = Upload.objects.get()
    assert [(row, column) for row, column, _ in upload.planned["problems"]] == [(4, "tracking_number"), (5, "order")]
    assert Parcel.objects.get().state == "packed", "trying hands nothing over"
    for key in ("r", "r", "s"):
        client.post(reverse("seller:upload_run", args=[upload.id]), {"idempotency_key": key})
    assert sorted(Parcel.objects.values_list("state", "tracking_number")) == [
        ("handed_over", "JD-1"), ("handed_over", "JD-2"),
    ]  # fmt: skip
    again = client.post(
        reverse("seller:upload_new", args=["tracking"]), {"pasted": pasted, "idempotency_key": "b"}, follow=True
    )
    assert again.status_code == 200
    assert Upload.objects.order_by("-id")[0].planned["counts"]["same"] == 2


def test_a_scanned_number_goes_to_its_work(world, brand):
    offer = world.offer(brand, stock=50)
    first, second = orders(world, offer, 2, 3)
    (line,) = shipping.lines_of(first.order)
    parcel = shipping.pack(world, (line, 2))
    client = client_of(world, brand)
    scan = reverse("seller:scan")
    assert client.get(scan, {"code": parcel.number.lower()}).url.endswith(f"{first.number}#{parcel.number}")
    assert client.get(scan, {"code": second.number}).url.endswith(second.number)
    several = client.get(scan, {"code": offer.sku.code})
    assert first.number in several.content.decode() and second.number in several.content.decode()
    unknown = client.get(scan, {"code": "nothing"})
    assert unknown.status_code == 404 and "Nothing of yours has the number nothing" in unknown.content.decode()
    other = client_of(world, world.seller("other", programme="self-managed"))
    assert other.get(scan, {"code": parcel.number}).status_code == 404
    assert other.get(reverse("seller:picks"), {"work": chosen(first)[0]}).status_code == 404
    assert other.post(reverse("seller:works"), {"act": "pack", "work": chosen(first)}).status_code == 404
    assert other.post(reverse("seller:departures"), {"carrier": "DHL", "parcel": [str(parcel.id)]}).status_code == 404


def test_a_partner_does_the_same_at_the_desk_and_sees_its_own_nodes_only(world):
    partner = accounts.create_organisation(
        kind="third_party", code="dock", name="Dock Works", country="DE", now=world.now
    )
    node = world.node("dock-de", operator=partner, kind="third_party_overseas", country="DE")
    seller = world.seller("brand", programme="semi-managed-local-stock")
    at_partner = world.offer(seller, stock=20, node=node)
    (ours,) = orders(world, at_partner, 2)
    elsewhere = world.offer(world.seller("alone", programme="self-managed"), stock=20)
    (theirs,) = orders(world, elsewhere, 1)
    desk = browser(world, "partner.warehouse", partner)
    page = desk.get(reverse("desk:warehouse")).content.decode()
    assert ours.number in page and theirs.number not in page
    assert ours.number in desk.get(reverse("desk:picks")).content.decode()
    desk.post(reverse("desk:works"), {"act": "pack", "work": chosen(ours), "idempotency_key": "p"})
    parcel = Parcel.objects.get()
    assert desk.get(reverse("desk:scan"), {"code": parcel.number}).url.endswith(parcel.number)
    assert parcel.number in desk.get(reverse("desk:departures")).content.decode()
    assert desk.post(reverse("desk:works"), {"act": "labels"}).content.startswith(b"%PDF")
    assert desk.post(reverse("desk:works"), {"act": "pack", "work": chosen(theirs)}).status_code == 404
    assert desk.get(reverse("desk:scan"), {"code": theirs.number}).status_code == 404
