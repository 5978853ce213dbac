"""Goes through the pages of an installation as everybody there is, by the links that they show."""

import inspect
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import unescape
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Membership, Organisation, User
from entrepot.domain.accounts.rules import ROLES
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from surfaces.seller.shops import sign_in
from walks import forms

LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"')
MAIN = re.compile(r"<main\b.*?</main>", re.DOTALL)
RAW = re.compile(r"\bNone</|\{\{|\{%|%\([a-z_]+\)s")
CRUMBS = re.compile(r'<nav\b[^>]*class="[^"]*breadcrumb.*?</nav>', re.DOTALL)
#: Where somebody of a kind of organisation begins.
ROOTS = {"operator": "/desk/", "third_party": "/desk/", "seller": "/seller/"}
#: Sellers of every programme, the last not yet admitted.
OWNERS = ("golden-kiln", "lumen-works", "first-step", "workbench", "willow-and-wick")
#: Addresses that are left alone: files, the pages of libraries, and what signs one out.
APART = ("/static/", "/media/", "/accounts/", "/api/", "/i18n/")


@dataclass
class Somebody:
    """Who looks, where they begin, and their browser."""

    name: str
    root: str
    client: Client

    @property
    def surface(self) -> str:
        return self.root.strip("/") or "shop"


@dataclass
class Page:
    """An answer to somebody, and what it asked of the database."""

    who: str
    path: str
    source: str
    route: str
    status: int
    headers: dict[str, str]
    text: str
    statements: list[str] = field(repr=False)
    problem: str = ""

    @property
    def kind(self) -> tuple[str, tuple[str, ...]]:
        """Pages of one kind differ by what they show."""
        return kind_of(self.path)

    @property
    def is_page(self) -> bool:
        return self.status == 200 and self.headers.get("Content-Type", "").startswith("text/html")

    @cached_property
    def main(self) -> str:
        found = MAIN.search(self.text)
        return found[0] if found else ""

    def faults(self) -> list[str]:
        """What is wrong with it."""
        if self.status >= 400:
            return [f"{self.status} {self.problem} {self.path} (from {self.source}, {self.who})"]
        found = [] if "Content-Security-Policy" in self.headers else ["no content policy"]
        if self.is_page:
            if (headings := len(re.findall(r"<h1[\s>]", self.text))) != 1:
                found.append(f"{headings} main headings")
            if not re.search(r"<title>\s*[^\s·]", self.text):
                found.append("no title")
            if raw := RAW.search(self.text):
                found.append(f"something unrendered: {self.text[max(0, raw.start() - 60) : raw.end() + 40]}")
            if not re.search(r"<(?:a|button|form|summary)\b", CRUMBS.sub("", self.main)):
                found.append("a dead end: nothing to follow or press")
        return [f"{each}: {self.path} ({self.who})" for each in found]


def kind_of(path: str) -> tuple[str, tuple[str, ...]]:
    """The route of an address, and the names of what it asks for."""
    parts = urlsplit(path)
    return resolve(parts.path).view_name, tuple(sorted({each.split("=")[0] for each in parts.query.split("&")} - {""}))


#: The names of everybody below.
NAMES = (
    "guest",
    "shopper",
    *(f"owner of {code}" for code in OWNERS),
    *sorted(set(ROLES) - {"seller.owner"}),
)


def everybody() -> list[Somebody]:
    """A guest, a shopper, and every role there is; sellers of every programme, and one who is not yet admitted."""
    members: dict[str, list[Membership]] = defaultdict(list)
    found = Membership.objects.filter(ended_at__isnull=True).select_related("user", "organisation").order_by("id")
    for membership in found:
        members[membership.role].append(membership)
    people = [Somebody("guest", "/", Client()), Somebody("shopper", "/", sign_in(_shopper()))]
    owners = {each.organisation.code: each for each in members["seller.owner"]}
    for code in OWNERS:
        people.append(Somebody(f"owner of {code}", "/seller/", sign_in(owners[code].user)))
    for role in sorted(set(ROLES) - {"seller.owner"}):
        user = members[role][0].user if members[role] else _join(role)
        organisation = Membership.objects.select_related("organisation").filter(user=user)[0].organisation
        people.append(Somebody(role, ROOTS[organisation.kind], sign_in(user)))
    for each in people:
        each.client.cookies["market"] = "US"
        each.client.raise_request_exception = False
    return people


