"""Programmes on the desk: copied, edited as a file or a table, refused with every wrong key, published, compared."""

import pytest
from django.urls import reverse

from entrepot.domain.terms import documents, queries, writing
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.kernel.models import AuditEntry
from entrepot.surfaces.desk.drafts import locate
from surfaces.desk.desks import OWN, browser, own_programme, text_of
from worlds import World


@pytest.fixture
def desk(world: World):
    world.programme("fully-managed")
    return browser(world)


def draft_text() -> str:
    (version,) = queries.list_versions(OWN)
    return writing.to_toml(queries.wording_of(version))


def test_from_a_copy_to_a_published_version(world: World, desk) -> None:
    url = reverse("desk:copies", args=["fully-managed"])
    answer = desk.post(url, {"label": "House model", "code": OWN})
    assert answer["Location"] == reverse("desk:draft", args=[OWN])
    assert "House model" in text_of(desk.get(answer["Location"]))

    text = draft_text().replace('label = { en = "House model" }', 'label = { en = "Our house" }')
    answer = desk.post(reverse("desk:draft", args=[OWN]), {"text": text, "act": "save"})
    assert answer.status_code == 302
    refused = desk.post(reverse("desk:publication", args=[OWN]), {"reason": ""})
    assert refused.status_code == 422 and "This field is required" in text_of(refused)

    assert desk.post(reverse("desk:publication", args=[OWN]), {"reason": "The pilot ended well"}).status_code == 302
    page = text_of(desk.get(reverse("desk:programme", args=[OWN])))
    assert "Our house" in page and "Published" in page
    assert AuditEntry.objects.filter(verb="programmes.publish", reason="The pilot ended well").count() == 1


def test_a_code_that_is_taken_is_said_at_its_field_and_the_rest_is_kept(world: World, desk) -> None:
    answer = desk.post(reverse("desk:copies", args=["fully-managed"]), {"label": "Mine", "code": "self-managed"})
    page = answer.content.decode()
    assert answer.status_code == 409 and "There is a programme self-managed already." in text_of(answer)
    assert 'value="Mine"' in page and "data-open" in page


def test_every_wrong_key_is_named_with_its_line_and_nothing_is_saved(world: World, desk) -> None:
    own_programme(world)
    before = queries.list_versions(OWN)[0].content_hash
    text = draft_text()
    wrong = text.replace("retail_price ", "retail_prize ").replace('accrues_on = "delivery"', 'accrues_on = "someday"')
    answer = desk.post(reverse("desk:draft", args=[OWN]), {"text": wrong, "act": "save"})
    said = text_of(answer)
    line = 1 + wrong[: wrong.index("retail_prize")].count("\n")
    assert answer.status_code == 422
    assert f"duties.retail_prize (line {line})" in said and "did you mean retail_price?" in said
    assert "duties.retail_price" in said and "earning.accrues_on" in said
    assert "retail_prize" in answer.context["form"]["text"].value()
    assert queries.list_versions(OWN)[0].content_hash == before


def test_a_check_saves_nothing(world: World, desk) -> None:
    own_programme(world)
    before = queries.list_versions(OWN)[0].content_hash
    text = draft_text().replace('label = { en = "House model" }', 'label = { en = "Our house" }')
    answer = desk.post(reverse("desk:draft", args=[OWN]), {"text": text, "act": "check"})
    assert answer.status_code == 200 and "Every key is right" in text_of(answer)
    assert queries.list_versions(OWN)[0].content_hash == before


def test_a_draft_that_somebody_changed_meanwhile_is_not_overwritten(world: World, desk) -> None:
    own_programme(world)
    base = queries.list_versions(OWN)[0].content_hash
    url = reverse("desk:draft", args=[OWN])
    first = draft_text().replace('"House model"', '"First"')
    assert desk.post(url, {"text": first, "base": base}).status_code == 302
    answer = desk.post(url, {"text": first.replace('"First"', '"Second"'), "base": base})
    assert answer.status_code == 409 and "Somebody changed this draft" in text_of(answer)
    assert "Second" in answer.context["form"]["text"].value()


