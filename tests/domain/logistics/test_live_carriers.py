"""Live carriers through the SDK: what is sent, what comes of refusals and silence, and that secrets stay secret."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from entrepot.domain.logistics.carriers import Address, Cancellation, Item, Outcome
from entrepot.domain.logistics.carriers.karrio import Karrio, NotInstalled
from entrepot.kernel.errors import Invalid
from loopback import FEDEX_NUMBER, NOW, SECRETS, UPS_NUMBER, consignment, live_carriers

__all__ = ["live_carriers"]

EVERY = pytest.mark.parametrize("connector", ["ups", "fedex"])
NUMBERS = {"ups": UPS_NUMBER, "fedex": FEDEX_NUMBER}


@EVERY
def test_quotes_are_the_carriers_in_our_words(live_carriers, connector):
    quotes = live_carriers(connector).quote(consignment())
    assert [(each.service, each.currency, each.cost_minor) for each in quotes] == {
        "ups": [("ground", "USD", 1237), ("express", "USD", 4815)],
        "fedex": [("ground", "USD", 1392), ("express", "USD", 6104)],
    }[connector]
    assert quotes[0].days == (2, 2)


@EVERY
def test_a_booking_brings_the_carriers_own_label(live_carriers, connector):
    carrier = live_carriers(connector)
    [answer] = carrier.ask_to_book([consignment(service="ground")])
    assert (answer.outcome, answer.tracking_number) == (Outcome.DONE, NUMBERS[connector])
    assert answer.paper.startswith(b"%PDF-")
    assert carrier.draw_label(consignment(), answer) == answer.paper


@EVERY
def test_what_is_asked_names_the_parcel_the_people_and_the_goods_across_a_border(live_carriers, connector):
    carrier = live_carriers(connector)
    abroad = Address("Anke Brinkmann", "DE", "Elbstrasse 4", city="Kassel", postcode="34117", phone="+4956155501")
    item = Item("Ceramic mug", "MUG-1", 3, 1100, 5997, "691200", "CN")
    asked = consignment(service="express", recipient=abroad, items=(item,), incoterm="DDP")
    assert carrier.book(asked).outcome is Outcome.DONE
    body = json.dumps(json.loads(carrier.server.asked[-1][3]))
    for wanted in ("Anke Brinkmann", "34117", "Kassel", "691200", "DDP", "Porttown"):
        assert wanted in body, body
    assert "19.99" in body  # the value of one


@EVERY
def test_a_refusal_is_an_answer_with_the_carriers_words(live_carriers, connector):
    nowhere = replace(consignment().recipient, postcode="")
    answer = live_carriers(connector).ask_to_book([consignment(recipient=nowhere, service="ground")])[0]
    assert answer.outcome is Outcome.DECLINED
    assert "RECIPIENT.POSTALCODE" in answer.reason or "120802" in answer.reason


@EVERY
def test_a_booking_that_is_not_there_cannot_be_let_go_of(live_carriers, connector):
    answer = live_carriers(connector).ask_to_cancel([Cancellation("b-1", "nothing", "nothing", "", NOW)])[0]
    assert answer.outcome is Outcome.DECLINED
    assert answer.reason


@EVERY
def test_scans_are_read_in_order_with_their_time(live_carriers, connector):
    seen = live_carriers(connector).track([NUMBERS[connector]], datetime(2026, 4, 1, tzinfo=UTC))
    assert seen[0].kind == "label_made"
    assert [each.kind for each in seen][-2:] == ["out_for_delivery", "delivered"]
    assert "in_transit" in {each.kind for each in seen}
    assert "Springfield" in seen[-1].place
    assert (seen[-1].occurred_at.month, seen[-1].occurred_at.day) == (3, 4)


@EVERY
@pytest.mark.parametrize("fault", [(0, b""), (500, b"<html>oops</html>"), (503, b"")])
def test_silence_and_gibberish_are_unknown_never_done(live_carriers, connector, fault):
    carrier = live_carriers(connector)
    carrier.server.fault = fault
    assert carrier.ask_to_book([consignment(service="ground")])[0].outcome is not Outcome.DONE


@EVERY
def test_a_wrong_secret_is_refused_and_no_secret_is_said_or_logged(live_carriers, connector, caplog, capfd):
    carrier = live_carriers(connector)
    carrier.secrets = {name: f"{value}-wrong" for name, value in carrier.secrets.items()}
    with caplog.at_level(logging.DEBUG):
        answer = carrier.ask_to_book([consignment(service="ground")])[0]
    assert answer.outcome is Outcome.DECLINED
    said = answer.reason + caplog.text + "".join(capfd.readouterr())
    assert not [value for value in SECRETS[connector].values() if value in said and value != "740561073"]


def test_a_secret_in_an_error_is_hushed():
    carrier = Karrio({"connector": "ups"}, {"client_secret": "sesame-open"})
    assert carrier._hushed("key sesame-open is wrong") == "key … is wrong"


def test_settings_that_the_connector_does_not_take_are_named(live_carriers):
    carrier = live_carriers("ups", colour="blue")
    with pytest.raises(Invalid, match="colour"):
        carrier.quote(consignment())


def test_a_connector_that_is_not_there_is_said_so(live_carriers):
    live_carriers("ups")
    with pytest.raises(NotInstalled):
        Karrio({"connector": "nowhere"}, {}).quote(consignment())
