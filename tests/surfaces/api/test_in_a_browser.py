"""The documentation page in headless Chromium, under the real content policy and without any other machine."""

import json
import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.test import Client

import browsers

ORIGIN = "http://localhost"

pytestmark = browsers.MARKS


def look(path: str, wait_for: str, picture: Path | None = None) -> tuple[str, list[str], list[str]]:
    """The text of a page, what its console said, and what it asked of other machines."""
    said, abroad = [], []
    client = Client(headers={"host": "localhost"})
    answers = {each: client.get(each) for each in (path, "/api/v1/openapi.json")}

    def answer(route):
        where = urlsplit(route.request.url)
        if where.hostname != "localhost":
            abroad.append(route.request.url)
            route.abort()
        elif where.path.startswith("/static/"):
            found = finders.find(where.path.removeprefix("/static/"))
            kind = mimetypes.guess_type(where.path)[0]
            route.fulfill(body=Path(found).read_bytes(), content_type=kind) if found else route.fulfill(status=404)
        else:
            response = answers[where.path]
            route.fulfill(status=response.status_code, body=response.content, headers=dict(response.items()))

    with browsers.launched() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.route("**/*", answer)
        page.goto(ORIGIN + path)
        page.wait_for_selector(wait_for)
        text = page.inner_text("body")
        if picture:
            page.screenshot(path=str(picture))
    return text, said, abroad


def test_the_documentation_shows_every_chapter(database, tmp_path):
    text, said, abroad = look("/api/v1/docs", ".opblock", tmp_path / "docs.png")
    tags = {
        tag
        for operations in json.loads(Client().get("/api/v1/openapi.json").content)["paths"].values()
        for operation in operations.values()
        for tag in operation["tags"]
    }
    assert tags and not [tag for tag in tags if tag not in text]
    assert (said, abroad) == ([], [])


def test_the_page_of_errors_has_a_place_for_each_code(database):
    _, said, abroad = look("/api/v1/errors", "[id='orders.bad_quantity']")
    assert (said, abroad) == ([], [])
