"""A file of rows becomes a question; its answer tells plan and reasons; what is wrong names row and column."""

import json

import pytest
from click.testing import CliRunner

from entrepot.domain.routing.batches import route
from entrepot.domain.routing.reading import as_document, read
from entrepot.kernel.errors import Invalid
from entrepot.kernel.sheets import Unreadable
from entrepot.surfaces.cli.route import route as command

LINES = [
    {"order": "A", "sku": "MUG", "quantity": "1", "to": "DE"},
    {"order": "B", "sku": "MUG", "quantity": "1", "to": "DE"},
    {"order": "B", "sku": "PLATE", "quantity": "1", "to": "DE"},
]
STOCK = [
    {"row": "stock", "node": "berlin", "sku": "MUG", "quantity": "1"},
    {"row": "stock", "node": "berlin", "sku": "PLATE", "quantity": "1"},
    {"row": "stock", "node": "yiwu", "sku": "MUG", "quantity": "1"},
]
OPTIONS = [
    {
        "row": "option",
        "node": node,
        "to": "DE",
        "service": "parcel",
        "fixed": fixed,
        "per_unit": "0.50",
        "currency": "EUR",
    }
    for node, fixed in (("berlin", "4.00"), ("yiwu", "5.00"))
]
ROWS = LINES + STOCK + OPTIONS


def answered(rows: list[dict]) -> dict:
    question = read(rows)
    return as_document(question, route(question.problem))


def changed(place: int, **cells: str) -> list[dict]:
    return [{**row, **cells} if number == place else row for number, row in enumerate(ROWS)]


def nodes(document: dict, order: int) -> list[str]:
    return [each["node"] for each in document["orders"][order]["parcels"]]


def verdicts(document: dict, order: int) -> dict[str, str]:
    return {each["node"]: each["verdict"] for each in document["orders"][order]["why"]}


def test_the_worked_example_of_the_page():
    found = answered(ROWS)
    assert (found["cost_minor"], found["parcels"], found["exact"]) == (1050, 2, True)
    assert found["one_by_one"] == {"cost_minor": 1450, "parcels": 3, "short": 0}
    assert nodes(found, 0) == ["yiwu"]
    assert nodes(found, 1) == ["berlin"]
    assert verdicts(found, 0) == {"berlin": "not_needed", "yiwu": "chosen"}
    assert verdicts(found, 1) == {"berlin": "chosen", "yiwu": "short"}


def test_what_forbids_a_node_is_its_verdict():
    assert verdicts(answered(changed(0, **{"from": "yiwu"})), 0)["berlin"] == "not_their_node"
    assert verdicts(answered([*changed(6, days="9"), *[]]), 0)["berlin"] == "not_needed"
    late = changed(6, days="9")
    late[0] = {**late[0], "within_days": "5"}
    assert verdicts(answered(late), 0)["berlin"] == "too_late"
    assert verdicts(answered(ROWS[:-1]), 0)["yiwu"] == "no_service"
    excluded = answered([*ROWS, {"row": "rule", "rule": "exclude_node", "node": "berlin"}])
    assert (verdicts(excluded, 0)["berlin"], excluded["short"]) == ("excluded", 2)
    full = answered([*ROWS, {"row": "node", "node": "berlin", "units": "0"}])
    assert verdicts(full, 0)["berlin"] == "full"


def test_a_preference_costs_what_it_may_and_no_more():
    cheap_far = [*changed(7, fixed="1.00"), {"row": "node", "node": "berlin", "to": "DE"}][0:1] + STOCK + [
        OPTIONS[0], {**OPTIONS[1], "fixed": "1.00"}, {"row": "node", "node": "berlin", "to": "DE"},
    ]  # fmt: skip
    assert nodes(answered(cheap_far), 0) == ["yiwu"]
    for amount, wanted in (("", "berlin"), ("2.99", "yiwu"), ("3.01", "berlin")):
        found = answered([*cheap_far, {"row": "rule", "rule": "prefer_local", "amount": amount}])
        assert nodes(found, 0) == [wanted], amount
        assert found["cost_minor"] == {"berlin": 450, "yiwu": 150}[wanted]


