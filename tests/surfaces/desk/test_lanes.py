"""The desk's pages of lanes and rate cards: read, priced, looked at before they are published."""

import os
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import browsers
from entrepot.domain.logistics import publishing
from entrepot.kernel.models import AuditEntry
from entrepot.surfaces.desk import diagrams
from surfaces.desk.desks import browser
from surfaces.desk.test_in_a_browser import ORIGIN, fulfil
from surfaces.desk.test_reading import QUERIES_MAX
from worlds import World


@pytest.fixture
def lanes(world: World) -> World:
    """A world with the planning cards and lanes."""
    publishing.load_planning(world.now)
    return world


def ask(client, where: str, *args: str, **query: str) -> str:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(reverse(where, args=args), query)
    assert answer.status_code == 200 and len(asked) <= QUERIES_MAX
    return answer.content.decode()


def test_lanes_are_listed_drawn_and_told_leg_by_leg(lanes: World) -> None:
    client = browser(lanes)
    page = ask(client, "desk:lanes")
    assert "Air parcel China to the United States" in page and "no batteries" in page and 'class="arc arc-sea"' in page
    one = ask(client, "desk:lane", "cn-us-sea", on="2026-11-23")
    for said in (
        "Ningbo port → Los Angeles port",
        "Tue, Fri",
        "What would be promised",
        "99",
        "cn-us-sea-lcl",
        "The first version",
    ):
        assert said in one
    assert client.get(reverse("desk:lane", args=["nowhere"])).status_code == 404


def test_boxes_of_a_diagram_cover_no_other(lanes: World) -> None:
    drawn = diagrams.draw([], [each.lane for each in publishing.list_lanes()])
    boxes = [(each.left, each.top, each.left + drawn.box, each.top + each.height) for each in drawn.countries]
    covered = [
        (one, other)
        for place, one in enumerate(boxes)
        for other in boxes[place + 1 :]
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]
    assert len(boxes) >= 4 and covered == []
    assert all(left >= 0 and right <= drawn.width and bottom <= drawn.height for left, _top, right, bottom in boxes)


def test_a_card_is_read_and_a_parcel_priced_by_it(lanes: World) -> None:
    client = browser(lanes)
    assert "Storage in an overseas warehouse" in ask(client, "desk:cards")
    asked = {"destination": "DE", "weight_g": "1500"}
    page = ask(client, "desk:card", "cn-de-air-parcel", **asked)
    assert "€12.00" in page and "€9.00" in page and "€3.00" in page  # 1.5 kg at 6.00, and the last mile
    assert "for each kilogram" in page
    assert "It does not go there" in ask(client, "desk:card", "cn-de-air-parcel", **asked | {"destination": "US"})
    assert "Ensure this value" in ask(client, "desk:card", "cn-de-air-parcel", **asked | {"weight_g": "0"})


def test_a_sheet_is_looked_at_before_it_is_published(lanes: World) -> None:
    client, address = browser(lanes), reverse("desk:border_sheet", args=["lanes"])
    old = publishing.list_lanes(codes=["us-us-ground"])[0]
    text = old.sheet.replace("2025-01-01", "2026-03-01").replace("2-3-7", "2-4-9")
    looked = client.post(address, {"text": text, "look": "1"})
    page = looked.content.decode()
    assert looked.status_code == 200 and "New version" in page and "<s>2-3-7</s> → 2-4-9" in page
    assert len(publishing.list_lanes(codes=["us-us-ground"])) == 1
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    for _ in range(2):
        typed = {"text": text, "publish": "1", "idempotency_key": key[1] if key else ""}
        assert client.post(address, typed).status_code == 302
    versions = publishing.list_lanes(codes=["us-us-ground"])
    assert [each.sheet for each in versions] == [old.sheet, text] and versions[0].valid_until == versions[1].valid_from
    kept = AuditEntry.objects.filter(verb="freight.publish", after__code="us-us-ground", actor_user_id__isnull=False)
    assert kept.count() == 1
    shown = ask(client, "desk:lane", "us-us-ground")
    assert "2026" in shown and "<s>2-3-7</s> → 2-4-9" in shown
    refused = client.post(address, {"text": text.replace("2-4-9", "1"), "look": "1"}).content.decode()
    assert "give the new one a later day" in refused and 'name="publish"' not in refused


@pytest.mark.parametrize(
    ("sheet", "wrong", "said"),
    [
        ("lanes", ("2-3-7", "7-2"), "Row 2, days"),
        ("lanes", ("us-parcel-ground", "no-such-card"), "no-such-card"),
        ("cards", ("EUR", "XYZ"), "Row 2, currency"),
        ("cards", (",kg,", ",parsec,"), "Row 2, basis"),
    ],
)
def test_what_is_wrong_with_a_sheet_names_row_and_column(
    lanes: World, sheet: str, wrong: tuple[str, str], said: str
) -> None:
    text = {
        "lanes": publishing.list_lanes(codes=["us-us-ground"])[0].sheet,
        "cards": publishing.list_cards(codes=["cn-de-air-parcel"])[0].sheet,
    }[sheet].replace("2025-01-01", "2026-03-01")
    assert wrong[0] in text
    client, address = browser(lanes), reverse("desk:border_sheet", args=[sheet])
    answer = client.post(address, {"text": text.replace(*wrong), "look": "1"})
    assert answer.status_code in (404, 422) and said in answer.content.decode()
    assert "Paste the sheet" in client.post(address, {"look": "1"}).content.decode()


@pytest.mark.browser
@browsers.MARKS[1]
def test_they_run_over_nowhere(lanes: World) -> None:
    addresses = [
        reverse("desk:lanes"),
        reverse("desk:lane", args=["cn-us-sea"]),
        reverse("desk:card", args=["cn-de-air-parcel"]),
    ]
    pages = {each: browser(lanes).get(each).content for each in addresses}
    with browsers.launched() as chromium:
        for width in (1280, 390):
            page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
            said: list[str] = []
            page.on("console", lambda message, said=said: said.append(message.text))
            page.route("**/*", fulfil(pages, {}))
            for number, each in enumerate(addresses):
                page.goto(ORIGIN + each)
                if folder := os.environ.get("BORDER_SHOTS"):
                    page.screenshot(path=f"{folder}/lanes-{width}-{number}.png", full_page=True)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, each
            assert said == []
