"""Every posting and every movement of one order under each neutral programme, and of one mixed cart over all four.

The lives stand in `lives/`, a file each, read and agreed on by people; `docs/order-life.md` is made from them. After a
change that is meant, `WRITE_LIVES=1 make test ARGS=tests/journeys` writes them anew, to be read again.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot.kernel.db import fetch_rows
from journeys import document, plots
from journeys.story import Story

LIVES = Path(__file__).parent / "lives"
DOCUMENT = Path(__file__).parents[2] / "docs" / "order-life.md"
PLOTS: dict[str, Callable[[], Story]] = {
    **{programme: lambda programme=programme: plots.single(programme) for programme in plots.CAST},  # type: ignore[misc]
    "mixed-cart": plots.mixed,
}
WRITES = os.environ.get("WRITE_LIVES") == "1"


@pytest.mark.parametrize("name", PLOTS)
def test_a_life_is_as_it_was_agreed_on(database: None, name: str) -> None:
    told = "\n".join(PLOTS[name]().told()) + "\n"
    file = LIVES / f"{name}.txt"
    if WRITES:
        file.write_text(told)
    assert told == file.read_text()


@pytest.mark.parametrize("name", PLOTS)
def test_what_the_shopper_paid_is_given_out_to_the_cent(database: None, name: str) -> None:
    PLOTS[name]()
    left = fetch_rows(
        """
        SELECT sum(CASE WHEN destination.kind = 'shopper_funds' THEN 1 ELSE -1 END * posting.amount_minor) AS left_over
        FROM ledger_posting posting
        JOIN ledger_account source ON source.id = posting.source_id
        JOIN ledger_account destination ON destination.id = posting.destination_id
        WHERE 'shopper_funds' IN (source.kind, destination.kind)
        """
    )
    captured = fetch_rows("SELECT sum(captured_minor) AS captured, sum(amount_minor) AS owed FROM payments_payment")
    assert captured[0].captured == captured[0].owed > 0
    assert left[0].left_over == 0


def test_the_document_is_made_from_the_lives() -> None:
    made = document.write({name: (LIVES / f"{name}.txt").read_text() for name in PLOTS})
    if WRITES:
        DOCUMENT.write_text(made)
    assert made == DOCUMENT.read_text(), "write it anew: WRITE_LIVES=1 make test ARGS=tests/journeys"
