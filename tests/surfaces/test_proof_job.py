"""The nightly proof: whole at first and once a week, else of what was touched; what it finds reaches the operator."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from entrepot.domain.notices.models import Notice
from entrepot.kernel import ids
from entrepot.surfaces.jobs import proving, relay, state, wording
from entrepot.verify import last
from entrepot.verify.last import Proof
from worlds import World


def known() -> Proof:
    proof = last.read(folder=settings.DATA_DIR)
    assert proof is not None
    return proof


def metric(invariant: str) -> float:
    samples = [sample for metric in state.Marketplace().collect() for sample in metric.samples]
    return next(each.value for each in samples if each.labels.get("invariant") == invariant)


def test_a_night_proves_what_was_touched_and_a_week_everything(
    owner: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    world = World()
    world.operator_actor()
    proving.prove(now=world.now)
    assert {*known().findings.values()} == {0} and known().recent == {}
    world.pass_time(days=1)
    proving.prove(now=world.now)
    assert known().recent.keys() < known().findings.keys() and known().held_until == world.now.isoformat()
    held = known().held_until
    world.pass_time(days=1)
    owner.execute(
        "INSERT INTO ledger_journal (id, created_at, kind, source_type, source_id, occurred_at)"
        " VALUES (%s, %s, 'capture', 'capture', %s, %s)",
        [ids.new_id(world.now), world.now, uuid4(), world.now],
    )
    with pytest.raises(proving.BooksDisagree, match=r"^I06 \(1\)$"):
        proving.prove(now=world.now)
    assert (known().held_until, metric("I06"), metric("I01")) == (held, 1, 0)
    relay.relay(now=world.now)
    notices = Notice.objects.filter(topic="books.disagree")
    assert [wording.sentence(each.topic, each.who, each.values) for each in notices] == [
        "The books disagree: 1 invariant does not hold, I06 (1)"
    ]
    last._write(replace(known(), at=time.time() - timedelta(days=8).total_seconds()), tmp_path)
    with pytest.raises(proving.BooksDisagree, match=r"I01 \(1\), I06 \(1\)"):
        proving.prove(now=world.now)
    assert (known().held_until, known().recent, metric("I01")) == (held, {}, 1)
