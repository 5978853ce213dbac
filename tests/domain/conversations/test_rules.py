"""What a seller is not shown, and when an answer is owed."""

import pytest

from entrepot.domain.conversations import rules
from entrepot.domain.conversations.models import Thread
from entrepot.domain.terms.rules import Party


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("write to ada@example.org please", "write to ••• please"),
        ("ada.byron+shop (at) mail.example (dot) org", "•••"),
        ("Ruf an: +49 30 123 45 67!", "Ruf an: •••!"),
        ("0049-30-1234567 or (030) 123 4567", "••• or •••"),
        ("it came on 2026-03-02 and again on 02.03.2026", "it came on 2026-03-02 and again on 02.03.2026"),
        ("order R-7K2M-94QX of 3 cups for 1,299.00 EUR", "order R-7K2M-94QX of 3 cups for 1,299.00 EUR"),
        ("12 x 30 cm, 500 g, number 12345", "12 x 30 cm, 500 g, number 12345"),
        ("@home we say 5 @ 3.50", "@home we say 5 @ 3.50"),
    ],
)
def test_contact_details_are_masked(said, shown):
    assert rules.mask(said) == shown


def test_a_long_text_is_masked_at_once():
    import time

    started = time.process_time()
    for text in ("a" * 4000, "a." * 2000, "1 " * 2000, "(at)" * 1000, "1-" * 2000):
        rules.mask(text)
    assert time.process_time() - started < 5, "tens of milliseconds, or minutes"


@pytest.mark.parametrize(
    ("reader", "service", "masked"),
    [
        (Party.SELLER, "platform", True),
        (Party.SELLER, "third_party", True),
        (Party.SELLER, "seller", False),
        (Party.PLATFORM, "seller", False),
        (None, "platform", False),
    ],
)
def test_only_a_seller_who_holds_no_service_is_shown_less(reader, service, masked):
    assert rules.is_masked_for(reader, service) is masked


def test_every_subject_says_where_it_leads():
    assert rules.ACTS.keys() == set(Thread.Subject.values)
    assert rules.NEXT.keys() == set(Party)
