"""From an applicant to a seller under terms: documents, admission, conditions, acceptance, change, leaving."""

import pytest

from entrepot.domain.accounts.models import Membership
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.sellers import queries
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.domain.terms import services as terms
from entrepot.domain.terms.clauses import Document
from entrepot.flows import enrolling
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry, OutboxEvent
from worlds import World

PAPERS = ("business_licence", "identity", "bank_account")


ALL_PAPERS = tuple(Document)


@pytest.fixture(autouse=True)
def _market(world: World) -> None:
    world.market("DE")


def applied(world: World, code: str = "acme") -> Seller:
    application = enrolling.apply_seller(
        seller_code=code,
        name="Acme",
        country="CN",
        settlement_currency="CNY",
        email=f"{code}@example.org",
        password=None,
        now=world.now,
        person="Li Wei",
        language="en",
    )
    assert Membership.objects.get(user=application.owner).role == "seller.owner"
    return application.seller


def admitted(world: World, code: str = "acme", papers: tuple[str, ...] = PAPERS) -> Seller:
    seller, operator = applied(world, code), world.operator_actor()
    for kind in papers:
        document = enrolling.submit_document(
            actor=world.seller_actor(seller), seller_id=seller.pk, kind=kind, reference="123", now=world.now
        )
        enrolling.decide_document(actor=operator, document_id=document.id, accept=True, reason="checked", now=world.now)
    return enrolling.admit(actor=operator, seller_id=seller.pk, reason="papers in order", now=world.now)


def accept(world: World, seller: Seller, programme: str = "fully-managed", **changes) -> Enrolment:
    version = world.programme(programme)
    values = {
        "actor": world.seller_actor(seller),
        "seller_id": seller.pk,
        "version_id": version.id,
        "market_code": "DE",
        "seen_hash": version.content_hash,
        "now": world.now,
    }
    return enrolling.accept_programme(**values | changes)


def refused(kind, act) -> str:
    with pytest.raises(kind) as caught:
        act()
    return caught.value.code


def test_an_applicant_becomes_a_seller_by_the_operators_act(world):
    seller, operator = applied(world), world.operator_actor()
    assert (seller.status, seller.tier) == ("applicant", "new")
    with pytest.raises(Denied):
        enrolling.admit(actor=world.seller_actor(seller), seller_id=seller.pk, reason="me", now=world.now)
    with pytest.raises(Denied):
        enrolling.admit(actor=world.operator_actor("operator.finance"), seller_id=seller.pk, reason="x", now=world.now)
    with pytest.raises(Invalid):
        enrolling.admit(actor=operator, seller_id=seller.pk, reason=" ", now=world.now)
    assert enrolling.admit(actor=operator, seller_id=seller.pk, reason="ok", now=world.now).admitted_at == world.now
    entry = AuditEntry.objects.get(verb="sellers.active")
    assert (entry.reason, entry.before, entry.after) == ("ok", {"status": "applicant"}, {"status": "active"})
    assert set(OutboxEvent.objects.values_list("topic", flat=True)) >= {"seller.applied", "seller.admitted"}


def test_a_code_and_an_address_are_taken_once(world):
    applied(world)
    assert refused(Refused, lambda: applied(world)) == "accounts.organisation_exists"
    with pytest.raises(Refused):
        enrolling.apply_seller(
            seller_code="other",
            name="x",
            country="CN",
            settlement_currency="CNY",
            email="acme@example.org",
            password=None,
            now=world.now,
        )
    assert Seller.objects.count() == 1, "nothing of the second application stays"


def test_documents_are_handed_in_by_the_seller_and_decided_once(world):
    seller, other = applied(world), applied(world, "other")
    actor = world.seller_actor(seller)
    hand_in = {"seller_id": seller.pk, "kind": "vat_number", "now": world.now}
    assert (
        refused(NotFound, lambda: enrolling.submit_document(actor=world.seller_actor(other), reference="1", **hand_in))
        == "kernel.not_found"
    )
    assert refused(Invalid, lambda: enrolling.submit_document(actor=actor, **hand_in)) == "sellers.empty_document"
    unknown = hand_in | {"kind": "horoscope", "reference": "1"}
    assert refused(Invalid, lambda: enrolling.submit_document(actor=actor, **unknown)) == "sellers.unknown_document"
    paper = enrolling.submit_document(
        actor=actor, content=b"%PDF-1.7", reference="DE1", valid_until=world.now.date().replace(year=2027), **hand_in
    )
    assert paper.media.endswith(".pdf")
    on = world.now.date()
    assert queries.accepted_documents(seller_id=seller.pk, on=on) == frozenset()
    decide = {"actor": world.operator_actor(), "document_id": paper.id, "reason": "seen", "now": world.now}
    enrolling.decide_document(accept=True, **decide)
    assert queries.accepted_documents(seller_id=seller.pk, on=on) == {"vat_number"}
    assert queries.accepted_documents(seller_id=seller.pk, on=on.replace(year=2027)) == frozenset()
    assert refused(Refused, lambda: enrolling.decide_document(accept=False, **decide)) == "sellers.document_decided"


