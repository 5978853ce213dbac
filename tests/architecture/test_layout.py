"""What a linter cannot see: where things are, how they are named, how large they grow."""

import ast
import re

import pytest

from architecture.sources import ROOT, SRC, modules, named, ring, strings, tree

MODULE_NAMES = {"utils", "helpers", "managers", "signals", "constants", "exceptions", "misc", "common", "base"}
FILE_LINES = 500
FUNCTION_LINES = 70
CLOCKS = {"now", "utcnow", "today", "localdate", "localtime"}
#: A library makes these rows for us, so that nobody can pass the time in.
CLOCK_READERS = {"kernel/clock.py", "kernel/ids.py", "domain/accounts/models.py"}
PLATFORMS = {"temu", "shein", "aliexpress", "tiktok", "shopee", "lazada"}


def test_every_package_says_what_it_is():
    silent = [
        named(path)
        for path in SRC.rglob("__init__.py")
        if path.parent.name not in {"migrations", "templatetags"} and not ast.get_docstring(tree(path))
    ]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing():
    assert [named(path) for path in modules() if path.stem in MODULE_NAMES] == []


def test_files_stay_readable():
    tests = list((ROOT / "tests").rglob("*.py"))
    long = {named(path): lines for path in modules() + tests if (lines := path.read_text().count("\n")) > FILE_LINES}
    assert long == {}


def test_functions_stay_readable():
    long = {
        f"{named(path)}:{node.lineno} {node.name}": lines
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_nothing_below_the_surfaces_reads_the_clock():
    readings = [
        f"{named(path)}:{node.lineno}"
        for path in modules()
        if ring(path) in {"kernel", "domain", "flows", "verify"} and str(path.relative_to(SRC)) not in CLOCK_READERS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCKS
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date", "timezone", "clock"}
    ]
    assert readings == []


def test_only_the_clock_asks_the_system_for_the_time():
    readings = [
        f"{named(path)}:{node.lineno}"
        for path in modules()
        if path != SRC / "kernel" / "clock.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCKS
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date", "timezone"}
    ]
    assert readings == []


def programme_codes() -> set[str]:
    return {path.stem for path in (SRC / "domain" / "terms" / "programmes").rglob("*.toml")}


def test_there_are_programmes_to_look_for():
    assert {"fully-managed", "self-managed"} <= programme_codes()


def is_free_to_name_programmes(path) -> bool:
    return (SRC / "domain" / "terms") in path.parents or "demonstration" in path.parts or path.stem == "demonstration"


def test_no_code_names_a_programme():
    pattern = re.compile(rf"\b({'|'.join(sorted(programme_codes() | PLATFORMS))})\b", re.IGNORECASE)
    found = [
        f"{named(path)}:{line} {text!r}"
        for path in modules()
        if not is_free_to_name_programmes(path)
        for line, text in strings(path)
        if pattern.search(text.replace("_", "-"))
    ]
    assert found == []


@pytest.mark.parametrize("suffix", ["html", "txt", "js", "typ", "sql"])
def test_no_page_names_a_programme(suffix):
    pattern = re.compile(rf"\b({'|'.join(sorted(programme_codes()))})\b", re.IGNORECASE)
    found = [
        named(path)
        for path in SRC.rglob(f"*.{suffix}")
        if not is_free_to_name_programmes(path) and pattern.search(path.read_text())
    ]
    assert found == []


def test_nothing_is_left_for_later():
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    files = [path for path in SRC.rglob("*") if path.suffix in {".py", ".html", ".css", ".js", ".sql", ".toml"}]
    assert [named(path) for path in files if pattern.search(path.read_text())] == []
