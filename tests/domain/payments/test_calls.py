"""Calls are written before they are made, stay within the payment, and are counted when they are done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import connection

from entrepot.domain.payments import queries, services
from entrepot.domain.payments.models import Capture, CaptureLine, Payment, Refund
from entrepot.domain.payments.providers import Act, Answer, Outcome
from entrepot.domain.payments.services import BeyondAuthorised, BeyondCaptured, NewCall, NewPayment
from entrepot.kernel import ids

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database")


def new_payment(amount: int = 1000, *, instrument: str = "", provider: str = "sandbox") -> Payment:
    """An authorised payment."""
    row = NewPayment(ids.new_id(NOW), ids.new_id(NOW), provider, "EUR", amount, instrument)
    services.open_payments(rows=[row], now=NOW)
    answers = services.ask_for_authorisations(rows=[row], now=NOW)
    services.record_authorisations(rows=[(one, "authorised", answer) for one, answer in answers], now=NOW)
    return Payment.objects.get(id=row.id)


def new_call(payment: Payment, *amounts: int, source=None, line=None) -> NewCall:
    lines = [(line or ids.new_id(NOW), 1, amount) for amount in amounts]
    return NewCall(payment.id, source or ids.new_id(NOW), lines)


def carry_out(act: Act, *rows: NewCall) -> list:
    opened = services.open_calls(act=act, rows=rows, now=NOW)
    answers = services.ask_for_calls(act=act, ids=opened, now=NOW)
    services.record_calls(act=act, answers=answers, now=NOW)
    return opened


def test_a_capture_is_about_to_be_then_done_and_counted():
    payment = new_payment()
    [capture] = services.open_calls(act=Act.CAPTURE, rows=[new_call(payment, 300, 400)], now=NOW)
    assert Capture.objects.get().state == "about_to"
    assert sorted(CaptureLine.objects.values_list("amount_minor", flat=True)) == [300, 400]
    answers = services.ask_for_calls(act=Act.CAPTURE, ids=[capture], now=NOW)
    assert services.record_calls(act=Act.CAPTURE, answers=answers, now=NOW) == [capture]
    assert services.record_calls(act=Act.CAPTURE, answers=answers, now=NOW) == []
    done = Capture.objects.get()
    assert (done.state, done.done_at, done.provider_reference != "") == ("done", NOW, True)
    payment.refresh_from_db()
    assert payment.captured_minor == 700


def test_open_calls_count_against_what_is_left():
    payment = new_payment()
    services.open_calls(act=Act.CAPTURE, rows=[new_call(payment, 600)], now=NOW)
    services.open_calls(act=Act.VOID, rows=[new_call(payment, 300)], now=NOW)
    with pytest.raises(BeyondAuthorised) as refusal:
        services.open_calls(act=Act.CAPTURE, rows=[new_call(payment, 50), new_call(payment, 51)], now=NOW)
    assert refusal.value.values["left"] == 100
    with pytest.raises(BeyondCaptured):
        services.open_calls(act=Act.REFUND, rows=[new_call(payment, 1)], now=NOW)


def test_a_source_is_captured_once():
    payment, source = new_payment(), ids.new_id(NOW)
    first = carry_out(Act.CAPTURE, new_call(payment, 600, source=source))
    assert carry_out(Act.CAPTURE, new_call(payment, 600, source=source)) == first
    assert Capture.objects.count() == 1


def test_a_declined_capture_is_tried_anew_under_another_key():
    payment, source = new_payment(instrument="decline_capture"), ids.new_id(NOW)
    carry_out(Act.CAPTURE, new_call(payment, 600, source=source))
    assert Capture.objects.get().state == "failed"
    carry_out(Act.CAPTURE, new_call(payment, 600, source=source))
    capture = Capture.objects.get()
    assert (capture.state, capture.attempt) == ("failed", 2)
    payment.refresh_from_db()
    assert payment.captured_minor == 0


def test_a_cut_capture_is_looked_up_and_done_once():
    payment = new_payment(instrument="cut_capture")
    [capture] = carry_out(Act.CAPTURE, new_call(payment, 600))
    assert Capture.objects.get().state == "unknown"
    assert queries.list_open_calls(act=Act.CAPTURE, before=NOW) == []
    assert queries.list_open_calls(act=Act.CAPTURE, before=NOW.replace(hour=11)) == [capture]
    answers = services.ask_for_calls(act=Act.CAPTURE, ids=[capture], now=NOW)
    assert services.record_calls(act=Act.CAPTURE, answers=answers, now=NOW) == [capture]
    payment.refresh_from_db()
    assert payment.captured_minor == 600


def test_a_capture_of_nothing_asks_nobody():
    payment = new_payment(0, provider="manual")
    carry_out(Act.CAPTURE, new_call(payment, 0))
    assert Capture.objects.get().state == "done"


def test_two_full_refunds_at_once_give_back_once():
    payment = new_payment()
    line = ids.new_id(NOW)
    carry_out(Act.CAPTURE, new_call(payment, 1000, line=line))

    def refund(_: int) -> object:
        try:
            return carry_out(Act.REFUND, new_call(payment, 1000, line=line))
        except BeyondCaptured as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(refund, range(8)))
    assert sum(isinstance(result, list) for result in results) == 1
    assert Refund.objects.count() == 1
    payment.refresh_from_db()
    assert payment.refunded_minor == 1000


def test_nothing_is_captured_of_a_payment_that_waits():
    row = NewPayment(ids.new_id(NOW), ids.new_id(NOW), "manual", "EUR", 1000, "")
    services.open_payments(rows=[row], now=NOW)
    with pytest.raises(BeyondAuthorised):
        services.open_calls(act=Act.CAPTURE, rows=[new_call(SimpleNamespace(id=row.id), 1)], now=NOW)


def test_a_recorded_end_is_kept():
    payment = new_payment()
    late = Answer("x", Outcome.DECLINED, reason="card_declined")
    services.record_authorisations(rows=[(payment.id, "declined", late)], now=NOW)
    payment.refresh_from_db()
    assert payment.state == "authorised"
