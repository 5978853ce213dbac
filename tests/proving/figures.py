"""How much is proven, by what chance, and what it came to; the short run unless the environment says otherwise."""

import os
import secrets
from functools import cache
from pathlib import Path


def number(name: str, short: int) -> int:
    """A size, such as PROVE_HISTORIES=20000."""
    return int(os.environ.get(f"PROVE_{name.upper()}", short))


@cache
def seed() -> int:
    """The seed of everything random in this run: PROVE_SEED, or one that is drawn and said."""
    return int(os.environ.get("PROVE_SEED") or secrets.randbelow(2**32))


def say(figure: str) -> None:
    """Print a figure, and keep it where PROVE_FIGURES names a file."""
    line = f"{figure} (seed {seed()})"
    print(f"\n{line}")
    if path := os.environ.get("PROVE_FIGURES"):
        with Path(path).open("a") as file:
            file.write(line + "\n")
