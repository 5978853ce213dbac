"""The second wall: behind it the rows of others are not there, and nothing of another's can be written."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory.models import Stock
from entrepot.kernel import db, ids, walls
from entrepot.verify import tenancy
from worlds import World


@pytest.fixture
def two(database: None) -> Iterator[tuple[World, Offer, Offer]]:
    """A market with two sellers, an offer and stock of each."""
    world = World()
    yield world, *(world.offer(world.seller(code), price="10.00", stock=5) for code in ("acme", "bolt"))
    walls.leave()


def who() -> str:
    return str(db.fetch_value("SELECT current_user"))


def test_without_a_scope_nothing_is_there(two: tuple[World, Offer, Offer]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {walls.SELLER}")
        for setting in ("RESET app.organisation", "SET app.organisation = ''"):
            cursor.execute(setting)
            for table in tenancy.tables():
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (0,), table
        cursor.execute("RESET ROLE")
    assert Offer.objects.count() == 2


def test_behind_walls_only_ones_own_rows_are_there(two: tuple[World, Offer, Offer]) -> None:
    _, mine, theirs = two
    with walls.within(mine.seller_id):
        assert list(Offer.objects.values_list("id", flat=True)) == [mine.id]
        assert set(Stock.objects.values_list("seller_id", flat=True)) == {mine.seller_id}
        assert db.execute("UPDATE inventory_stock SET on_hand = 99 WHERE seller_id = %s", [theirs.seller_id]) == 0
        assert db.execute("DELETE FROM inventory_stock WHERE seller_id = %s", [theirs.seller_id]) == 0
    assert Offer.objects.count() == 2


def copy_of_stock(seller_id: UUID, of: Offer) -> int:
    columns = [field.column for field in Stock._meta.concrete_fields]
    row = Stock.objects.get(seller_id=of.seller_id)
    values = {name: getattr(row, name) for name in columns} | {
        "id": ids.new_id(row.created_at), "seller_id": seller_id, "owner_id": seller_id, "lot": "another",
    }  # fmt: skip
    return db.copy_rows("inventory_stock", columns, [[values[name] for name in columns]])


def test_a_row_of_another_cannot_be_written(two: tuple[World, Offer, Offer]) -> None:
    _, mine, theirs = two
    with walls.within(mine.seller_id):
        assert copy_of_stock(mine.seller_id, mine) == 1
        Stock.objects.filter(lot="another").delete()
        with pytest.raises(DatabaseError, match="row-level security"):
            copy_of_stock(theirs.seller_id, mine)
        with pytest.raises(DatabaseError, match="row-level security"):
            Stock.objects.update(seller_id=theirs.seller_id, owner_id=theirs.seller_id)
    assert Stock.objects.count() == 2


def test_walls_come_down_whatever_happened(two: tuple[World, Offer, Offer]) -> None:
    _, mine, _ = two
    with pytest.raises(ZeroDivisionError), walls.within(mine.seller_id):
        assert who() == walls.SELLER
        raise ZeroDivisionError
    assert (who(), walls.scope()) == ("entrepot_app", None)
    walls.enter(mine.seller_id)
    with pytest.raises(RuntimeError, match="once"):
        walls.enter(mine.seller_id)
    walls.leave()
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside of transactions"):
        walls.enter(mine.seller_id)
    assert db.fetch_value("SELECT current_setting('app.organisation', true)") in (None, "")


def test_a_connection_that_is_opened_anew_stands_behind_the_walls(two: tuple[World, Offer, Offer]) -> None:
    _, mine, _ = two
    with walls.within(mine.seller_id):
        connection.close()
        assert who() == walls.SELLER
        assert Offer.objects.count() == 1
    assert who() == "entrepot_app"


def test_a_sellers_page_reads_behind_walls_and_the_shop_behind_its_visitors(two: tuple[World, Offer, Offer]) -> None:
    world, mine, _ = two
    actor = world.seller_actor(mine.seller)
    client, seen = Client(), []

    def look(execute, sql, params, many, context):
        seen.append(walls.scope())
        return execute(sql, params, many, context)

    from entrepot.domain.accounts.models import User

    client.force_login(
        User.objects.get(id=actor.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    with connection.execute_wrapper(look):
        assert client.get("/seller/offers").status_code == 200
        behind = seen.count(mine.seller_id)
        seen.clear()
        assert client.get("/").status_code == 200
    assert behind > 0
    assert set(seen) == {None, walls.Shopper(user_id=actor.user_id)}  # who it is, is asked outside
    assert (who(), walls.scope()) == ("entrepot_app", None)
