"""What waits: counted by one question, late things first, each with a way to where it is done, by role."""

from datetime import timedelta

import pytest
from django.urls import reverse

import shipping
import stocking
from entrepot.domain.accounts import services as accounts
from entrepot.flows import returns, waiting
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.surfaces.shared import tasks
from surfaces.desk.desks import countered
from surfaces.seller.shops import client_of, furnish, sign_in
from worlds import World


@pytest.fixture
def world(database, monkeypatch) -> World:
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


@pytest.fixture
def seller(world):
    return world.seller("workshop", programme="self-managed")


def listed(world, actor, surface):
    return {task.kind: task for task in tasks.list_tasks(actor, surface, world.now)}


def test_every_kind_that_has_words_can_be_counted_and_leads_somewhere():
    assert {each.kind for each in tasks.COUNTED} == set(waiting.KINDS)
    for each in tasks.COUNTED:
        assert reverse(each.to)
        assert each.words.format(count=1) and each.words.format(count=2)
        assert each.group in tasks.GROUPS


def test_all_kinds_are_one_question(world, seller, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = waiting.count_waiting(waiting.KINDS, organisation_id=seller.pk, user_id=None, now=world.now)
    assert set(found) <= set(waiting.KINDS)


def test_what_is_late_comes_first_and_what_has_no_deadline_last(world, seller):
    furnish(world, seller)
    world.pass_time(days=9)
    found = tasks.list_tasks(world.seller_actor(seller), "seller", world.now)
    dues = [task.due_at for task in found]
    with_due = [due for due in dues if due is not None]
    assert dues == [*sorted(with_due), *[None] * (len(dues) - len(with_due))]
    assert found[0].late >= 1 and found[0].due_at < world.now


def test_a_seller_sees_its_own_only(world, seller):
    furnish(world, seller)
    other = world.seller("other", programme="self-managed")
    assert listed(world, world.seller_actor(seller), "seller")["to_ship"].count == 2
    assert "to_ship" not in listed(world, world.seller_actor(other), "seller")


def test_a_verb_opens_a_kind(world, seller):
    furnish(world, seller)
    staff = listed(world, world.seller_actor(seller, "seller.staff"), "seller")
    assert "to_ship" in staff
    nobody = Actor("nobody", None, seller.pk, "seller.nobody", {})
    assert set(listed(world, nobody, "seller")) <= {"messages_to_answer"}


@pytest.mark.parametrize(
    ("role", "sees", "does_not"),
    [
        ("operator.admin", {"late_elsewhere", "applicants", "documents_to_decide", "statements_to_pay"}, set()),
        ("operator.finance", {"statements_to_pay"}, {"applicants", "late_elsewhere"}),
        ("operator.warehouse", set(), {"late_elsewhere", "applicants", "statements_to_pay"}),
        ("operator.merchandiser", set(), {"statements_to_pay", "applicants"}),
    ],
)
def test_each_role_of_the_operator_sees_what_it_has_to_do(world, seller, role, sees, does_not):
    furnish(world, seller)
    applicant = world.seller("newcomer", programme="self-managed")
    type(applicant).objects.filter(pk=applicant.pk).update(status="applicant", admitted_at=None)
    world.pass_time(days=9)
    found = set(listed(world, world.operator_actor(role), "desk"))
    assert sees <= found and not does_not & found


def test_a_partner_sees_the_work_of_its_nodes(world):
    partner = world.partner()
    node = world.node("partner-de", operator=partner, kind="third_party_overseas", country="DE")
    seller = world.seller("importer", programme="semi-managed-local-stock")
    shipping.order(world, (world.offer(seller, stock=5, node=node), 1))
    assert listed(world, world.actor(partner, "partner.warehouse"), "desk")["to_ship"].count == 1


def test_whoever_asks_for_stock_decides_on_counter_offers_and_whoever_sends_answers(world):
    factory = world.seller("factory", programme="fully-managed", currency="CNY")
    offer = world.offer(factory, price="29.99", supply="88.00", stock=0)
    countered(world, offer)
    stocking.ask(world, offer)
    stocking.accept(world, stocking.ask(world, offer))
    for role, sees in (("admin", True), ("merchandiser", True), ("warehouse", False), ("finance", False)):
        found = listed(world, world.operator_actor(f"operator.{role}"), "desk")
        assert ("stock_orders_to_decide" in found) == sees, role
    kinds = {"stock_orders_to_answer", "stock_orders_to_send"}
    assert kinds <= set(listed(world, world.seller_actor(factory), "seller"))
    staff = listed(world, world.seller_actor(factory, "seller.staff"), "seller")
    assert kinds & set(staff) == {"stock_orders_to_send"}, "staff packs and does not agree to orders"


def test_a_shopper_sees_the_return_that_is_to_be_sent(world, seller):
    shopper = world.user("ada@example.org")
    ordered = shipping.order(world, (world.offer(seller, stock=5), 1), user_id=shopper.id)
    shipping.deliver(world, ordered)
    [line] = shipping.lines_of(ordered)
    returns.request_return(order_id=ordered.id, lines=[(line.id, 1)], reason="defective", actor=SYSTEM, now=world.now)
    page = sign_in(shopper).get("/orders").content.decode()
    assert "1 return to hand to the carrier" in page
    assert "What waits for you" not in sign_in(world.user()).get("/orders").content.decode()


def test_the_overviews_ask_the_same_however_much_waits(world, seller, django_assert_max_num_queries):
    furnish(world, seller)
    operator = world.user()
    accounts.join(actor=SYSTEM, user=operator, organisation=world.operator, role="operator.admin", now=world.now)
    browsers = {"/desk/": sign_in(operator), "/seller/": client_of(world, seller)}
    few = {}
    for path, browser in browsers.items():
        with django_assert_max_num_queries(25) as asked:
            assert browser.get(path).status_code == 200
        few[path] = len(asked)
    offer = world.offer(seller, stock=30)
    for _ in range(6):
        shipping.order(world, (offer, 1))
    for path, browser in browsers.items():
        with django_assert_max_num_queries(few[path]):
            browser.get(path)


def test_the_api_says_the_same(world, seller):
    furnish(world, seller)
    world.pass_time(days=9)
    found = client_of(world, seller).get("/api/v1/tasks").json()
    first = found[0]
    assert (first["kind"], first["words"], first["late"]) == ("to_ship", "2 orders to ship", 2) or first["late"]
    assert all(each["link"].startswith("/seller/") for each in found)
    assert timedelta(0) < world.now - world.now.fromisoformat(first["due_at"].replace("Z", "+00:00"))
