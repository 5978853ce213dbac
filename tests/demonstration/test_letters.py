"""The letters of a demonstration are read on a page: newest first, found by address, with links to follow."""

import pytest
from django.core.mail import EmailMessage
from django.test import override_settings

from demonstration.test_clock import operators_browser


@pytest.fixture
def browser(world, tmp_path):
    backend = "entrepot.surfaces.jobs.folder.EmailBackend"
    with override_settings(EMAIL_BACKEND=backend, EMAIL_FILE_PATH=tmp_path):
        yield operators_browser(world)


def send(to, subject, text="Grüße <b>\nhttps://market.example/orders/1"):
    EmailMessage(subject, text, to=[to], headers={"Date": "Mon, 02 Mar 2026 09:00:00 +0000"}).send()


def test_letters_are_listed_found_and_read(browser):
    send("ada@example.org", "Your order")
    send("grace@example.org", "Überweisung")
    page = browser.get("/desk/letters").content.decode()
    assert "ada@example.org" in page and "Überweisung" in page and "2 Mar 2026" in page
    found = browser.get("/desk/letters?to=GRACE").context["page"].rows
    assert [letter.subject for letter in found] == ["Überweisung"]
    letter = browser.get(f"/desk/letters/{found[0].name}").content.decode()
    assert '<a href="https://market.example/orders/1"' in letter
    assert "Grüße &lt;b&gt;" in letter


def test_many_come_in_pages(browser):
    for number in range(45):
        send("ada@example.org", f"Letter {number}")
    first = browser.get("/desk/letters").context["page"]
    rest = browser.get(f"/desk/letters?cursor={first.next_cursor}").context["page"]
    assert (len(first.rows), len(rest.rows), rest.next_cursor) == (40, 5, "")


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2fsign-ins", "%2e%2e"])
def test_nothing_else_of_the_folder_is_read(browser, name):
    assert browser.get(f"/desk/letters/{name}").status_code == 404


def test_without_letters_it_says_what_to_do(browser):
    assert "No letter has been written yet" in browser.get("/desk/letters").content.decode()
