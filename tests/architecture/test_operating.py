"""What an operator can set is written down."""

import re

from architecture.sources import ROOT, modules

VARIABLE = re.compile(r"\bENTREPOT_[A-Z][A-Z_]*[A-Z]\b")
#: Set by one of our processes for another.
INTERNAL = {"ENTREPOT_PARENT_PIPE", "ENTREPOT_PART", "ENTREPOT_STOPS_FILE"}


def test_every_variable_is_documented_and_every_documented_one_is_read():
    read = {name for path in modules() for name in VARIABLE.findall(path.read_text())} - INTERNAL
    documented = {
        name for path in (ROOT / "docs" / "operating").rglob("*.md") for name in VARIABLE.findall(path.read_text())
    }
    assert (read - documented, documented - read) == (set(), set())
