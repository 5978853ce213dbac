"""How far a newcomer is: papers asked for, more asked of one, the way to the first sale."""

import pytest
from django.db import DatabaseError, transaction

import shipping
from entrepot.domain.sellers import queries
from entrepot.domain.sellers.models import ReadinessAnswers, Seller
from entrepot.flows import enrolling, joining
from entrepot.kernel.db import execute
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from worlds import World


@pytest.fixture(autouse=True)
def _market(world: World) -> None:
    world.market("DE")


def applied(world: World, country: str = "CN") -> Seller:
    return enrolling.apply_seller(
        seller_code="acme", name="Acme", country=country, settlement_currency="CNY", email="acme@example.org",
        password=None, now=world.now,
    ).seller  # fmt: skip


def steps(world: World, seller: Seller) -> dict[str, str]:
    found = joining.list_first_steps(seller=queries.get_seller(seller_id=seller.pk), now=world.now)
    assert [each.code for each in found] == list(joining.FIRST_STEPS)
    return {each.code: each.state for each in found}


def open_one(found: dict[str, str]) -> tuple[str, str]:
    """The one step that is neither done nor to come."""
    [each] = [(code, state) for code, state in found.items() if state not in ("done", "todo")]
    return each


def test_the_way_to_the_first_sale_is_computed_from_what_there_is(world):
    seller = applied(world)
    actor, operator = world.seller_actor(seller), world.operator_actor()
    assert open_one(steps(world, seller)) == ("documents", "current")
    for asked in joining.list_asked(seller=seller, now=world.now):
        enrolling.submit_document(
            actor=actor, seller_id=seller.pk, kind=asked.kind, content=b"%PDF-1.7 it", now=world.now
        )
    assert open_one(steps(world, seller)) == ("questionnaire", "current")
    joining.answer_questions(actor=actor, seller_id=seller.pk, answers={"units_a_week": 5}, now=world.now)
    assert open_one(steps(world, seller)) == ("admitted", "waiting")
    for document in queries.list_documents(seller_id=seller.pk):
        enrolling.decide_document(actor=operator, document_id=document.id, accept=True, reason="seen", now=world.now)
    enrolling.admit(actor=operator, seller_id=seller.pk, reason="ok", now=world.now)
    assert open_one(steps(world, seller)) == ("programme", "current")


def test_who_sells_already_is_sent_back_to_nothing(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller)
    found = steps(world, seller)
    assert found["questionnaire"] == "done" and open_one(found) == ("first_order", "waiting")
    shipping.order(world, (offer, 1))
    assert set(steps(world, seller).values()) == {"done"}


def test_a_refused_paper_and_one_more_are_open_again(world):
    seller, operator = applied(world), world.operator_actor()
    actor = world.seller_actor(seller)

    def state(kind: str) -> str:
        return next(each.state for each in joining.list_asked(seller=seller, now=world.now) if each.kind == kind)

    document = enrolling.submit_document(
        actor=actor, seller_id=seller.pk, kind="identity", content=b"%PDF-1.7 it", now=world.now
    )
    assert state("identity") == "submitted"
    enrolling.decide_document(actor=operator, document_id=document.id, accept=False, reason="old", now=world.now)
    assert (state("identity"), queries.get_document(document_id=document.id).reason) == ("refused", "old")
    ask = {"actor": operator, "seller_id": seller.pk, "kind": "product_safety", "now": world.now}
    with pytest.raises(Invalid):
        joining.ask_for_document(note=" ", **ask)
    joining.ask_for_document(note="tableware", **ask)
    with pytest.raises(Refused):
        joining.ask_for_document(note="tableware", **ask)
    with pytest.raises(Denied):
        joining.ask_for_document(note="me", **ask | {"actor": actor})
    assert state("product_safety") == "missing"
    world.pass_time(hours=1)
    enrolling.submit_document(actor=actor, seller_id=seller.pk, kind="product_safety", reference="R1", now=world.now)
    assert "product_safety" not in {each.kind for each in joining.list_asked(seller=seller, now=world.now)}


def test_papers_are_read_by_who_may(world):
    seller = applied(world)
    document = enrolling.submit_document(
        actor=world.seller_actor(seller), seller_id=seller.pk, kind="identity", content=b"%PDF-1.7 it", now=world.now
    )
    for who in (world.seller_actor(seller), world.operator_actor()):
        assert joining.read_document(actor=who, document_id=document.id)[1] == b"%PDF-1.7 it"
    strangers = (
        world.seller_actor(world.seller()),
        world.seller_actor(seller, "seller.staff"),
        world.operator_actor("operator.finance"),
        world.actor(world.partner(), "partner.warehouse"),
    )
    for who in strangers:
        with pytest.raises(NotFound):
            joining.read_document(actor=who, document_id=document.id)


def test_a_version_of_answers_never_changes(world):
    seller = applied(world)
    actor = world.seller_actor(seller)
    with pytest.raises(Invalid):
        joining.answer_questions(actor=actor, seller_id=seller.pk, answers={}, now=world.now)
    with pytest.raises(NotFound):
        stranger = world.seller_actor(world.seller())
        joining.answer_questions(actor=stranger, seller_id=seller.pk, answers={"units_a_week": 1}, now=world.now)
    joining.answer_questions(actor=actor, seller_id=seller.pk, answers={"units_a_week": 1}, now=world.now)
    with pytest.raises(DatabaseError), transaction.atomic():
        execute("UPDATE sellers_readinessanswers SET version = 9")
    assert ReadinessAnswers.objects.get().version == 1
