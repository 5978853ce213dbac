"""A seller and an order from application to payout, through the API alone."""

from datetime import timedelta
from typing import Any

from PIL import Image

from surfaces.api.calls import Caller, key_for, operator
from worlds import World

ADDRESS = {"name": "Ada Byron", "line1": "1 Garden Row", "city": "Berlin", "postcode": "10115", "country": "DE"}
CARD = {"provider": "sandbox", "instrument": "approve"}


def join(world: World, desk: Caller) -> tuple[str, Caller]:
    """A seller who applied, was admitted and speaks by a key; its id."""
    applicant = {
        "code": "mug-makers",
        "name": "Mug Makers",
        "country": "DE",
        "settlement_currency": "EUR",
        "email": "owner@mugs.example.org",
        "password": "a long pass phrase",
    }
    applied = Caller().post("/sellers", applicant)
    assert applied["status"] == "applicant"
    assert desk.post(f"/sellers/{applied['id']}/admission", {"reason": "papers are fine"})["status"] == "active"
    desk.put(f"/sellers/{applied['id']}/tier", {"tier": "standard", "reason": "known for years"})
    return applied["id"], key_for(world, applied["id"], "seller.owner")


def hand_in(desk: Caller, seller: Caller, seller_id: str, kind: str) -> None:
    """A document by its reference, accepted."""
    response = seller.client.post(
        f"/api/v1/sellers/{seller_id}/documents",
        {"kind": kind, "reference": "DE 123"},
        headers=seller.headers | {"Idempotency-Key": f"paper-{kind}"},
    )
    assert response.status_code == 201, response.content
    desk.post(f"/sellers/documents/{response.json()['id']}/decision", {"accept": True, "reason": "seen"})


def enrol(desk: Caller, seller: Caller, seller_id: str, programme: str) -> None:
    """Everything that the programme asks for is brought, then it is accepted as it was seen."""
    choices = {each["programme"]: each for each in seller.get("/enrolments/choices?market=DE")}
    for unmet in choices[programme]["lacking"]:
        if unmet["condition"] == "documents":
            for kind in unmet["wanted"].split(", "):
                hand_in(desk, seller, seller_id, kind)
    seen = seller.get(f"/enrolments/choices/{choices[programme]['version_id']}?market=DE")
    assert seen["lacking"] == [] and seen["words"]
    accepted = {"version_id": seen["version_id"], "market": "DE", "seen_hash": seen["content_hash"]}
    assert seller.post("/enrolments", accepted)["programme"] == programme


def list_mug(desk: Caller, seller: Caller, programme: str) -> dict[str, Any]:
    """A mug on sale for 19.99 with ten in stock."""
    desk.put("/categories", {"categories": [{"code": "mugs", "names": {"en": "Mugs"}}]})
    sku = {"code": "mug-blue", "weight_g": 400, "length_mm": 90, "width_mm": 90, "height_mm": 100,
           "hs_code": "691200", "origin_country": "DE"}  # fmt: skip
    draft = {"code": "mug", "category": "mugs", "texts": {"en": {"title": "Blue mug"}}, "skus": [sku]}
    [kept] = seller.post("/products", {"products": [draft]})
    seller.post("/products/publication", {"product_ids": [kept["product_id"]]})
    assert seller.get(f"/products/{kept['product_id']}")["skus"][0]["weight_g"] == 400
    sku_id = kept["sku_ids"]["mug-blue"]
    [offer] = seller.post("/offers", {"offers": [{"sku_id": sku_id, "market": "DE", "programme": programme}]})
    priced = {"prices": [{"offer_id": offer["id"], "amount": {"minor": 1999, "currency": "EUR"}}]}
    assert seller.post("/retail-prices", priced) == {"set": [offer["id"]], "waiting": []}
    node = seller.post(
        "/stock/nodes",
        {"code": "mug-shed", "name": "Shed", "kind": "seller_premises", "country": "DE", "time_zone": "Europe/Berlin",
         "address": {"name": "Mug Makers", "line1": "2 Kiln Lane", "city": "Porttown", "postcode": "10117"}},
    )  # fmt: skip
    received = {"node_id": node["id"], "rows": [{"sku_id": sku_id, "quantity": 10}]}
    assert seller.post("/stock/receipts", received)[0]["is_bought"] is False
    [live] = seller.post("/offers/sale", {"offer_ids": [offer["id"]]})
    assert (live["status"], live["available"]) == ("live", 10)
    return live


