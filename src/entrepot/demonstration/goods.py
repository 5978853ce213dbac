"""The demonstration's goods: some seventy things in four styles make three hundred products in three languages."""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

LANGUAGES = ("en", "de", "pt-br")


@dataclass(frozen=True, slots=True)
class Good:
    """A thing as the table has it. Units: grams, millimetres, US cents of cost."""

    code: str
    category: str
    hs_code: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    cost_minor: int
    has_battery: bool
    shape: str
    axis: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Style:
    """A line of goods: what it is called, what it says, and its cost against the plain one."""

    code: str
    name: str
    cost_percent: int
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Design:
    """A product to be: a good in a style, with its title and text by language and the values of its option."""

    good: Good
    style: Style
    palette: str

    @property
    def code(self) -> str:
        """The product's code."""
        return f"{self.style.code}-{self.good.code}"

    @property
    def cost_minor(self) -> int:
        """What one unit costs to make, in US cents."""
        return self.good.cost_minor * self.style.cost_percent // 100

    def title(self, language: str) -> str:
        """The title in a language."""
        return f"{self.style.name} · {self.good.names[language]}"


def read_goods() -> list[Good]:
    """The table of goods."""
    text = (resources.files("entrepot.demonstration") / "goods.csv").read_text()
    return [
        Good(
            code=row["code"],
            category=row["category"],
            hs_code=row["hs"],
            weight_g=int(row["weight_g"]),
            length_mm=int(row["length_mm"]),
            width_mm=int(row["width_mm"]),
            height_mm=int(row["height_mm"]),
            cost_minor=int(row["cost_minor"]),
            has_battery=row["battery"] == "1",
            shape=row["shape"],
            axis=row["options"],
            names={"en": row["en"], "de": row["de"], "pt-br": row["pt"]},
        )
        for row in csv.DictReader(text.splitlines())
    ]


def read_styles() -> tuple[list[Style], dict[str, dict[str, Any]]]:
    """The styles, and for each option axis its values and its names."""
    document = tomllib.loads((resources.files("entrepot.demonstration") / "styles.toml").read_text())
    styles = [
        Style(
            code=row["code"],
            name=row["name"],
            cost_percent=row["cost_percent"],
            texts={language: row[language] for language in LANGUAGES},
        )
        for row in document["style"]
    ]
    return styles, document["options"]


def read_categories() -> Iterator[tuple[str, str, dict[str, str]]]:
    """(code, parent code or "", names) from the top of the tree down."""
    document = tomllib.loads((resources.files("entrepot.demonstration") / "categories.toml").read_text())
    for code, entry in document.items():
        yield code, "", {language: entry[language] for language in LANGUAGES}
        for child, names in entry["children"].items():
            yield child, code, {language: names[language] for language in LANGUAGES}


def designs() -> list[Design]:
    """Every good in every style, each with the palette of its main picture."""
    from entrepot.demonstration.pictures import PALETTES

    palettes = list(PALETTES)
    styles, _ = read_styles()
    return [
        Design(good=good, style=style, palette=palettes[(number + place) % len(palettes)])
        for number, good in enumerate(read_goods())
        for place, style in enumerate(styles)
    ]
