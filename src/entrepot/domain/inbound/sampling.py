"""How many units of a lot are looked at, and how many faulty ones it may have: the plans of `data/sampling.toml`."""

import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from entrepot.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Plan:
    """A sample of a lot: its size, and the largest number of faulty units with which the lot is accepted."""

    name: str
    letter: str
    sample_size: int
    accept_max: int

    def accepts(self, defects: int) -> bool:
        """Whether a lot passes in whose sample so many units were faulty."""
        return defects <= self.accept_max


@cache
def table() -> Mapping[str, Any]:
    """The plans as they are written down."""
    return tomllib.loads((resources.files("entrepot.domain.inbound") / "data" / "sampling.toml").read_text())


def levels() -> list[str]:
    """The inspection levels that there are."""
    return list(table()["levels"])


def limits() -> list[Decimal]:
    """The acceptance quality limits that there are plans for, in per cent."""
    return [Decimal(limit) for limit in table()["aql"]]


def plan(lot_size: int, *, level: str = "II", aql: Decimal = Decimal("2.5")) -> Plan:
    """The single sampling plan of a lot. A sample as large as the lot is the whole lot.

    Source: see `data/sampling.toml`. Raises: Invalid for a level or limit that there is no plan of.
    """
    known = table()
    limit = next((each for each in known["aql"] if Decimal(each) == aql), None)
    if level not in known["levels"] or limit is None or lot_size < 1:
        raise Invalid(
            "inbound.no_sampling_plan",
            "There is no sampling plan for a lot of {lot} at level {level} and AQL {aql}.",
            field="aql",
            lot=lot_size,
            level=level,
            aql=str(aql),
        )
    letter = known["levels"][level][bisect_left(known["lot_max"], lot_size)]
    letter = _with_plan(letter, known["aql"][limit], list(known["letters"]))
    name = f"{known['code']} {level} {limit}"
    return Plan(name, letter, min(known["letters"][letter], lot_size), known["aql"][limit][letter])


def _with_plan(letter: str, numbers: Mapping[str, int], letters: list[str]) -> str:
    """The letter itself or, along the table's arrows, the one whose plan it takes."""
    if letter in numbers:
        return letter
    place = letters.index(letter)
    above = [each for each in numbers if letters.index(each) < place]
    below = [each for each in numbers if letters.index(each) > place]
    if above and (not below or letters.index(above[-1]) == place - 1):
        return above[-1]
    return below[0]
