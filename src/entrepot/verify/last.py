"""What the last proofs found, kept beside the data for whoever watches or goes on; not in the books that they read."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from entrepot.verify.runner import Result

FILE = "verify.json"
#: What began before a run and was committed after it is seen by the next one.
OVERLAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Proof:
    """When the last proof of everything ended (seconds since 1970, by the machine's clock), how long it took, and its
    findings by invariant; until when, by the marketplace's clock, runs that held have left no gap; and the findings of
    the last run since then, which looks at what was touched only.
    """

    at: float
    seconds: float
    findings: dict[str, int]
    held_until: str = ""
    recent: dict[str, int] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, int]:
        """The findings by invariant, of whichever run saw more."""
        return {code: max(count, self.recent.get(code, 0)) for code, count in self.findings.items()}


def keep(results: Sequence[Result], *, folder: Path, seconds: float, now: datetime) -> None:
    """Remember a proof of all invariants, in place of the one before."""
    known = read(folder=folder)
    holds = all(each.holds for each in results)
    held_until = now.isoformat() if holds else known.held_until if known else ""
    _write(Proof(time.time(), seconds, {each.invariant.code: each.count for each in results}, held_until), folder)


def go_on(results: Sequence[Result], *, since: datetime, now: datetime, folder: Path) -> None:
    """Remember what was found of what was touched since an instant; nothing where that leaves a gap to those before."""
    known, start = read(folder=folder), next_start(folder=folder)
    if known is not None and start is not None and since <= start:
        held_until = now.isoformat() if all(each.holds for each in results) else known.held_until
        recent = {each.invariant.code: each.count for each in results}
        _write(replace(known, held_until=held_until, recent=recent), folder)


def age(*, folder: Path) -> timedelta:
    """How long ago the last proof of everything ended, by the machine's clock; for ever where there was none."""
    known = read(folder=folder)
    return timedelta(seconds=time.time() - known.at) if known else timedelta.max


def next_start(*, folder: Path) -> datetime | None:
    """From when on the next run has to look, so that it and those before it leave no gap; None where none held yet."""
    known = read(folder=folder)
    return datetime.fromisoformat(known.held_until) - OVERLAP if known and known.held_until else None


def read(*, folder: Path) -> Proof | None:
    """What is remembered, or None where nothing is."""
    try:
        return Proof(**json.loads((folder / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(proof: Proof, folder: Path) -> None:
    fresh = folder / f".{FILE}.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(proof)))
    fresh.replace(folder / FILE)
