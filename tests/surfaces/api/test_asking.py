"""What is asked badly is refused by the name of the field, and what is asked twice is done once."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from entrepot.domain.inventory.models import Movement
from entrepot.domain.orders.models import Order
from entrepot.surfaces.api.paging import mark
from surfaces.api.calls import Caller, caller, key_for, operator

ADDRESS = {"name": "Ada Byron", "line1": "1 Garden Row", "city": "Berlin", "postcode": "10115", "country": "DE"}
BAD_UNITS = [
    "0",
    "-1",
    "1.5",
    "1.0",
    "1000000000000",
    '"٣"',
    '"3"',
    "true",
    "null",
    "NaN",
    "Infinity",
    "[]",
    "1" * 4000,
]


def order_of(offer, **fields):
    lines = [{"offer_id": str(offer.id), "quantity": 1}]
    return {"market": "DE", "lines": lines, "ship_to": ADDRESS, "provider": "sandbox", "instrument": "approve"} | fields


@pytest.mark.parametrize("units", BAD_UNITS)
def test_a_quantity_is_a_whole_number_of_units(world, units):
    offer = world.offer(world.seller("acme"))
    body = f'{{"market": "DE", "lines": [{{"offer_id": "{offer.id}", "quantity": {units}}}]}}'
    answer = Caller().ask("POST", "/quotes", body, status=422)
    assert (answer["code"], answer["field"]) == ("api.malformed", "lines[0].quantity")
    assert answer["type"] == "/api/v1/errors#api.malformed"


@pytest.mark.parametrize("units", BAD_UNITS)
def test_stock_is_counted_in_whole_units(world, units):
    seller = world.seller("acme")
    sku = world.offer(seller).sku
    who = key_for(world, seller.pk, "seller.owner")
    before = Movement.objects.count()
    body = f'{{"node_id": "{world.nodes["acme-de"].id}", "rows": [{{"sku_id": "{sku.id}", "quantity": {units}}}]}}'
    assert who.ask("POST", "/stock/receipts", body, status=422)["field"] == "rows[0].quantity"
    assert Movement.objects.count() == before


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", '"1999"', "true", "NaN", "9000000000001", "1e400"])
def test_a_price_is_a_whole_amount_above_nothing(world, amount):
    seller = world.seller("acme", programme="self-managed")
    offer = world.offer(seller)
    body = f'{{"prices": [{{"offer_id": "{offer.id}", "amount": {{"minor": {amount}, "currency": "EUR"}}}}]}}'
    answer = key_for(world, seller.pk, "seller.owner").ask("POST", "/retail-prices", body, status=422)
    assert answer["field"] == "prices[0].amount.minor"


def test_a_price_in_another_currency_is_refused(world):
    seller = world.seller("acme", programme="self-managed")
    priced = {"prices": [{"offer_id": world.offer(seller).id, "amount": {"minor": 5, "currency": "USD"}}]}
    answer = key_for(world, seller.pk, "seller.owner").ask("POST", "/retail-prices", priced, status=422)
    assert (answer["code"], answer["field"]) == ("pricing.other_currency", "prices[0].amount.currency")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"ship_to": ADDRESS | {"planet": "Mars"}}, "ship_to"),
        ({"ship_to": ADDRESS | {"name": "a\u0000b"}}, "ship_to"),
        ({"email": "nobody"}, "email"),
        ({"provider": ""}, "provider"),
        ({"language": "x" * 11}, "language"),
        ({"market": 7}, "market"),
        ({"lines": "all"}, "lines"),
        ({"expected_total": {"minor": -1, "currency": "EUR"}}, "expected_total.minor"),
        ({"attribution": {"campaign": "\ud800"}}, "attribution"),
    ],
)
def test_a_field_that_does_not_fit_is_named(world, change, field):
    offer = world.offer(world.seller("acme"))
    answer = Caller().ask("POST", "/orders", order_of(offer) | change, status=422)
    assert answer["field"].startswith(field), answer
    assert not Order.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b""])
def test_a_body_that_cannot_be_read(database, body):
    response = Caller().send("POST", "/quotes", body)
    assert response.status_code in (400, 422)
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    ["/search?market=%00", "/search?market=DE&q=%00", "/sellers?limit=0", "/sellers?limit=201", "/sellers?limit=x",
     "/sellers?cursor=%00", "/sellers?cursor=!!", "/work-items?cursor=" + mark("yesterday"), "/sellers?status=%00",
     "/offers?seller_id=7", "/search?market=DE&q=mug&cursor=" + mark("words.x.y")],
)  # fmt: skip
def test_an_address_that_does_not_fit(world, path):
    world.market("DE")
    answer = operator(world).ask("GET", path, status=422)
    assert answer["field"]


@pytest.mark.parametrize("path", ["/nothing", "/offers/7", "/orders/00000000-0000-0000-0000-000000000000"])
def test_an_address_that_leads_nowhere_is_a_problem_too(world, path):
    response = operator(world).send("GET", path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_pages_follow_each_other(world):
    seller = world.seller("acme")
    offers = [str(world.offer(seller).id) for _ in range(5)]
    who, seen, cursor = key_for(world, seller.pk, "seller.staff"), [], ""
    while True:
        answer = who.get(f"/offers?limit=2&cursor={cursor}")
        seen += [each["id"] for each in answer["items"]]
        if not (cursor := answer["next"]):
            break
    assert seen == sorted(offers)


def test_pages_of_what_shoppers_find_follow_each_other(world):
    seller = world.seller("acme")
    wanted = {str(world.offer(seller, title=f"Mug {number}").sku.product_id) for number in range(5)}
    for question in ("", "&q=mug"):
        first = Caller().get(f"/search?market=DE&limit=3{question}")
        second = Caller().get(f"/search?market=DE&limit=3{question}&cursor={first['next']}")
        found = [each["id"] for each in first["items"] + second["items"]]
        assert (set(found), len(found), second["next"]) == (wanted, 5, "")


def test_without_a_key_nothing_is_done(world):
    offer = world.offer(world.seller("acme"))
    response = Caller().client.post("/api/v1/orders", order_of(offer), content_type="application/json")
    assert (response.status_code, response.json()["field"]) == (422, "Idempotency-Key")
    answer = Caller().ask("POST", "/orders", order_of(offer), key="1", status=422)
    assert answer["code"] == "idempotency.key_guessable"
    assert not Order.objects.exists()


def test_the_same_key_fifty_times_at_once_is_one_order(world):
    offer = world.offer(world.seller("acme"), stock=100)
    answers, barrier = [], Barrier(50, timeout=60)

    def send() -> None:
        barrier.wait()
        try:
            answers.append(Caller().send("POST", "/orders", order_of(offer), key="fifty-times-at-once"))
        finally:
            connection.close()

    threads = [Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Order.objects.count() == 1


def test_a_key_names_one_order(world):
    offer = world.offer(world.seller("acme"))
    Caller().post("/orders", order_of(offer), key="the-key-of-an-order")
    again = order_of(offer, email="other@example.org")
    answer = Caller().ask("POST", "/orders", again, key="the-key-of-an-order", status=409)
    assert answer["code"] == "orders.key_reused"


def test_what_is_repeated_is_done_once(world):
    seller = world.seller("acme")
    sku = world.offer(seller, stock=0).sku
    node = world.node("acme-de", operator=seller.organisation, kind="seller_premises", country="DE")
    who = key_for(world, seller.pk, "seller.owner")
    goods = {"node_id": str(node.id), "rows": [{"sku_id": str(sku.id), "quantity": 4}]}
    first = who.post("/stock/receipts", goods, key="k")
    assert who.post("/stock/receipts", goods, key="k") == first
    assert who.get("/stock")["items"][0]["on_hand"] == 4
    other = goods | {"rows": [{"sku_id": str(sku.id), "quantity": 5}]}
    assert who.ask("POST", "/stock/receipts", other, key="k", status=409)["code"] == "idempotency.reused"
    # A key is its owner's: for somebody else it is a new one.
    assert caller(world, seller.organisation, "seller.owner").post("/stock/receipts", goods, key="k") != first


def test_the_last_unit_is_sold_once(world):
    offer = world.offer(world.seller("acme"), stock=1)
    answers, barrier = [], Barrier(2, timeout=60)

    def send(key: str) -> None:
        barrier.wait()
        try:
            answers.append(Caller().send("POST", "/orders", order_of(offer), key=f"the-last-unit-for-{key}"))
        finally:
            connection.close()

    threads = [Thread(target=send, args=[key]) for key in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201, 409]


def test_a_program_gets_a_key_that_may_do_less(world):
    seller = world.seller("acme")
    owner = key_for(world, seller.pk, "seller.owner")
    made = owner.post("/me/keys", {"label": "reader", "verbs": ["offers.read"]})
    reader = Caller(made["secret"])
    assert reader.get("/me")["verbs"] == {"offers.read": "own"}
    assert reader.ask("GET", "/stock", status=403)["code"] == "accounts.verb_missing"
    assert owner.ask("POST", "/me/keys", {"label": "x", "verbs": ["verify.run"]}, status=403)


def test_a_database_that_is_away_is_no_defect_and_says_to_come_back(world, monkeypatch):
    world.market("DE")
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    response = Caller().send("GET", "/markets")
    assert (response.status_code, response.json()["code"]) == (503, "api.cut_off")
    assert response["Retry-After"] == "1"
    monkeypatch.undo()
    assert [each["code"] for each in Caller().get("/markets")] == ["DE"]
