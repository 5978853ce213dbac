"""What everybody sees of a whole installation, looked at once in a session of tests and asked by several."""

from functools import cache
from itertools import chain
from typing import NamedTuple

from django.urls import reverse

import installations
from testserver import TestServer
from walks import forms
from walks.crawl import Page, Somebody, ask, crawl, everybody, quietly

#: Of one kind of page so many are opened by each.
EACH = 2
#: So many questions a page may ask.
MOST = 25


class Survey(NamedTuple):
    """An installation that can be gone back to, its people with their browsers, and the pages that each came to."""

    installation: installations.Kept
    people: dict[str, Somebody]
    pages: dict[str, list[Page]]

    @property
    def all(self) -> list[Page]:
        return list(chain.from_iterable(self.pages.values()))


@cache
def survey(server: TestServer, size: str) -> Survey:
    """Everybody's walk through a demonstration."""
    installation = installations.Kept(server, size)
    with installation.opened(), quietly():
        people = {each.name: each for each in everybody()}
        furnish(people)
        pages = {name: crawl(each, each=EACH) for name, each in people.items()}
        # What is published a process reads once and keeps; what a page asks is what it asks from then on.
        for each in chain.from_iterable(pages.values()):
            if len(each.statements) > MOST:
                each.statements[:] = ask(people[each.who], each.path).statements
        return Survey(installation, people, pages)


def furnish(people: dict[str, Somebody]) -> None:
    """Bring about what only people do: something in the carts, and a programme that is being written."""
    for name in ("guest", "shopper"):
        _send(people[name], _first_good(people[name]), "shop:cart_lines")
    admin = people["operator.admin"]
    _send(admin, reverse("desk:programme", args=["self-managed"]), "desk:drafts", args=["self-managed"])


def _first_good(somebody: Somebody) -> str:
    shelf = ask(somebody, reverse("shop:home"))
    place = shelf.text.index('href="/products/') + len('href="')
    return shelf.text[place : shelf.text.index('"', place)]


def _send(somebody: Somebody, path: str, route: str, args: list[str] | None = None) -> None:
    """Send the form of a page that leads to a route, as it stands."""
    page = ask(somebody, path)
    action = reverse(route, args=args)
    form = next(each for each in forms.read(page.text) if each.target(path) == action)
    said = form.filled()
    for control in form.controls.values():
        if control.is_typed and control.is_required and not any(control.values):
            said[control.name] = ["As the walk wants it"]
    answer = somebody.client.post(action, said)
    assert answer.status_code == 302, (path, route, answer.status_code)
