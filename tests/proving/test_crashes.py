"""Killed at any named place, started anew and driven to rest, a life brings about what it does undisturbed."""

import faulthandler
import json
import os
import random
import signal
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from entrepot.intake import sheets
from entrepot.kernel import crashing
from entrepot.verify import runner
from installations import pointed_at
from proving import chapters, figures
from proving.chapters import CHAPTERS, Chapter, Stage

pytestmark = pytest.mark.prove

ROUNDS = figures.number("crash_rounds", 1)
CHOSEN = os.environ.get("PROVE_CHAPTERS", ",".join(CHAPTERS)).split(",")


def in_a_process(act: Callable[[], Any]) -> tuple[int, Any]:
    """How a child that does this ended, and what it answered."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            faulthandler.dump_traceback_later(120, exit=True)
            os.close(reading)
            answer = json.dumps(act())
            with os.fdopen(writing, "w") as pipe:
                pipe.write(answer)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return status, json.loads(answer) if answer else None


def live(stage: Stage, chapter: Chapter, start: int = 0) -> None:
    """Every step of a chapter, and then what the jobs do; how far it has come is written down."""
    for number, step in enumerate(chapter.steps[start:], start):
        stage.note(number)
        step(stage)
    chapters.rest(stage)


def live_on(stage: Stage, chapter: Chapter) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """After a death: whoever had begun something comes again with it; what it came to and what it contradicts."""
    start = stage.recall()
    stage.pass_time(minutes=5)
    live(stage, chapter, start)
    chapters.rest(stage)
    found = {each.invariant.code: each.rows for each in runner.verify(now=stage.world.now) if not each.holds}
    # No relay tells what happened while days pass, and the world admits its sellers without the flow.
    findings = {code: str(rows) for code, rows in found.items() if code not in ("I34", "I38")}
    return chapters.told(), findings


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet of seven rows is several batches."""
    monkeypatch.setattr(sheets.read, "__kwdefaults__", {"size": 3, "start": 0})


@pytest.fixture
def letters(settings, tmp_path: Path) -> Path:
    """Letters are files, so that those of a dead process count too."""
    settings.EMAIL_BACKEND = "entrepot.surfaces.jobs.folder.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def die_and_live_on(stage: Stage, chapter: Chapter, point: str, passing: int) -> Any:
    """One process dies there and another goes on; what it came to, or None where the place is not passed so often."""

    def die() -> None:
        crashing.die_at(point, passing=passing)
        live(stage, chapter)

    status, _ = in_a_process(die)
    if status == 0:
        return None
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"{point} {passing}: ended otherwise"
    status, end = in_a_process(lambda: live_on(stage, chapter))
    assert status == 0, f"{point} {passing}: life does not go on"
    return end


def test_every_effect_once_whatever_dies_where(_server, django_db_blocker, small_batches, letters) -> None:
    chance = random.Random(figures.seed())
    reached: set[str] = set()
    deaths = 0
    with django_db_blocker.unblock(), pointed_at(_server.keep_copy(_server.template)):
        stage = chapters.build()
        for name, chapter in CHAPTERS.items():
            ends = die_everywhere(_server, stage, chapter, chance) if name in CHOSEN else {}
            expected = live_undisturbed(stage, chapter)
            for at, (told, findings) in ends.items():
                assert findings == {}, (name, at, findings)
                assert {
                    what: differing(told[what], rows) for what, rows in expected.items() if told[what] != rows
                } == {}, (
                    name,
                    at,
                )
            reached |= {point for point, _ in ends}
            deaths += len(ends)
    assert reached == set(crashing.POINTS) or set(CHOSEN) != set(CHAPTERS)
    figures.say(f"{deaths} kills at {len(reached)} crash points: every effect exactly once")


def live_undisturbed(stage: Stage, chapter: Chapter) -> dict[str, list[str]]:
    """What a chapter comes to. In a process too: libraries with threads of their own do not survive a fork."""
    connections.close_all()

    def whole() -> tuple[dict[str, list[str]], str, int]:
        live(stage, chapter)
        return chapters.told(), stage.world.now.isoformat(), stage.world._count

    status, end = in_a_process(whole)
    assert status == 0, "an undisturbed life does not come to its end"
    expected, now, stage.world._count = end
    stage.world.now = datetime.fromisoformat(now)
    stage.pass_time()
    return expected


def die_everywhere(server: Any, stage: Stage, chapter: Chapter, chance: random.Random) -> dict[tuple[str, int], Any]:
    """What a chapter comes to with a death at each of its places, each on a copy of the database."""
    connections.close_all()
    ends: dict[tuple[str, int], Any] = {}
    for turn in range(ROUNDS):
        for point, passing in chapter.points:
            at = (point, passing + (chance.randrange(4) if turn else 0))
            if at in ends:
                continue
            with server.copy_of(connections.settings["default"]["NAME"]) as copy, pointed_at(copy):
                end = die_and_live_on(stage, chapter, *at)
            assert end is not None or turn, f"nothing passes {at}"
            if end is not None:
                ends[at] = end
    return ends


def differing(told: list[str], expected: list[str]) -> dict[str, list[str]]:
    """What there is too much and too little of."""
    more, less = Counter(told), Counter(expected)
    return {"more": sorted((more - less).elements()), "less": sorted((less - more).elements())}
