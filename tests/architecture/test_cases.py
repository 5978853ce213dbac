"""The cases of the adversarial catalogue that concern what there is, by their ids: each has tests that are there.

The letter says of what it is about: Money, Stock, Tenants, Input (N), Webhooks, Uploads, Concurrency, Faults.
"""

import ast
from collections.abc import Mapping, Sequence
from functools import cache

import pytest

from architecture.sources import ROOT

#: id -> what must not do harm, and the tests, as `file::test` below tests/.
CASES: Mapping[str, tuple[str, Sequence[str]]] = {
    "M2": (
        "a quantity that is none",
        (
            "surfaces/api/test_asking.py::test_a_quantity_is_a_whole_number_of_units",
            "domain/orders/test_carts.py::test_what_is_no_quantity_is_refused",
        ),
    ),
    "M5": (
        "one key fifty times, and with another body",
        (
            "surfaces/api/test_asking.py::test_the_same_key_fifty_times_at_once_is_one_order",
            "flows/test_placing.py::test_a_key_with_another_body_is_refused",
        ),
    ),
    "M6": (
        "message, page and poll at once",
        ("flows/test_races.py::test_message_sweep_and_shopper_complete_one_checkout_together",),
    ),
    "M7": (
        "two refunds, and partial ones past what was taken",
        (
            "proving/test_races.py::giving_back_twice",
            "flows/test_returns.py::test_partial_returns_sum_to_what_was_paid",
        ),
    ),
    "M10": (
        "a refund after the payout",
        ("flows/test_settling.py::test_a_refund_after_the_payout_is_carried_and_recovered",),
    ),
    "M11": (
        "a death between the payout's call and its commit",
        (
            "flows/test_settling.py::test_a_batch_without_an_answer_is_asked_again_and_never_made_twice",
            "proving/test_crashes.py::test_every_effect_once_whatever_dies_where",
        ),
    ),
    "M12": ("settlement twice at once", ("flows/test_settling.py::test_two_settlers_at_once_make_one_statement",)),
    "M14": (
        "terms that change after the order",
        (
            "flows/test_placing.py::test_terms_are_those_of_the_order_not_of_today",
            "flows/test_enrolling.py::test_another_version_is_a_new_period_and_the_offers_pass_over",
        ),
    ),
    "M17": (
        "a journal of one person alone",
        (
            "flows/test_correcting.py::test_nothing_moves_until_a_second_person_approves",
            "flows/test_correcting.py::test_no_account_falls_under_its_floor",
        ),
    ),
    "M20": ("an order of nothing", ("flows/test_placing.py::test_an_order_of_nothing_asks_no_provider",)),
    "S1": (
        "many for the last units",
        (
            "flows/test_races.py::test_many_buyers_race_for_a_few_units",
            "domain/inventory/test_races.py::test_twenty_buyers_of_five_units_get_five",
        ),
    ),
    "S2": (
        "the same goods on two lines and in a kit",
        ("flows/test_placing.py::test_the_same_sku_on_two_lines_and_in_a_kit_is_counted_as_a_sum",),
    ),
    "S3": (
        "success after the hold ran out",
        (
            "flows/test_paying.py::test_success_after_the_hold_ran_out_takes_the_goods_again",
            "flows/test_paying.py::test_success_after_the_goods_went_to_another_is_let_go",
        ),
    ),
    "S5": (
        "shipping and cancelling at once",
        ("flows/test_fulfilment.py::test_of_shipping_and_cancelling_at_once_one_wins",),
    ),
    "S6": (
        "one hold let go by many",
        (
            "domain/inventory/test_races.py::test_a_hold_is_shipped_or_let_go_and_never_both",
            "domain/inventory/test_races.py::test_a_hold_is_confirmed_or_expires_and_never_both",
        ),
    ),
    "T1": (
        "another seller's ids on every page and operation",
        (
            "surfaces/api/test_walls.py::test_nobody_reaches_what_is_anothers",
            "surfaces/seller/test_isolation.py::test_every_route_is_404_for_the_wrong_seller",
        ),
    ),
    "T2": (
        "foreign ids in one's own body",
        (
            "surfaces/api/test_walls.py::test_a_seller_cannot_count_anothers_goods_into_its_own_node",
            "flows/test_amending.py::test_another_sellers_product_takes_no_place",
        ),
    ),
    "T4": (
        "another's cart or order by its token",
        (
            "domain/orders/test_carts.py::test_nobody_orders_the_cart_of_another",
            "flows/test_reading.py::test_a_token_opens_no_order_of_a_user",
        ),
    ),
    "T7": (
        "what declares no permission",
        (
            "surfaces/api/test_walls.py::test_every_verb_is_one_that_roles_hold",
            "proving/museum.py::a_view_that_declares_nothing",
        ),
    ),
    "T8": (
        "a key after its owner has left",
        ("domain/accounts/test_team.py::test_a_key_ends_with_its_revocation_or_its_owner",),
    ),
    "T15": (
        "a return of anybody's order",
        ("surfaces/shop/test_returns.py::test_to_a_stranger_the_return_does_not_exist",),
    ),
    "T17": (
        "a form of another site",
        (
            "surfaces/api/test_walls.py::test_a_session_needs_its_token_against_forgery",
            "surfaces/seller/test_isolation.py::test_a_form_without_its_token_does_nothing",
        ),
    ),
    "N4": ("nonsense in every form", ("walks/test_forms.py::test_nothing_breaks",)),
    "N6": ("a formula in a sheet", ("kernel/test_sheets.py::test_a_cell_is_text_or_a_number_and_never_a_formula",)),
    "W1": (
        "forged messages and empty secrets",
        (
            "flows/test_paying.py::test_a_forged_message_is_not_even_kept",
            "proving/museum.py::a_provider_without_a_secret",
        ),
    ),
    "W2": (
        "genuine messages of others",
        ("flows/test_paying.py::test_a_genuine_message_that_is_not_about_this_payment_does_nothing",),
    ),
    "W4": (
        "messages in any order",
        (
            "flows/test_paying.py::test_message_sweep_and_replay_end_alike_in_any_order",
            "proving/test_histories.py::test_histories_come_to_what_the_model_says",
        ),
    ),
    "U6": (
        "a bad row, a dead worker, a sheet sent twice",
        (
            "intake/test_uploads.py::test_bad_rows_come_back_and_go_in_once_mended",
            "intake/test_uploads.py::test_confirming_twice_does_nothing_twice",
            "proving/test_crashes.py::test_every_effect_once_whatever_dies_where",
        ),
    ),
    "C1": (
        "one voucher in twenty checkouts",
        (
            "flows/test_races.py::test_a_voucher_keeps_its_limit_in_twenty_checkouts_at_once",
            "flows/test_races.py::test_a_shopper_uses_a_voucher_once_in_twenty_checkouts_at_once",
        ),
    ),
    "C4": (
        "conflicts within a checkout",
        ("flows/test_races.py::test_orders_in_opposite_directions_do_not_block_each_other_for_ever",),
    ),
    "C6": ("events that commit out of order", ("proving/museum.py::told_in_any_order",)),
    "C7": (
        "a job that two workers have",
        (
            "surfaces/test_relay.py::test_two_workers_never_claim_the_same_event",
            "surfaces/test_relay.py::test_a_worker_that_died_leaves_the_event_to_the_next",
        ),
    ),
    "F1": ("a death at each crash point", ("proving/test_crashes.py::test_every_effect_once_whatever_dies_where",)),
    "F2": (
        "a death of the database",
        ("proving/test_postgres.py::test_a_death_of_the_database_under_load_loses_nothing_that_was_acknowledged",),
    ),
    "F6": ("a full disk", ("proving/test_postgres.py::test_a_full_disk_refuses_whole_orders_and_loses_none",)),
    "F7": ("a clock that jumps", ("proving/test_postgres.py::test_a_clock_that_jumps_settles_nothing_twice",)),
}


@cache
def functions(path: str) -> frozenset[str]:
    """The functions of a file of tests."""
    tree = ast.parse((ROOT / "tests" / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_tests(case: str) -> None:
    _, tests = CASES[case]
    assert [test for test in tests if test.partition("::")[2] not in functions(test.partition("::")[0])] == []
