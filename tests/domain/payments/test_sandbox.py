"""The sandbox keeps a book of its own: idempotent by key, within its limits, told in signed messages."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from entrepot.domain.payments.models import SandboxCharge
from entrepot.domain.payments.providers import Act, Call, Outcome
from entrepot.domain.payments.providers.sandbox import Sandbox, SandboxCrash
from entrepot.domain.payments.providers.webhooks import BadWebhook

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECRET = "a secret of some length"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(SECRET)


def call(key: str, amount: int = 1000, *, instrument: str = "", of: str = "", at: datetime = NOW) -> Call:
    return Call(key, amount, "EUR", at, instrument=instrument, authorisation=of)


@pytest.mark.parametrize(
    ("instrument", "outcome", "reason"),
    [
        ("", Outcome.APPROVED, ""),
        ("approve", Outcome.APPROVED, ""),
        ("duplicate", Outcome.APPROVED, ""),
        ("decline", Outcome.DECLINED, "card_declined"),
        ("a card nobody knows", Outcome.DECLINED, "unknown_instrument"),
        ("slow", Outcome.PENDING, ""),
        ("late", Outcome.PENDING, ""),
        ("cut", Outcome.UNKNOWN, ""),
        ("unreachable", Outcome.UNKNOWN, ""),
    ],
)
def test_the_instrument_chooses_the_answer(sandbox, instrument, outcome, reason):
    answer = sandbox.authorise(call("one", instrument=instrument))
    assert (answer.outcome, answer.reason) == (outcome, reason)


def test_the_same_key_is_charged_once_and_answers_alike(sandbox):
    first = sandbox.ask(Act.AUTHORISE, [call("one"), call("two")])
    assert sandbox.ask(Act.AUTHORISE, [call("two"), call("one")]) == first[::-1]
    assert SandboxCharge.objects.count() == 2


def test_the_same_key_with_another_amount_is_declined(sandbox):
    sandbox.authorise(call("one"))
    assert sandbox.authorise(call("one", 999)).reason == "key_reused"


def test_captures_voids_and_refunds_keep_within_what_is_left(sandbox):
    held = sandbox.authorise(call("one", 1000)).reference
    outcomes = [
        sandbox.capture(call("c1", 600, of=held)).outcome,
        sandbox.void(call("v1", 300, of=held)).outcome,
        sandbox.capture(call("c2", 101, of=held)).reason,
        sandbox.capture(call("c3", 100, of=held)).outcome,
        sandbox.refund(call("r1", 701, of=held)).reason,
        sandbox.refund(call("r2", 700, of=held)).outcome,
    ]
    assert outcomes == ["approved", "approved", "beyond_what_is_left", "approved", "beyond_what_is_left", "approved"]


def test_a_batch_keeps_within_what_is_left_as_one(sandbox):
    held = sandbox.authorise(call("one", 1000)).reference
    answers = sandbox.ask(Act.CAPTURE, [call(f"c{number}", 400, of=held) for number in range(3)])
    assert [answer.outcome for answer in answers] == ["approved", "approved", "declined"]


def test_nothing_is_captured_of_what_was_not_authorised(sandbox):
    held = sandbox.authorise(call("one", instrument="decline")).reference
    slow = sandbox.authorise(call("two", instrument="slow")).reference
    assert sandbox.capture(call("c1", of=held)).reason == "not_authorised"
    assert sandbox.capture(call("c2", of=slow)).reason == "not_authorised"
    assert sandbox.capture(call("c3", of=slow, at=NOW + timedelta(minutes=1))).outcome == "approved"


def test_a_cut_line_leaves_its_charge_in_the_book(sandbox):
    sandbox.authorise(call("one", instrument="cut"))
    sandbox.authorise(call("two", instrument="unreachable"))
    found = sandbox.look_up(["one", "two"], NOW)
    assert found[0] is not None
    assert found[0].outcome == "approved"
    assert found[1] is None
    assert sandbox.authorise(call("one", instrument="cut")).outcome == "approved"


def test_a_crash_comes_after_the_capture_was_written(sandbox):
    held = sandbox.authorise(call("one", instrument="crash_after_capture")).reference
    with pytest.raises(SandboxCrash):
        sandbox.capture(call("c1", of=held))
    assert sandbox.lookup("c1", NOW).outcome == "approved"
    assert sandbox.capture(call("c1", of=held)).outcome == "approved"
    assert SandboxCharge.objects.filter(act="capture").count() == 1


def test_it_is_never_asked_within_a_transaction(sandbox):
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        sandbox.authorise(call("one"))


def test_messages_come_when_they_are_due_and_as_often_as_they_come(sandbox):
    for key, instrument in [("a", "approve"), ("b", "duplicate"), ("c", "slow"), ("d", "late")]:
        sandbox.authorise(call(key, instrument=instrument))

    def keys(at: datetime) -> list[str]:
        return [json.loads(body)["key"] for _, body in sandbox.messages(at)]

    assert keys(NOW) == ["a", "b", "b"]
    assert keys(NOW + timedelta(minutes=1)) == ["c"]
    assert keys(NOW + timedelta(days=2)) == []
    assert keys(NOW + timedelta(days=3)) == ["d"]


def test_a_signed_message_is_read(sandbox):
    reference = sandbox.authorise(call("one", instrument="decline")).reference
    [(headers, body)] = sandbox.messages(NOW)
    [notice] = sandbox.read_webhook(headers, body, NOW)
    assert (notice.key, notice.kind, notice.reference) == ("one", "authorise.declined", reference)
    assert (notice.amount_minor, notice.currency, notice.account, notice.mode) == (1000, "EUR", "entrepot", "test")


def test_a_message_is_not_believed_without_its_proof(sandbox):
    sandbox.authorise(call("one"))
    [(headers, body)] = sandbox.messages(NOW)
    forged = [
        ({}, body, NOW),
        (headers | {"webhook-signature": "v1,AAAA"}, body, NOW),
        (headers | {"webhook-signature": ""}, body, NOW),
        (headers | {"webhook-id": "evt_other"}, body, NOW),
        (headers, body.replace(b"1000", b"9000"), NOW),
        (headers, body, NOW + timedelta(minutes=6)),
        (headers, body, NOW - timedelta(minutes=6)),
        (headers, b" " * 70_000, NOW),
    ]
    for given, content, at in forged:
        with pytest.raises(BadWebhook):
            sandbox.read_webhook(given, content, at)
    with pytest.raises(BadWebhook):
        Sandbox("the secret of another shop").read_webhook(headers, body, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"key": 1}', b"[" * 50_000])
def test_a_proven_message_that_says_nothing_is_refused(sandbox, body):
    from entrepot.domain.payments.providers import webhooks

    with pytest.raises(BadWebhook):
        sandbox.read_webhook(webhooks.sign(SECRET, "evt_x", body, NOW), body, NOW)


@pytest.mark.parametrize("secret", ["", "short"])
def test_nothing_starts_without_a_secret(secret):
    with pytest.raises(RuntimeError, match="secret"):
        Sandbox(secret)
