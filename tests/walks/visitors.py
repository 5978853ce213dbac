"""People in front of a browser, who see pages and press what they find there."""

import os
import re
from pathlib import Path
from types import TracebackType
from typing import Any

from walks.stage import PASSWORD

#: Pictures of every page, where somebody asks for them: SCREENSHOTS=screenshots make test ARGS=tests/walks
PICTURES = os.environ.get("SCREENSHOTS", "")


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, browser: Any, address: str, name: str, *, width: int = 1280, market: str = "DE") -> None:
        self.address, self.name, self.width = address, name, width
        self.context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
        self.context.add_cookies([{"name": "market", "value": market, "url": address}])
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.context.on("console", self._listen)
        self.context.on("response", self._look)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._pictures = 0

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.picture("where it went wrong")
        self.context.close()
        if kind is None:
            assert self.complaints == []

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _look(self, response: Any) -> None:
        # A browser that shows a PDF by itself asks for this too.
        if response.status >= 400 and not response.url.endswith("/favicon.ico"):
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(self.address + path)

    def sign_in(self, email: str, *, to: str, password: str = PASSWORD) -> None:
        """Open a page as somebody unknown, and sign in as it asks."""
        self.open(to)
        assert "/accounts/login" in self.page.url, self.page.url
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(self.address + to)

    def press(self, name: str) -> None:
        """Press the first button of the page with this name."""
        self.click(self.page.get_by_role("main").get_by_role("button", name=name, exact=True).first)

    def follow(self, name: str) -> None:
        """Follow the first link of the page with this name."""
        self.click(self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first)

    def click(self, found: Any) -> None:
        """Click on something, and be where it leads: a page that has only begun has nothing to read."""
        found.click()
        self.page.wait_for_load_state("load")

    def reads(self, text: str) -> bool:
        """Whether the page says so."""
        return text in self.text

    @property
    def text(self) -> str:
        """What can be read on the page, with single spaces."""
        return " ".join(self.page.get_by_role("main").inner_text().replace("\u00a0", " ").split())

    def opened(self, amount: Any) -> tuple[list[int], int]:
        """The parts and the total that an amount opens to, in minor units; it is shut again."""
        amount.click()
        sheet = self.page.locator(".sheet[popover]:popover-open")
        sheet.wait_for()
        *parts, total = [minor(each) for each in sheet.locator(".sum-row .sum-amount").all_inner_texts()]
        self.picture("an amount")
        self.page.keyboard.press("Escape")
        return parts, total

    def picture(self, what: str) -> None:
        """Keep how the page looks, where somebody asked for it."""
        if PICTURES:
            self._pictures += 1
            file = f"{self.width}-{self.name}-{self._pictures:02} {what}.png".replace(" ", "-").lower()
            self.page.screenshot(path=Path(PICTURES) / file, full_page=True)


def minor(text: str) -> int:
    """An amount as it is read, of a currency with two places. Units: minor."""
    sign = -1 if re.match(r"\s*[-−]", text) else 1
    return sign * int("".join(re.findall(r"\d", text)))
