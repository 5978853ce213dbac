"""The price that a rule makes of a cost: mark-up, floor, ending. Pure, over arrays."""

import numpy as np
import numpy.typing as npt

from entrepot.kernel.money import Minor, apply_ppm

#: An ending of -1 leaves the price as it is.
NO_ENDING = -1


def prices(
    cost_minor: Minor, markup_ppm: npt.NDArray[np.int64], floor_minor: Minor, ending: npt.NDArray[np.int64]
) -> Minor:
    """cost × (1 + mark-up), at least the floor, up to the next amount whose last digits are the ending.

    Units: minor units of one currency a row; the mark-up in parts per million. Rounding: the mark-up half to even, the
    ending always up. Raises: OverflowError.
    """
    marked = np.maximum(cost_minor + apply_ppm(cost_minor, markup_ppm), floor_minor)
    ends = np.maximum(ending, 0)
    span = np.where(ends >= 100, 1000, np.where(ends >= 10, 100, 10))
    raised: Minor = marked + (ends - marked) % span
    return np.where(ending == NO_ENDING, marked, raised)
