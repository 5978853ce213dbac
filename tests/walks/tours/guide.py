"""Leads people along a tour: step by step as the document has it, with every page looked at on the way.

How a tour is written stands in CONTRIBUTING.md, “Writing a tour”.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from entrepot.demonstration.models import Advance
from entrepot.demonstration.setting import PASSWORD
from entrepot.kernel import clock
from entrepot.surfaces.jobs import advancing, schedule
from walks.tours.document import Tour
from walks.visitors import Visitor

#: What no reader should meet: templates, placeholders and values that nobody rendered.
RAW = re.compile(
    r"\{\{|\{%|%\(\w+\)s|\{\w+\}|\bNone\b(?! )|\bNaN\b|\bundefined\b|\[object |<[A-Za-z_.]+ object|Traceback"
)
LOOK = """() => ({
    headings: document.querySelectorAll('h1').length,
    title: document.title.replace('· Entrepôt', '').trim(),
    wide: document.documentElement.scrollWidth,
    room: innerWidth,
    text: document.body.innerText,
    all: [document.body.textContent, ...[...document.querySelectorAll('[aria-label],[placeholder],input,option')].map(
        each => [each.ariaLabel, each.placeholder, each.value].join(' '))].join(' '),
    broken: [...document.images].filter(each => each.complete && !each.naturalWidth).map(each => each.src),
})"""


class Fault(AssertionError):
    """Something on a tour is not as it should be."""


class Person(Visitor):
    """Somebody on a tour: everything they come to is looked at."""

    def __init__(self, guide: "Guide", name: str, *, market: str) -> None:
        super().__init__(guide.browser, guide.address, name, width=guide.width, market=market)
        self.guide = guide
        self.has_acted = False
        self.seen: list[str] = []
        self._may_refuse = False

    def _look(self, response: Any) -> None:
        if response.request.resource_type == "document" and response.status == 422 and self._may_refuse:
            return
        super()._look(response)
        is_page = response.headers.get("content-type", "").startswith("text/html")
        if is_page and "'self'" not in response.headers.get("content-security-policy", ""):
            self.complaints.append(f"no content policy: {response.url}")

    # Acts. Each ends by looking at where it led.

    def open(self, path: str) -> None:
        """Type an address. For the first page; later ones are reached as a person does."""
        super().open(path)
        self.look()

    def sign_in(self, email: str, *, to: str, password: str = PASSWORD) -> None:
        """Open a page as somebody unknown, and sign in as it asks."""
        super().sign_in(email, to=to, password=password)
        self.look()

    def press(self, name: str, *, within: str = "main") -> None:
        """Press the first button of this name that can be seen; `within` is a selector."""
        self._visible(self.page.locator(within).get_by_role("button", name=name, exact=True)).click()
        self.look()

    def follow(self, name: str, *, within: str = "main") -> None:
        """Follow the first link of this name that can be seen; `within` is a selector."""
        self._visible(self.page.locator(within).get_by_role("link", name=name, exact=True)).click()
        self.look()

    def go(self, name: str) -> None:
        """Follow an entry of the surface's menu, which on a phone is opened first."""
        if not self.page.locator(".bench-nav").is_visible():
            self.page.locator(".bench-bar").get_by_role("button", name="Menu").click()
        # An entry may carry a count behind its name.
        self.page.locator(".bench-nav a").filter(has_text=re.compile(rf"^\s*{re.escape(name)}\b")).first.click()
        self.look()

    def fill(self, label: str, value: str, *, within: str = "main") -> None:
        """Write into the first field of this label that can be seen."""
        self._visible(self.page.locator(within).get_by_label(label, exact=True)).fill(value)
        self.has_acted = True

    def choose(self, label: str, option: str, *, within: str = "main") -> None:
        """Choose, in the list of this label, the option that reads so."""
        self._visible(self.page.locator(within).get_by_label(label, exact=True)).select_option(label=option)
        self.has_acted = True

    def tick(self, label: str, *, within: str = "main") -> None:
        """Tick the box, or choose the button, of this label."""
        self._visible(self.page.locator(within).get_by_label(label, exact=True)).check()
        self.has_acted = True

    def upload(self, label: str, name: str, content: bytes, *, within: str = "main") -> None:
        """Give a file to the field of this label."""
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        self.page.locator(within).get_by_label(label, exact=True).first.set_input_files(file)
        self.has_acted = True

    @contextmanager
    def refused(self) -> Iterator[None]:
        """What is pressed within is refused, and the page says why beside the field."""
        self._may_refuse = True
        yield
        self._may_refuse = False
        self.needs(self.page.locator(".form-errors, .field-bad, .message-error").count() > 0, "no refusal is shown")

    # Looking.

    def expect(self, text: str) -> None:
        """The page says so, now or in a moment."""
        found = self.page.get_by_role("main").get_by_text(text)
        try:
            self._visible(found).wait_for()
        except Exception:
            self.needs(False, f"“{text}” is not on the page, which says: {self.text[:1500]}")
        self.look()

    def expect_title(self, text: str) -> None:
        """The page's main heading reads so."""
        shown = " ".join(self.page.locator("h1").inner_text().split())
        self.needs(shown == text, f"the page is “{shown}”, not “{text}”")

    def needs(self, condition: bool, what: str) -> None:
        """Raises: Fault with the step and the page, unless so."""
        if not condition:
            raise Fault(f"step {self.guide.place}, {self.name} at {self.width} px on {self.page.url}: {what}")

    def look(self) -> None:
        """Check the page as it stands."""
        self.has_acted = True
        self.page.wait_for_load_state("load")
        let_the_clock_arrive()
        found = self.page.evaluate(LOOK)
        self.seen.append(found["all"])
        self.needs(found["headings"] == 1, f"{found['headings']} main headings")
        self.needs(bool(found["title"]), "no title")
        self.needs(found["wide"] <= found["room"], f"{found['wide']} pixels wide")
        self.needs(not found["broken"], f"pictures are missing: {found['broken']}")
        raw = RAW.search(found["text"])
        self.needs(raw is None, f"raw text: {raw and found['text'][max(0, raw.start() - 60) : raw.end() + 60]!r}")
        self.needs(not self.complaints, f"the browser complains: {self.complaints}")

    def picture(self, what: str) -> None:
        """Keep how the page looks now, under the step; where pictures are wanted."""
        self.guide.keep(self, what)

    def _visible(self, found: Any) -> Any:
        return found.locator("visible=true").first


