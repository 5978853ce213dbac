"""A statement with many lines: pages, sums by the database, whole downloads, and why money is held."""

import csv
import io
from decimal import Decimal

import pytest
from django.urls import reverse

import shipping
from entrepot.domain.settlement import lines as reads
from entrepot.domain.settlement import queries
from entrepot.domain.settlement.models import Statement
from entrepot.flows import settling
from entrepot.kernel import money
from entrepot.kernel.actors import SYSTEM
from entrepot.surfaces.seller import statements
from surfaces.desk.desks import text_of
from surfaces.seller.shops import client_of
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def statement(world) -> Statement:
    """Five order lines on one statement, and one order that is not settled yet."""
    brand = world.seller("brand", programme="semi-managed-local-stock")
    offer = world.offer(brand, stock=50)
    for quantity in (1, 2, 3, 4, 5):
        shipping.deliver(world, shipping.order(world, (offer, quantity)))
    world.pass_time(days=60)
    made = settling.settle(until=world.now, now=world.now, actor=SYSTEM)
    shipping.deliver(world, shipping.order(world, (offer, 1)))
    return max((each for each in made if each.seller_id == brand.pk), key=lambda each: each.lines_minor)


def test_pages_are_the_whole_and_sum_to_it(world, statement):
    whole = queries.get_statement(number=statement.number, seller_id=statement.seller_id)
    head = reads.get_head(number=statement.number, seller_id=statement.seller_id)
    assert (head.lines, head.sum_minor, head.reconciles) == (len(whole.groups), statement.lines_minor, True)
    paged = [
        group
        for start in range(head.lines)
        for group in reads.list_groups(statement_id=statement.id, start=start, limit=1)
    ]
    assert paged == list(whole.groups) == list(reads.each_group(statement_id=statement.id, size=2))
    assert sum(each.amount_minor for each in reads.sum_parts(statement_id=statement.id)) == statement.lines_minor


def test_a_page_says_what_its_lines_and_all_lines_come_to(world, statement, monkeypatch):
    monkeypatch.setattr(statements, "LINES", 2)
    client = client_of(world, statement.seller)
    first = client.get(reverse("seller:statement", args=[statement.number]))
    assert "The lines of this page" in text_of(first) and "they sum to the statement" in text_of(first)
    second = client.get(reverse("seller:statement", args=[statement.number]), {"cursor": "2"})
    assert text_of(second) != text_of(first)


def test_downloads_are_whole_whatever_a_page_shows(world, statement, monkeypatch):
    monkeypatch.setattr(statements, "LINES", 1)
    client = client_of(world, statement.seller)
    sheet = client.get(reverse("seller:statement_sheet", args=[statement.number])).content.decode()
    rows = list(csv.DictReader(io.StringIO(sheet)))
    total = sum(Decimal(row["amount"]) for row in rows)
    assert total == money.decimal_of(statement.lines_minor, statement.currency)
    assert all(row["rule"] and row["event"] and row["posting"] for row in rows)
    paper = client.get(reverse("seller:statement_pdf", args=[statement.number]))
    assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")
    assert "Statement" in text_of(client.get(reverse("seller:statement_paper", args=[statement.number])))
    monkeypatch.setattr(statements, "PAPER", 1)
    assert client.get(reverse("seller:statement_paper", args=[statement.number])).content.startswith(b"%PDF")


def test_what_is_held_says_until_when(world, statement):
    client = client_of(world, statement.seller)
    page = text_of(client.get(reverse("seller:statements")))
    assert "Why money is still held" in page
    coming = reads.list_coming(seller_id=statement.seller_id)
    pending = sum(each.amount_minor for each in queries.list_pending(seller_id=statement.seller_id))
    assert coming and sum(each.amount_minor for each in coming) == pending
    kept = reads.list_kept(seller_id=statement.seller_id)
    (balance,) = queries.list_balances(seller_id=statement.seller_id)
    assert sum(each.amount_minor for each in kept) == balance.reserved_minor


def test_pages_ask_as_much_for_many_as_for_few(world, statement, django_assert_max_num_queries):
    client = client_of(world, statement.seller)
    for address in (reverse("seller:statement", args=[statement.number]), reverse("seller:statements")):
        client.get(address)
        with django_assert_max_num_queries(25):
            assert client.get(address).status_code == 200
