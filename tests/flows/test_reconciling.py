"""Our records and the provider's own book are compared; whatever differs is found."""

import pytest

from entrepot.domain.orders.models import OrderLine
from entrepot.domain.payments.models import Capture
from entrepot.flows import checkout
from entrepot.kernel.actors import SYSTEM
from entrepot.verify import runner
from shopping import order, publish_variant
from worlds import World


@pytest.fixture
def world(database) -> World:
    """A world whose one order was captured, refunded in part and voided in part."""
    world = World()
    publish_variant(world, "semi-managed-local-stock", "paid-at-order", fulfilment={"capture": "order"})
    offers = [world.offer(world.seller(programme=code)) for code in ("paid-at-order", "semi-managed-local-stock")]
    order(world, *((offer, 2) for offer in offers))
    lines = OrderLine.objects.values_list("id", flat=True)
    checkout.cancel_lines(rows=[(line, 1) for line in lines], actor=SYSTEM, reason="", now=world.now)
    return world


def differing(world) -> list:
    [result] = runner.verify(now=world.now, codes=["I16"])
    return [(row["call"].partition(":")[0], row["ours"], row["theirs"]) for row in result.rows]


def test_both_agree(world):
    assert differing(world) == []


@pytest.mark.parametrize("act", ["authorise", "capture", "refund", "void"])
def test_what_they_do_not_know_is_found(world, owner, act):
    owner.execute("DELETE FROM payments_sandboxcharge WHERE act = %s", [act])
    [(found, ours, theirs)] = differing(world)
    assert (found, theirs) == (act, None)
    assert ours > 0


@pytest.mark.parametrize("act", ["authorise", "capture", "refund", "void"])
def test_another_amount_is_found(world, owner, act):
    owner.execute("UPDATE payments_sandboxcharge SET amount_minor = amount_minor + 1 WHERE act = %s", [act])
    [(found, ours, theirs)] = differing(world)
    assert (found, theirs) == (act, ours + 1)


def test_what_we_do_not_know_is_found(world, owner):
    owner.execute("UPDATE payments_sandboxcharge SET key = 'capture:lost:1' WHERE act = 'capture'")
    assert [found for found, _, _ in differing(world)] == ["capture", "capture"]


def test_what_we_took_for_refused_is_found(world):
    Capture.objects.update(state="failed")
    assert [found for found, _, _ in differing(world)] == ["capture"]
