"""The committed document of the API is the code's, and changes only so that nobody who relies on it breaks."""

import copy
import json
import re

import pytest

from entrepot.surfaces.api import document
from entrepot.surfaces.api.refusals import collect, to_markdown

COMMITTED = json.loads(document.OPENAPI.read_text())
ADVICE = "run `make openapi` and commit docs/openapi.json and docs/errors.md"


def test_nothing_that_others_rely_on_has_changed():
    broken = document.breaking(COMMITTED, document.current())
    assert not broken, "the API would break for those who use it:\n" + "\n".join(broken)


def test_the_committed_document_is_the_codes():
    is_current = document.OPENAPI.read_text() == document.to_text(document.current())
    assert is_current, f"the API has more to say than its document: {ADVICE}"


def test_the_committed_errors_are_the_codes():
    assert document.ERRORS.read_text() == to_markdown(collect()), ADVICE


def test_the_walk_sees_refusals_of_every_kind():
    found = {refusal.code: refusal.statuses[0] for refusal in collect()}
    assert {
        "orders.bad_quantity": 422,
        "kernel.not_found": 404,
        "accounts.verb_missing": 403,
        "aftersales.window_over": 409,
        "compare.unreadable": 422,
        "sheets.unreadable": 422,
        "api.malformed": 422,
        "accounts.sign_in": 401,
    }.items() <= found.items()


def test_every_code_is_an_area_and_a_reason():
    assert [refusal.code for refusal in collect() if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", refusal.code)] == []


def test_two_statuses_are_those_of_a_name_in_an_address_and_in_a_field():
    assert {refusal.statuses for refusal in collect() if len(refusal.statuses) > 1} <= {(404, 422)}


def operation(changed):
    return changed["paths"]["/api/v1/orders"]["post"]


def schema(changed, name):
    return changed["components"]["schemas"][name]


def gone_operation(changed):
    del changed["paths"]["/api/v1/orders"]["post"]


def gone_path(changed):
    del changed["paths"]["/api/v1/markets"]


def gone_answer_field(changed):
    del schema(changed, "PlacedOut")["properties"]["order_token"]


def other_type_of_answer(changed):
    schema(changed, "Money")["properties"]["minor"]["type"] = "string"


def answer_that_may_be_missing(changed):
    schema(changed, "PlacedOut")["required"].remove("state")


def new_required_field(changed):
    schema(changed, "OrderIn")["required"].append("instrument")


def gone_field(changed):
    del schema(changed, "OrderIn")["properties"]["attribution"]


def narrower_field(changed):
    schema(changed, "LineIn")["properties"]["quantity"]["maximum"] = 10


def new_required_parameter(changed):
    operation(changed)["parameters"].append(
        {"in": "query", "name": "x", "required": True, "schema": {"type": "string"}}
    )


def gone_parameter(changed):
    operation(changed)["parameters"].clear()


def gone_status(changed):
    del operation(changed)["responses"]["201"]


def other_operation_id(changed):
    operation(changed)["operationId"] = "order"


@pytest.mark.parametrize(
    "change",
    [
        gone_operation,
        gone_path,
        gone_answer_field,
        other_type_of_answer,
        answer_that_may_be_missing,
        new_required_field,
        gone_field,
        narrower_field,
        new_required_parameter,
        gone_parameter,
        gone_status,
        other_operation_id,
    ],
)
def test_a_breaking_change_is_told(change):
    changed = copy.deepcopy(COMMITTED)
    change(changed)
    assert document.breaking(COMMITTED, changed) != []


def test_an_addition_breaks_nothing():
    changed = copy.deepcopy(COMMITTED)
    changed["paths"]["/api/v1/news"] = {"get": {"operationId": "news", "responses": {}}}
    schema(changed, "PlacedOut")["properties"]["more"] = {"type": "string"}
    schema(changed, "OrderIn")["properties"]["more"] = {"type": "string"}
    schema(changed, "LineIn")["properties"]["quantity"]["maximum"] = 2_000_000
    operation(changed)["parameters"].append(
        {"in": "query", "name": "x", "required": False, "schema": {"type": "string"}}
    )
    assert document.breaking(COMMITTED, changed) == []
    assert document.breaking(COMMITTED, COMMITTED) == []
