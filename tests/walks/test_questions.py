"""How much a page asks of the database: every page of everybody, in a small demonstration and in one five times as big.

A new page is counted as soon as a link leads to it.
"""

import re
from collections import Counter, defaultdict
from typing import Any

import pytest

from walks import survey

#: Long, and run by `make survey`.
pytestmark = pytest.mark.survey

#: A page that shows something which the smaller one has none of may ask after it; more rows ask nothing more.
BESIDES = 2
#: The same question, with other values, so often.
AGAIN = 4
VALUES = re.compile(r"'[^']*'|\b\d+\b|%s(?:, %s)*")


@pytest.fixture(scope="module")
def sizes(_server: Any, django_db_blocker: Any) -> dict[str, survey.Survey]:
    """What everybody sees of a small and of a full demonstration."""
    with django_db_blocker.unblock():
        return {size: survey.survey(_server, size) for size in ("little", "full")}


def test_no_page_asks_much(sizes):
    asked = {(each.who, each.path): len(each.statements) for found in sizes.values() for each in found.all}
    assert len(asked) > 500
    assert {page: count for page, count in asked.items() if count > survey.MOST} == {}


def test_more_rows_ask_no_more(sizes):
    counts: dict[str, dict[Any, int]] = {}
    for size, found in sizes.items():
        most: dict[Any, int] = defaultdict(int)
        for page in found.all:
            if page.is_page:
                most[page.who, page.kind] = max(most[page.who, page.kind], len(page.statements))
        counts[size] = most
    little, full = counts["little"], counts["full"]
    both = little.keys() & full.keys()
    assert len(both) > 200
    assert {kind: (little[kind], full[kind]) for kind in both if full[kind] > little[kind] + BESIDES} == {}


def test_no_page_asks_the_same_again_and_again(sizes):
    wrong = {}
    for page in sizes["full"].all:
        asked = Counter(VALUES.sub("?", statement) for statement in page.statements)
        if again := {statement: count for statement, count in asked.items() if count >= AGAIN}:
            wrong[page.who, page.path] = again
    assert wrong == {}
