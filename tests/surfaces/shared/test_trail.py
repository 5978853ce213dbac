"""Every privileged act has words: what flows and domains write into the audit trail, the page can say."""

import re
from pathlib import Path

import entrepot
from entrepot.surfaces.shared.trail import ACTS

SOURCES = Path(entrepot.__file__).parent
RECORDED = re.compile(r"audit\.record\((?:[^()]|\([^()]*\))*?verb=\"([a-z_.]+)\"", re.DOTALL)


def test_every_act_that_is_recorded_has_words():
    found = {
        verb
        for file in SOURCES.rglob("*.py")
        for verb in RECORDED.findall(file.read_text())
        if "migrations" not in file.parts
    }
    assert len(found) > 20
    assert found - ACTS.keys() == set()
