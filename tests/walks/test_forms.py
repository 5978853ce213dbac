"""Nonsense into every form of every page, as whoever sees it: nothing breaks, the field is named, the rest is kept.

A new form is found by the page on which it stands; nothing is to be written here for it. A field that takes what this
takes for nonsense says so in ANYTHING_GOES.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import Resolver404, resolve

import installations
from walks import crawl, forms, survey
from walks.crawl import Page, Somebody
from walks.forms import Control, Form

#: Long, and run by `make survey`.
pytestmark = pytest.mark.survey

#: Whatever is typed here is right: (route that the form is sent to, field, kind of nonsense).
ANYTHING_GOES: set[tuple[str, str, str]] = set()
#: Forms that may do something each time that they are sent, and why.
REPEATABLE: dict[str, str] = {}
#: Forms that take away what others need.
LAST = {"shop:cart_quantity", "shop:market"}
#: Tables that change by being looked at.
RESTLESS = {"django_session", "kernel_processheartbeat", "kernel_version"}

LONG = "x" * 40_000
WORD = "twelve"
NOT_A_DATE = "2026-02-31"
NOT_A_CHOICE = "no-such-choice"
NUMERIC = {"numeric", "decimal"}
FILES = (b"\x00\xff\xfe\x01" * 99, b"\x7fELF\x00\xe9")
ERROR_PAGE = re.compile(r'class="[^"]*(?:error-page|form-errors|message-error|message-bad|message-warning)')


def is_number(control: Control) -> bool:
    return control.kind == "number" or control.attributes.get("inputmode") in NUMERIC


@dataclass(frozen=True)
class Place:
    """A form where it stands, and who sees it there."""

    somebody: Somebody
    page: Page
    form: Form

    @property
    def target(self) -> str:
        return self.form.target(self.page.path)

    @property
    def route(self) -> str:
        return resolve(urlsplit(self.target).path).view_name

    def said(self, number: int) -> dict[str, Any]:
        """What somebody sensible sends."""
        said: dict[str, Any] = self.form.filled()
        for control in self.form.controls.values():
            if control.name == "idempotency_key":
                said[control.name] = [f"walk-{number}"]
            elif control.is_typed and not any(control.values):
                said[control.name] = [sensible(control)]
            elif control.kind in {"select", "radio"} and not any(control.values) and control.is_required:
                said[control.name] = [each for each in control.options if each][:1]
        return said

    def send(self, said: dict[str, Any]) -> Any:
        return self.somebody.client.post(self.target, said)

    def __str__(self) -> str:
        return f"{self.route} (on {self.page.path}, {self.somebody.name})"


def sensible(control: Control) -> str:
    """Something that fits into a field."""
    if is_number(control):
        return control.attributes.get("min") or "1"
    return {
        "date": "2027-09-20",
        "email": "somebody@walks.example",
        "time": "12:00",
        "datetime-local": "2027-09-20T12:00",
        "url": "https://walks.example/",
        "password": "a-lantern-on-the-quay",
    }.get(control.kind, "As the walk wants it")


def places(found: survey.Survey) -> list[Place]:
    """Every form that is sent by POST: of each kind one for each way in which it is built."""
    known, chosen = set(), []
    for name, pages in found.pages.items():
        for page in pages:
            for form in forms.read(page.text) if page.is_page else ():
                place = Place(found.people[name], page, form)
                if form.method != "post" or urlsplit(place.target).path.startswith(crawl.APART):
                    continue
                shape = (place.route, frozenset((each.kind, each.name) for each in form.controls.values()))
                if shape not in known:
                    known.add(shape)
                    chosen.append(place)
    return sorted(chosen, key=lambda place: place.route in LAST)


@pytest.fixture(scope="module")
def seen(_server: Any, django_db_blocker: Any) -> survey.Survey:
    with django_db_blocker.unblock():
        return survey.survey(_server, "full")


@pytest.fixture
def world(_server: Any, django_db_blocker: Any, seen: survey.Survey) -> Iterator[None]:
    """A copy of what everybody saw, in which all are signed in as they were."""
    with django_db_blocker.unblock(), installations.copied(_server, seen.installation), crawl.quietly():
        yield


def none(faults: list[str]) -> None:
    """Say all of them at once."""
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def problem(answer: Any) -> str:
    return repr(answer.exc_info[1]) if getattr(answer, "exc_info", None) else ""


# What nobody should send: nothing breaks.

NONSENSE = (
    "", WORD, LONG, "-3", "1000000000000", "1.5", "NaN", "a\x00b", "<b>'\"%s{{ x }}\u202e\U0001f600", "0001-01-01",
    "9999-12-31T24:61", "XXX",
)  # fmt: skip
#: Every form is sent so often, each time with other nonsense in each field; the last time in what is hidden too.
ROUNDS = 4


def test_nothing_breaks(seen, world):
    wrong, sent = [], 0
    for place in places(seen):
        for turn in range(ROUNDS):
            sent += 1
            said = place.said(sent)
            for number, control in enumerate(place.form.controls.values()):
                if control.kind != "hidden" or turn == ROUNDS - 1:
                    said[control.name] = [NONSENSE[(number + turn * 3 + sent) % len(NONSENSE)]]
            answer = place.send(said)
            if answer.status_code >= 500:
                wrong.append(f"{answer.status_code} {problem(answer)}: {place}: {str(said)[:200]}")
    none(wrong)
    assert sent > 300


def test_files_that_are_none_are_refused(seen, world):
    wrong, sent = [], 0
    for place in places(seen):
        files = [each for each in place.form.controls.values() if each.kind == "file"]
        for content in FILES if files else ():
            sent += 1
            said = place.said(sent) | {each.name: SimpleUploadedFile("harbour.csv", content) for each in files}
            answer = place.send(said)
            if answer.status_code >= 500:
                wrong.append(f"{answer.status_code} {problem(answer)}: {place}")
            elif answer.status_code == 302 and not is_told(place.somebody, answer):
                wrong.append(f"took a file that is none: {place}")
    none(wrong)
    assert sent


def is_told(somebody: Somebody, answer: Any) -> bool:
    """Whether the page that an answer leads to says that something was wrong."""
    return bool(ERROR_PAGE.search(somebody.client.get(answer["Location"]).content.decode(errors="replace")))


# What somebody mistypes in one field: it is named, and the rest is kept.


def mistakes(control: Control) -> Iterator[tuple[str, str]]:
    """What cannot be right in this field, by its own words: (kind, what is typed)."""
    if control.name == "idempotency_key" or control.kind in {"hidden", "file", "checkbox"}:
        return
    if control.kind in {"select", "radio"}:
        yield "choice", NOT_A_CHOICE
        return
    if control.is_required:
        yield "empty", ""
    if is_number(control):
        yield "word", WORD
        if control.attributes.get("min") is not None:
            yield "minus", "-3"
    elif control.kind == "date":
        yield "date", NOT_A_DATE
    else:
        yield "long", LONG


def test_the_field_is_named_and_the_rest_is_kept(seen, world):
    wrong, sent = [], 0
    for place in places(seen):
        for bad in trials(place):
            sent += 1
            said = place.said(sent) | {name: [typed] for name, (_kind, typed) in bad.items()}
            fault = misled(place.somebody, bad, said, place.send(said))
            if fault:
                wrong.append(f"{fault}: {place}")
    none(wrong)
    assert sent > 200


def trials(place: Place) -> Iterator[dict[str, tuple[str, str]]]:
    """What is mistyped at once: everything that is needed left out, everything wrong, and one thing alone."""
    made = [
        (control.name, mistake)
        for control in place.form.controls.values()
        for mistake in mistakes(control)
        if (place.route, control.name, mistake[0]) not in ANYTHING_GOES
    ]
    empty = {name: mistake for name, mistake in made if mistake[0] == "empty"}
    others = {name: mistake for name, mistake in made if mistake[0] not in ("empty", "choice")}
    choices = {name: mistake for name, mistake in made if mistake[0] == "choice"}
    last = dict(list(others.items())[-1:])
    yield from (each for each in (empty, others, choices, last) if each)


def misled(somebody: Somebody, bad: dict[str, tuple[str, str]], said: dict[str, Any], answer: Any) -> str:
    """What is wrong with the answer to mistakes; empty where nothing is."""
    words = ", ".join(f"{name} = {typed[:12]!r}" for name, (_kind, typed) in bad.items())
    if answer.status_code >= 500:
        return f"{words}: {answer.status_code} {problem(answer)}"
    if answer.status_code in (301, 302):
        return "" if is_told(somebody, answer) else f"{words} was taken"
    if answer.status_code in (403, 404, 405, 409) or not answer.headers.get("Content-Type", "").startswith("text/html"):
        return ""  # gone meanwhile, or no page
    text = answer.content.decode()
    shown = [each for form in forms.read(text) for each in form.controls.values()]
    if all(kind == "choice" for kind, _typed in bad.values()):
        return "" if ERROR_PAGE.search(text) or any(each.is_bad for each in shown) else f"{words}: nothing is said"
    if not set(bad) & {each.name for each in shown}:
        return ""  # what it was about has left the page meanwhile
    named = {each.name for each in shown if each.is_bad}
    # Some things are asked for only when others are right: one is named at least, or what is wrong stands above all.
    if not set(bad) & named and not ERROR_PAGE.search(text):
        return f"{words}: nothing is said"
    kept = {(each.name, value.strip()) for each in shown for value in each.values}
    typed = {each.name for each in shown if each.is_typed and each.kind != "password"}
    lost = [
        name
        for name, values in said.items()
        if name in typed - set(bad)
        and isinstance(values, list)
        and any((name, each.strip()) not in kept for each in values)
    ]
    return f"{words}: lost {', '.join(lost)}" if lost else ""


# What is sent twice counts once.


def test_what_is_sent_twice_counts_once(seen, world):
    wrong, done = [], set()
    for number, place in enumerate(places(seen)):
        if place.route in REPEATABLE or place.route in done:
            continue
        said = place.said(number)
        if place.send(said).status_code != 302:
            continue
        done.add(place.route)
        before = rows()
        again = place.send(said)
        after = rows()
        if again.status_code >= 500:
            wrong.append(f"{again.status_code} {problem(again)}: {place}")
        elif changed := sorted(table for table in after if after[table] != before.get(table)):
            wrong.append(f"changed {', '.join(changed)}: {place}")
    none(wrong)
    assert len(done) > 25


def rows() -> dict[str, tuple[int, int]]:
    """Of every table how many rows it has, and which transaction wrote the latest."""
    with connection.cursor() as cursor:
        tables = sorted(set(connection.introspection.table_names(cursor)) - RESTLESS)
        parts = [f"SELECT '{each}', count(*), coalesce(max(xmin::text::bigint), 0) FROM \"{each}\"" for each in tables]
        cursor.execute(" UNION ALL ".join(parts))
        return {name: (count, latest) for name, count, latest in cursor.fetchall()}


def test_every_form_leads_somewhere(seen):
    lost = []
    for page in seen.all:
        for form in forms.read(page.text) if page.is_page else ():
            try:
                resolve(urlsplit(form.target(page.path)).path)
            except Resolver404:
                lost.append(f"{form.action} on {page.path}")
    none(lost)
