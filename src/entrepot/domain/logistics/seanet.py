"""Ways by sea through a network of lines, with canals and straits that may be closed. Pure.

The network is GeoJSON: every line is a stretch that ships use, `passage` names the canal or strait that it leads
through. Distances are along great circles of a sphere, stretch by stretch; what lies between a port and the nearest
point of the network counts too.

Source: the haversine formula (R. W. Sinnott, Sky and Telescope 68, 1984); mean radius of the Earth of IUGG 1980.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Any

EARTH_KM = 6371.0088
#: What no freighter takes in an ordinary year.
NOT_TAKEN = frozenset({"northwest"})
#: A port lies no farther from the lines than this.
APPROACH_KM = 400

Point = tuple[float, float]  # longitude and latitude


class NoWay(ValueError):
    """No line leads there, or none that is open."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way by sea: its length and the passages that it leads through, in their order."""

    km: float
    passages: tuple[str, ...]


@dataclass(frozen=True)
class Network:
    """Points, each with what it is joined to: the other point, the length, and the passage that lies between."""

    joined: Mapping[Point, tuple[tuple[Point, float, str], ...]]

    def route(self, start: Point, end: Point, *, closed: Collection[str] = ()) -> Route:
        """The shortest way between two places, by passages that ships take and that are not closed. Raises: NoWay."""
        return self.routes(start, [end], closed=closed)[0]

    def routes(self, start: Point, ends: Sequence[Point], *, closed: Collection[str] = ()) -> list[Route]:
        """The same to many places at once. Raises: NoWay for the first that no open way leads to."""
        closed = NOT_TAKEN | set(closed)
        first, to_first = self._nearest(start)
        best: dict[Point, float] = {first: 0.0}
        came: dict[Point, tuple[Point, str]] = {}
        queue = [(0.0, first)]
        while queue:
            km, point = heapq.heappop(queue)
            if km > best[point]:
                continue
            for other, length, passage in self.joined[point]:
                if passage not in closed and km + length < best.get(other, float("inf")):
                    best[other], came[other] = km + length, (point, passage)
                    heapq.heappush(queue, (km + length, other))
        found = []
        for end in ends:
            last, from_last = self._nearest(end)
            if last not in best:
                raise NoWay("no open way leads there")
            found.append(Route(to_first + best[last] + from_last, _passages(came, first, last)))
        return found

    def _nearest(self, place: Point) -> tuple[Point, float]:
        km, point = min((great_circle(place, each), each) for each in self.joined)
        if km > APPROACH_KM:
            raise NoWay("the place is far from all ways by sea")
        return point, km


def read_network(document: Mapping[str, Any]) -> Network:
    """The network of a GeoJSON document of lines. Raises: NoWay where it holds none."""
    joined: dict[Point, list[tuple[Point, float, str]]] = defaultdict(list)
    for feature in document.get("features", ()):
        shape = feature["geometry"]
        lines = shape["coordinates"] if shape["type"] == "MultiLineString" else [shape["coordinates"]]
        passage = (feature.get("properties") or {}).get("passage") or ""
        for line in lines:
            points = [_point(each) for each in line]
            for one, other in pairwise(points):
                if one != other:
                    km = great_circle(one, other)
                    joined[one].append((other, km, passage))
                    joined[other].append((one, km, passage))
    if not joined:
        raise NoWay("the file holds no lines")
    return Network({point: tuple(others) for point, others in joined.items()})


def great_circle(one: Point, other: Point) -> float:
    """Kilometres between two points along the sphere."""
    (lon, lat), (lon2, lat2) = ((radians(x), radians(y)) for x, y in (one, other))
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def _point(pair: Any) -> Point:
    """A point as the network knows it; the date line is one line, not two."""
    longitude, latitude = round(float(pair[0]), 5), round(float(pair[1]), 5)
    return (180.0 if longitude == -180 else longitude, latitude)


def _passages(came: Mapping[Point, tuple[Point, str]], first: Point, last: Point) -> tuple[str, ...]:
    found: list[str] = []
    at = last
    while at != first:
        at, passage = came[at]
        if passage and (not found or found[-1] != passage):
            found.append(passage)
    return tuple(dict.fromkeys(reversed(found)))
