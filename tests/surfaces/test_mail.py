"""E-mail to shoppers: to the address left with the order, in plain text, and to nobody who was erased."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import override_settings
from django.urls import reverse

from entrepot.domain.accounts.models import Contact, Membership, User
from entrepot.domain.orders.models import Order
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.settlement.models import Payout, PayoutBatch, Statement
from entrepot.kernel import ids, outbox
from entrepot.kernel.models import OutboxEvent
from entrepot.surfaces.jobs import relay
from entrepot.surfaces.jobs.topics import TOPICS
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


def to_shoppers():
    """The topics of which a shopper is written to."""
    return {topic for topic, found in TOPICS.items() if "shopper" in found.told and found.told["shopper"].letter}


def tell(topic, order):
    is_about_order = topic.startswith(("order.", "conversation."))
    payload = {} if is_about_order else {"order_id": str(order.id)}
    kind, subject = ("order", order.id) if is_about_order else (topic.split(".")[0], ids.new_id(NOW))
    outbox.append([outbox.Event(topic, kind, subject, payload)], now=NOW)
    assert relay.relay(now=NOW) == 1


@pytest.mark.parametrize("topic", sorted(to_shoppers()))
def test_every_topic_reaches_the_shopper(order, topic):
    tell(topic, order)
    (letter,) = mail.outbox
    assert letter.to == ["ada@example.org"]
    assert "E-7K2M-94QX" in letter.subject
    assert "\n" not in letter.subject
    assert letter.body.strip()
    assert not any(sign in letter.subject + letter.body for sign in ("{", "}", "<", "&lt;", "&#"))


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


@pytest.fixture
def statement(database):
    """A statement of a seller with two members, one of whom has left."""
    world = World(NOW)
    seller = world.seller(market="US")
    for role in ("seller.owner", "seller.staff"):
        world.seller_actor(seller, role)
    Membership.objects.filter(role="seller.staff").update(ended_at=NOW)
    return Statement.objects.create(
        id=ids.new_id(NOW),
        created_at=NOW,
        number="S-2026-03-1",
        seller=seller,
        currency="USD",
        period_from=NOW - timedelta(days=7),
        period_until=NOW,
        opening_minor=0,
        lines_minor=500_000,
        payable_minor=450_000,
        carried_minor=50_000,
    )


def test_a_statement_reaches_those_who_are_members_still(statement):
    outbox.append([outbox.Event("statement.issued", "statement", statement.id)], now=NOW)
    relay.relay(now=NOW)
    owner = Membership.objects.select_related("user").get(organisation_id=statement.seller_id, ended_at=None)
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == ([owner.user.email], "Your statement S-2026-03-1")
    assert "4,500.00" in letter.body and "500.00" in letter.body


def test_a_payout_reaches_the_seller_once(statement):
    batch = PayoutBatch.objects.create(id=ids.new_id(NOW), created_at=NOW, number="P-1", currency="USD")
    payout = Payout.objects.create(
        id=ids.new_id(NOW),
        created_at=NOW,
        statement=statement,
        batch=batch,
        seller_id=statement.seller_id,
        currency="USD",
        amount_minor=450_000,
    )
    for topic in ("payout.sent", "payout.paid"):
        outbox.append([outbox.Event(topic, "payout", payout.id)], now=NOW)
    assert relay.relay(now=NOW) == 2
    (letter,) = mail.outbox
    assert "4,500.00" in letter.body
    assert set(OutboxEvent.objects.values_list("status", flat=True)) == {"delivered"}


@pytest.mark.parametrize("topic", ["seller.applied", "seller.admitted", "seller.suspended", "seller.closed",
                                   "enrolment.accepted", "enrolment.ended"])  # fmt: skip
def test_a_seller_is_told_what_became_of_it(statement, topic):
    enrolment = Enrolment.objects.get(seller_id=statement.seller_id)
    subject_id = enrolment.id if topic.startswith("enrolment") else statement.seller_id
    outbox.append([outbox.Event(topic, topic.split(".")[0], subject_id)], now=NOW)
    relay.relay(now=NOW)
    (letter,) = mail.outbox
    assert letter.body.strip() and "{" not in letter.subject + letter.body


def sellers_letters():
    """The topics of which a seller is written to, with what they are about where it is not the seller."""
    return sorted(topic for topic, found in TOPICS.items() if "seller" in found.told and found.told["seller"].letter)


@pytest.mark.parametrize("topic", sellers_letters())
def test_every_letter_to_a_seller_can_be_written(statement, topic):
    kind, subject = subject_of(topic, statement)
    payload = {
        "to": ["seller"],
        "count": 3,
        "number": "N-1",
        "thread": "Q-1",
        "order_id": str(ids.new_id(NOW)),
        "seller_id": str(statement.seller_id),
    }
    outbox.append([outbox.Event(topic, kind, subject, payload)], now=NOW)
    assert relay.relay(now=NOW) == 1
    assert OutboxEvent.objects.get().failure == ""
    (letter,) = mail.outbox
    assert letter.subject and letter.body.strip()
    assert not any(sign in letter.subject + letter.body for sign in ("{", "}", "<", "&lt;", "&#", "…"))


def subject_of(topic, statement):
    if topic.startswith("payout."):
        batch = PayoutBatch.objects.create(id=ids.new_id(NOW), created_at=NOW, number="P-1", currency="USD")
        payout = Payout.objects.create(
            id=ids.new_id(NOW), created_at=NOW, statement=statement, batch=batch, seller_id=statement.seller_id,
            currency="USD", amount_minor=450_000, failure="Account closed",
        )  # fmt: skip
        return "payout", payout.id
    if topic.startswith("enrolment."):
        return "enrolment", Enrolment.objects.get(seller_id=statement.seller_id).id
    if topic.startswith("statement."):
        return "statement", statement.id
    return "seller", statement.seller_id


@override_settings(SITE_ADDRESS="https://market.example")
def test_a_letter_leads_to_the_order(order):
    tell("order.placed", order)
    path = reverse("shop:order_access", args=[order.access_token])
    assert f"https://market.example{path}" in mail.outbox[-1].body
    order.user = User.objects.create_user("ada@example.org")
    order.save()
    tell("order.cancelled", order)
    assert order.access_token not in mail.outbox[-1].body
    assert f"https://market.example{reverse('shop:order', args=[order.number])}" in mail.outbox[-1].body


def test_without_a_known_address_a_letter_carries_no_link(order):
    tell("order.placed", order)
    assert "://" not in mail.outbox[-1].body
