"""Landed cost and its explanation over the API."""

import pytest

from entrepot.domain.customs import services
from surfaces.api.calls import key_for

LINE = {"consignment": "a", "hs": "6109.10", "origin": "CN", "destination": "FR", "date": "2026-07-15", "quantity": 2,
        "weight_g": 300, "currency": "EUR", "retail_minor": 2000}  # fmt: skip


@pytest.fixture
def who(world):
    services.load_reference(now=world.now)
    return key_for(world, world.seller("acme").pk, "seller.owner")


def test_a_quote_of_lines(who):
    shoes = LINE | {"hs": "640411", "retail_minor": 5000}
    answer = who.ask("POST", "/customs/landed-quotes", {"lines": [LINE, shoes]})
    total = answer["totals"][0]
    assert total["parts"]["flat_duty"] == 600 and total["parts"]["import_tax"] == 1400 + 120
    assert total["total_minor"] == sum(total["parts"].values()) == sum(line["total_minor"] for line in answer["lines"])
    assert answer["regimes"][0]["destination"] == "EU"


def test_lines_that_cannot_be_computed_are_named(who):
    bad = [LINE, LINE | {"hs": "619999", "consignment": "b"}]
    answer = who.ask("POST", "/customs/landed-quotes", {"lines": bad}, status=422)
    assert answer["code"] == "customs.bad_lines"
    assert [(row["row"], row["field"], row["code"]) for row in answer["values"]["rows"]] == [
        (2, "hs", "customs.unknown_hs")
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", 0), ("weight_g", -1), ("retail_minor", -1), ("mode", "rocket"), ("date", "soon"), ("origin", "x")],
)
def test_fields_that_cannot_be_are_named(who, field, value):
    answer = who.ask("POST", "/customs/landed-quotes", {"lines": [LINE | {field: value}]}, status=422)
    assert (answer["code"], answer["field"]) == ("api.malformed", f"lines[0].{field}")


def test_an_explanation(who):
    path = "/customs/explanations?hs=610910&origin=CN&destination=US-CA&date=2025-06-01"
    answer = who.ask("GET", path)
    assert answer["tariff_line"]["rate"] == "16.5%"
    assert {row["authority"] for row in answer["overlays"]} == {"s301", "ieepa_fentanyl", "ieepa_reciprocal"}
    assert all(row["source"] for band in answer["bands"] for row in band["charges"])
    assert who.ask("GET", path.replace("610910", "999999"), status=422)["code"] == "customs.bad_lines"
