"""What the last proof of everything found, kept beside the data for whoever watches; not in the books that it read."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from entrepot.verify.runner import Result

FILE = "verify.json"


@dataclass(frozen=True, slots=True)
class Proof:
    """When it ended (seconds since 1970, by the machine's clock), how long it took, and findings by invariant."""

    at: float
    seconds: float
    findings: dict[str, int]


def keep(results: Iterable[Result], *, folder: Path, seconds: float) -> None:
    """Remember a proof of all invariants, in place of the one before."""
    proof = Proof(time.time(), seconds, {each.invariant.code: each.count for each in results})
    fresh = folder / f".{FILE}.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(proof)))
    fresh.replace(folder / FILE)


def read(*, folder: Path) -> Proof | None:
    """The last proof, or None where there was none."""
    try:
        return Proof(**json.loads((folder / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
