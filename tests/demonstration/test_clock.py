"""The clock of a demonstration: it goes forward for all, once an asking, and elsewhere there is none."""

import importlib
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from entrepot.demonstration import clock as shared
from entrepot.demonstration.models import Advance, Clock
from entrepot.flows import installing
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from surfaces.seller.shops import client_of, sign_in
from worlds import World

DAY = timedelta(days=1)
PATHS = ("/desk/clock", "/desk/clock/status", "/desk/letters", "/desk/letters/20260101-000000-1")


def operators_browser(world: World):
    user = world.user()
    from entrepot.domain.accounts import services as accounts

    accounts.join(actor=SYSTEM, user=user, organisation=world.operator, role="operator.admin", now=world.now)
    return sign_in(user)


def ask(world: World, span: timedelta = DAY) -> Advance:
    now = clock.now()
    return shared.ask(actor=world.operator_actor(), until=now + span, now=now)


class TestElsewhere:
    def test_there_is_no_clock_to_move(self, plain):
        with pytest.raises(NotFound):
            ask(plain)
        with pytest.raises(NotFound):
            shared.choose_workers(actor=SYSTEM, others_work=True, left_alone=set(), now=plain.now)
        assert not Advance.objects.exists()

    @pytest.mark.parametrize("path", PATHS)
    def test_there_are_no_pages(self, plain, path):
        assert operators_browser(plain).get(path).status_code == 404

    def test_nothing_can_be_sent(self, plain):
        browser = operators_browser(plain)
        assert browser.post("/desk/clock/advances", {"to": "day"}).status_code == 404
        assert browser.post("/desk/clock/workers", {}).status_code == 404
        assert browser.get("/api/v1/demonstration").status_code == 404

    def test_no_page_has_a_bar_and_none_asks_for_one(self, plain, django_assert_max_num_queries):
        browser = operators_browser(plain)
        with django_assert_max_num_queries(25) as asked:
            page = browser.get("/desk/notices").content.decode()
        assert "clock-bar" not in page
        assert not [each for each in asked if "demonstration_clock" in each["sql"]]

    def test_its_addresses_are_not_even_known(self):
        from entrepot.surfaces.api import routers
        from entrepot.surfaces.desk import urls

        try:
            with override_settings(DEMONSTRATION=False):
                known = {each.name for each in importlib.reload(urls).urlpatterns}
                prefixes = {prefix for prefix, _router in importlib.reload(routers).ROUTERS}
        finally:
            names = {each.name for each in importlib.reload(urls).urlpatterns}
            importlib.reload(routers)
        assert {"clock", "clock_advances", "letters", "letter"} <= names
        assert not {"clock", "clock_status", "clock_advances", "clock_workers", "letters", "letter"} & known
        assert "/demonstration" not in prefixes

    def test_an_installation_of_ones_own_has_none(self, database):
        installing.install(now=clock.now())
        assert not Clock.objects.exists()


class TestForward:
    def test_all_read_the_same_row(self, world):
        before = clock.now()
        shared.move_to(before + DAY)
        assert clock.now() >= before + DAY
        assert Clock.objects.get().ahead >= DAY - timedelta(seconds=5)

    def test_never_back(self, world):
        shared.move_to(clock.now() + DAY)
        before = clock.now()
        shared.move_to(before - timedelta(hours=3))
        assert clock.now() >= before
        with pytest.raises(DatabaseError, match="forward"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE demonstration_clock SET ahead = interval '1 minute'")

    def test_looked_up_once_a_second(self, world, django_assert_max_num_queries):
        shared.follow(anew=True)
        with django_assert_max_num_queries(1):
            for _ in range(20):
                shared.follow()

    @pytest.mark.parametrize("span", [timedelta(0), -DAY, shared.LONGEST + DAY])
    def test_not_too_far_and_not_back(self, world, span):
        with pytest.raises(Invalid):
            ask(world, span)

    def test_one_journey_at_a_time(self, world):
        ask(world)
        with pytest.raises(Refused):
            ask(world)
        assert Advance.objects.count() == 1

    def test_it_stands_in_the_audit_trail(self, world):
        ask(world)
        assert AuditEntry.objects.get(verb="clock.advance").actor_role == "operator.admin"

    def test_only_the_operators_people(self, world):
        with pytest.raises(Denied):
            shared.ask(actor=world.seller_actor(world.seller()), until=clock.now() + DAY, now=clock.now())


class TestPages:
    def test_a_double_click_counts_once(self, world):
        browser = operators_browser(world)
        sent = {"to": "day", "idempotency_key": "one-click", "next": "/desk/notices"}
        answers = [browser.post("/desk/clock/advances", sent) for _ in range(2)]
        assert [(each.status_code, each["Location"]) for each in answers] == [(302, "/desk/notices")] * 2
        assert Advance.objects.count() == 1

    def test_a_second_one_is_told_why_not(self, world):
        browser = operators_browser(world)
        browser.post("/desk/clock/advances", {"to": "day", "idempotency_key": "one"})
        answer = browser.post("/desk/clock/advances", {"to": "hour", "idempotency_key": "two"})
        assert answer.status_code == 409
        assert "on its way" in answer.content.decode()

    def test_it_never_leads_away(self, world):
        sent = {"to": "hour", "idempotency_key": "away", "next": "https://elsewhere.example/"}
        assert operators_browser(world).post("/desk/clock/advances", sent)["Location"] == "/desk/clock"

    @pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nowhere", "/orders"])
    def test_everybody_sees_that_the_clock_is_not_real(self, world, client, path):
        page = client.get(path).content.decode()
        assert "the clock is not real" in page and "UTC" in page
        assert "/desk/clock" not in page

    def test_sellers_see_it_without_its_controls(self, world):
        page = client_of(world, world.seller()).get("/seller/").content.decode()
        assert "the clock is not real" in page
        assert "clock-bar-acts" not in page

    def test_the_operator_has_the_controls_everywhere(self, world):
        browser = operators_browser(world)
        for path in ("/", "/desk/notices", "/orders"):
            assert "clock-bar-acts" in browser.get(path).content.decode(), path

    def test_the_bar_says_how_far_it_is_and_that_it_has_arrived(self, world):
        browser = operators_browser(world)
        advance = ask(world)
        going = browser.get("/desk/clock/status").content.decode()
        assert "on its way to" in going and "hx-get" in going
        Advance.objects.filter(id=advance.id).update(state="done")
        shared.follow(anew=True)
        assert "It has arrived" in browser.get("/desk/clock/status").content.decode()

    def test_who_works_is_chosen(self, world):
        seller = world.seller()
        sent = {"left_alone": [str(seller.pk)], "others_work": "on", "idempotency_key": "workers"}
        world.offer(seller)
        assert operators_browser(world).post("/desk/clock/workers", sent).status_code == 302
        row = Clock.objects.get()
        assert row.others_work and row.left_alone == [seller.pk]