def test_a_preview_says_in_plain_words_what_would_be_accepted_and_what_is_missing(world):
    seller = admitted(world, papers=PAPERS[:1])
    version = world.programme("fully-managed")
    seen = enrolling.preview(
        actor=world.seller_actor(seller), seller_id=seller.pk, version_id=version.id, market_code="DE", now=world.now
    )
    assert [chapter.code for chapter in seen.chapters][:4] == ["does", "decides", "pays", "risks"]
    assert [(each.condition, each.wanted) for each in seen.unmet] == [
        ("documents", "identity"),
        ("documents", "bank_account"),
    ]
    assert seen.content_hash == version.content_hash
    listed = enrolling.list_programmes(
        actor=world.seller_actor(seller), seller_id=seller.pk, market_code="DE", now=world.now
    )
    assert {"fully-managed", "self-managed"} <= {each.version.programme.code for each in listed}
    stranger = world.seller_actor(applied(world, "other"))
    with pytest.raises(NotFound):
        enrolling.preview(actor=stranger, seller_id=seller.pk, version_id=version.id, market_code="DE", now=world.now)


def test_an_acceptance_keeps_what_was_seen_by_whom_and_when(world):
    seller = admitted(world)
    actor = world.seller_actor(seller)
    enrolment = accept(world, seller, actor=actor)
    assert (enrolment.programme_code, enrolment.accepted_by, enrolment.accepted_at) == (
        "fully-managed",
        actor.user_id,
        world.now,
    )
    entry = AuditEntry.objects.get(verb="enrolments.accept")
    assert entry.after["hash"] == enrolment.accepted_hash
    assert queries.list_enrolments(seller_id=seller.pk, at=world.now) == [enrolment]
    with pytest.raises(NotFound):
        queries.get_enrolment(enrolment_id=enrolment.id, seller_id=world.operator.id)


def test_what_stands_against_an_acceptance_is_said(world):
    seller = admitted(world, papers=())
    with pytest.raises(Refused) as lacking:
        accept(world, seller)
    assert lacking.value.code == "enrolling.not_eligible"
    assert [each["wanted"] for each in lacking.value.values["unmet"]] == list(PAPERS)

    seller = admitted(world, "good")
    changes = {
        "enrolling.other_wording": {"seen_hash": "0" * 64},
        "enrolling.starts_in_past": {"valid_from": world.now.replace(year=2025)},
        "enrolling.not_in_force": {
            "valid_from": None,
            "version_id": archived_version(world),
            "seen_hash": world.programme("self-managed").content_hash,
        },
    }
    for expected, change in changes.items():
        assert refused(Refused, lambda change=change: accept(world, seller, **change)) == expected
    assert refused(NotFound, lambda: accept(world, seller, market_code="XX")) == "markets.unknown"
    assert refused(Denied, lambda: accept(world, seller, actor=world.operator_actor())) == "enrolling.sellers_act"
    stranger = world.seller_actor(applied(world, "other"))
    assert refused(NotFound, lambda: accept(world, seller, actor=stranger)) == "kernel.not_found"
    accept(world, seller)
    assert refused(Refused, lambda: accept(world, seller)) == "sellers.enrolled_already"
    enrolling.suspend(actor=SYSTEM, seller_id=seller.pk, reason="late", now=world.now)
    assert refused(Refused, lambda: accept(world, seller)) == "enrolling.not_admitted"


def archived_version(world: World):
    version = world.programme("self-managed")
    terms.archive_version(actor=SYSTEM, version_id=version.id, reason="over", now=world.now)
    return version.id