def test_from_application_to_payout(world):
    world.market("DE")
    programme = "self-managed"
    world.programme(programme)
    desk = operator(world)
    seller_id, seller = join(world, desk)
    enrol(desk, seller, seller_id, programme)
    offer = list_mug(desk, seller, programme)
    guest = Caller()
    # What a shopper sees.
    [found] = guest.get("/search?market=DE&q=mug")["items"]
    assert found["shelf"]["offers"][0]["unit"] == {"minor": 1999, "currency": "EUR"}
    lines = [{"offer_id": offer["id"], "quantity": 3}]
    quote = guest.post("/quotes", {"market": "DE", "lines": lines})
    order = {"market": "DE", "lines": lines, "ship_to": ADDRESS, "email": "ada@example.org",
             "expected_total": quote["total"]} | CARD  # fmt: skip
    placed = guest.post("/orders", order, key="a-guest's-secret-key")
    assert (placed["state"], placed["total"]) == ("placed", quote["total"])
    assert guest.post("/orders", order, key="a-guest's-secret-key") == placed
    shopper = Caller(**{"Order-Token": placed["order_token"]})
    line = shopper.get(f"/orders/{placed['id']}")["suborders"][0]["lines"][0]
    [let_go] = shopper.post(f"/orders/{placed['id']}/cancellation", {"lines": [{"line_id": line["id"], "quantity": 1}]})
    assert let_go["quantity"] == 1
    # The seller ships.
    [work] = seller.get("/work-items")["items"]
    seller.post("/work-items/acceptance", {"work_item_ids": [work["id"]]})
    assert seller.get(f"/work-items/{work['id']}")["lines"][0]["to_pack"] == 2
    box = {"work_item_id": work["id"], "lines": [{"line_id": line["id"], "quantity": 2}]}
    [parcel] = seller.post("/parcels", {"boxes": [box]})
    [labelled] = seller.post("/parcels/labels", {"parcel_ids": [parcel["id"]]})
    assert b"".join(seller.client.get(labelled["label"]).streaming_content).startswith(b"%PDF-")
    assert seller.client.get(labelled["label"].partition("?")[0]).status_code == 404
    left = {"handovers": [{"parcel_id": parcel["id"], "tracking_number": "T-1"}]}
    assert seller.post("/parcels/handover", left)[0]["is_captured"]
    world.pass_time(days=3)
    scan = {"kind": "delivered", "origin": "carrier", "occurred_at": world.now, "event_key": "1",
            "parcel_id": parcel["id"]}  # fmt: skip
    assert seller.ask("POST", "/tracking", {"events": [scan]}, status=403)["code"] == "fulfilment.not_the_carrier"
    assert desk.post("/tracking", {"events": [scan]}) == ["delivered"]
    assert shopper.get(f"/orders/{placed['id']}")["state"] == "delivered"
    # One mug comes back.
    [case] = shopper.post(
        f"/orders/{placed['id']}/returns",
        {"lines": [{"line_id": line["id"], "quantity": 1}], "reason": "changed_mind"},
    )
    assert shopper.post(f"/returns/{case['id']}/label")["label"].partition("?")[0].endswith(".pdf")
    back = {"received": [{"line_id": line["id"], "quantity": 1, "disposition": "restock"}]}
    assert seller.post(f"/returns/{case['id']}/receipt", back)["state"] == "received"
    assert seller.post("/returns/refunds", {"case_ids": [case["id"]]}) == {"count": 1}
    # The operator settles; the seller follows one cent to its event.
    world.pass_time(days=60)
    until = (world.now - timedelta(days=1)).date()
    [statement] = desk.post("/settlements", {"until": until})
    [batch] = desk.post("/payout-batches", {})
    [payout] = seller.get("/payouts")
    assert (payout["amount"], payout["batch_id"]) == (statement["payable"], batch["id"])
    assert desk.post("/payouts/confirmation", {"payout_ids": [payout["id"]]}) == {"count": 1}
    whole = seller.get(f"/statements/{statement['number']}")
    parts = [part for group in whole["groups"] for part in group["parts"]]
    assert sum(part["amount"]["minor"] for part in parts) == statement["lines"]["minor"]
    traced = seller.get(f"/accruals/{parts[0]['id']}")
    assert traced["posting_id"] in {posting["id"] for posting in traced["postings"]}
    assert desk.get("/contribution?by=programme")[0]["programme"] == programme
    assert desk.get(f"/books/postings?subject_id={line['id']}")
    assert {row["balance"]["currency"] for row in desk.get("/books/trial-balance")} == {"EUR"}
    # No relay tells what happened while the days pass.
    broken = [each["id"] for each in desk.get("/books/proof")["invariants"] if each["findings"]]
    assert broken == ["I34"]


