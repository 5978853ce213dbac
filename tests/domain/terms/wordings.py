"""Programme documents for tests: a preset as a plain table that a test changes in one place."""

from collections.abc import Callable
from copy import deepcopy
from importlib import resources
from typing import Any

import pytest

from entrepot.domain.terms import documents
from entrepot.domain.terms.grammar import Problem
from entrepot.domain.terms.rules import Programme

LOCAL = "semi-managed-local-stock"
FULL = "fully-managed"
SELF = "self-managed"


def raw(code: str = LOCAL) -> dict[str, Any]:
    """The file of a preset as TOML reads it, short forms and all."""
    text = (resources.files("entrepot.domain.terms") / "programmes" / f"{code}.toml").read_bytes()
    return deepcopy(documents.load_toml(text, where=code))


def changed(change: Callable[[dict[str, Any]], object], code: str = LOCAL) -> Programme:
    """A preset with one thing changed."""
    document = raw(code)
    change(document)
    return documents.parse(document, where="test")


def problems(change: Callable[[dict[str, Any]], object], code: str = LOCAL) -> list[Problem]:
    """What is wrong with a preset once one thing in it is changed."""
    with pytest.raises(documents.ProgrammeInvalid) as refusal:
        changed(change, code)
    return refusal.value.problems


def only_problem(change: Callable[[dict[str, Any]], object], code: str = LOCAL) -> Problem:
    """The one thing that is wrong."""
    found = problems(change, code)
    assert len(found) == 1, list(map(str, found))
    return found[0]
