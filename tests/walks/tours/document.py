"""Reads a tour: its title and its numbered steps."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "docs" / "tours"
STEP = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it is written; `bold` are the words that its reader presses or reads on the page."""

    title: str
    prose: str

    @property
    def bold(self) -> list[str]:
        return [" ".join(each.split()) for each in BOLD.findall(self.prose)]


@dataclass(frozen=True, slots=True)
class Tour:
    """A document of the tours' folder."""

    path: Path
    title: str
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return self.path.stem


def read(path: Path) -> Tour:
    """The tour in a file; its steps are numbered from one, and each says something."""
    text = path.read_text()
    _before, *parts = STEP.split(text)
    numbers, titles, prose = parts[::3], parts[1::3], parts[2::3]
    assert text.startswith("# "), f"{path.name} begins with its title"
    assert [int(each) for each in numbers] == list(range(1, len(numbers) + 1)), f"{path.name}: {numbers}"
    steps = tuple(Step(title.strip(), words.strip()) for title, words in zip(titles, prose, strict=True))
    assert all(len(each.prose) > 40 for each in steps), f"{path.name}: a step says what is done and what it means"
    return Tour(path, text.partition("\n")[0].removeprefix("# ").strip(), steps)


def tours() -> list[Tour]:
    """All tours."""
    return [read(path) for path in sorted(FOLDER.glob("*.md")) if path.name != "README.md"]
