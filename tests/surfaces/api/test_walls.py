"""What every operation keeps to: it declares who may, and nobody reaches what is another's."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.test import Client

from entrepot.kernel.db import fetch_rows
from entrepot.surfaces.api import document
from entrepot.surfaces.api.application import api
from entrepot.surfaces.api.routes import PUBLIC, SIGNED_IN
from surfaces.api import victim
from surfaces.api.calls import ROOT, Caller, caller, operator
from surfaces.api.samples import Requests
from worlds import World

DOCUMENT = document.current()
OPERATIONS = {each.operation_id: each for each in api.operations()}

#: What is everybody's, or the caller's own whatever it names: nothing of another's is in reach.
EVERYBODYS = {
    "get_me",
    "create_key",
    "list_markets",
    "list_payment_providers",
    "apply_seller",
    "list_categories",
    "search_products",
    "get_shelf",
    "quote",
    "quote_landed",
    "quote_freight",
    "compare_goods",
    "explain_customs",
    "open_cart",
    "place_order",
    "list_programmes",
    "get_programme",
    "list_programme_versions",
    "compare_programmes",
    "list_nodes",
    "receive_payment_webhook",
    "list_notices",
    "read_notices",
    "list_letters",
    "choose_letters",
    "list_tasks",
    "list_sheets",
    "get_sheet",
    "bring_sheet",
}
#: What a caller says of parcels that are not theirs comes to nothing, parcel by parcel.
ANSWERS = {"record_tracking": ["unknown"]}
#: The version of a programme is everybody's to accept; who accepts it is who asks.
OWN_ANSWERS = {"preview_programme", "accept_programme"}


def described() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(method, path below the root, operation) of the whole document."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path.removeprefix(ROOT), operation


def test_every_operation_declares_who_may():
    assert len(OPERATIONS) > 100
    undeclared = [name for name, each in OPERATIONS.items() if not getattr(each.view_func, "verbs", ())]
    assert undeclared == []


def test_every_verb_is_one_that_roles_hold():
    from entrepot.domain.accounts.rules import VERBS

    asked = {verb for each in OPERATIONS.values() for verb in each.view_func.verbs}
    assert asked - {PUBLIC, SIGNED_IN} <= set(VERBS)


def test_every_post_takes_a_key_or_is_known_not_to():
    keyless = {
        operation["operationId"]
        for method, _, operation in described()
        if method == "POST" and not any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    }
    only_read = {"quote", "quote_landed", "quote_freight", "compare_goods"}
    only_read |= {"look_at_routing_rules", "look_at_rate_cards", "look_at_lanes"}
    assert keyless == only_read | {"create_key", "receive_payment_webhook"}


def test_no_two_schemas_share_a_name():
    """The document knows schemas by their names alone."""
    import ast
    from collections import Counter
    from pathlib import Path

    found = Counter(
        node.name
        for file in Path(document.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith(("In", "Out"))
    )
    assert [name for name, times in found.items() if times > 1] == []


def rows() -> dict[str, int]:
    """How many rows each table has."""
    tables = [row[0] for row in fetch_rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in tables if _readable(name))
    return dict(tuple(row) for row in fetch_rows(counts))


def _readable(name: str) -> bool:
    return bool(fetch_rows("SELECT has_table_privilege(%s, 'SELECT') AS may", [name])[0].may)


def send(who: Caller, requests: Requests, method: str, path: str, operation: Mapping[str, Any]) -> Any:
    """The response to a valid request with the victim's ids wherever there is a place for one."""
    kind, body = requests.body(operation)
    where = requests.path(path, operation)
    if kind == "multipart/form-data":
        return send_form(who, method, where, body)
    return who.send(method, where, body)


def send_form(who: Caller, method: str, path: str, body: Mapping[str, Any]) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    form = dict(body) | {"file": SimpleUploadedFile("paper.pdf", b"%PDF-1.7 a paper")}
    assert method == "POST"
    return who.client.post(ROOT + path, form, headers=who.headers | {"Idempotency-Key": "the-key-of-a-form"})


@pytest.fixture
def attacked(world: World) -> tuple[World, dict[str, Any]]:
    """A world with a victim that has one of everything."""
    return world, victim.make(world)


def intruders(world: World) -> dict[str, Caller]:
    """Who is after what is not theirs; each has something of their own."""
    other = world.seller("intruder")
    world.offer(other)
    return {
        "another seller": caller(world, other.organisation, "seller.owner"),
        "another warehouse": caller(world, world.partner(), "partner.warehouse"),
    }


