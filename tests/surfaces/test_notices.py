"""Notices: who is told of what in the app, in which words, once; read, counted, and by e-mail only where wanted."""

from datetime import timedelta

import pytest
from django.core import mail

import shipping
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import User
from entrepot.domain.notices import queries, services
from entrepot.domain.notices.models import Notice
from entrepot.flows import fulfilment, returns
from entrepot.kernel import ids, outbox
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_value
from entrepot.surfaces.jobs import relay, tidying, wording
from entrepot.surfaces.jobs.topics import FAMILIES, TOPICS
from surfaces.seller.shops import client_of, sign_in
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def shop(world):
    """A seller who ships by itself, with an owner and a member of staff."""
    seller = world.seller("workshop", programme="self-managed")
    world.seller_actor(seller)
    world.seller_actor(seller, "seller.staff")
    return seller


def tell(world, topic, kind, subject, **payload):
    outbox.append([outbox.Event(topic, kind, subject, payload)], now=world.now)
    return relay.relay(now=world.now)


def told(topic=""):
    """(e-mail, who, words) of every notice."""
    found = Notice.objects.select_related("user").order_by("id")
    return [
        (each.user.email, each.who, wording.sentence(each.topic, each.who, each.values))
        for each in (found.filter(topic=topic) if topic else found)
    ]


def owner_of(seller) -> User:
    return User.objects.get(
        id=fetch_value(
            "SELECT user_id FROM accounts_membership WHERE organisation_id = %s AND role = 'seller.owner' LIMIT 1",
            [seller.pk],
        )
    )


class TestTelling:
    def test_an_order_is_told_to_its_shopper_and_to_whoever_ships_it(self, world, shop):
        shopper = world.user("ada@example.org")
        ordered = shipping.order(world, (world.offer(shop, stock=5), 1), user_id=shopper.id)
        relay.relay(now=world.now)
        found = told("order.placed")
        assert ("ada@example.org", "shopper", f"Your order {ordered.number} is placed") in found
        performers = [words for _email, who, words in found if who == "performer"]
        assert len(performers) == 2
        assert all(f"{ordered.number}-1 is to be shipped by" in words for words in performers)

    def test_a_verb_is_needed_where_the_table_asks_for_it(self, world, shop):
        from entrepot.domain.settlement.models import Statement

        statement = Statement.objects.create(
            id=ids.new_id(world.now), created_at=world.now, number="S-1", seller=shop, currency="EUR",
            period_from=world.now - timedelta(days=7), period_until=world.now, opening_minor=0, lines_minor=900,
            payable_minor=900, carried_minor=0,
        )  # fmt: skip
        tell(world, "statement.issued", "statement", statement.id)
        assert told() == [(owner_of(shop).email, "seller", "Statement S-1: €9.00")]

    def test_telling_twice_tells_once(self, world, shop):
        tell(world, "seller.admitted", "seller", shop.pk)
        before = Notice.objects.count()
        from entrepot.kernel.models import OutboxEvent

        OutboxEvent.objects.update(status="pending", next_attempt_at=world.now)
        assert relay.relay(now=world.now) == 1
        assert Notice.objects.count() == before == 2

    def test_whoever_did_it_is_not_told(self, world, shop):
        owner = owner_of(shop)
        tell(world, "supply_price.countered", "seller", shop.pk, to=["seller"], count=1, actor_id=str(owner.id))
        assert owner.email not in {email for email, _who, _words in told()}

    def test_an_event_for_one_side_reaches_that_side_only(self, world, shop):
        world.operator_actor()
        tell(world, "supply_price.countered", "seller", shop.pk, to=["operator"], count=2)
        assert {who for _email, who, _words in told()} == {"operator"}
        assert told()[0][2].endswith("answers with counter-offers for 2 supply prices")

    def test_an_answer_to_a_stock_order_reaches_those_who_ask_for_stock(self, world, shop):
        merchandiser, _house = (world.operator_actor(f"operator.{role}") for role in ("merchandiser", "warehouse"))
        tell(world, "stock_order.answered", "seller", shop.pk, number="SO-1")
        tell(world, "stock_order.late", "seller", shop.pk, to=["operator"], number="SO-1")
        found = Notice.objects.values_list("user_id", "topic")
        assert sorted(found) == [(merchandiser.user_id, f"stock_order.{what}") for what in ("answered", "late")]

    def test_a_batch_asks_the_same_however_many_events_it_has(self, world, shop, django_assert_max_num_queries):
        for number in range(40):
            values = {"seller_id": str(shop.pk), "amount_minor": number, "currency": "EUR", "number": "S-1"}
            event = outbox.Event("payout.paid", "nothing", ids.new_id(world.now), values)
            outbox.append([event], now=world.now)
        with django_assert_max_num_queries(10):
            relay.relay(now=world.now)
        assert Notice.objects.filter(topic="payout.paid").count() == 40

    def test_words_are_in_the_language_of_the_reader(self, world, shop):
        from django.utils import translation

        tell(world, "seller.admitted", "seller", shop.pk)
        [notice, *_] = Notice.objects.all()
        with translation.override("de"):
            assert wording.sentence(notice.topic, notice.who, notice.values)
        assert "words" not in notice.values

    def test_no_value_is_personal(self, world, shop):
        shopper = world.user("ada@example.org")
        shipping.order(world, (world.offer(shop, stock=5), 1), user_id=shopper.id)
        relay.relay(now=world.now)
        for notice in Notice.objects.all():
            assert not {"shopper_id", "actor_id", "email", "name"} & set(notice.values)

    def test_every_audience_has_words_of_which_every_value_is_known_or_shown_as_missing(self):
        for topic, found in TOPICS.items():
            assert found.family in FAMILIES
            for who in found.told:
                if who != "invited":
                    assert wording.sentence(topic, who, {"count": 2, "due_at": "2026-03-02T09:00:00+00:00"})


