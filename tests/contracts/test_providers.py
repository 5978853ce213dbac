"""What every payment provider promises, whoever it is."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from entrepot.domain.payments.providers import PROVIDERS, Act, Call, Outcome, Provider
from entrepot.kernel.errors import Invalid, NotFound

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request) -> Provider:
    return PROVIDERS[request.param]


def calls(*keys: str, amount: int = 1000, authorisation: str = "") -> list[Call]:
    return [Call(f"authorise:{key}:1", amount, "EUR", NOW, authorisation=authorisation) for key in keys]


def test_it_is_registered_under_its_own_code_with_a_name_and_patience(provider):
    assert PROVIDERS[provider.code] is provider
    assert str(provider.label)
    assert provider.hold_for <= provider.wait_for


def test_it_answers_every_call_in_order(provider):
    asked = calls("b", "a", "c")
    answers = provider.ask(Act.AUTHORISE, asked)
    assert [answer.key for answer in answers] == [call.key for call in asked]
    assert {answer.outcome for answer in answers} <= {Outcome.APPROVED, Outcome.PENDING}
    assert provider.ask(Act.AUTHORISE, []) == []


def test_the_same_key_gets_the_same_answer(provider):
    first = provider.ask(Act.AUTHORISE, calls("one"))
    assert provider.ask(Act.AUTHORISE, calls("one")) == first


def test_its_book_says_what_it_answered(provider):
    [answer] = provider.ask(Act.AUTHORISE, calls("one"))
    [found] = provider.look_up([answer.key], NOW)
    assert found is not None
    assert (found.key, found.outcome) == (answer.key, answer.outcome)


def test_what_was_set_aside_is_taken_let_go_and_given_back(provider):
    [held] = provider.ask(Act.AUTHORISE, calls("one"))
    for act, amount in ((Act.CAPTURE, 600), (Act.VOID, 400), (Act.REFUND, 600)):
        [answer] = provider.ask(act, [Call(f"{act}:x:1", amount, "EUR", NOW, authorisation=held.reference)])
        assert answer.outcome is Outcome.APPROVED


def test_it_is_never_asked_within_a_transaction(provider):
    with transaction.atomic():
        with pytest.raises(RuntimeError):
            provider.ask(Act.AUTHORISE, calls("one"))
        with pytest.raises(RuntimeError):
            provider.look_up(["one"], NOW)


def test_it_believes_no_message_without_proof(provider):
    with pytest.raises((Invalid, NotFound)):
        provider.read_webhook({}, b'{"kind": "authorise.approved"}', NOW)
