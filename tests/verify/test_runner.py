"""The runner: every query runs, an empty market has no findings, unknown ids are named."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot.kernel.errors import NotFound
from entrepot.verify import runner, tenancy

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[2] / "docs" / "operating" / "verify.md"
TABLE = "| id | statement |\n| --- | --- |\n"


def test_every_invariant_runs_and_an_empty_market_has_no_findings(database: None) -> None:
    results = list(runner.verify(now=NOW))
    assert [result.invariant.code for result in results] == sorted(result.invariant.code for result in results)
    assert {result.invariant.code: result.rows for result in results if not result.holds} == {}


def test_every_invariant_says_what_must_hold() -> None:
    for invariant in runner.invariants():
        assert invariant.statement.endswith("."), invariant.code
        assert not invariant.query.rstrip().endswith(";"), invariant.code


def test_an_unknown_invariant_is_named() -> None:
    with pytest.raises(NotFound, match="I99"):
        runner.select(["I99"])


def test_the_model_graph_gives_the_tenant_keys() -> None:
    pairs = {(child._meta.label, parent._meta.label) for child, _, parent in tenancy.links()}
    assert ("orders.OrderLine", "orders.Suborder") in pairs
    assert ("settlement.Accrual", "orders.OrderLine") in pairs


def test_the_operators_page_lists_every_invariant() -> None:
    text = DOCUMENT.read_text()
    head, _, _ = text.partition(TABLE)
    rows = "".join(f"| {invariant.code} | {invariant.statement} |\n" for invariant in runner.invariants())
    if os.environ.get("WRITE_DOCUMENT") == "1":
        DOCUMENT.write_text(head + TABLE + rows)
    assert DOCUMENT.read_text() == head + TABLE + rows, "WRITE_DOCUMENT=1 make test ARGS=tests/verify/test_runner.py"
