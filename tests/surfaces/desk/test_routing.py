"""The desk's page of routing rules: a draft is edited, looked at on past orders, published with a reason."""

import json
import re
from html import unescape

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import shipping
from entrepot.domain.orders.models import Suborder
from entrepot.domain.routing import queries
from entrepot.kernel.models import AuditEntry
from surfaces.desk.desks import browser
from surfaces.desk.test_reading import QUERIES_MAX
from worlds import World


def row(place: int, kind: str, **cells: str) -> dict[str, str]:
    filled = {"kind": kind, "place": str(place + 1), "node": "", "market": "", "amount": "", "is_on": "on"} | cells
    return {f"rule-{place}-{name}": value for name, value in filled.items()}


def hidden(page: str, name: str) -> str:
    [value] = re.findall(rf'name="{name}" value="([^"]*)"', page)[-1:]
    return unescape(value)


def test_a_draft_is_looked_at_then_published_and_kept_as_an_edition(world: World) -> None:
    offer = world.offer(world.seller())
    ordered = [shipping.order(world, (offer, units)).number for units in (1, 1, 2)]
    node = Suborder.objects.select_related("node")[0].node.code
    client = browser(world)
    address = reverse("desk:routing_rules")
    assert "No rule was ever set" in client.get(address).content.decode()
    draft = row(0, "exclude_node", node=node) | row(1, "no_split_below", market="DE", amount="20.00")
    with CaptureQueriesContext(connection) as asked:
        looked = client.post(address, draft | {"orders": "50", "edition": "0"})
    page = looked.content.decode()
    assert looked.status_code == 200 and len(asked) <= QUERIES_MAX
    assert "Could no longer be had" in page and all(number in page for number in ordered)
    assert queries.list_rules(on=world.now.date()) == []
    kept = {"draft": hidden(page, "draft"), "edition": "0", "reason": "The floor is rebuilt."}
    assert [each["kind"] for each in json.loads(kept["draft"])] == ["exclude_node", "no_split_below"]
    published = reverse("desk:routing_editions")
    assert client.post(published, kept | {"reason": ""}).status_code == 422
    assert client.post(published, kept).status_code == 302
    [first, second] = queries.list_rules(on=world.now.date())
    assert (first.node and first.node.code, second.amount_minor) == (node, 2000)
    assert AuditEntry.objects.get(verb="routing.rules_published").reason == "The floor is rebuilt."
    page = client.get(address).content.decode()
    assert "Edition 1" in page and "The floor is rebuilt." in page and 'value="20.00"' in page
    late = client.post(published, kept | {"edition": "0"})
    assert late.status_code == 409 and "edition 1 holds now" in late.content.decode()


def test_what_is_wrong_stands_at_its_row(world: World) -> None:
    world.offer(world.seller())
    client, address = browser(world), reverse("desk:routing_rules")
    for draft, said in (
        (row(0, "prefer_local") | row(1, "exclude_node"), "Name a node"),
        (row(0, "prefer_local", amount="2.00"), "An amount needs a market"),
        (row(0, "no_split_below", market="DE"), "Say below which value"),
        (row(0, "prefer_local", market="DE", amount="soon"), "soon"),
    ):
        answer = client.post(address, draft | {"orders": "10", "edition": "0"})
        assert answer.status_code == 422 and said in answer.content.decode(), said


def test_who_may_only_read_publishes_nothing(world: World) -> None:
    client = browser(world, "operator.merchandiser")
    draft = row(0, "one_parcel") | {"orders": "10", "edition": "0"}
    looked = client.post(reverse("desk:routing_rules"), draft)
    assert looked.status_code == 200 and "Publish the rules" not in looked.content.decode()
    refused = client.post(reverse("desk:routing_editions"), {"draft": "[]", "edition": "0", "reason": "because"})
    assert refused.status_code == 403 and queries.current_edition() == 0
    assert browser(world, "operator.service").get(reverse("desk:routing_rules")).status_code == 403
