"""Random histories over the real flows come to what a model in plain Python says, and the books hold after each."""

from typing import Any

import hypothesis
import pytest
from django.db import connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

import worlds
from entrepot.verify import runner
from proving import figures
from proving.acting import RULES, History, Step
from proving.acts import Market

pytestmark = pytest.mark.prove

HISTORIES = figures.number("histories", 500)
STEPS = figures.number("steps", 30)
#: So many histories share a database, so that none waits for an empty one.
TOGETHER = 20
#: A proof of all the books takes as long as a short history: it is made of so many of them together.
PROVEN_AFTER = figures.number("proven_after", 5)
#: Looking for the shortest history that fails takes minutes.
PHASES = (Phase.generate, Phase.shrink) if figures.number("shrink", 0) else (Phase.generate,)

numbers = st.integers(0, 9999)
plans = st.lists(st.tuples(st.sampled_from(RULES), numbers, numbers, numbers), min_size=STEPS, max_size=STEPS)


class Runs:
    """The market of the present histories, made anew every so often, and its books proven as often."""

    def __init__(self) -> None:
        self.market: Market | None = None
        self.unproven: list[History] = []
        self.histories = 0

    def carry_out(self, plan: list[Step]) -> None:
        """One history from its beginning to its end."""
        if self.market is None or self.market.count >= TOGETHER:
            self.reset()
            self.market = Market(worlds.START)
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
        if not self.unproven:
            return
        now = self.unproven[-1].now
        found = {each.invariant.code: each.rows for each in runner.verify(now=now) if not each.holds}
        # No relay tells what happened while days pass, and the market admits its sellers without the flow.
        wrong = {code: rows for code, rows in found.items() if code not in ("I34", "I38")}
        assert not wrong, f"{wrong} in one of: " + "; ".join(each.told() for each in self.unproven)
        self.unproven = []

    def reset(self) -> None:
        self.prove()
        if self.market is not None:
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
