"""The parts of an amount sum to it, whatever was kept; a promise tells whose each stretch is."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.terms.rules import Role
from entrepot.surfaces.shop.parties import Names
from entrepot.surfaces.shop.parts import Taxed, laws, of_border, of_carriage, of_tax, window

CARD = {"card": "cn-air", "title": "By air", "currency": "EUR", "own_minor": 800, "amount_minor": 800,
        "billed_g": 1500, "parts": {"carriage": 800}}  # fmt: skip
CARRIED: dict[str, Any] = {
    "lane": "x", "title": "X", "weight_g": 900, "charge_minor": 599, "flat_minor": 199, "cost_rate": "0.5",
    "cost_minor": 800, "free_from_minor": None, "source": "table", "cards": [CARD],
}  # fmt: skip
BORDER: dict[str, Any] = {
    "on": "2026-07-02", "hs": "850440", "origin": "CN",
    "parts": [
        {"part": "customs_duty", "amount_minor": 270, "rate": "2.7 %", "base": "goods + freight",
         "base_minor": 10_000, "source": "Annex", "collector": "border"},
        {"part": "flat_duty", "amount_minor": 300, "rate": "", "source": "Council", "collector": "border"},
    ],
}  # fmt: skip
SELLER = UUID(int=3)


@pytest.fixture(autouse=True, scope="module")
def english() -> Iterator[None]:
    """Whatever language the test before spoke."""
    with override("en"):
        yield


def test_carriage_is_told_step_by_step_with_cards_and_weights():
    flat, share = of_carriage(CARRIED, 599, "EUR")
    assert (flat.amount_minor, share.amount_minor) == (199, 400)
    assert list(flat.notes) == ["weighs 0.9 kg, billed as 1.5 kg"]
    assert list(share.notes) == ["50 % of what the carriage costs", "By air: €8.00"]
    free = CARRIED | {"charge_minor": 0, "flat_minor": 0, "free_from_minor": 5000}
    [only] = of_carriage(free, 0, "EUR")
    assert only.amount_minor == 0 and "free from €50.00 of goods" in only.notes
    [table] = of_carriage(CARRIED | {"charge_minor": 199, "cost_rate": "0"}, 199, "EUR")
    assert table.notes[1] == "by the rate card “By air”"


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from(["0", "0.5", "1.25"]))
def test_parts_sum_to_what_is_shown_whatever_was_kept(shown, flat, rate):
    kept = CARRIED | {"charge_minor": max(shown, flat), "flat_minor": flat, "cost_rate": rate}
    assert sum(each.amount_minor for each in of_carriage(kept, shown, "EUR")) == shown
    assert sum(each.amount_minor for each in of_carriage({}, shown, "EUR")) == shown
    assert sum(each.amount_minor for each in of_border(BORDER, shown, "EUR")) == shown


def test_the_border_names_base_rate_source_collector_and_day():
    duty, flat = of_border(BORDER, 570, "EUR", "Mug")
    assert list(duty.notes) == [
        "Mug", "2.7 % of €100.00 (goods + delivery)", "collected by customs; paid for you", "Annex",
    ]  # fmt: skip
    assert flat.amount_minor == 300 and "Council" in flat.notes
    day, goods = (str(each.value) for each in laws([BORDER, {}]))
    assert day.endswith(" 2026") and goods == "850440 from China"
    with override("de"):
        [first, _] = of_border(BORDER, 570, "EUR")
        assert first.label == "Zoll" and "2.7 % von 100,00 € (Waren + Lieferung)" in [
            str(each).replace("\xa0", " ") for each in first.notes
        ]


def test_tax_has_its_rate_and_base():
    goods, way = of_tax([Taxed("Mug", Decimal("0.19"), 1000, 190, 500, 95)], "EUR")
    assert (goods.amount_minor, way.amount_minor) == (190, 95)
    assert list(goods.notes) == ["19 % of €10.00"]


def test_a_promise_tells_leg_by_leg_from_when_to_when_and_whose():
    segments = [
        {"leg": "dispatch", "task": "packaging_and_label", "party": "seller", "done_by": "2026-07-03"},
        {"leg": "haul", "task": "line_haul", "party": "platform", "done_by": "2026-07-09"},
        {"leg": "door", "task": "last_mile", "party": "third_party", "done_by": "2026-07-12"},
    ]
    terms: Any = SimpleNamespace(role=lambda task: Role.CARRIER)
    given = {
        "first": date(2026, 7, 8), "last": date(2026, 7, 12), "confidence": 0.9,
        "names": Names("Market", {SELLER: "Mugs Ltd"}), "seller_id": SELLER, "terms": terms, "origin": "CN",
    }  # fmt: skip
    found = window(segments, **given)
    assert found and found.title == "Arrives 8–12 July"
    assert [(each.label, each.days, each.who) for each in found.segments] == [
        ("Packed and handed over", "by 3 July", "Mugs Ltd"),
        ("The long way", "3–9 July", "Market"),
        ("To your door", "9–12 July", "a carrier"),
    ]
    assert found.traces[0].value == "90 % of the time"
    assert window([], **given) is None