class Guide:
    """Goes through the steps of one tour, at one width."""

    def __init__(self, browser: Any, address: str, tour: Tour, *, width: int, pictures: Path | None) -> None:
        self.browser, self.address, self.tour, self.width = browser, address, tour, width
        self.folder = pictures and pictures / tour.name / str(width)
        #: Whoever signs in first to an empty marketplace.
        self.first_email = self.first_password = ""
        self.people: list[Person] = []
        self.walked: list[str] = []
        self._further = 0

    @property
    def place(self) -> str:
        """Where on the tour we are."""
        return f"{len(self.walked)} “{self.walked[-1]}”" if self.walked else "0"

    def person(self, name: str, *, market: str = "US") -> Person:
        """Somebody new, with a browser of their own; `market` is the shop that they see."""
        self.people.append(Person(self, name, market=market))
        return self.people[-1]

    def step(self, title: str) -> None:
        """The step before is over; the next begins, which must be the document's next."""
        self._finish()
        self.walked.append(title)
        expected = [each.title for each in self.tour.steps][: len(self.walked)]
        if expected != self.walked:
            raise Fault(f"{self.tour.path.name} has {expected[-1:]} where the walk goes on with “{title}”")

    def end(self) -> None:
        """The last step is over. Raises: Fault where the document goes on."""
        self._finish()
        left = [each.title for each in self.tour.steps][len(self.walked) :]
        if left:
            raise Fault(f"{self.tour.path.name} goes on where the walk ends: {left}")

    def close(self) -> None:
        """Shut all browsers; where it went wrong is kept."""
        for each in self.people:
            each.context.close()

    def keep(self, person: Person, what: str) -> None:
        """A picture of somebody's page, named by the step."""
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._further += 1
            name = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")
            file = self.folder / f"{len(self.walked):02}{'abcdefghijklmnopqrstuvwxyz'[self._further - 1]}-{name}.png"
            # Something that lies over the page is seen where it lies.
            is_covered = person.page.locator(":popover-open, dialog[open]").count() > 0
            person.page.screenshot(path=file, full_page=not is_covered, animations="disabled")

    def _finish(self) -> None:
        """Look at everybody who did something in this step, and let the jobs be done that run all the time."""
        if not self.walked:
            return
        present = [each for each in self.people if each.has_acted]
        if not present:
            raise Fault(f"step {self.place}: nobody does anything")
        for each in present:
            each.look()
            title = self.walked[-1]
            self.keep(each, title if len(present) == 1 else f"{title} {each.name}")
        self._prove_words(present)
        for each in present:
            each.has_acted = False
            each.seen.clear()
        self._further = 0
        do_jobs()

    def _prove_words(self, present: list[Person]) -> None:
        """What the document sets in bold can be read on the pages of the step."""
        seen = " ".join(
            " ".join(text.replace("\u00a0", " ").split()) for each in present for text in each.seen
        ).casefold()
        for words in self.tour.steps[len(self.walked) - 1].bold:
            if words.casefold() not in seen:
                raise Fault(f"step {self.place} of {self.tour.path.name}: “{words}” is on none of its pages")


def do_jobs() -> None:
    """What the jobs process does every few minutes, once."""
    for job in schedule.JOBS:
        if job.cron.startswith("*") and not job.is_demonstrations:
            schedule.run(job, now=clock.now())


def let_the_clock_arrive() -> None:
    """Where the operator has asked the demonstration's clock to go, it goes at once."""
    if Advance.objects.filter(state=Advance.State.OPEN).exists():
        advancing.advance(now=clock.now())
