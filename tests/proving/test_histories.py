"""Random histories over the real flows come to what a model in plain Python says, and the books hold after each."""

from collections.abc import Iterable
from typing import Any

import hypothesis
import pytest
from django.db import connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

import proven
import shopping
import worlds
from entrepot.verify import runner
from proving import figures
from proving.acting import RULES, History, Step
from proving.market import Market

pytestmark = pytest.mark.prove

HISTORIES = figures.number("histories", 500)
STEPS = figures.number("steps", 30)
#: So many histories share a database, so that none waits for an empty one.
TOGETHER = 20
#: The books are proven after so many of them; once more, and what is said of the schema too, when all have ended.
PROVEN_AFTER = figures.number("proven_after", 1)
#: No relay tells what happened while days pass, and the market admits its sellers without the flow.
EXPECTED = ("I34", "I38")
TRADED = [each.code for each in runner.invariants() if each.code not in (*EXPECTED, *shopping.OF_THE_SCHEMA)]
#: Looking for the shortest history that fails takes minutes.
PHASES = (Phase.generate, Phase.shrink) if figures.number("shrink", 0) else (Phase.generate,)

numbers = st.integers(0, 9999)
plans = st.lists(st.tuples(st.sampled_from(RULES), numbers, numbers, numbers), min_size=STEPS, max_size=STEPS)


class Runs:
    """The market of the present histories, made anew every so often, and its books proven more often than that."""

    def __init__(self) -> None:
        self.market: Market | None = None
        self.unproven: list[History] = []
        self.histories = 0

    def carry_out(self, plan: list[Step]) -> None:
        """One history from its beginning to its end."""
        if self.market is None or not self.market.stalls:
            self.reset()
            self.market = Market(worlds.START, TOGETHER)
        try:
            history = History(self.market)
            self.unproven.append(history)
            history.run(plan)
            history.do_jobs()
            history.compare()
            self.histories += 1
            if len(self.unproven) >= PROVEN_AFTER:
                self.prove()
        except BaseException:
            self.unproven = []
            self.reset()
            raise

    def prove(self) -> None:
        """Every invariant holds for all that has happened since the last proof."""
        if self.unproven:
            self._find_none(proven.verify(now=self.unproven[-1].now, codes=TRADED))
            self.unproven = []

    def _find_none(self, results: Iterable[runner.Result]) -> None:
        wrong = {each.invariant.code: each.rows for each in results if not each.holds}
        histories = "; ".join(each.told() for each in self.unproven) or "these"
        assert not wrong, f"{wrong} in one of: {histories}"

    def reset(self) -> None:
        self.prove()
        if self.market is not None:
            every = runner.verify(now=self.market.world.now)
            self._find_none(each for each in every if each.invariant.code not in EXPECTED)
            self.market.close()
            self.market = None
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT entrepot_reset()")


def test_histories_come_to_what_the_model_says(database: Any) -> None:
    runs = Runs()

    @hypothesis.seed(figures.seed())
    @settings(
        max_examples=HISTORIES, derandomize=False, deadline=None, database=None, report_multiple_bugs=False,
        print_blob=False, phases=PHASES, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(plans)
    def history(plan: list[Step]) -> None:
        runs.carry_out(plan)

    history()
    runs.reset()
    figures.say(f"{runs.histories} histories of {STEPS} steps: as the model says, and no finding")
