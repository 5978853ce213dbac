"""Acts of sellers are done behind walls; those that are not are named with their reasons, and are all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse

from entrepot.domain.accounts.models import User
from entrepot.domain.accounts.rules import permission_rows
from entrepot.domain.catalogue.models import Offer
from entrepot.kernel import db, walls
from entrepot.surfaces.api.application import api
from entrepot.surfaces.api.routes import PUBLIC, SIGNED_IN
from entrepot.surfaces.shared.for_many import FOR_MANY, READS
from shopping import order
from surfaces.api.calls import key_for
from worlds import World


def test_every_name_is_an_act_that_sellers_or_shoppers_have() -> None:
    verbs = {verb for role, verb, _ in permission_rows() if role.startswith("seller.")} | {PUBLIC, SIGNED_IN}
    operations = {
        operation.operation_id
        for operation in api.operations()
        if set(operation.methods) - {"GET"} and verbs & set(getattr(operation.view_func, "verbs", ()))
    }
    pages = {
        f"{space}:{name}"
        for space in ("seller", "shop")
        for name in get_resolver().namespace_dict[space][1].reverse_dict
        if isinstance(name, str)
    }
    assert {name for name in FOR_MANY if name not in operations | pages} == set()
    assert {name for name in READS if name not in pages} == set()


@contextmanager
def seen() -> Iterator[list[tuple[str, object]]]:
    """Of every statement that writes a row, the table and the organisation behind whose walls it was written."""
    found: list[tuple[str, object]] = []

    def look(execute, sql, params, many, context):
        words = str(sql).split()
        if words[:2] == ["INSERT", "INTO"] or words[:1] == ["UPDATE"]:
            found.append((words[2 if words[0] == "INSERT" else 1].strip('"'), walls.scope()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found


@pytest.fixture
def market(database: None) -> World:
    return World()


def test_a_sellers_acts_write_behind_walls_by_page_and_by_api(market: World) -> None:
    mine, theirs = (market.offer(market.seller(code), price="10.00", stock=5) for code in ("acme", "bolt"))
    actor = market.seller_actor(mine.seller)
    client = Client()
    client.force_login(
        User.objects.get(id=actor.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    with seen() as written:
        client.post(reverse("seller:offer_pause", args=[mine.id]))
    assert ("catalogue_offer", mine.seller_id) in written
    assert Offer.objects.get(id=mine.id).status == "paused"
    caller = key_for(market, mine.seller_id, "seller.owner")
    with seen() as written:
        caller.post("/offers/sale", {"offer_ids": [str(mine.id)]})
    assert ("catalogue_offer", mine.seller_id) in written
    caller.ask("POST", "/offers/pause", {"offer_ids": [str(theirs.id)]}, status=404)
    assert Offer.objects.get(id=theirs.id).status == "live"
    assert (db.fetch_value("SELECT current_user"), walls.scope()) == ("entrepot_app", None)


def test_what_concerns_an_order_of_several_sellers_sees_all_of_it(market: World) -> None:
    offers = [market.offer(market.seller(code), price="10.00", stock=5) for code in ("acme", "bolt")]
    placed = order(market, *((offer, 1) for offer in offers))
    caller = key_for(market, offers[0].seller_id, "seller.owner")
    mine = db.fetch_value(
        "SELECT work.id FROM orders_workitem work JOIN orders_suborder part ON part.id = work.suborder_id"
        " WHERE part.order_id = %s AND part.seller_id = %s",
        [placed.order_id, offers[0].seller_id],
    )
    with seen() as written:
        caller.post("/work-items/acceptance", {"work_item_ids": [str(mine)]})
    assert {scope for table, scope in written if table.startswith("orders_")} == {None}
