"""E-mail to shoppers: to the address left with the order, in plain text, and to nobody who was erased."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.test import override_settings

from entrepot.domain.accounts.models import Contact, User
from entrepot.domain.orders.models import Order
from entrepot.kernel import ids, outbox
from entrepot.surfaces.jobs import relay
from entrepot.surfaces.jobs.topics import HANDLERS
from worlds import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def order(database):
    world = World(NOW)
    identity = ids.new_id(NOW)
    contact = Contact.objects.create(
        id=ids.new_id(NOW), created_at=NOW, name="Ada <b>", country="US", email="ada@example.org"
    )
    return Order.objects.create(
        id=identity,
        created_at=NOW,
        number="E-7K2M-94QX",
        checkout_key="key",
        request_hash="0" * 64,
        market=world.market("US"),
        currency="USD",
        language="en",
        ship_to=contact,
        access_token="t" * 43,
        state="placed",
        total_minor=123_456,
        placed_at=NOW,
    )


def tell(topic, order):
    payload = {} if topic.startswith("order.") else {"order_id": str(order.id)}
    subject = order.id if topic.startswith("order.") else ids.new_id(NOW)
    outbox.append([outbox.Event(topic, topic.split(".")[0], subject, payload)], now=NOW)
    assert relay.relay(now=NOW) == 1


@pytest.mark.parametrize("topic", sorted(HANDLERS))
def test_every_topic_reaches_the_shopper(order, topic):
    tell(topic, order)
    (letter,) = mail.outbox
    assert letter.to == ["ada@example.org"]
    assert "E-7K2M-94QX" in letter.subject
    assert "\n" not in letter.subject
    assert letter.body.strip()
    assert not any(sign in letter.subject + letter.body for sign in ("{", "}", "&lt;", "&#"))


def test_the_confirmation_names_the_total(order):
    tell("order.placed", order)
    assert "1,234.56" in mail.outbox[0].body


def test_a_demonstration_writes_to_a_folder(order, tmp_path):
    backend = "django.core.mail.backends.filebased.EmailBackend"
    with override_settings(EMAIL_BACKEND=backend, EMAIL_FILE_PATH=tmp_path):
        tell("order.placed", order)
    (letter,) = tmp_path.iterdir()
    assert "To: ada@example.org" in letter.read_text()


def test_an_account_is_written_to_where_the_order_has_no_address(order):
    order.user = User.objects.create_user("grace@example.org")
    order.save()
    order.ship_to.email = ""
    order.ship_to.save()
    tell("order.placed", order)
    assert mail.outbox[0].to == ["grace@example.org"]


def test_nobody_writes_to_a_person_who_was_erased(order):
    order.ship_to.erased_at = NOW
    order.ship_to.save()
    tell("order.placed", order)
    assert mail.outbox == []
