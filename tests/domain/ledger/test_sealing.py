"""Seals: every final posting once, none that is still being written, and a hash kept elsewhere tells a forged chain."""

from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction

from entrepot.domain.ledger import queries, sealing
from entrepot.domain.ledger.models import Anchor, Level, Posting, Seal
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.ledger.services import post
from entrepot.kernel.db import fetch_rows
from entrepot.verify import runner

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPERATOR = uuid4()


def write(count: int) -> None:
    source, destination = AccountKey("provider", OPERATOR, "EUR", "sandbox"), AccountKey("bank", OPERATOR, "EUR")
    moves = [NewPosting(source, destination, amount, "test") for amount in range(1, count + 1)]
    post(journals=[NewJournal("capture", "test", uuid4(), NOW, moves)], now=NOW)


def findings(anchors: list[tuple[int, str]] | None = None) -> list[str]:
    [result] = runner.verify(now=NOW, codes=["I05"], anchors=anchors or [])
    return [f"{row['subject']}: {row['finding']}" for row in result.rows]


@pytest.fixture
def small(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "SEAL_MAX", 4)


def test_every_posting_is_sealed_once_in_a_chain(small: None) -> None:
    assert sealing.seal(now=NOW) == 0
    write(3)
    write(7)
    assert sealing.seal(now=NOW) == 10
    assert sealing.seal(now=NOW) == 0
    write(1)
    assert sealing.seal(now=NOW) == 1
    seals = list(Seal.objects.order_by("number"))
    assert [(seal.number, seal.postings) for seal in seals] == [(1, 4), (2, 4), (3, 2), (4, 1)]
    assert [seal.previous_hash for seal in seals] == ["", *(seal.hash for seal in seals[:-1])]
    assert findings() == []


def test_what_an_account_held_is_told_from_its_last_level(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LEVEL_EVERY", 3)
    # Sealed by four postings of two accounts: levels end within seals and reach over several; two are sealed later.
    for count, is_sealed in ((7, True), (1, True), (5, True), (2, False)):
        write(count)
        if is_sealed:
            sealing.seal(now=NOW)
    changes = [-row.amount_minor for row in fetch_rows("SELECT amount_minor FROM ledger_posting ORDER BY sequence")]
    held = list(accumulate(changes))
    provider, bank = (each for _, each in sorted((each.key.kind == "bank", each) for each in queries.balances()))
    assert (provider.balance_minor, bank.balance_minor) == (held[-1], -held[-1])
    levels = Level.objects.filter(account_id=provider.account_id).order_by("sequence")
    assert [(each.postings, each.balance_minor) for each in levels] == [(n, held[n - 1]) for n in (3, 6, 9, 12)]
    seen, before = [], None
    while True:
        page, before = queries.list_history(account_id=provider.account_id, before=before, limit=4)
        seen += [(entry.change_minor, entry.balance_minor) for entry in page]
        if before is None:
            break
    assert seen == list(zip(changes, held, strict=True))[::-1]
    assert [(line.kind, line.balance_minor) for line in queries.trial_balance()] == [
        ("provider", held[-1]), ("bank", -held[-1])
    ]  # fmt: skip
    assert [each.rows for each in runner.verify(now=NOW, codes=["I03"])] == [[]]


def test_what_is_still_being_written_is_left_for_the_next_round(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    written, over = Event(), Event()

    def slowly() -> None:
        with transaction.atomic():
            write(2)
            written.set()
            assert over.wait(60)
        connection.close()

    writer = Thread(target=slowly)
    writer.start()
    assert written.wait(60)
    monkeypatch.setattr(sealing, "PATIENCE_SECONDS", 0.1)
    assert sealing.seal(now=NOW) == 0, "its numbers are drawn, and nobody sees its rows yet"
    over.set()
    writer.join()
    assert sealing.seal(now=NOW) == 2
    assert findings() == []


def test_a_posting_that_is_slipped_in_shows(small: None) -> None:
    write(6)
    sealing.seal(now=NOW)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT setval('ledger_posting_sequence_seq', (SELECT min(sequence) FROM ledger_posting))")
        cursor.execute("SET entrepot.reset = 'on'")
        cursor.execute("DELETE FROM ledger_posting WHERE sequence = (SELECT min(sequence) + 1 FROM ledger_posting)")
        cursor.execute("RESET entrepot.reset")
    write(1)
    assert Posting.objects.count() == 6
    assert findings() == ["seal 1: a posting or its journal was changed"]


def test_a_chain_that_was_written_anew_does_not_lead_through_what_was_published(small: None, tmp_path: Path) -> None:
    file = tmp_path / "anchors.txt"
    write(6)
    sealing.seal(now=NOW)
    line = sealing.publish(file=file, now=NOW)
    assert line is not None
    assert sealing.publish(file=file, now=NOW) is None
    assert sealing.read_anchors(file) == [(2, Anchor.objects.get().hash)]
    with connections["owner"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL entrepot.reset = 'on'")
        cursor.execute("DELETE FROM ledger_anchor")
        cursor.execute("DELETE FROM ledger_seal")
        cursor.execute("UPDATE ledger_posting SET part = 'forged' WHERE amount_minor = 6")
        cursor.execute("COMMIT")
    sealing.seal(now=NOW)
    assert findings() == []
    assert findings(sealing.read_anchors(file)) == ["anchor 2: the chain has another hash there"]
    assert findings([(9, "0" * 64)]) == ["anchor 9: the chain ends before it"]