def test_a_picture_is_encoded_anew(world, tmp_path):
    world.market("DE")
    seller = world.seller("acme")
    sku = world.sku(seller)
    owner = key_for(world, seller.pk, "seller.owner")
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "mug.png")
    with (tmp_path / "mug.png").open("rb") as file:
        response = owner.client.post(
            f"/api/v1/products/{sku.product_id}/pictures",
            {"file": file, "alt": "A blue mug"},
            headers=owner.headers | {"Idempotency-Key": "picture"},
        )
    assert response.status_code == 201, response.content
    shown = response.json()
    assert shown["alt"] == {"en": "A blue mug"} and shown["media"].endswith(".webp")
    assert owner.ask("DELETE", f"/products/{sku.product_id}/pictures/{shown['id']}") is None
    assert owner.get(f"/products/{sku.product_id}")["pictures"] == []


def test_a_guests_cart_becomes_an_order(world):
    seller = world.seller("acme", programme="semi-managed-local-stock")
    offer = world.offer(seller, price="19.99", stock=5)
    cart = Caller().post("/carts", {"market": "DE"})
    guest = Caller(**{"Cart-Token": cart["token"]})
    assert guest.put(f"/carts/DE/lines/{offer.id}", {"quantity": 2})["lines"][0]["quantity"] == 2
    assert guest.put(f"/carts/DE/lines/{offer.id}", {"quantity": 1})["lines"][0]["quantity"] == 1
    total = guest.get("/carts/DE/quote")["total"]
    order = {"market": "DE", "from_cart": True, "ship_to": ADDRESS, "expected_total": total} | CARD
    placed = guest.post("/orders", order, key="the-key-of-the-cart")
    assert placed["state"] == "placed"
    assert guest.post("/orders", order, key="the-key-of-the-cart") == placed
    assert Caller().ask("GET", "/carts/DE", status=404)["code"] == "orders.unknown_cart"
    assert Caller().ask("GET", f"/orders/{placed['id']}", status=404)["code"] == "kernel.not_found"


def test_a_declined_card_is_a_result(world):
    seller = world.seller("acme")
    offer = world.offer(seller)
    order = {"market": "DE", "lines": [{"offer_id": offer.id, "quantity": 1}], "ship_to": ADDRESS,
             "provider": "sandbox", "instrument": "decline"}  # fmt: skip
    answer = Caller().ask("POST", "/orders", order, status=200)
    assert answer["state"] == "declined" and answer["reason"]


def test_a_provider_is_believed_by_its_signature(world):
    forged = Caller().ask("POST", "/webhooks/payments/sandbox", {"kind": "authorise"}, status=422)
    assert forged["code"].startswith("payments.")
    assert Caller().ask("POST", "/webhooks/payments/nobody", {}, status=422)["code"].startswith("payments.")
