"""Sending back: asked for with a reason, under a label, until it is called off or refunded."""

import io
import re

import pytest

from documents import pdf_text
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.flows import returns
from entrepot.flows.returns import Received
from entrepot.kernel.actors import SYSTEM
from shipping import hand_over, lines_of, pack, scan
from surfaces.seller.shops import photograph
from surfaces.shop.conftest import Shopper


@pytest.fixture
def delivered(world, guest):
    """An order of three mugs that has arrived."""
    order = guest.order((world.offer(world.seller(), title="Blue mug", price="20.00"), 3))
    deliver(world, order, 3)
    return order


def deliver(world, order, units):
    parcel = pack(world, (lines_of(order)[0], units))
    hand_over(world, parcel)
    world.pass_time(days=2)
    scan(world, "delivered", parcel)


def asking(order, units, **fields):
    return {f"line_{lines_of(order)[0].id.hex}": units, "reason": "defective", "note": "It leaks."} | fields


def test_a_return_from_asking_to_the_refund(world, guest, delivered):
    assert "Send something back" in guest.get(f"/orders/{delivered.number}").text
    page = guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 2))
    case = ReturnCase.objects.get()
    assert f"Return {case.number}" in page.text
    assert "2 × Blue mug" in page.text
    assert "It leaks." in page.text
    page = guest.post(f"/orders/{delivered.number}/returns/{case.number}/label", follow=False)
    assert page.response["Content-Type"] == "application/pdf"
    assert case.number in pdf_text(page.response.content)
    again = guest.post(f"/orders/{delivered.number}/returns/{case.number}/label", follow=False)
    assert again.response.content == page.response.content
    returns.receive_return(
        case_id=case.id, received=[Received(lines_of(delivered)[0].id, 2, "restock")], actor=SYSTEM, now=world.now
    )
    returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now)
    page = guest.get(f"/orders/{delivered.number}/returns/{case.number}")
    assert "Refunded" in page.text
    assert "Download the label" not in page.text
    page = guest.get(f"/orders/{delivered.number}")
    assert "2 of 3 sent back" in page.text
    assert "Given back" in page.text


def test_only_what_arrived_and_is_not_asked_for_can_go_back(world, guest, delivered):
    guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 2))
    assert "from 0 to 1" in guest.get(f"/orders/{delivered.number}/returns").text
    page = guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 2))
    assert page.status == 422
    assert "It leaks." in page.source
    guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 1))
    assert "Nothing can be sent back" in guest.get(f"/orders/{delivered.number}/returns").text
    assert ReturnCase.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [{"reason": ""}, {"reason": "bored"}, {"note": "x" * 1001}, {"units": "0"}, {"units": "-1"}, {"units": "x"}],
)
def test_what_cannot_be_asked_is_refused(guest, delivered, fields):
    units = fields.pop("units", "1")
    page = guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, units, **fields))
    assert page.status == 422
    assert not ReturnCase.objects.exists()


def test_asked_twice_it_is_one_return(guest, delivered):
    shown = guest.get(f"/orders/{delivered.number}/returns")
    key = re.search(r'name="idempotency_key" value="([^"]+)"', shown.source)[1]
    for _ in range(3):
        page = guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 1, idempotency_key=key))
        assert "Your return is under way" in page.text
    assert ReturnCase.objects.count() == 1


def test_after_the_days_are_over_nothing_goes_back(world, guest, delivered):
    world.pass_time(days=400)
    assert "Send something back" not in guest.get(f"/orders/{delivered.number}").text
    assert "Nothing can be sent back" in guest.get(f"/orders/{delivered.number}/returns").text


def test_before_it_arrives_nothing_goes_back(world, guest):
    order = guest.order((world.offer(world.seller()), 1))
    page = guest.post(f"/orders/{order.number}/returns", **asking(order, 1))
    assert page.status == 422
    assert not ReturnCase.objects.exists()


def test_a_return_is_called_off(guest, delivered):
    guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 1))
    case = ReturnCase.objects.get()
    page = guest.post(f"/orders/{delivered.number}/returns/{case.number}/cancellation")
    assert "The goods are yours." in page.text
    page = guest.post(f"/orders/{delivered.number}/returns/{case.number}/cancellation")
    assert "cannot become" in page.text
    assert "from 0 to 3" in guest.get(f"/orders/{delivered.number}/returns").text


def test_to_a_stranger_the_return_does_not_exist(world, guest, delivered):
    guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 1))
    case = ReturnCase.objects.get()
    stranger = Shopper(world)
    own = stranger.order((world.offer(world.seller()), 1))
    for number in (delivered.number, own.number):
        path = f"/orders/{number}/returns/{case.number}"
        assert stranger.get(path).status == 404
        assert stranger.post(f"{path}/label").status == 404
        assert stranger.post(f"{path}/cancellation").status == 404
    assert ReturnCase.objects.get().state == "requested"


def test_photographs_go_with_a_return(world, guest, delivered):
    def photo():
        made = io.BytesIO(photograph())
        made.name = "broken.png"
        return made

    page = guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 1), photos=[photo(), photo()])
    case = ReturnCase.objects.get()
    assert page.status == 200 and len(case.photos) == 2
    shown = guest.client.get(f"/orders/{delivered.number}/returns/{case.number}/photos/1")
    assert shown["Content-Type"] == "image/webp"
    assert guest.get(f"/orders/{delivered.number}/returns/{case.number}/photos/2").status == 404
    assert Shopper(world).get(f"/orders/{delivered.number}/returns/{case.number}/photos/1").status == 404
    assert guest.client.get(f"/media/{case.photos[0]}").status_code == 404
    bad = io.BytesIO(b"%PDF-1.7")
    page = guest.post(f"/orders/{delivered.number}/returns", **asking(delivered, 1), photos=bad)
    assert page.status == 422 and "JPEG" in page.text and "It leaks." in page.source
    assert ReturnCase.objects.count() == 1
