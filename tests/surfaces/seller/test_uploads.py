"""Sheets at the seller's pages: bring in, look, carry out, mend; nothing twice, nothing of others."""

import io

import pytest
from django.urls import reverse

from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory.models import Stock
from entrepot.domain.uploads.models import Upload
from surfaces.seller.shops import client_of
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def brand(world):
    world.category("mugs")
    return world.seller("brand", programme="self-managed")


def bring(client, sheet, text, key="k1", **more):
    file = io.BytesIO(text.encode())
    file.name = "goods.csv"
    return client.post(
        reverse("seller:upload_new", args=[sheet]), {"file": file, "idempotency_key": key, **more}, follow=True
    )


def run(client, upload, key="r1", **more):
    address = reverse("seller:upload_run", args=[upload.id])
    return client.post(address, {"idempotency_key": key, **more}, follow=True)


def test_what_is_downloaded_comes_back_unchanged(world, brand):
    world.offer(brand, stock=7)
    client = client_of(world, brand)
    for sheet in ("catalogue", "stock", "prices"):
        own = client.get(reverse("seller:upload_content", args=[sheet]))
        assert own["Content-Disposition"].startswith("attachment")
        page = bring(client, sheet, own.content.decode("utf-8-sig"), key=sheet)
        assert page.status_code == 200
        counts = Upload.objects.order_by("-id")[0].planned["counts"]
        assert counts == {"created": 0, "changed": 0, "same": 1, "refused": 0}, sheet
        assert "All of it is so already" in page.content.decode()
    german = client.get(reverse("seller:upload_content", args=["prices"]), {"numbers": "comma"})
    assert ";19,99;" in german.content.decode()


def test_the_template_explains_itself_and_is_no_row(world, brand):
    client = client_of(world, brand)
    template = client.get(reverse("seller:upload_template", args=["prices"])).content.decode("utf-8-sig")
    assert template.splitlines()[0].startswith("sku,market,programme,retail_price")
    page = bring(client, "prices", template)
    assert page.status_code == 422
    assert "There are no rows" in page.content.decode()


def test_a_sheet_goes_all_the_way_and_only_once(world, brand):
    offer = world.offer(brand, stock=7)
    client = client_of(world, brand)
    page = bring(client, "stock", f"sku,add\n{offer.sku.code},5\nnothing,1\n")
    text = page.content.decode()
    assert "Carry it out" in text and "You have no article nothing." in text
    upload = Upload.objects.get()
    for key in ("r1", "r1", "r2"):
        assert run(client, upload, key).status_code == 200
    assert Stock.objects.get().on_hand == 12

    back = client.get(reverse("seller:upload_rejects", args=[upload.id]))
    assert back["Content-Disposition"].startswith("attachment")
    content = b"".join(back.streaming_content) if back.streaming else back.content
    assert content.decode("utf-8-sig").splitlines() == [
        "sku,add,problem",
        "nothing,1,sku: You have no article nothing.",
    ]

    bring(client, "stock", f"sku,add\n{offer.sku.code},5\nnothing,1\n", key="k2")
    again = Upload.objects.order_by("-id")[0]
    refused = run(client, again, "r3")
    assert refused.status_code == 422
    assert "This very file was carried out before" in refused.content.decode()
    assert Stock.objects.get().on_hand == 12
    run(client, again, "r4", again="on")
    assert Stock.objects.get().on_hand == 17


def test_a_dropped_sheet_does_nothing(world, brand):
    offer = world.offer(brand, stock=7)
    client = client_of(world, brand)
    bring(client, "prices", f"sku,retail_price\n{offer.sku.code},5\n")
    upload = Upload.objects.get()
    client.post(reverse("seller:upload_drop", args=[upload.id]), {"idempotency_key": "d"})
    refused = run(client, upload)
    assert refused.status_code == 409
    assert Upload.objects.get().state == "dropped"


def test_what_is_wrong_with_a_sheet_is_said_at_its_field_and_keeps_what_was_pasted(world, brand):
    client = client_of(world, brand)
    address = reverse("seller:upload_new", args=["prices"])
    empty = client.post(address, {"idempotency_key": "a", "pasted": ""})
    assert empty.status_code == 422 and "Choose a file or paste rows" in empty.content.decode()
    odd = client.post(address, {"idempotency_key": "b", "pasted": "one\ttwo\n1\t2"})
    assert odd.status_code == 422
    assert "names none of the columns" in odd.content.decode() and "one\ttwo" in odd.content.decode()
    assert client.get(reverse("seller:upload_new", args=["nothing"])).status_code == 404


def test_staff_looks_and_does_not_bring_in(world, brand):
    world.offer(brand)
    staff = client_of(world, brand, role="seller.staff")
    assert staff.get(reverse("seller:uploads")).status_code == 200
    assert bring(staff, "prices", "sku,retail_price\nA,5\n").status_code == 403
    assert not Upload.objects.exists()
    assert Offer.objects.count() == 1


def test_pages_ask_as_much_for_many_as_for_few(world, brand, django_assert_max_num_queries):
    client = client_of(world, brand)
    rows = "".join(f"X{at},5\n" for at in range(300))
    bring(client, "prices", f"sku,retail_price\n{rows}")
    upload = Upload.objects.get()
    for address in (reverse("seller:uploads"), reverse("seller:upload", args=[upload.id])):
        with django_assert_max_num_queries(25):
            assert client.get(address).status_code == 200
