"""Headless Chromium for tests, where one is installed."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: For how long a page is waited for, on a machine that does much else. Units: ms.
PATIENCE = 120_000

#: For a file whose tests need a browser.
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed; apt-get install chromium"),
]


@contextmanager
def launched() -> Iterator[Any]:
    """One browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE)
        make = browser.new_context

        def make_patient(**how: Any) -> Any:
            context = make(**how)
            context.set_default_timeout(PATIENCE)
            return context

        browser.new_context = make_patient  # type: ignore[method-assign]
        yield browser
        browser.close()


def arrived(page: Any, address: str) -> None:
    """Wait until the page has an address like this; of a form that is sent twice the first way is broken off."""
    from playwright.sync_api import expect

    expect(page).to_have_url(re.compile(address), timeout=PATIENCE)
    page.wait_for_load_state("load")
