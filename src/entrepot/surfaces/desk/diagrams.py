"""A diagram of nodes and lanes: countries where they lie, what stands in them, and the ways between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot

from entrepot.domain.logistics.lanes import Lane
from entrepot.domain.logistics.queries import NodeView

WIDTH, HEIGHT = 960, 440
#: A country's box.
BOX, LINE = 148, 17

#: Where countries lie: longitude and latitude of about their middle, in whole degrees.
PLACES: Mapping[str, tuple[int, int]] = {
    "US": (-98, 39), "CA": (-106, 56), "MX": (-102, 23), "BR": (-53, -10), "AR": (-64, -34), "CL": (-71, -35),
    "CO": (-74, 4), "PE": (-75, -10), "GB": (-2, 54), "IE": (-8, 53), "FR": (2, 46), "ES": (-4, 40), "PT": (-8, 39),
    "DE": (10, 51), "NL": (5, 52), "BE": (4, 50), "IT": (12, 43), "AT": (14, 47), "CH": (8, 47), "PL": (19, 52),
    "CZ": (15, 50), "HU": (19, 47), "RO": (25, 46), "GR": (22, 39), "SE": (15, 62), "NO": (8, 61), "DK": (10, 56),
    "FI": (26, 64), "TR": (35, 39), "UA": (32, 49), "RU": (60, 57), "MA": (-7, 32), "EG": (30, 27), "NG": (8, 10),
    "KE": (38, 1), "ZA": (24, -29), "AE": (54, 24), "SA": (45, 24), "IN": (79, 22), "PK": (70, 30), "BD": (90, 24),
    "LK": (81, 7), "CN": (104, 35), "HK": (114, 22), "TW": (121, 24), "JP": (138, 37), "KR": (128, 36), "VN": (106, 16),
    "TH": (101, 15), "MY": (102, 4), "SG": (104, 1), "ID": (118, -2), "PH": (122, 13), "AU": (134, -25),
    "NZ": (172, -42),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its nodes; x and y are the middle of its box."""

    code: str
    x: int
    y: int
    height: int
    nodes: tuple[str, ...]
    inside: int  # lanes that begin and end here

    @property
    def left(self) -> int:
        """Where the box begins."""
        return self.x - BOX // 2

    @property
    def top(self) -> int:
        """Where the box begins."""
        return self.y - self.height // 2

    @property
    def lines(self) -> list[tuple[int, str]]:
        """The nodes with where their words stand."""
        return [(self.top + 20 + LINE * place, each) for place, each in enumerate(self.nodes, start=1)]


@dataclass(frozen=True, slots=True)
class Arc:
    """A lane between two countries as a curve; `mode` is how it goes."""

    code: str
    title: str
    mode: str
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Diagram:
    """What is drawn."""

    countries: tuple[Country, ...]
    arcs: tuple[Arc, ...]
    height: int
    box: int = BOX
    width: int = WIDTH


#: How many nodes a box names; of the rest it says how many they are.
NAMED = 4


def draw(nodes: Sequence[NodeView], lanes: Sequence[Lane]) -> Diagram:
    """Every country in which a node stands or a lane ends, and the lanes between them."""
    inside: dict[str, list[str]] = {}
    for node in nodes:
        if not node.is_archived:
            inside.setdefault(node.country, []).append(node.name)
    for lane in lanes:
        inside.setdefault(lane.origin, [])
        inside.setdefault(lane.destination, [])
    at = _at(sorted(inside))
    places = _apart({code: (*at[code], _height(found)) for code, found in sorted(inside.items())})
    countries = tuple(
        Country(
            code, x, y, _height(inside[code]), _named(inside[code]),
            sum(lane.origin == lane.destination == code for lane in lanes),
        )
        for code, (x, y, _size) in places.items()
    )  # fmt: skip
    lowest = max((each.top + each.height for each in countries), default=0)
    return Diagram(countries, _arcs(lanes, {each.code: each for each in countries}), lowest + 40)


def _named(names: Sequence[str]) -> tuple[str, ...]:
    """Names that fit the box."""
    short = [each if len(each) <= 22 else each[:21] + "…" for each in names]
    return tuple(short) if len(short) <= NAMED else (*short[: NAMED - 1], f"+ {len(short) - NAMED + 1}")


def _height(names: Sequence[str]) -> int:
    return 32 + LINE * min(len(names), NAMED)


