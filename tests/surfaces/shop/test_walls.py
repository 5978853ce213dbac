"""The second wall, for shoppers: behind it nothing of another's is there, and their pages do not know of each other."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection

from entrepot.domain.orders.models import Cart, Order
from entrepot.kernel import db, walls
from entrepot.surfaces.shared import guards
from entrepot.verify import tenancy
from shipping import deliver, lines_of
from surfaces.shop.conftest import Page, Shopper
from worlds import World


@pytest.fixture
def offer(world):
    return world.offer(world.seller("ours", programme="self-managed"), price="20.00", stock=50)


def buy_and_ask(world, shopper, offer):
    """Somebody with rows in nearly every table: an order that arrived, a question, a return under way, a new cart."""
    order = shopper.order((offer, 2))
    deliver(world, order)
    line = lines_of(order)[0]
    asked = {"subject": "damaged", "line": line.id, "text": "The handle is off."}
    key = shopper.get(f"/orders/{order.number}/questions").hidden("idempotency_key")
    assert shopper.post(f"/orders/{order.number}/questions", **asked, idempotency_key=key).status == 200
    back = {f"line_{line.id.hex}": 1, "reason": "defective", "note": "It leaks."}
    assert shopper.post(f"/orders/{order.number}/returns", **back).status == 200
    shopper.put(offer)
    return order


def rows(table: str) -> set[str]:
    """All rows of a table that are there for a query that says nothing of whose it wants."""
    return {row for (row,) in db.fetch_rows(f"SELECT to_jsonb(each)::text FROM {table} each", into=lambda *row: row)}


@pytest.fixture
def two(world, offer, known, guest) -> Iterator[tuple[World, Order, Order]]:
    """A person's order, and a guest's."""
    world.user("brian@example.org")
    yield world, buy_and_ask(world, known, offer), buy_and_ask(world, guest, offer)
    walls.leave()


def test_behind_walls_a_query_that_forgets_whose_sees_ones_own_only(two):
    _, theirs, guests = two
    cart = Cart.objects.get(user=None, state="open")
    person = walls.Shopper(user_id=theirs.user_id)
    guest = walls.Shopper.of(None, [guests.access_token, cart.token])
    all_rows = {table: rows(table) for table in settings.DATABASE_OWN}
    with walls.within(person):
        one = {table: rows(table) for table in settings.DATABASE_OWN}
    with walls.within(guest):
        other = {table: rows(table) for table in settings.DATABASE_OWN}
        assert db.execute("UPDATE orders_order SET language = 'xx' WHERE user_id IS NOT NULL") == 0
        assert db.execute("DELETE FROM orders_cartline WHERE cart_id <> %s", [cart.id]) == 0
    shared = {row for row in one["accounts_contact"] & other["accounts_contact"] if '"owner_user_id": null' in row}
    both = {table: one[table] & other[table] - shared for table in settings.DATABASE_OWN}
    assert {table: found for table, found in both.items() if found} == {}
    filled = {table for table in settings.DATABASE_OWN if one[table]}
    assert filled >= {
        "orders_cart", "orders_cartline", "orders_order", "orders_suborder", "orders_orderline", "orders_orderevent",
        "payments_payment", "payments_capture", "logistics_parcel", "logistics_trackingevent", "aftersales_returncase",
        "aftersales_returnline", "conversations_thread", "conversations_message", "accounts_user", "accounts_contact",
    }  # fmt: skip
    assert filled - {"accounts_user", "notices_notice"} <= {table for table in settings.DATABASE_OWN if other[table]}
    assert len(all_rows["accounts_user"]) > len(one["accounts_user"]) == 1


def test_without_a_name_nothing_of_anybodys_is_there(two):
    with walls.within(walls.Shopper()):
        found = {table: len(rows(table)) for table in settings.DATABASE_OWN}
    # Where nodes stand; and answers that guests were given, each under a key that nobody guesses.
    assert {table for table, count in found.items() if count} <= {"accounts_contact", "kernel_idempotencykey"}


def test_a_token_opens_nothing_of_somebody_who_is_known(two):
    _, theirs, _ = two
    with walls.within(walls.Shopper.of(None, [theirs.access_token])):
        assert not Order.objects.exists()
    assert walls.Shopper.of(None, ["a,b", "x" * 200, None, 3, ""]) == walls.Shopper()


def test_what_a_shopper_has_no_part_in_is_closed_altogether(two):
    _, theirs, _ = two
    closed = ("ledger_posting", "settlement_accrual", "accounts_apikey", "sellers_sellerdocument", "django_session")
    shopper = walls.Shopper(user_id=theirs.user_id)
    for statement in (
        *(f"SELECT count(*) FROM {table}" for table in closed),
        "UPDATE inventory_stock SET on_hand = 0",
        "UPDATE pricing_retailprice SET amount_minor = 1",
        "UPDATE payments_payment SET captured_minor = amount_minor",
        "UPDATE orders_orderline SET total_minor = 0",
    ):
        with walls.within(shopper), pytest.raises(DatabaseError, match="permission denied"):
            db.execute(statement)


def test_every_table_that_a_shopper_reads_is_everybodys_or_has_a_wall(database):
    walled = {
        relation for (relation,) in db.fetch_rows(
            "SELECT polrelid::regclass::text FROM pg_policy WHERE polname = 'shopper'"
            " AND pg_get_expr(polqual, polrelid) NOT IN ('true', 'false')", into=lambda *row: row,
        )
    }  # fmt: skip
    assert walled == set(settings.DATABASE_OWN)
    may_read = {table for (role, right, table) in db_rights() if (role, right) == (walls.SHOPPER, "SELECT")}
    everybodys = may_read - walled
    peoples = {"user_id", "order_id", "owner_user_id", "suborder_id", "cart_id", "email", "access_token", "payment_id"}
    asked = {
        model._meta.db_table: {field.column for field in model._meta.concrete_fields} & peoples
        for model in apps.get_models()
        if model._meta.db_table in everybodys
    }
    # How often a voucher was used says by which orders, and no more of them.
    assert {table: found for table, found in asked.items() if found} == {"promotions_redemption": {"order_id"}}
    # Of tenants' rows a quote needs these, whoever asks for it.
    needed = {"catalogue_offer", "inventory_stock", "pricing_supplyquote", "sellers_enrolment"}
    assert everybodys & set(tenancy.tables()) == needed


def db_rights() -> set[tuple[str, str, str]]:
    from entrepot.kernel import schema

    with connection.cursor() as cursor:
        cursor.execute(schema.GRANTED, [list(settings.DATABASE_RIGHTS)])
        found = set(cursor.fetchall())
    assert found == schema.rights()
    return found


def plain(page: Page) -> str:
    """A page without what is drawn anew for every answer."""
    drawn = r'name="(csrfmiddlewaretoken|idempotency_key)" value="[^"]*"|"X-CSRFToken": "[^"]*"|\b[a-z]+-[0-9a-f]{8}\b'
    return re.sub(drawn, "", page.source)


def test_a_shoppers_pages_are_the_same_whoever_else_there_is(world, offer, known):
    """T14: a crawl before and after somebody else's data appears."""
    order = buy_and_ask(world, known, offer)
    case, thread = (
        db.fetch_value(f"SELECT number FROM {table} WHERE order_id = %s", [order.id])
        for table in ("aftersales_returncase", "conversations_thread")
    )
    addresses = [
        "/orders", f"/orders/{order.number}", f"/orders/{order.number}/returns/{case}",
        f"/orders/{order.number}/conversations/{thread}", f"/orders/{order.number}/address", "/account", "/notices",
        "/notices/letters", "/cart", "/checkout", "/search?q=mug", "/account/data", "/api/v1/orders",
        f"/api/v1/orders/{order.id}", f"/api/v1/orders/{order.id}/returns", "/api/v1/notices", "/api/v1/carts/DE",
    ]  # fmt: skip

    def crawl() -> dict[str, str]:
        return {address: plain(known.get(address)) or known.get(address).response.content for address in addresses}

    seen_at, before = world.now, crawl()
    buy_and_ask(world, Shopper(world), offer)
    world.now = seen_at
    after = crawl()
    assert {address for address in addresses if before[address] != after[address]} == set()
    assert order.number in str(before["/orders"])


def test_what_concerns_more_cannot_be_done_behind_walls(world, offer, known, monkeypatch):
    """Put behind walls, a cancellation is refused by the database, and nothing of it stays."""
    order = known.order((offer, 2))
    monkeypatch.setattr(guards, "is_walled", lambda *_asked: True)
    line = lines_of(order)[0]
    with pytest.raises(DatabaseError, match="permission denied"):
        known.post(f"/orders/{order.number}/cancellation", **{f"line_{line.id.hex}": 1})
    line.refresh_from_db()
    assert line.cancelled_qty == 0
