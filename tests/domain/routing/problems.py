"""Small routing problems, drawn at random or written short."""

import numpy as np
from hypothesis import strategies as st

from entrepot.domain.routing.problem import UNLIMITED, Options, Problem


def array(values) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def problem(
    groups: list[list[tuple[int, list[tuple[int, int]]]]],
    stock: list[list[int]],
    options: list[tuple],
    **others,
) -> Problem:
    """Groups of needs (quantity, components); options (node, place, fixed, a unit, a kilogram, last, limit)."""
    needs = [(number, *each) for number, group in enumerate(groups) for each in group]
    count, nodes = len(groups), len(stock)
    columns = list(zip(*options, strict=True)) if options else [()] * 7
    components = [pair for *_, pairs in needs for pair in pairs]
    given = {
        "place": [0] * count,
        "due": [UNLIMITED] * count,
        "one_parcel": [False] * count,
        "weight_g": [500] * len(needs),
        "objection": [[0] * nodes] * count,
        "node_units": [UNLIMITED] * nodes,
        "service_parcels": [],
        "tiers": np.zeros((0, count, nodes)),
        "premium_minor": [[0] * nodes] * count,
    } | others
    return Problem(
        nodes=tuple("abcdefgh"[:nodes]),
        place=array(given["place"]),
        due=array(given["due"]),
        one_parcel=np.array(given["one_parcel"], dtype=bool),
        group=array([each[0] for each in needs]),
        quantity=array([each[1] for each in needs]),
        weight_g=array(given["weight_g"]),
        start=array([0, *np.cumsum([len(each[2]) for each in needs])]),
        resource=array([resource for resource, _ in components]),
        per_unit=array([per_unit for _, per_unit in components]),
        stock=array(stock),
        objection=array(given["objection"]),
        options=Options(*map(array, columns), names=("",) * len(options)),
        node_units=array(given["node_units"]),
        service_parcels=array(given["service_parcels"]),
        tiers=array(given["tiers"]),
        premium_minor=array(given["premium_minor"]),
    )


NODES, RESOURCES = 3, 2


@st.composite
def problems(draw, groups: int = 3, single: bool = False, units: int = 3) -> Problem:
    """Few groups that want the same few things, with every kind of limit."""
    small = st.integers(0, units)
    component = st.tuples(st.integers(0, RESOURCES - 1), st.integers(1, 1 if single else 2))
    need = st.tuples(
        st.integers(1, 1 if single else 2),
        st.lists(component, min_size=1, max_size=1 if single else 2, unique_by=lambda pair: pair[0]),
    )
    count = draw(st.integers(1, groups))
    drawn = [draw(st.lists(need, min_size=1, max_size=1 if single else 2)) for _ in range(count)]
    needs = sum(map(len, drawn))
    option = st.tuples(
        st.integers(0, NODES - 1), st.integers(0, 1), st.integers(0, 9), st.integers(0, 5), st.integers(0, 4),
        st.integers(1, 5), st.just(-1) if single else st.integers(-1, 0),
    )  # fmt: skip
    return problem(
        drawn,
        draw(st.lists(st.lists(small, min_size=RESOURCES, max_size=RESOURCES), min_size=NODES, max_size=NODES)),
        draw(st.lists(option, min_size=1, max_size=5)),
        place=draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)),
        due=draw(st.lists(st.integers(2, 6), min_size=count, max_size=count)),
        one_parcel=draw(st.lists(st.booleans(), min_size=count, max_size=count)),
        weight_g=draw(st.lists(st.integers(1, 3000), min_size=needs, max_size=needs)),
        objection=[draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=NODES, max_size=NODES)) for _ in range(count)],
        node_units=draw(st.lists(st.sampled_from([1, 2, UNLIMITED]), min_size=NODES, max_size=NODES)),
        service_parcels=[draw(st.integers(0, 2))],
        tiers=draw(st.sampled_from([np.zeros((0, count, NODES)), np.eye(count, NODES)[None]])),
        premium_minor=[draw(st.lists(st.integers(0, 3), min_size=NODES, max_size=NODES)) for _ in range(count)],
    )
