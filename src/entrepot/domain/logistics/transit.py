"""How long something takes, as a distribution over whole days; fitted from history and tested on what came later.

Pure. Probabilities are floats: no money hangs on them, only the day that is promised.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Shares = npt.NDArray[np.float64]

DAYS_MAX = 400


@dataclass(frozen=True)
class Transit:
    """The weight of every number of days, the first being `first` days."""

    first: int
    weights: tuple[float, ...]

    @cached_property
    def shares(self) -> Shares:
        """The probability of 0, 1, 2 … days."""
        padded = np.concatenate([np.zeros(self.first), np.array(self.weights, dtype=np.float64)])
        result: Shares = padded / padded.sum()
        return result

    def within(self, share: float) -> int:
        """The fewest days within which at least this share arrives."""
        return quantile(self.shares, share)


def parse(text: str) -> Transit:
    """`2` days; `2-7`, all alike; `22-28-40`, most likely the middle one; `5:12 6:30 7:8`, counted.

    Rounding: the middle form is a triangular density, gathered by whole days. Raises: ValueError.
    """
    text = text.strip()
    if counted := re.fullmatch(r"(\d+:\d+)(\s+\d+:\d+)*", text):
        return _counted(counted[0])
    found = (
        [int(each) for each in re.split(r"\s*[-–]\s*", text)] if re.fullmatch(r"\d+(\s*[-–]\s*\d+){0,2}", text) else []
    )
    if not found or found != sorted(found) or found[-1] > DAYS_MAX:
        raise ValueError("write days as 2, 2-7, 22-28-40 or 5:12 6:30")
    first, last = found[0], found[-1]
    if len(found) < 3:
        return Transit(first, (1.0,) * (last - first + 1))
    edges = _triangular(np.arange(first, last + 2, dtype=np.float64) - 0.5, first - 0.5, float(found[1]), last + 0.5)
    return Transit(first, tuple(np.diff(edges).tolist()))


def fit(days: Sequence[int]) -> Transit:
    """The distribution of a history, each count spread to its neighbours in the manner of a kernel estimate.

    The width follows Silverman's rule, so that few observations promise less sharply. Source: B. W. Silverman, Density
    Estimation (1986), 3.4.2. Raises: ValueError for no history.
    """
    found = np.array([each for each in days if 0 <= each <= DAYS_MAX], dtype=np.float64)
    if not len(found):
        raise ValueError("there is no history to fit")
    spread = min(found.std(), (np.quantile(found, 0.75) - np.quantile(found, 0.25)) / 1.34 or found.std())
    width = max(0.9 * spread * len(found) ** -0.2, 0.25)
    grid = np.arange(DAYS_MAX + 1, dtype=np.float64)
    values, counts = np.unique(found, return_counts=True)
    density = np.exp(-0.5 * ((grid[:, None] - values[None, :]) / width) ** 2) @ counts
    density[density < density.max() * 1e-6] = 0
    held = np.flatnonzero(density)
    return Transit(int(held[0]), tuple(density[held[0] : held[-1] + 1].tolist()))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a promise at a share would have held in a later history: the share that came in time, of so many."""

    share: float
    held: float
    count: int


def calibrate(
    transit: Transit, later: Sequence[int], shares: Sequence[float] = (0.5, 0.8, 0.9, 0.95)
) -> list[Calibration]:
    """What would have become of promises made by the distribution."""
    came = np.array(later)
    return [
        Calibration(share, float((came <= transit.within(share)).mean()) if len(came) else float("nan"), len(came))
        for share in shares
    ]


def quantile(shares: Shares, share: float) -> int:
    """The first day by which at least the share is there."""
    return int(np.searchsorted(np.cumsum(shares), share - 1e-9))


def text_of(transit: Transit) -> str:
    """As `parse` reads it: counts in ten-thousandths."""
    counts = np.rint(transit.shares * 10_000).astype(int)
    return " ".join(f"{day}:{count}" for day, count in enumerate(counts.tolist()) if count)


def _counted(text: str) -> Transit:
    counts = {int(day): int(count) for day, count in (each.split(":") for each in text.split())}
    if max(counts) > DAYS_MAX or not any(counts.values()):
        raise ValueError(f"days lie between 0 and {DAYS_MAX}, and some of them count")
    first = min(counts)
    return Transit(first, tuple(float(counts.get(day, 0)) for day in range(first, max(counts) + 1)))


def _triangular(at: npt.NDArray[np.floating[Any]], low: float, mode: float, high: float) -> Shares:
    """The distribution function of the triangular density."""
    left = (at - low) ** 2 / ((high - low) * (mode - low))
    right = 1 - (high - at) ** 2 / ((high - low) * (high - mode))
    result: Shares = np.where(at <= mode, left, right)
    return result