class TestDeadlines:
    def test_whoever_ships_is_reminded_once_and_told_when_it_is_late(self, world, shop):
        ordered = shipping.order(world, (world.offer(shop, stock=5), 1))
        due = shipping.work_of(ordered)[0].due_at
        assert fulfilment.remind(now=due - timedelta(hours=20)) == 0
        assert fulfilment.remind(now=due - timedelta(hours=2)) == 1
        assert fulfilment.remind(now=due - timedelta(hours=1)) == 0
        fulfilment.mark_late(now=due + timedelta(minutes=1))
        relay.relay(now=due + timedelta(minutes=2))
        assert told("work.due_soon")[0][2].startswith("1 order is to leave by")
        assert told("work.late")[0][2] == "1 order is late"
        assert {"1 order is to leave soon", "1 order is late"} <= {letter.subject for letter in mail.outbox}

    def test_a_return_that_arrived_is_told_to_its_node(self, world, shop):
        ordered = shipping.order(world, (world.offer(shop, stock=5), 1))
        shipping.deliver(world, ordered)
        [line] = shipping.lines_of(ordered)
        [case] = returns.request_return(
            order_id=ordered.id, lines=[(line.id, 1)], reason="defective", actor=SYSTEM, now=world.now
        )
        returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now)
        from entrepot.domain.logistics.models import Parcel

        shipping.scan(world, "delivered", Parcel.objects.get(direction="return"))
        relay.relay(now=world.now)
        assert f"Return {case.number} has arrived: check and receive it" in {each[2] for each in told("return.arrived")}


class TestLetters:
    def test_who_declines_a_family_gets_no_letter_but_the_notice(self, world, shop):
        owner = owner_of(shop)
        services.choose_letters(user_id=owner.id, silent={"account"}, now=world.now)
        tell(world, "seller.admitted", "seller", shop.pk)
        assert owner.email not in {letter.to[0] for letter in mail.outbox}
        assert owner.email in {email for email, _who, _words in told()}
        services.choose_letters(user_id=owner.id, silent=set(), now=world.now)
        tell(world, "seller.suspended", "seller", shop.pk)
        assert owner.email in {letter.to[0] for letter in mail.outbox}

    def test_a_letter_without_a_template_says_the_sentence(self, world, shop):
        tell(world, "stock_order.cancelled", "seller", shop.pk, seller_id=str(shop.pk), number="SO-1")
        assert {(each.subject, each.body) for each in mail.outbox} == {
            ("Stock order SO-1 is cancelled", "Stock order SO-1 is cancelled.\n")
        }


class TestForgetting:
    def test_read_ones_go_after_a_while_and_unread_ones_later(self, world, shop):
        tell(world, "seller.admitted", "seller", shop.pk)
        [one, other] = Notice.objects.all()
        Notice.objects.filter(id=one.id).update(read_at=world.now)
        tidying.tidy(now=world.now + timedelta(days=59))
        assert Notice.objects.count() == 2
        tidying.tidy(now=world.now + timedelta(days=61))
        assert list(Notice.objects.all()) == [other]
        tidying.tidy(now=world.now + timedelta(days=366))
        assert not Notice.objects.exists()


