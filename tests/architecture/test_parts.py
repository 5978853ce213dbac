"""`make test` goes in parts: together with what `make check` runs they are all tests, each once."""

from architecture.sources import ROOT
from parts import CHECKED, PARTS

TESTS = ROOT / "tests"


def test_every_file_of_tests_is_in_one_part():
    parts = {part: {TESTS / ignored for ignored in ignoring} for part, ignoring in PARTS.items()} | {CHECKED: set()}
    for file in TESTS.rglob("test_*.py"):
        above = set(file.parents)
        holding = [part for part, ignored in parts.items() if TESTS / part in above and not ignored & above]
        assert len(holding) == 1, (file, holding)


def test_what_is_left_to_the_check_is_run_by_it():
    assert f"pytest tests/{CHECKED}\n" in (ROOT / "Makefile").read_text()