def _shopper() -> User:
    return User.objects.get(email="shopper@entrepot.example")


def _join(role: str) -> User:
    """Somebody with a role that nobody of the demonstration has."""
    kind, _, name = role.partition(".")
    kind = {"partner": "third_party"}.get(kind, kind)
    organisation = Organisation.objects.filter(kind=kind).order_by("id")[0]
    if kind == "seller":
        organisation = Organisation.objects.get(code="golden-kiln")
    user = accounts.create_user(email=f"{name}.{kind}@walks.example", password="a-lantern-on-the-quay", name=role)
    accounts.join(actor=SYSTEM, user=user, organisation=organisation, role=role, now=clock.now())
    return user


@contextmanager
def quietly() -> Iterator[None]:
    """What is refused or breaks is said by the test, not by the log."""
    logger = logging.getLogger("django.request")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


def ask(somebody: Somebody, path: str, source: str = "") -> Page:
    """The answer to an address."""
    statements: list[str] = []

    def listen(execute: Any, sql: Any, *rest: Any) -> Any:
        # The demonstration's clock is looked up once a second, whatever is shown.
        if "demonstration_clock" not in str(sql):
            statements.append(str(sql))
        return execute(sql, *rest)

    with connection.execute_wrapper(listen):
        answer = somebody.client.get(path)
    problem = repr(answer.exc_info[1]) if getattr(answer, "exc_info", None) else ""
    is_text = answer.headers.get("Content-Type", "").startswith("text/html")
    text = answer.content.decode() if is_text and not answer.streaming else ""
    headers = dict(answer.headers)
    return Page(somebody.name, path, source, kind_of(path)[0], answer.status_code, headers, text, statements, problem)


def crawl(somebody: Somebody, *, each: int) -> list[Page]:
    """Every link from the root of somebody's surface and from there on; of one kind of page so many.

    Filters are sent as they stand.
    """
    to_do, seen, kinds, pages = [(somebody.root, "")], {somebody.root}, Counter[Any](), []
    while to_do:
        path, source = to_do.pop(0)
        page = ask(somebody, path, source)
        pages.append(page)
        if not path.startswith(somebody.root):
            continue  # one step into another surface, where others live
        links = [page.headers["Location"]] if page.status in (301, 302) else []
        links += [unescape(link) for link in LINK.findall(page.text)]
        links += [form.address(path) for form in forms.read(page.text) if form.method == "get"]
        for link in links:
            target = urldefrag(urljoin(path, link)).url
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or parts.path.startswith(APART) or target in seen:
                continue
            seen.add(target)
            kind = kind_of(target)
            kinds[kind] += 1
            if kinds[kind] <= each:
                to_do.append((target, path))
    return pages


def routes(resolver: Any = None, prefix: str = "", space: str = "") -> Iterator[tuple[str, str, Any]]:
    """(name, path, view) of every route."""
    for each in (resolver or get_resolver()).url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield f"{space}:{each.name}" if space else str(each.name), path, each.callback
        else:
            yield from routes(each, path, each.namespace or space)


def methods(view: Any) -> set[str]:
    """The methods that a view says it takes; empty where it takes any."""
    while view is not None:
        if isinstance(view, partial):
            view = view.func
        if allowed := inspect.getclosurevars(view).nonlocals.get("request_method_list"):
            return set(allowed)
        view = getattr(view, "__wrapped__", None)
    return set()