class TestPages:
    def fill(self, world, shop, count):
        for _ in range(count):
            tell(world, "seller.admitted", "seller", shop.pk)

    def browser(self, shop):
        return sign_in(owner_of(shop))

    def test_the_header_counts_what_is_new_and_reading_ends_it(self, world, shop):
        self.fill(world, shop, 3)
        browser = self.browser(shop)
        page = browser.get("/seller/notices").content.decode()
        assert page.count("notice-new") == 3 and "You are admitted as a seller" in page
        notice = Notice.objects.filter(user=owner_of(shop))[0]
        answer = browser.get(f"/seller/notices/{notice.id}")
        assert (answer.status_code, answer["Location"]) == (302, "/seller/application")
        assert browser.get("/seller/notices").content.decode().count("notice-new") == 2
        browser.post("/seller/notices/read")
        assert "notice-new" not in browser.get("/seller/notices").content.decode()

    def test_a_long_list_comes_in_pages(self, world, shop):
        self.fill(world, shop, 35)
        browser = self.browser(shop)
        first = browser.get("/seller/notices")
        assert first.content.decode().count('class="notice ') == 30
        cursor = first.context["page"].next_cursor
        assert browser.get(f"/seller/notices?cursor={cursor}").content.decode().count('class="notice ') == 5

    def test_it_asks_the_same_however_much_there_is(self, world, shop, django_assert_max_num_queries):
        browser = self.browser(shop)
        self.fill(world, shop, 1)
        with django_assert_max_num_queries(25) as few:
            browser.get("/seller/notices")
        self.fill(world, shop, 29)
        with django_assert_max_num_queries(len(few)):
            browser.get("/seller/notices")

    def test_nobody_reads_anothers(self, world, shop):
        self.fill(world, shop, 1)
        notice = Notice.objects.filter(user=owner_of(shop))[0]
        other = client_of(world, world.seller("other"))
        assert other.get(f"/seller/notices/{notice.id}").status_code == 404
        other.post("/seller/notices/read")
        notice.refresh_from_db()
        assert notice.read_at is None
        assert "notice-new" not in other.get("/seller/notices").content.decode()

    def test_letters_are_chosen_on_each_surface_for_what_is_read_there(self, world, shop):
        browser, owner = self.browser(shop), owner_of(shop)
        services.choose_letters(user_id=owner.id, silent={"orders"}, now=world.now)
        sent = {"families": ["money"], "idempotency_key": "once"}
        assert browser.post("/seller/notices/letters", sent).status_code == 302
        silent = {family for _user, family in queries.list_silences(user_ids=[owner.id])}
        assert "money" not in silent and {"orders", "shipping"} <= silent
        wrong = browser.post("/seller/notices/letters", {"families": ["nonsense"], "idempotency_key": "twice"})
        assert wrong.status_code == 422 and "nonsense" in wrong.content.decode()

    def test_a_shopper_and_a_partner_have_theirs(self, world, shop):
        shopper = world.user("ada@example.org")
        shipping.order(world, (world.offer(shop, stock=5), 1), user_id=shopper.id)
        relay.relay(now=world.now)
        assert "notice-new" in sign_in(shopper).get("/notices").content.decode()
        partner = world.user()
        accounts.join(actor=SYSTEM, user=partner, organisation=world.partner(), role="partner.warehouse", now=world.now)
        assert sign_in(partner).get("/desk/notices").status_code == 200
        assert sign_in(partner).get("/seller/notices").status_code == 403

    def test_the_api_says_the_same(self, world, shop):
        self.fill(world, shop, 3)
        browser = self.browser(shop)
        found = browser.get("/api/v1/notices?limit=2").json()
        assert len(found["items"]) == 2 and found["next"]
        assert found["items"][0]["words"] == "You are admitted as a seller"
        assert found["items"][0]["link"] == "/seller/application"
        sent = {"notice_ids": [found["items"][0]["id"]]}
        done = browser.post(
            "/api/v1/notices/reading", sent, content_type="application/json", headers={"Idempotency-Key": "read-one"}
        )
        assert done.json() == {"count": 1}
        assert len(browser.get("/api/v1/notices?state=unread").json()["items"]) == 2
        letters = browser.put("/api/v1/notices/letters", {"silent": ["money"]}, content_type="application/json").json()
        assert [each["family"] for each in letters if not each["by_letter"]] == ["money"]
