"""Goods over several parcels: never dearer than any other division, nothing lost, only what goes."""

from collections.abc import Iterator
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.logistics import boxing
from entrepot.domain.logistics.boxing import Contents, divide

#: A parcel weighs this much at most.
MOST_G = 30


def carrier(weights_g: tuple[int, ...], first: int, more: int, sizes: tuple[int, ...]):
    """A carrier by weight whose parcels hold three units of size at most."""

    @cache
    def one(inside: Contents) -> int | None:
        weight = sum(each * units for each, units in zip(weights_g, inside, strict=True))
        size = sum(each * units for each, units in zip(sizes, inside, strict=True))
        return None if weight > MOST_G or size > 3 else first + more * weight * weight // 10

    return lambda contents: [one(each) for each in contents]


def divisions(left: Contents, most: Contents) -> Iterator[list[Contents]]:
    """Every way to divide contents, each parcel no greater than the one before it."""
    if not any(left):
        yield []
        return
    for inside in contents_within(left):
        if any(inside) and inside <= most:
            rest = tuple(have - units for have, units in zip(left, inside, strict=True))
            yield from ([inside, *others] for others in divisions(rest, inside))


def contents_within(most: Contents) -> Iterator[Contents]:
    if not most:
        yield ()
        return
    for units in range(most[0] + 1):
        yield from ((units, *rest) for rest in contents_within(most[1:]))


KINDS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 35), st.integers(0, 3)), min_size=1, max_size=3)


@given(KINDS, st.integers(0, 500), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_no_division_costs_less(kinds, first, more):
    counts, weights_g, sizes = zip(*kinds, strict=True)
    price = carrier(weights_g, first, more, sizes)
    best = None
    for parcels in divisions(counts, counts):
        costs = price(parcels)
        if None not in costs and (best is None or (sum(costs), len(parcels)) < best):
            best = (sum(costs), len(parcels))
    found = divide(counts, weights_g, price)
    assert bool(found) == (best is not None)
    if found:
        assert (sum(price(found)), len(found)) == best
        assert tuple(map(sum, zip(*found, strict=True))) == counts


def test_many_units_are_spread_evenly_over_as_few_parcels_as_go():
    counts, weights_g = (300, 40), (1, 5)
    found = divide(counts, weights_g, carrier(weights_g, 100, 1, (0, 0)))
    assert len(found) == 17 and tuple(map(sum, zip(*found, strict=True))) == counts
    assert divide((400, 400), (30, 30), carrier((30, 30), 1, 1, (0, 0))) == (), "more parcels than anybody sends"
    assert divide((400,), (31,), carrier((31,), 1, 1, (0,))) == (), "not even one of it goes"
    assert len(found) <= boxing.PARCELS_MAX
