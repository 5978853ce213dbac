"""Programmes in the database: loaded once, drafted, published, frozen for ever; terms kept once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.db.utils import DatabaseError

from domain.terms.wordings import FULL, LOCAL, SELF, changed
from entrepot.domain.terms import documents, presets, queries, services
from entrepot.domain.terms.models import Programme, ProgrammeVersion, TermsSnapshot
from entrepot.kernel import db
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = NOW.date()
OPERATOR = Actor(label="operator", user_id=uuid4(), role="operator.admin")


@pytest.fixture
def loaded(database):
    services.load_presets(now=NOW)


def own(code="our-own", source=LOCAL):
    return services.copy_programme(
        actor=OPERATOR, source=queries.get_current(source), code=code, label="Our own", now=NOW
    )


# presets


def test_presets_are_published_once(database):
    first = services.load_presets(now=NOW)
    assert {version.programme.code for version in first} == set(presets.load())
    assert services.load_presets(now=NOW) == []
    assert Programme.objects.count() == ProgrammeVersion.objects.count() == len(presets.load())
    assert all(version.status == "published" and version.version == 1 for version in ProgrammeVersion.objects.all())
    assert AuditEntry.objects.filter(verb="programmes.publish").count() == len(presets.load())


def test_an_operator_s_programme_of_the_same_code_is_left_alone(loaded):
    before = queries.get_current(FULL).id
    Programme.objects.filter(code=FULL).update(label="Renamed")
    services.load_presets(now=NOW)
    assert queries.get_current(FULL).id == before and queries.get_programme(FULL).label == "Renamed"


def test_what_is_stored_is_what_the_file_says(loaded):
    for listed in queries.list_programmes():
        assert queries.wording_of(listed.current) == presets.load()[listed.programme.code]
        assert listed.current.content_hash == documents.content_hash(presets.load()[listed.programme.code])
    assert [listed.programme.code for listed in queries.list_programmes()] == list(presets.load())


# draft, edit, publish


def test_a_copy_is_a_draft_of_one_s_own(loaded):
    draft = own()
    assert (draft.status, draft.version, draft.programme.is_preset) == ("draft", 1, False)
    wording = queries.wording_of(draft)
    assert wording.is_neutral and documents.compare(wording, presets.load()[LOCAL]) == []


def test_a_copy_of_a_modelled_preset_is_modelled_on_nobody(loaded):
    wording = queries.wording_of(own(source="temu-semi"))
    assert wording.is_neutral and wording.sources == {} and wording.evidence == ()


def test_a_code_is_taken_once(loaded):
    own()
    with pytest.raises(Refused) as refusal:
        own()
    assert refusal.value.code == "terms.code_taken"
    with pytest.raises(documents.ProgrammeInvalid):
        own(code="Not A Code")


def test_the_way_of_a_new_version(loaded):
    draft = own()
    wording = replace(queries.wording_of(draft), valid_from=date(2026, 4, 1))
    edited = services.edit_draft(actor=OPERATOR, version_id=draft.id, wording=wording, now=NOW)
    assert edited.valid_from == date(2026, 4, 1) and edited.content_hash == documents.content_hash(wording)
    published = services.publish(actor=OPERATOR, version_id=draft.id, reason="spring terms", now=NOW)
    assert (published.status, published.published_by, published.published_at) == ("published", OPERATOR.user_id, NOW)
    entry = AuditEntry.objects.get(verb="programmes.publish", subject_id=draft.id)
    assert entry.reason == "spring terms" and entry.after["content_hash"] == edited.content_hash

    second = services.draft_version(actor=OPERATOR, source=published, now=NOW)
    assert second.version == 2 and queries.get_current("our-own").id == published.id
    with pytest.raises(Refused) as refusal:
        services.draft_version(actor=OPERATOR, source=published, now=NOW)
    assert refusal.value.code == "terms.draft_open"
    services.publish(actor=OPERATOR, version_id=second.id, reason="again", now=NOW)
    assert queries.get_current("our-own").id == second.id
    assert [version.version for version in queries.list_versions("our-own")] == [2, 1]


def test_publication_needs_a_reason_and_a_draft(loaded):
    draft = own()
    with pytest.raises(Invalid):
        services.publish(actor=OPERATOR, version_id=draft.id, reason=" ", now=NOW)
    services.publish(actor=OPERATOR, version_id=draft.id, reason="ready", now=NOW)
    for act in (
        lambda: services.publish(actor=OPERATOR, version_id=draft.id, reason="twice", now=NOW),
        lambda: services.edit_draft(actor=OPERATOR, version_id=draft.id, wording=queries.wording_of(draft), now=NOW),
        lambda: services.discard_draft(actor=OPERATOR, version_id=draft.id, now=NOW),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "terms.not_a_draft"
    with pytest.raises(NotFound):
        services.publish(actor=OPERATOR, version_id=uuid4(), reason="?", now=NOW)


def test_a_programme_keeps_its_code(loaded):
    draft = own()
    with pytest.raises(Invalid) as refusal:
        services.edit_draft(actor=OPERATOR, version_id=draft.id, wording=presets.load()[FULL], now=NOW)
    assert refusal.value.code == "terms.code_fixed"


def test_a_discarded_draft_leaves_nothing_but_its_audit(loaded):
    draft = own()
    services.discard_draft(actor=OPERATOR, version_id=draft.id, now=NOW)
    with pytest.raises(NotFound):
        queries.get_programme("our-own")
    assert AuditEntry.objects.filter(verb="programmes.discard").count() == 1


def test_what_is_archived_is_offered_no_more(loaded):
    version = queries.get_current(SELF)
    services.archive_version(actor=OPERATOR, version_id=version.id, reason="replaced", now=NOW)
    with pytest.raises(NotFound):
        queries.get_current(SELF)
    assert queries.wording_of(queries.get_version(version.id)) == presets.load()[SELF], "who accepted it keeps it"
    with pytest.raises(Refused):
        services.archive_version(actor=OPERATOR, version_id=version.id, reason="twice", now=NOW)
    services.archive_programme(actor=OPERATOR, programme_id=queries.get_programme(FULL).id, reason="closed", now=NOW)
    offered = {each.programme.code for each in queries.find_in_force(market_code="DE", on=DAY)}
    assert offered == set(presets.load()) - {SELF, FULL, "tiktok-shop-managed"}


# what the database holds even against us


def test_a_published_version_never_changes(loaded):
    version = queries.get_current(FULL)
    for change in (
        "document = '{}'",
        "version = 7",
        "content_hash = repeat('0', 64)",
        "valid_until = '2030-01-01'",
        "status = 'draft'",
        "published_at = now()",
    ):
        with pytest.raises(DatabaseError, match="is published"):
            db.execute(f"UPDATE terms_programmeversion SET {change} WHERE id = %s", [version.id])
    with pytest.raises(DatabaseError, match="is published"):
        db.execute("DELETE FROM terms_programmeversion WHERE id = %s", [version.id])
    assert queries.get_version(version.id).document == documents.dump(presets.load()[FULL])


def test_an_archived_version_is_not_published_again(loaded):
    version = queries.get_current(FULL)
    services.archive_version(actor=OPERATOR, version_id=version.id, reason="old", now=NOW)
    with pytest.raises(DatabaseError, match="is published"):
        db.execute("UPDATE terms_programmeversion SET status = 'published' WHERE id = %s", [version.id])


def test_not_even_the_owner_changes_a_published_version(loaded, owner):
    with pytest.raises(DatabaseError, match="is published"):
        owner.execute("UPDATE terms_programmeversion SET document = '{}'")


def test_a_version_number_is_given_once(loaded):
    version = queries.get_current(FULL)
    with pytest.raises(IntegrityError):
        ProgrammeVersion(
            id=uuid4(), created_at=NOW, programme=version.programme, version=1, document={}, content_hash="x",
            valid_from=DAY,
        ).save(force_insert=True)  # fmt: skip


# in force


def test_in_force_is_the_latest_version_that_serves_the_market_on_the_day(loaded):
    draft = own()
    wording = replace(queries.wording_of(draft), markets=("DE",), valid_from=date(2026, 4, 1))
    services.edit_draft(actor=OPERATOR, version_id=draft.id, wording=wording, now=NOW)

    def offered(market, on):
        return {each.programme.code for each in queries.find_in_force(market_code=market, on=on)} & {"our-own"}

    assert not offered("DE", date(2026, 4, 1)), "a draft is not offered"
    services.publish(actor=OPERATOR, version_id=draft.id, reason="ready", now=NOW)
    assert offered("DE", date(2026, 4, 1)) and not offered("DE", date(2026, 3, 31))
    assert not offered("US", date(2026, 4, 1))


def test_a_later_version_takes_over_on_its_day(loaded):
    first = services.publish(actor=OPERATOR, version_id=own().id, reason="one", now=NOW)
    second = services.draft_version(actor=OPERATOR, source=first, now=NOW)
    wording = replace(queries.wording_of(second), valid_from=date(2026, 7, 1))
    services.edit_draft(actor=OPERATOR, version_id=second.id, wording=wording, now=NOW)
    services.publish(actor=OPERATOR, version_id=second.id, reason="two", now=NOW)

    def current(on):
        found = queries.find_in_force(market_code="DE", on=on)
        return next(each.version for each in found if each.programme.code == "our-own")

    assert [current(date(2026, 6, 30)), current(date(2026, 7, 1))] == [1, 2]


def test_wordings_come_in_one_query(loaded, django_assert_num_queries):
    wanted = {queries.get_current(code).id: code for code in (FULL, SELF)}
    with django_assert_num_queries(1):
        found = queries.get_wordings(wanted)
    assert {identity: wording.code for identity, (_, wording) in found.items()} == wanted


# snapshots


def every_terms():
    return [programme.terms(version=1, on=DAY) for programme in presets.load().values()]


def test_terms_are_kept_once_whatever_the_number_of_lines(database, django_assert_num_queries):
    terms = every_terms()
    with django_assert_num_queries(1):
        digests = services.freeze(terms * 3, now=NOW)
    assert digests == [each.digest for each in terms] * 3
    assert TermsSnapshot.objects.count() == len(terms)
    services.freeze(terms, now=NOW)
    assert TermsSnapshot.objects.count() == len(terms)


def test_frozen_terms_come_back_equal(database, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(queries, "_terms", {})
    terms = every_terms()
    digests = services.freeze(terms, now=NOW)
    with django_assert_num_queries(1):
        back = queries.get_terms(digests)
    assert [back[digest] for digest in digests] == terms
    with django_assert_num_queries(0):
        queries.get_terms(digests)
    with pytest.raises(NotFound):
        queries.get_terms(["0" * 64])


def test_the_address_of_stored_terms_is_the_hash_of_their_body(database):
    services.freeze(every_terms(), now=NOW)
    for row in TermsSnapshot.objects.all():
        assert documents.read_body(row.body).digest == row.digest


def test_snapshots_are_never_changed_nor_removed(database):
    services.freeze(every_terms()[:1], now=NOW)
    for statement in ("UPDATE terms_termssnapshot SET body = '{}'", "DELETE FROM terms_termssnapshot"):
        with pytest.raises(DatabaseError, match=r"append-only|permission denied"):
            db.execute(statement)
    assert TermsSnapshot.objects.count() == 1


def test_many_at_once_freeze_the_same_terms(database):
    terms = [
        changed(lambda document, cents=cents: document["earning"].update(commission=Decimal(cents) / 1000)).terms(
            version=1, on=DAY
        )
        for cents in range(20)
    ]

    def freeze(start):
        try:
            return services.freeze(terms[start:] + terms[:start], now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(freeze, range(16)))
    assert all(sorted(result) == sorted(each.digest for each in terms) for result in results)
    assert TermsSnapshot.objects.count() == 20


def test_nothing_freezes_to_nothing(database):
    assert services.freeze([], now=NOW) == []


def test_the_system_may_load_and_is_named(loaded):
    entry = AuditEntry.objects.filter(verb="programmes.publish").first()
    assert entry.actor_label == SYSTEM.label and entry.reason
