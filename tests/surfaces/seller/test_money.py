"""A seller follows its money: statements, their parts, and one cent down to its event."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import shipping
from entrepot.domain.settlement.models import Accrual
from entrepot.domain.terms import queries as terms
from entrepot.flows import settling
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from surfaces.seller.shops import client_of, furnish
from surfaces.seller.test_acts import to, words
from worlds import World

QUERIES_MAX = 25


@pytest.fixture
def world(database, monkeypatch) -> World:
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


def test_one_amount_leads_from_the_statement_to_its_event(world):
    shop = furnish(world, world.seller("ours", programme="self-managed"))
    client = client_of(world, shop.seller)
    statement = client.get(to("statement", shop.statement.number)).content.decode()
    address = reverse("seller:accrual", args=[shop.accrual.id])
    assert address in statement
    page = client.get(address).content.decode()
    assert str(shop.accrual.posting_id) in page and "Self-managed, version 1" in page
    assert reverse("seller:order", args=[shop.done_order.number]) in page


def test_every_part_of_every_line_is_explained(world):
    for code in ("fully-managed", "semi-managed-platform-logistics", "semi-managed-local-stock", "self-managed"):
        seller = world.seller(f"seller-{code}", programme=code)
        shipping.deliver(world, shipping.order(world, (world.offer(seller, stock=9), 3)))
        world.pass_time(days=30)
        statements = settling.settle(until=world.now, now=world.now, actor=SYSTEM)
        client = client_of(world, seller)
        (own,) = [each for each in statements if each.seller_id == seller.pk]
        page = client.get(to("statement", own.number)).content.decode()
        assert "Unexplained" not in page
        accruals = Accrual.objects.filter(seller=seller)
        assert accruals.exists()
        for accrual in accruals:
            assert f"{terms.list_labels()[code]}, version 1" in words(client, to("accrual", accrual.id))


def test_the_sheet_sums_to_the_statement_and_runs_no_formula(world):
    seller = world.seller("ours", programme="self-managed")
    offer = world.offer(seller, title="=HYPERLINK(1)", stock=9)
    shipping.deliver(world, shipping.order(world, (offer, 2)))
    world.pass_time(days=30)
    (statement,) = settling.settle(until=world.now, now=world.now, actor=SYSTEM)
    response = client_of(world, seller).get(to("statement_sheet", statement.number))
    assert response.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))
    assert sum(round(float(row["amount"]) * 100) for row in rows) == statement.lines_minor
    assert {row["article"] for row in rows} == {"'=HYPERLINK(1)"}


def test_what_is_to_come_stands_under_its_close(world):
    seller = world.seller("ours", programme="self-managed")
    shipping.deliver(world, shipping.order(world, (world.offer(seller, stock=9), 2)))
    client = client_of(world, seller)
    assert "Goods sold, without tax" in words(client, to("upcoming"))
    assert "No statement yet" in words(client, to("statements"))


def queries_of(client, address: str) -> int:
    """How many questions a page asks of the database."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_pages_ask_little_and_no_more_for_more_rows(world):
    seller = world.seller("ours", programme="self-managed")
    shop = furnish(world, seller)
    client = client_of(world, seller)
    lists = ["overview", "offers", "stock", "orders", "orders_all", "returns", "statements", "upcoming", "programmes"]
    pages = [to(name) for name in lists] + [
        reverse(f"seller:{name}", args=arguments)
        for name, arguments in shop.addresses().items()
        if name in ("offer", "product", "stock_row", "order", "return", "accrual", "statement")
    ]

    def asked() -> dict[str, int]:
        for address in pages:
            client.get(address)  # what is kept is read anew once after a change
        return {address: queries_of(client, address) for address in pages}

    before = asked()
    for _ in range(3):
        offer = world.offer(seller, stock=9)
        shipping.deliver(world, shipping.order(world, (offer, 2)))
        shipping.order(world, (offer, 1), (shop.offer, 1))
    after = asked()
    assert {key: (before[key], count) for key, count in after.items() if count > before[key]} == {}
    assert {key: count for key, count in after.items() if count > QUERIES_MAX} == {}
