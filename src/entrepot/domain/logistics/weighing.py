"""What a consignment is billed by: its weight, or the room it takes. Pure functions over arrays.

Shape: n consignments. Units: grams, millimetres, cubic centimetres; billed weights in ticks, of which a gram has
100,000 and a pound 45,359,237, so that both systems are whole numbers.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]

GRAM = 100_000
KILOGRAM = 1000 * GRAM
#: Source: the international pound of 1959, 453.59237 g; the inch is 25.4 mm.
POUND = 45_359_237


class Throw(StrEnum):
    """How much of the room counts where it is more than the weight. Source: carriers' price lists, in their words."""

    FULL = "full"
    HALF = "half"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Weighing:
    """How a carrier weighs. `metric` is cm³ a kilogram, `imperial` cubic inches a pound; neither: the weight alone.

    Room counts only from `from_side_mm` on (the longest side); the billed weight is at least `least` and rounds up to
    the `step`. Units: ticks.
    """

    metric: int = 0
    imperial: int = 0
    throw: Throw = Throw.FULL
    from_side_mm: int = 0
    step: int = 1
    least: int = 0


@dataclass(frozen=True, slots=True)
class Weights:
    """Shape: n. Units: ticks."""

    volumetric: Whole
    billed: Whole


def weigh(rule: Weighing, weight_g: Whole, sides_mm: Whole, volume_cm3: Whole) -> Weights:
    """What is billed. `sides_mm` has the three sides, largest first (n, 3), zero where unknown: then the volume counts.

    Rounding: volumetric weight and billing step up; inches up to the next.
    """
    weight = weight_g * GRAM
    volumetric = _volumetric(rule, sides_mm, volume_cm3)
    if rule.from_side_mm:
        volumetric = np.where(sides_mm[:, 0] >= rule.from_side_mm, volumetric, 0)
    if rule.throw is Throw.FREE:
        counted = weight
    elif rule.throw is Throw.HALF:
        counted = np.maximum(weight, _up(weight + volumetric, 2))
    else:
        counted = np.maximum(weight, volumetric)
    return Weights(volumetric, _up(np.maximum(counted, rule.least), rule.step) * rule.step)


def volume_of(sides_mm: Whole) -> Whole:
    """Cubic centimetres of boxes, rounded up. Shape: (n, 3) → n."""
    return _up(sides_mm.prod(axis=1), 1000)


def girth_of(sides_mm: Whole) -> Whole:
    """Length plus girth: the longest side and twice the two others. Shape: (n, 3) → n. Units: mm."""
    result: Whole = sides_mm[:, 0] + 2 * (sides_mm[:, 1] + sides_mm[:, 2])
    return result


def _volumetric(rule: Weighing, sides_mm: Whole, volume_cm3: Whole) -> Whole:
    if rule.imperial:
        inches = _up(sides_mm * 10, 254)
        from_sides = _up(inches.prod(axis=1) * POUND, rule.imperial)
        # a volume without sides: 16.387064 cm³ are a cubic inch
        from_volume = _up(_up(volume_cm3 * 1_000_000, 16_387_064) * POUND, rule.imperial)
        return np.where(sides_mm[:, 2] > 0, from_sides, from_volume)
    if rule.metric:
        from_sides = _up(sides_mm.prod(axis=1) * GRAM, rule.metric)
        return np.where(sides_mm[:, 2] > 0, from_sides, _up(volume_cm3 * KILOGRAM, rule.metric))
    return np.zeros_like(volume_cm3)


def _up(value: Whole, step: int) -> Whole:
    """The value divided by the step, rounded up."""
    return value if step == 1 else -(-value // step)
