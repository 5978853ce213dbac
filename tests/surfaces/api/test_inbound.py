"""Stock orders and shipments through the API, from asking to stock; the same acts as the pages'."""

from datetime import timedelta

from entrepot.domain.inventory.models import Stock
from surfaces.api.calls import caller, operator


def test_from_asking_to_stock(world):
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    offer = world.offer(seller, supply="70.00", stock=0)
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    desk, theirs = operator(world), caller(world, seller.organisation, "seller.owner")

    wanted = {
        "enrolment_id": str(offer.enrolment_id),
        "node_id": str(node.id),
        "lines": [{"offer_id": str(offer.id), "quantity": 40}],
    }
    [order] = desk.post("/stock-orders", {"orders": [wanted]}, status=201)
    assert (order["state"], order["asked"]) == ("asked", {"minor": 280_000, "currency": "CNY"})
    [listed] = theirs.get("/stock-orders")["items"]
    assert listed["number"] == order["number"]
    detail = theirs.get(f"/stock-orders/{order['id']}")
    line = detail["lines"][0]
    countered = theirs.post(
        f"/stock-orders/{order['id']}/counter-offer",
        {"lines": [{"line_id": line["id"], "quantity": 24}], "note": "one kiln"},
    )
    assert countered["state"] == "countered"
    assert desk.post("/stock-orders/agreements", {"stock_order_ids": [order["id"]]}) == {"count": 1}

    shipment = theirs.post(f"/stock-orders/{order['id']}/shipments", status=201)
    path = f"/shipments/{shipment['id']}"
    carton = {
        "units": [{"sku_id": str(offer.sku_id), "quantity": 12}],
        "weight_g": 5000, "length_mm": 400, "width_mm": 300, "height_mm": 300, "copies": 2,
    }  # fmt: skip
    assert len(theirs.post(f"{path}/cartons", {"cartons": [carton]}, status=201)) == 2
    day = (world.now + timedelta(days=3)).date().isoformat()
    assert theirs.post(f"{path}/announcement", {"expected_on": day})["state"] == "announced"
    assert theirs.post(f"{path}/departure", {"carrier": "Truck"})["state"] == "in_transit"

    assert desk.post(f"{path}/arrival")["state"] == "arrived"
    first, second = desk.get(path)["cartons"]
    scanned = desk.post(f"{path}/scans", {"barcodes": [first["barcode"], first["barcode"]]})
    assert scanned == {"units": 12, "repeated": 0}
    count = {"key": "gun-7-0001", "sku_id": str(offer.sku_id), "quantity": 11, "carton_id": second["id"]}
    assert desk.post(f"{path}/counts", {"counts": [count]}) == {"units": 11, "repeated": 0}
    assert desk.post(f"{path}/counts", {"counts": [count]}) == {"units": 0, "repeated": 1}
    looked_at = desk.post(f"{path}/inspections", {"sku_id": str(offer.sku_id), "defects": 0}, status=201)
    assert (looked_at["sample_size"], looked_at["passed"]) == (5, True)
    [put_away] = desk.post(f"{path}/put-aways", status=201)
    assert put_away["quantity"] == 23
    assert desk.post(f"{path}/closing", {}, status=201) == []
    detail = theirs.get(path)
    assert detail["shipment"]["state"] == "closed"
    assert [(each["kind"], each["quantity"]) for each in detail["discrepancies"]] == [("short", 1)]
    assert theirs.get(f"/stock-orders/{order['id']}")["lines"][0]["received"] == 23
    assert Stock.objects.get().on_hand == 23


def test_what_may_not_be_is_said_by_its_code(world):
    seller = world.seller("shop", programme="self-managed")
    offer = world.offer(seller, stock=0)
    node = world.node("platform-de", operator=world.operator, kind="platform_overseas", country="DE")
    wanted = {
        "enrolment_id": str(offer.enrolment_id),
        "node_id": str(node.id),
        "lines": [{"offer_id": str(offer.id), "quantity": 1}],
    }
    refused = operator(world).post("/stock-orders", {"orders": [wanted]}, status=403)
    assert (refused["code"], refused["values"]["task"]) == ("terms.not_yours", "inventory_planning")
    theirs = caller(world, seller.organisation, "seller.owner")
    elsewhere = {"enrolment_id": str(offer.enrolment_id), "node_id": str(node.id)}
    assert theirs.post("/shipments", elsewhere, status=409)["code"] == "inbound.node_takes_none"
    assert operator(world).get("/stock-orders/suggestions") == []
