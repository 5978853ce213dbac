"""How goods that are too much for one parcel are divided over several at least cost. Pure.

Contents are so many units of each kind. What a parcel of some contents costs, and whether it goes at all, is asked of
whoever carries it, for many contents at once.
"""

from collections.abc import Callable, Sequence
from itertools import product
from math import prod

Contents = tuple[int, ...]
#: What parcels of these contents cost; None for one that does not go.
Price = Callable[[Sequence[Contents]], Sequence[int | None]]

#: Where there are no more contents than this, every division is looked at.
EXACT = 64
#: Beyond that, goods are spread evenly over so many parcels at most.
PARCELS_MAX = 20


def divide(counts: Contents, weights_g: Sequence[int], price: Price) -> tuple[Contents, ...]:
    """The parcels that carry all of it at least cost, as few as cost so much; none where it does not go at all."""
    if prod(count + 1 for count in counts) <= EXACT:
        return _cheapest(counts, price)
    return _spread(counts, weights_g, price)


def _cheapest(counts: Contents, price: Price) -> tuple[Contents, ...]:
    """The best of all divisions: each remainder is solved once, from the smallest on."""
    every = sorted(product(*(range(count + 1) for count in counts)), key=sum)
    nothing, *some = every
    parcels = [(each, cost) for each, cost in zip(some, price(some), strict=True) if cost is not None]
    best: dict[Contents, tuple[int, int, tuple[Contents, ...]]] = {nothing: (0, 0, ())}
    for remainder in some:
        # Some parcel has a unit of the first kind that is left: the divisions differ by which one it is.
        first = next(place for place, units in enumerate(remainder) if units)
        for inside, cost in parcels:
            rest = tuple(left - units for left, units in zip(remainder, inside, strict=True))
            if not inside[first] or min(rest) < 0 or rest not in best:
                continue
            before = best[rest]
            found = (before[0] + cost, before[1] + 1, (*before[2], inside))
            if remainder not in best or found < best[remainder]:
                best[remainder] = found
    return tuple(sorted(best[counts][2], reverse=True)) if counts in best else ()


def _spread(counts: Contents, weights_g: Sequence[int], price: Price) -> tuple[Contents, ...]:
    """As few parcels as go when every unit, the heaviest first, goes into the lightest of them."""
    kinds = sorted(range(len(counts)), key=lambda kind: -weights_g[kind])
    for number in range(2, min(PARCELS_MAX, sum(counts)) + 1):
        inside, load = [[0] * len(counts) for _ in range(number)], [(0, place) for place in range(number)]
        for kind in kinds:
            for _ in range(counts[kind]):
                weight, place = min(load)
                inside[place][kind] += 1
                load[place] = (weight + max(weights_g[kind], 1), place)
        found = [tuple(each) for each in inside]
        if None not in price(sorted(set(found))):
            return tuple(sorted(found, reverse=True))
    return ()