def test_the_table_of_duties_says_what_the_file_says(world: World, desk) -> None:
    own_programme(world)
    url = reverse("desk:draft_duties", args=[OWN])
    before = queries.list_versions(OWN)[0].content_hash
    form = desk.get(url).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields if name != "idempotency_key"}
    assert desk.post(url, typed).status_code == 302
    assert queries.list_versions(OWN)[0].content_hash == before

    typed |= {
        "base": before,
        "promotion.payer_platform": "62.5",
        "promotion.payer_seller": "37.5",
        "last_mile.liable_late": "seller",
    }
    assert desk.post(url, typed).status_code == 302
    wording = queries.wording_of(queries.list_versions(OWN)[0])
    duty = documents.dump(wording)["duties"]["promotion"]
    assert duty["payer"] == {"platform": "0.625", "seller": "0.375"}
    assert documents.dump(wording)["duties"]["last_mile"]["liable"]["late"] == "seller"


def test_the_table_names_the_duty_that_does_not_add_up(world: World, desk) -> None:
    own_programme(world)
    url = reverse("desk:draft_duties", args=[OWN])
    form = desk.get(url).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields if name != "idempotency_key"}
    answer = desk.post(url, typed | {"promotion.payer_platform": "70", "promotion.payer_seller": "20"})
    assert answer.status_code == 422
    assert "duties.promotion.payer" in text_of(answer) and "shares sum to 0.9" in text_of(answer)
    assert answer.context["form"]["promotion.payer_platform"].value() == "70"


def test_a_next_version_is_compared_with_the_one_before(world: World, desk) -> None:
    answer = desk.post(reverse("desk:drafts", args=["self-managed"]))
    assert answer["Location"] == reverse("desk:draft", args=["self-managed"])
    again = desk.post(reverse("desk:drafts", args=["self-managed"]))
    assert again.status_code == 409 and "has a draft already" in text_of(again)
    versions = queries.list_versions("self-managed")
    text = writing.to_toml(queries.wording_of(versions[0]))
    changed = text.replace("window_days = 14", "window_days = 45")
    assert changed != text
    assert desk.post(reverse("desk:draft", args=["self-managed"]), {"text": changed}).status_code == 302
    page = text_of(desk.get(reverse("desk:comparison"), {"a": "self-managed:1", "b": "self-managed:2"}))
    assert "1 difference" in page and "14" in page and "45" in page

    assert desk.post(reverse("desk:disposal", args=["self-managed"])).status_code == 302
    assert ProgrammeVersion.objects.filter(programme__code="self-managed").count() == 1


def test_an_archived_version_and_programme_leave_the_offer(world: World, desk) -> None:
    url = reverse("desk:version_archival", args=["self-managed", 1])
    assert desk.post(url, {"reason": "x"}).status_code == 422
    assert desk.post(url, {"reason": "Replaced by the next"}).status_code == 302
    assert ProgrammeVersion.objects.get(programme__code="self-managed").status == "archived"
    assert desk.post(reverse("desk:archival", args=["fully-managed"]), {"reason": "We stop it"}).status_code == 302
    assert "fully-managed" not in text_of(desk.get(reverse("desk:programmes")))
    assert "fully-managed" in text_of(desk.get(reverse("desk:programmes") + "?archived"))


def test_only_who_may_publish_does(world: World, desk) -> None:
    own_programme(world)
    reader = browser(world, "operator.merchandiser")
    assert reader.get(reverse("desk:programme", args=[OWN])).status_code == 200
    for name in ("draft", "publication", "disposal", "copies", "drafts"):
        assert reader.post(reverse(f"desk:{name}", args=[OWN]), {"reason": "because"}).status_code == 403, name


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("duties.b.payer", 4),
        ("fees[1].rate", 9),
        ("fees[1].cap_minor.EUR", 7),
        ("service.penalties[0].task", 10),
        ("nowhere", None),
        ("code", 1),
    ],
)
def test_a_key_is_found_on_its_line(key: str, line: int | None) -> None:
    text = (
        'code = "x"\n[duties]\na = "seller"\nb = { performer = "seller" }\n[[fees]]\nrate = 1\n'
        '[[fees]]\ncode = "two"\nrate = 3\n[[service.penalties]]\n'
    )
    assert locate(text, key) == line