def _at(codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Where countries lie, stretched over the whole picture; those that are not known stand in a row below."""
    known = {code: PLACES[code] for code in codes if code in PLACES}
    east, north = ([place[axis] for place in known.values()] or [0] for axis in (0, 1))
    found = {
        code: (
            round(_share(x, east) * (WIDTH - BOX - 8)) + BOX // 2 + 4,
            round((1 - _share(y, north)) * (HEIGHT - 170)) + 80,
        )
        for code, (x, y) in known.items()
    }
    rest = [code for code in codes if code not in known]
    return found | {code: (90 + 160 * (number % 6), HEIGHT - 40) for number, code in enumerate(rest)}


def _share(value: int, among: Sequence[int]) -> float:
    low, high = min(among), max(among)
    return (value - low) / (high - low) if high > low else 0.5


Box = tuple[int, int, int]


def _apart(boxes: dict[str, Box]) -> dict[str, Box]:
    """The boxes pushed apart until none covers another; in the order of their codes, so always the same."""
    for _round in range(200):
        moved = False
        codes = list(boxes)
        for place, one in enumerate(codes):
            for other in codes[place + 1 :]:
                (ax, ay, ah), (bx, by, bh) = boxes[one], boxes[other]
                across, down = BOX + 14 - abs(ax - bx), (ah + bh) // 2 + 14 - abs(ay - by)
                if across <= 0 or down <= 0:
                    continue
                moved = True
                if down <= across:
                    step = (down + 1) // 2 * (1 if ay <= by else -1)
                    boxes[one], boxes[other] = (ax, ay - step, ah), (bx, by + step, bh)
                else:
                    step = (across + 1) // 2 * (1 if ax <= bx else -1)
                    boxes[one], boxes[other] = (ax - step, ay, ah), (bx + step, by, bh)
        boxes = {
            code: (min(max(x, BOX // 2 + 4), WIDTH - BOX // 2 - 4), max(y, h // 2 + 4), h)
            for code, (x, y, h) in boxes.items()
        }
        if not moved:
            break
    return boxes


def _arcs(lanes: Sequence[Lane], countries: Mapping[str, Country]) -> tuple[Arc, ...]:
    """Curves from box to box; several lanes between the same two bend more and more."""
    found, drawn = [], dict[frozenset[str], int]()
    boxes = [(each.left, each.top, each.left + BOX, each.top + each.height) for each in countries.values()]
    labels: list[Area] = []
    for lane in sorted(lanes, key=lambda each: each.code):
        if lane.origin == lane.destination:
            continue
        pair = frozenset((lane.origin, lane.destination))
        drawn[pair] = drawn.get(pair, 0) + 1
        start, stop = countries[lane.origin], countries[lane.destination]
        across, down = stop.x - start.x, stop.y - start.y
        length = hypot(across, down) or 1
        bend = (0.16 * length + 22 * drawn[pair]) * (1 if drawn[pair] % 2 else -1)
        middle = (start.x + stop.x) / 2 - down / length * bend, (start.y + stop.y) / 2 + across / length * bend
        path = f"M{start.x} {start.y} Q{round(middle[0])} {round(middle[1])} {stop.x} {stop.y}"
        x, y = _free((start.x, start.y), middle, (stop.x, stop.y), [*boxes, *labels])
        labels.append((x - LABEL, y - LINE, x + LABEL, y + 4))
        found.append(Arc(lane.code, lane.title, _mode(lane), path, x, y))
    return tuple(found)


Point = tuple[float, float]
#: Left, top, right, bottom.
Area = tuple[int, int, int, int]
#: Half of what the words at a curve take.
LABEL = 44


def _covers(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _free(start: Point, middle: Point, stop: Point, taken: Sequence[Area]) -> tuple[int, int]:
    """A place on the curve at which words cover nothing, as near to its middle as there is one."""
    places = []
    for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82):
        weights = ((1 - share) ** 2, 2 * share * (1 - share), share**2)
        x, y = (
            round(sum(w * point[axis] for w, point in zip(weights, (start, middle, stop), strict=True)))
            for axis in (0, 1)
        )
        places.append((x, y))
        mine = (x - LABEL, y - LINE, x + LABEL, y + 4)
        if not any(_covers(mine, each) for each in taken):
            break
    else:
        return places[0]
    return places[-1]


def _mode(lane: Lane) -> str:
    return next((leg.mode for leg in lane.legs if leg.task == "line_haul"), lane.legs[-1].mode)
