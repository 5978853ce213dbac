"""What every kind of carrier promises, whoever it is; the live ones against exchanges of their own on loopback."""

from datetime import timedelta

import pytest
from django.db import transaction

from entrepot.domain.logistics.carriers import KINDS, Cancellation, Carrier, Closing, Outcome
from loopback import NOW, SENDER, consignment, live_carriers

__all__ = ["live_carriers"]

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(params=[*(kind for kind in sorted(KINDS) if kind != "karrio"), "ups", "fedex"])
def carrier(request) -> Carrier:
    if request.param in KINDS:
        return KINDS[request.param]("Union Parcel", {}, {})
    return request.getfixturevalue("live_carriers")(request.param)


def booked(carrier: Carrier, key: str = "b-1"):
    [answer] = carrier.ask_to_book([consignment(key, service=service_of(carrier))])
    assert answer.outcome is Outcome.DONE, answer
    return answer


def service_of(carrier: Carrier) -> str:
    offers = carrier.ask_for_quotes(consignment())
    return offers[0].service if offers else "ground"


def cancellation(answer) -> Cancellation:
    return Cancellation(answer.key, answer.reference, answer.tracking_number, "", NOW)


def test_it_has_a_name(carrier):
    assert str(carrier.label)
    assert KINDS[carrier.kind]


def test_what_it_asks_is_whole_money_in_a_currency_the_cheapest_first(carrier):
    offers = [each for each in carrier.ask_for_quotes(consignment()) if not each.refusal]
    assert all(type(each.cost_minor) is int and each.cost_minor > 0 and len(each.currency) == 3 for each in offers)
    assert [each.cost_minor for each in offers] == sorted(each.cost_minor for each in offers)
    assert offers or carrier.kind == "rate_cards"  # whose cards are the operator's


def test_a_booking_has_a_number_and_a_label_that_is_a_pdf(carrier):
    answer = booked(carrier)
    assert answer.key == "b-1"
    assert answer.tracking_number
    assert answer.reference
    assert carrier.draw_label(consignment(), answer).startswith(b"%PDF-")


def test_the_same_key_is_booked_once_by_who_remembers(carrier):
    first = booked(carrier)
    if carrier.remembers:
        assert booked(carrier) == first
        assert booked(carrier, "b-2").tracking_number != first.tracking_number


def test_its_book_says_what_it_answered_or_that_it_cannot_say(carrier):
    first = booked(carrier)
    [found] = carrier.look_up(["b-1"], NOW)
    if not carrier.remembers:
        assert found is not None
        assert found.outcome is Outcome.UNKNOWN
    elif found is not None:  # who keeps no book is asked again, and says the same
        assert found == first
    assert carrier.kind != "sandbox" or carrier.look_up(["never"], NOW) == [None]


def test_a_booking_can_be_let_go_of_and_again(carrier):
    answer = booked(carrier)
    for _ in range(2 if carrier.remembers else 1):
        [gone] = carrier.ask_to_cancel([cancellation(answer)])
        assert gone.outcome is Outcome.DONE, gone


def test_what_it_saw_has_known_words_and_stable_keys(carrier):
    from entrepot.domain.logistics.models import TrackingEvent

    answer = booked(carrier)
    later = NOW + timedelta(days=60)
    seen = carrier.ask_for_sightings([answer.tracking_number], later)
    assert carrier.ask_for_sightings([answer.tracking_number], later) == seen
    assert {each.kind for each in seen} <= set(TrackingEvent.Kind.values)
    assert len({each.key for each in seen}) == len(seen)
    assert [each.occurred_at for each in seen] == sorted(each.occurred_at for each in seen)
    assert bool(seen) == carrier.tracks
    assert carrier.ask_for_sightings([answer.tracking_number], NOW - timedelta(days=9)) == []


def test_a_day_can_be_closed(carrier):
    answer = booked(carrier)
    closing = Closing("M-1", "Union Parcel", SENDER, ((answer.reference, answer.tracking_number),), NOW)
    closed = carrier.ask_to_close(closing)
    assert (closed.key, closed.outcome) == ("M-1", Outcome.DONE)
    assert closed.reference


def test_it_is_never_asked_within_a_transaction(carrier):
    with transaction.atomic():
        for question in (
            lambda: carrier.ask_to_book([consignment()]),
            lambda: carrier.ask_to_cancel([Cancellation("b-1", "x", "y", "", NOW)]),
            lambda: carrier.look_up(["b-1"], NOW),
            lambda: carrier.ask_for_quotes(consignment()),
            lambda: carrier.ask_for_sightings(["x"], NOW),
            lambda: carrier.ask_to_close(Closing("M-1", "Union Parcel", SENDER, (), NOW)),
        ):
            with pytest.raises(RuntimeError):
                question()
