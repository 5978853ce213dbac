"""Deliveries that no carrier scanned: claimed with proof, decided by the operator, never counted before that."""

from datetime import timedelta

import pytest
from django.urls import reverse

import shipping
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import Suborder
from entrepot.domain.settlement.models import Accrual
from entrepot.flows import claiming
from entrepot.kernel import clock
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from surfaces.desk.desks import browser, text_of
from surfaces.seller.shops import client_of
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def brand(world):
    return world.seller("brand", programme="self-managed")


@pytest.fixture
def parcel(world, brand):
    order = shipping.order(world, (world.offer(brand, stock=20), 2))
    (sent,) = shipping.ship(world, order)
    return Parcel.objects.get(id=sent.id)


def claim(world, actor, parcel, **changes):
    said = {"arrived_at": world.now, "proof": "Signed for by the neighbour, photo on file"} | changes
    claiming.claim_delivery(parcel_id=parcel.id, actor=actor, now=world.now, **said)


def test_a_claim_moves_nothing_until_it_is_confirmed(world, brand, parcel):
    actor = world.seller_actor(brand)
    world.pass_time(days=2)
    claim(world, actor, parcel)
    parcel.refresh_from_db()
    assert parcel.state == "handed_over" and not Accrual.objects.exists()
    with pytest.raises(Refused):
        claim(world, actor, parcel)
    (waiting,) = claiming.list_claims()
    assert waiting.parcel_id == parcel.id and waiting.is_early
    world.pass_time(days=3)
    decider = world.operator_actor()
    claiming.decide_claim(parcel_id=parcel.id, confirm=True, reason="the photo shows it", actor=decider, now=world.now)
    parcel.refresh_from_db()
    assert (parcel.state, parcel.delivered_at) == ("delivered", world.now), "the claimed moment does not count"
    assert Accrual.objects.exists() and claiming.list_claims() == []
    assert AuditEntry.objects.filter(verb="claims.confirm", reason="the photo shows it").exists()


def test_a_refused_claim_may_come_again_with_better_proof(world, brand, parcel):
    actor = world.seller_actor(brand)
    claim(world, actor, parcel)
    claiming.decide_claim(
        parcel_id=parcel.id, confirm=False, reason="nothing to see", actor=world.operator_actor(), now=world.now
    )
    parcel.refresh_from_db()
    assert parcel.state == "handed_over" and claiming.list_claims() == []
    claim(world, actor, parcel, proof="The carrier's page of today says delivered")
    assert len(claiming.list_claims()) == 1


def test_a_scan_that_comes_first_ends_the_claim(world, brand, parcel):
    claim(world, world.seller_actor(brand), parcel)
    assert shipping.scan(world, "delivered", parcel) == ["delivered"]
    assert claiming.list_claims() == []


def test_who_may_not_and_what_cannot_be(world, brand, parcel):
    actor = world.seller_actor(brand)
    with pytest.raises(Invalid):
        claim(world, actor, parcel, proof="yes")
    with pytest.raises(Invalid):
        claim(world, actor, parcel, arrived_at=world.now + timedelta(days=1))
    with pytest.raises(NotFound):
        claim(world, world.seller_actor(world.seller("other", programme="self-managed")), parcel)
    claim(world, actor, parcel)
    for nosy in (actor, world.operator_actor("operator.warehouse")):
        with pytest.raises(Denied):
            claiming.decide_claim(parcel_id=parcel.id, confirm=True, reason="mine", actor=nosy, now=world.now)


def test_the_pages_claim_and_decide(world, brand, parcel):
    number = Suborder.objects.get().number
    client = client_of(world, brand)
    address = reverse("seller:parcel_claim", args=[number, parcel.number])
    short = client.post(address, {"arrived_at": f"{clock.now():%Y-%m-%dT%H:%M}", "proof": "short"})
    assert short.status_code == 422 and "short" in short.content.decode()
    typed = {
        "arrived_at": f"{clock.now() - timedelta(minutes=2):%Y-%m-%dT%H:%M}", "proof": "Left with M. Weber, signed",
        "idempotency_key": "k",
    }  # fmt: skip
    for _ in range(2):
        assert client.post(address, typed).status_code == 302
    assert "claimed" in text_of(client.get(reverse("seller:order", args=[number])))
    desk = browser(world)
    assert "1 claimed delivery to decide" in text_of(desk.get(reverse("desk:overview")))
    page = desk.get(reverse("desk:claims"))
    assert "Left with M. Weber, signed" in text_of(page)
    decide = reverse("desk:claim_decision", args=[parcel.number, "confirmation"])
    assert desk.post(decide, {"reason": ""}).status_code == 422
    assert browser(world, "operator.warehouse").post(decide, {"reason": "because"}).status_code == 403
    assert desk.post(decide, {"reason": "the signature is there"}).status_code == 302
    assert Parcel.objects.get().state == "delivered"
