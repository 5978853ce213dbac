"""What the last proofs found, kept beside the data for whoever watches or goes on; not in the books that they read."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from entrepot.verify.runner import Result

FILE = "verify.json"
#: What began before a run and was committed after it is seen by the next one.
OVERLAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Proof:
    """When the last proof of everything ended (seconds since 1970, by the machine's clock), how long it took, and its
    findings by invariant; and until when, by the marketplace's clock, runs that held have left no gap.
    """

    at: float
    seconds: float
    findings: dict[str, int]
    held_until: str = ""


def keep(results: Sequence[Result], *, folder: Path, seconds: float, now: datetime) -> None:
    """Remember a proof of all invariants, in place of the one before."""
    known = read(folder=folder)
    holds = all(each.holds for each in results)
    held_until = now.isoformat() if holds else known.held_until if known else ""
    _write(Proof(time.time(), seconds, {each.invariant.code: each.count for each in results}, held_until), folder)


def go_on(*, since: datetime, now: datetime, folder: Path) -> None:
    """Remember that what was touched since an instant holds; nothing where that leaves a gap to the runs before."""
    known, start = read(folder=folder), next_start(folder=folder)
    if known is not None and start is not None and since <= start:
        _write(replace(known, held_until=now.isoformat()), folder)


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
