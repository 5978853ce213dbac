"""The papers that applicants are asked for: read from `papers.toml`, by country and day. What is asked is data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources

from entrepot.domain.terms.rules import Document


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that applicants hand in; `why` is language -> sentence, `takes` file, reference or either."""

    kind: Document
    takes: str
    why: Mapping[str, str]
    countries: frozenset[str]
    valid_from: date
    valid_until: date | None = None

    def counts(self, country: str, on: date) -> bool:
        """Whether a firm of the country is asked for it on the day."""
        in_force = self.valid_from <= on and (self.valid_until is None or on < self.valid_until)
        return in_force and (not self.countries or country in self.countries)


@lru_cache(maxsize=1)
def load() -> tuple[Paper, ...]:
    """Every paper that some applicant is or was asked for."""
    text = (resources.files("entrepot.domain.sellers") / "papers.toml").read_text(encoding="utf-8")
    return tuple(
        Paper(
            kind=Document(row["kind"]),
            takes=row["takes"],
            why=row["why"],
            countries=frozenset(row.get("countries", ())),
            valid_from=row["valid_from"],
            valid_until=row.get("valid_until"),
        )
        for row in tomllib.loads(text)["paper"]
    )


def asked(country: str, on: date) -> list[Paper]:
    """What a firm of the country is asked for on the day, in the order of the file."""
    return [each for each in load() if each.counts(country, on)]
