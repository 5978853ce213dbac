"""Each defect of the museum, put into the code for a moment, is noticed; without it nothing is."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connections

from installations import pointed_at
from proving import figures
from proving.museum import EXHIBITS, Exhibit, walls_down

pytestmark = pytest.mark.prove

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating" / "museum.md"
HEAD = """# The museum

Defects that other shops have had, and one of ours. `tests/proving/museum.py` puts each of them into the code for a
moment, with the walls of the database taken down that would have held by themselves, and looks: every one must be
noticed, and without it nothing may be.

<!-- from tests/proving/museum.py: WRITE_DOCUMENT=1 make prove-short -->

| seen in | defect | walls taken down | noticed by |
| --- | --- | --- | --- |
"""


def test_a_table_names_every_exhibit() -> None:
    rows = "".join(
        f"| {each.where} | {each.what} | {', '.join(f'`{wall}`' for wall in each.without) or '–'} |"
        f" `{getattr(each.look, '__name__', '')}` |\n"
        for each in EXHIBITS
    )
    if os.environ.get("WRITE_DOCUMENT"):
        DOCUMENT.write_text(HEAD + rows)
    assert DOCUMENT.read_text() == HEAD + rows


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda each: each.what)
def test_a_defect_is_noticed(_server: Any, database: None, exhibit: Exhibit) -> None:
    exhibit.look()
    connections.close_all()
    with _server.copy_of(_server.template) as name, pointed_at(name), ExitStack() as stack:
        walls_down(exhibit.without)
        for patch in exhibit.patches():
            stack.enter_context(patch)
        with pytest.raises(BaseException) as noticed:
            exhibit.look()
        assert not isinstance(noticed.value, (KeyboardInterrupt, ProgrammingError)), "a defect is no broken statement"
        connections.close_all()
    figures.say(f"noticed: {exhibit.what}")
