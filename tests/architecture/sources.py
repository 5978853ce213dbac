"""The project's own files, as the architecture tests read them."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "entrepot"


def modules() -> list[Path]:
    """Every Python file of the project but generated ones."""
    return sorted(path for path in SRC.rglob("*.py") if path.name != "0001_initial.py")


def named(path: Path) -> str:
    """The path as a reader finds it."""
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text())


def ring(path: Path) -> str:
    """kernel, domain, flows, surfaces …"""
    return path.relative_to(SRC).parts[0]


@cache
def ranks() -> dict[str, int]:
    """domain → rank, higher ones may know lower ones; from the import contract."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == ["entrepot.domain"])
    return {
        name.strip(): len(layers) - position for position, layer in enumerate(layers) for name in layer.split("|")
    } | {"kernel": 0}


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """The string literals of a file with their lines, docstrings left out."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value