def test_a_cheap_order_is_not_split():
    rows = [{**row, "value": "10.00", "quantity": "1"} for row in LINES[1:]] + [STOCK[1], STOCK[2], *OPTIONS]
    assert answered(rows)["parcels"] == 2
    whole = answered([*rows, {"row": "rule", "rule": "no_split_below", "amount": "20.01"}])
    assert (whole["parcels"], whole["short"]) == (1, 1)
    assert answered([*rows, {"row": "rule", "rule": "no_split_below", "amount": "20.00"}])["parcels"] == 2
    assert answered([*rows, {"row": "rule", "rule": "one_parcel"}])["parcels"] == 1


def test_a_set_takes_its_components_and_a_pool_is_apart():
    rows = [{"order": "A", "sku": "2*MUG + PLATE", "quantity": "2", "to": "DE"}, *STOCK, *OPTIONS]
    rows[1] = {**rows[1], "quantity": "3"}
    assert answered(rows)["short"] == 1
    assert answered([{**ROWS[0], "pool": "mine"}, *STOCK, *OPTIONS])["short"] == 1


@pytest.mark.parametrize(
    ("place", "cells", "row", "column"),
    [
        (0, {"quantity": "0"}, 1, "quantity"),
        (0, {"quantity": "-1"}, 1, "quantity"),
        (0, {"quantity": "١"}, 1, "quantity"),
        (1, {"sku": ""}, 2, "sku"),
        (1, {"sku": "0*MUG"}, 2, "sku"),
        (2, {"to": "FR"}, 3, "to"),
        (2, {"from": "nowhere"}, 3, "from"),
        (2, {"fixed": "3"}, 3, "fixed"),
        (3, {"row": "shelf"}, 4, "row"),
        (4, {"quantity": "1e3"}, 5, "quantity"),
        (6, {"fixed": "4.001"}, 7, "fixed"),
        (6, {"per_kg": "-1"}, 7, "per_kg"),
        (7, {"currency": "USD"}, 8, "currency"),
    ],
)
def test_what_is_wrong_names_row_and_column(place, cells, row, column):
    with pytest.raises(Unreadable) as refusal:
        answered(changed(place, **cells))
    assert (refusal.value.values["row"], refusal.value.values["column"]) == (row, column)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"rule": "prefer_cheap"}, "rule"),
        ({"rule": "prefer_node"}, "node"),
        ({"rule": "one_parcel", "node": "berlin"}, "node"),
        ({"rule": "exclude_node", "node": "mars"}, "node"),
        ({"rule": "no_split_below"}, "amount"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(cells, column):
    with pytest.raises(Unreadable) as refusal:
        read([*ROWS, {"row": "rule", **cells}])
    assert refusal.value.values["column"] == column


def test_a_file_without_lines_or_with_a_strange_currency_is_refused():
    with pytest.raises(Invalid, match="no line"):
        read(STOCK)
    with pytest.raises(Invalid):
        read([*LINES, {**OPTIONS[0], "currency": "XQX"}])


def test_the_command_reads_what_is_piped_in_as_json_lists():
    document = {
        "lines": LINES,
        "stock": [{key: value for key, value in row.items() if key != "row"} for row in STOCK],
        "options": [{key: value for key, value in row.items() if key != "row"} for row in OPTIONS],
    }
    told = CliRunner().invoke(command, ["-", "--json"], input=json.dumps(document), standalone_mode=False)
    assert told.return_value == 0
    assert json.loads(told.output) == answered(ROWS)
    document["stock"].pop()
    short = CliRunner().invoke(command, ["-"], input=json.dumps(document), standalone_mode=False)
    assert short.return_value == 1
    assert "1 units short" in short.output
    document["options"][0]["days"] = "soon"
    wrong = CliRunner().invoke(command, ["-", "--json"], input=json.dumps(document), standalone_mode=False)
    assert (wrong.exception.values["row"], wrong.exception.values["column"]) == ("1 of options", "days")