def test_nobody_reaches_what_is_anothers(attacked):
    world, ids = attacked
    requests = Requests(DOCUMENT, ids, world)
    for name, who in intruders(world).items():
        kept = rows()
        reached = [
            said
            for method, path, operation in described()
            if (said := breach(who, requests, method, path, operation)) is not None
        ]
        assert not reached, f"{name}: " + "\n".join(reached)
        assert rows() == kept, name


def breach(who: Caller, requests: Requests, method: str, path: str, operation: Mapping[str, Any]) -> str | None:
    """What an operation let somebody see or do that is not theirs, or nothing."""
    name = operation["operationId"]
    if name in EVERYBODYS | OWN_ANSWERS:
        return None
    response = send(who, requests, method, path, operation)
    if response.status_code in (403, 404):
        return None
    if method == "GET" and response.status_code == 200:
        text = response.content.decode()
        # A preset is everybody's.
        seen = [key for key, value in requests.ids.items() if str(value) in text and not key.endswith("version_id")]
        return f"{name} shows {seen}" if seen else None
    if name in ANSWERS and response.json() == ANSWERS[name]:
        return None
    return f"{name}: {response.status_code} {response.content.decode()[:300]}"


def test_the_operator_does_reach_it(attacked):
    world, ids = attacked
    requests, desk = Requests(DOCUMENT, ids, world), operator(world)
    unreached = {}
    for method, path, operation in described():
        if method == "GET" and operation["operationId"] not in {"get_cart", "quote_cart", "find_order", "get_shelf"}:
            response = send(desk, requests, method, path, operation)
            if response.status_code != 200:
                unreached[operation["operationId"]] = response.content.decode()[:200]
    # Programmes, cards and lanes are named by their codes, nothing waits for a second person, and a seller's people are
    # its own matter.
    but = {"get_programme", "compare_programmes", "get_approval", "list_members", "list_invitations"}
    but |= {"list_rate_card_versions", "list_lane_versions"}
    assert {name: said for name, said in unreached.items() if name not in but} == {}


def test_a_stranger_is_asked_to_sign_in(database):
    requests = Requests(DOCUMENT, {}, World())
    let_in = {
        operation["operationId"]: response.status_code
        for method, path, operation in described()
        if PUBLIC not in OPERATIONS[operation["operationId"]].view_func.verbs
        and (response := Caller().send(method, requests.path(path, operation), {})).status_code != 401
    }
    assert let_in == {}


def test_a_key_that_is_not_valid_is_no_guest(database):
    response = Caller("ek00.forged").send("GET", "/markets")
    assert (response.status_code, response.json()["code"]) == (401, "accounts.sign_in")


def test_a_session_needs_its_token_against_forgery(world):
    seller = world.seller("acme")
    actor = world.seller_actor(seller)
    client = Client(enforce_csrf_checks=True)
    from entrepot.domain.accounts.models import User

    client.force_login(
        User.objects.get(id=actor.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert client.get(f"{ROOT}/me").json()["organisation_id"] == str(seller.pk)
    answer = client.post(f"{ROOT}/carts", {"market": "DE"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "api.forged")


def test_a_seller_cannot_count_anothers_goods_into_its_own_node(attacked):
    world, ids = attacked
    other = world.seller("intruder")
    world.offer(other)
    node = world.nodes["intruder-de"].id
    goods = {"seller_id": ids["seller_id"], "node_id": node, "rows": [{"sku_id": ids["sku_id"], "quantity": 1}]}
    who = caller(world, other.organisation, "seller.owner")
    assert who.ask("POST", "/stock/receipts", goods, status=404)["code"] == "kernel.not_found"
    own = {"node_id": node, "rows": [{"sku_id": ids["sku_id"], "quantity": 1}]}
    assert who.ask("POST", "/stock/receipts", own, status=404)["code"] == "kernel.not_found"


def test_a_seller_sees_its_part_of_an_order_only(world):
    from shipping import order

    first, second = world.seller("first"), world.seller("second")
    mixed = order(world, (world.offer(first, price="10.00"), 1), (world.offer(second, price="70.00"), 2))
    shown = caller(world, first.organisation, "seller.owner").get(f"/orders/{mixed.id}")
    assert [each["seller_name"] for each in shown["suborders"]] == ["first"]
    assert (shown["payment"], shown["ship_to"]) == (None, None)
    assert all(not event["data"] and not event["actor"] for event in shown["events"] if not event["suborder_id"])
    assert str(mixed.total_minor) not in str(shown)