def test_stock_in_the_market_is_asked_for_where_the_programme_does(world):
    seller = admitted(world, papers=ALL_PAPERS)
    enrolling.set_tier(
        actor=world.operator_actor(), seller_id=seller.pk, tier="standard", reason="a good year", now=world.now
    )
    with pytest.raises(Refused) as lacking:
        accept(world, seller, "semi-managed-local-stock")
    assert [each["condition"] for each in lacking.value.values["unmet"]] == ["stock_in_market"]
    node = world.node("berlin", operator=seller.organisation, kind="seller_premises", country="DE")
    world.stock(seller, world.sku(seller), 3, node=node)
    accept(world, seller, "semi-managed-local-stock")


def test_a_suspended_seller_sells_nothing_and_resumes_by_itself(world):
    seller = world.seller()
    offer = world.offer(seller)
    operator = world.operator_actor()
    enrolling.suspend(actor=operator, seller_id=seller.pk, reason="late shipments", now=world.now)
    assert Offer.objects.get(id=offer.id).status == "paused"
    enrolling.admit(actor=operator, seller_id=seller.pk, reason="better", now=world.now)
    assert Offer.objects.get(id=offer.id).status == "paused", "the seller looks at its shop first"
    assert (
        refused(Refused, lambda: enrolling.admit(actor=operator, seller_id=seller.pk, reason="x", now=world.now))
        == "sellers.no_such_step"
    )


def test_leaving_now_ends_the_offers_and_later_leaves_them_until_then(world):
    seller = world.seller()
    offer = world.offer(seller)
    enrolment, actor = world.enrolment(seller), world.seller_actor(seller)
    leave = {"actor": actor, "enrolment_id": enrolment.id, "reason": "moving on"}
    stranger = world.seller_actor(world.seller())
    with pytest.raises(NotFound):
        enrolling.end_enrolment(**leave | {"actor": stranger}, now=world.now)
    with pytest.raises(Invalid):
        enrolling.end_enrolment(**leave, ends_at=world.now.replace(year=2025), now=world.now)
    later = world.now.replace(month=4)
    enrolling.end_enrolment(**leave, ends_at=later, now=world.now)
    assert catalogue.follow_enrolments(now=world.now) == (0, 0)
    assert catalogue.follow_enrolments(now=later) == (0, 1)
    assert Offer.objects.get(id=offer.id).status == "archived"
    with pytest.raises(Refused):
        enrolling.end_enrolment(**leave, now=later)


def next_version(world: World, code: str):
    draft = terms.draft_version(actor=SYSTEM, source=world.programme(code), now=world.now)
    return terms.publish(actor=SYSTEM, version_id=draft.id, reason="better words", now=world.now)


def test_another_version_is_a_new_period_and_the_offers_pass_over(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller)
    old = world.enrolment(seller)
    for kind in ALL_PAPERS:
        paper = enrolling.submit_document(
            actor=world.seller_actor(seller), seller_id=seller.pk, kind=kind, reference="1", now=world.now
        )
        enrolling.decide_document(actor=SYSTEM, document_id=paper.id, accept=True, reason="ok", now=world.now)
    world.pass_time(days=1)
    version = next_version(world, "self-managed")
    switch = {"actor": world.seller_actor(seller), "enrolment_id": old.id, "seen_hash": version.content_hash}
    assert (
        refused(
            Refused,
            lambda: enrolling.switch_version(**switch, version_id=world.programme("fully-managed").id, now=world.now),
        )
        == "enrolling.not_another_version"
    )
    monday = world.now.replace(day=9)
    new = enrolling.switch_version(**switch, version_id=version.id, valid_from=monday, now=world.now)
    assert Offer.objects.get(id=offer.id).enrolment_id == old.id, "until then the old version holds"
    assert catalogue.follow_enrolments(now=monday) == (1, 0)
    assert Offer.objects.get(id=offer.id).enrolment_id == new.id
    old.refresh_from_db()
    assert (old.valid_until, new.valid_from, new.valid_until) == (monday, monday, None)


def test_closing_a_seller_ends_everything(world):
    seller = world.seller()
    offer = world.offer(seller)
    enrolling.close(actor=world.operator_actor(), seller_id=seller.pk, reason="fraud", now=world.now)
    assert Offer.objects.get(id=offer.id).status == "archived"
    assert queries.list_enrolments(seller_id=seller.pk, at=world.now) == []
    assert queries.get_seller(seller_id=seller.pk).status == "closed"
