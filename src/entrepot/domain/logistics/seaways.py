"""How far ports lie from each other by sea, and how long a ship is likely to take where no history says.

The ports and distances that come along are a table (`data/sea_distances.csv`) that `entrepot lanes distances` made of a
network of sea lines; docs/rules/lanes.md says how.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil

from entrepot.domain.logistics.seanet import Network, Point, Route
from entrepot.domain.logistics.transit import Transit, parse

#: Passages that have been closed or short of water in living memory; the table says the way around each.
CLOSABLE = ("panama", "suez")
#: Knots of a container ship: in a hurry, as most sail, slow steaming. Source: UNCTAD, Review of Maritime Transport
#: 2023, whose fleets average 13 to 16.
KNOTS = (18, 15, 12)
#: Days in ports on the way and at berth, at least, mostly, at most. An inference of this project.
PORT_DAYS = (1, 3, 7)
KM_OF_NAUTICAL_MILE = 1.852
COLUMNS = ("start", "end", "avoiding", "km", "via")


@dataclass(frozen=True, slots=True)
class Port:
    """A sea port by its UN/LOCODE, with the names under which lanes know it."""

    code: str
    name: str
    longitude: float
    latitude: float

    @property
    def point(self) -> Point:
        """Where it lies."""
        return (self.longitude, self.latitude)


@dataclass(frozen=True, slots=True)
class Distance:
    """A way by sea between two ports. `via` are the passages that it leads through."""

    km: int
    via: tuple[str, ...]

    @property
    def nautical_miles(self) -> int:
        """The same as sailors count."""
        return round(self.km / KM_OF_NAUTICAL_MILE)


@cache
def ports() -> Mapping[str, Port]:
    """The ports that come along, by code."""
    rows = _rows("sea_ports.csv")
    return {
        row["code"]: Port(row["code"], row["name"], float(row["longitude"]), float(row["latitude"])) for row in rows
    }


def find_port(place: str) -> Port | None:
    """The port that a place of a lane names: by code, or by name with or without the word port. None for no port."""
    name = place.strip().casefold().removesuffix(" port").strip()
    return next((each for each in ports().values() if name in (each.name.casefold(), each.code.casefold())), None)


def distance(start: str, end: str, *, avoiding: str = "") -> Distance | None:
    """How far two places of a lane are by sea; None where one is no port that is known, or no way leads around."""
    one, other = find_port(start), find_port(end)
    if one is None or other is None or one == other:
        return None
    pair = (min(one.code, other.code), max(one.code, other.code))
    found = _table().get((*pair, avoiding)) or _table().get((*pair, ""))
    return found if found is None or avoiding not in found.via or not avoiding else None


def sailing_days(km: int) -> Transit:
    """How long a ship is likely to take: at these speeds, with days in ports; an estimate, not a history."""
    days = [
        ceil(km / KM_OF_NAUTICAL_MILE / (knots * 24)) + in_ports
        for knots, in_ports in zip(KNOTS, PORT_DAYS, strict=True)
    ]
    return parse("-".join(map(str, days)))


def measure(network: Network, among: Iterable[Port]) -> list[tuple[str, str, str, int, str]]:
    """The table of a network: every pair of ports, and the way around each passage that its shortest way takes."""
    rows = []
    chosen = sorted(among, key=lambda each: each.code)
    for place, one in enumerate(chosen[:-1]):
        others = chosen[place + 1 :]
        usual: Sequence[Route] = ()
        for avoiding in ("", *CLOSABLE):
            found = network.routes(one.point, [each.point for each in others], closed=[avoiding] if avoiding else [])
            usual = usual or found
            for other, before, route in zip(others, usual, found, strict=True):
                if not avoiding or avoiding in before.passages:
                    rows.append((one.code, other.code, avoiding, round(route.km), " ".join(route.passages)))
    return sorted(rows)


def write_table(rows: Sequence[tuple[str, str, str, int, str]]) -> str:
    """The table as the file has it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue()


@cache
def _table() -> Mapping[tuple[str, str, str], Distance]:
    return {
        (row["start"], row["end"], row["avoiding"]): Distance(int(row["km"]), tuple(row["via"].split()))
        for row in _rows("sea_distances.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    text = files("entrepot.domain.logistics").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))
