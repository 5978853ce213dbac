"""The cases of the adversarial catalogue that concern what there is, by their ids: each has tests that are there.

The letter says of what it is about: Money, Stock, Tenants, Input (N), Webhooks, Uploads, Concurrency, Faults, Load, the
life of Data, Promotions. What concerns something that there is none of yet is named too, so that nothing is forgotten.
"""

import ast
from collections.abc import Mapping, Sequence
from functools import cache

import pytest

from architecture.sources import ROOT

#: id -> what must not do harm, and the tests, as `file::test` below tests/.
CASES: Mapping[str, tuple[str, Sequence[str]]] = {
    "M1": ("amounts of one's own", ("surfaces/test_attacks.py::test_nobody_names_an_amount_of_their_own",)),
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
    "S10": (
        "goods that change their place while somebody buys them",
        (
            "flows/test_ahead.py::test_who_waits_while_the_last_units_are_put_away_gets_them_where_they_stand",
            "flows/test_ahead.py::test_money_that_comes_after_the_goods_takes_them_where_they_stand",
            "flows/test_ahead.py::test_as_they_are_put_away_orders_get_theirs_the_oldest_first",
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
    "T6": ("rights of one's own", ("surfaces/test_attacks.py::test_nobody_signs_up_with_rights_of_their_own",)),
    "T13": (
        "a query that forgets the tenant, a connection that comes back, a parent of another",
        (
            "kernel/test_walls.py::test_without_a_scope_nothing_is_there",
            "kernel/test_walls.py::test_walls_come_down_whatever_happened",
            "kernel/test_walls.py::test_a_row_of_another_cannot_be_written",
            "surfaces/shared/test_for_many.py::test_a_sellers_acts_write_behind_walls_by_page_and_by_api",
            "surfaces/shop/test_walls.py::test_behind_walls_a_query_that_forgets_whose_sees_ones_own_only",
        ),
    ),
    "T14": (
        "another's things on lists and in reports",
        (
            "surfaces/seller/test_isolation.py::test_nothing_of_another_seller_stands_on_a_list",
            "surfaces/shop/test_walls.py::test_a_shoppers_pages_are_the_same_whoever_else_there_is",
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
    "T12": (
        "where payouts go to: only the operator's bank knows, by the seller's code",
        ("surfaces/api/test_hostile.py::test_nobody_says_here_where_payouts_go_to",),
    ),
    "T20": (
        "locking everybody out by failing to sign in",
        (
            "surfaces/shared/test_signing_in.py::test_five_failures_of_a_stranger_lock_the_stranger_out_and_nobody_else",
            "surfaces/shared/test_signing_in.py::test_at_one_address_a_known_device_still_gets_in",
            "surfaces/shared/test_signing_in.py::test_guesses_from_everywhere_close_the_account_to_strange_devices_only",
        ),
    ),
    "T18": ("who has an account", ("surfaces/test_attacks.py::test_an_answer_does_not_tell_who_has_an_account",)),
    "N1": (
        "programs in texts",
        (
            "surfaces/shared/test_components.py::test_nothing_that_data_says_becomes_markup",
            "architecture/test_templates.py::test_templates_hold_to_the_content_security_policy",
        ),
    ),
    "N2": ("templates in names", ("surfaces/test_attacks.py::test_what_people_are_called_is_no_template",)),
    "N10": (
        "clocks that change",
        (
            "domain/logistics/test_calendar.py::test_clock_changes_move_the_instant_and_not_the_day",
            "domain/logistics/test_calendar.py::test_a_midnight_that_the_clocks_jump_over_is_the_first_instant_after_it",
        ),
    ),
    "N4": ("nonsense in every form", ("walks/test_forms.py::test_nothing_breaks",)),
    "N6": (
        "a formula in a sheet",
        (
            "kernel/test_sheets.py::test_a_cell_is_text_or_a_number_and_never_a_formula",
            "intake/test_hostile_sheets.py::test_what_comes_back_to_be_mended_holds_no_formula",
        ),
    ),
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
    "U1": (
        "files that lie about what they are",
        (
            "surfaces/test_attacks.py::test_a_file_that_lies_is_no_picture",
            "surfaces/test_attacks.py::test_of_a_picture_only_its_pixels_are_kept",
        ),
    ),
    "U2": ("pictures of any size", ("surfaces/test_attacks.py::test_a_file_that_lies_is_no_picture",)),
    "U7": (
        "rows of another seller in a sheet",
        ("intake/test_uploads.py::test_only_the_own_rows_and_only_with_the_verb",),
    ),
    "U6": (
        "a bad row, a dead worker, a sheet sent twice",
        (
            "intake/test_uploads.py::test_bad_rows_come_back_and_go_in_once_mended",
            "intake/test_uploads.py::test_confirming_twice_does_nothing_twice",
            "intake/test_hostile_sheets.py::test_a_sheet_made_to_take_for_ever_is_refused_before_it_is_taken_apart",
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
    "C5": ("a question without end", ("surfaces/test_attacks.py::test_no_statement_of_a_part_goes_on_for_ever",)),
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
    "F8": (
        "parties that are slow, silent or away",
        (
            "domain/logistics/test_breaker.py::test_it_rests_from_the_third_failure_on_twice_as_long_each_time_and_an_hour_at_most",
            "domain/logistics/test_live_carriers.py::test_silence_and_gibberish_are_unknown_never_done",
            "domain/payments/test_calls.py::test_a_cut_capture_is_looked_up_and_done_once",
        ),
    ),
    "F9": (
        "events that are told twice, late or by a worker that died",
        (
            "surfaces/test_relay.py::test_a_worker_that_died_leaves_the_event_to_the_next",
            "surfaces/test_relay.py::test_one_failure_holds_up_no_other",
        ),
    ),
    "F12": (
        "the signal to stop with orders in hand",
        ("surfaces/test_stopping.py::test_a_web_that_stops_says_so_and_answers_whom_it_let_in",),
    ),
    "F13": (
        "an import whose worker is killed",
        (
            "intake/test_uploads.py::test_an_upload_goes_on_where_it_was_left",
            "intake/test_tables.py::test_memory_does_not_grow_with_the_file",
        ),
    ),
    "L1": (
        "many more shoppers than units",
        ("surfaces/shared/test_ordering.py::test_a_sale_of_twenty_units_to_two_hundred_shoppers",),
    ),
    "L2": (
        "who browses beside a hot offer",
        (
            "surfaces/shared/test_ordering.py::test_who_browses_waits_for_no_order_of_a_hot_offer",
            "surfaces/api/test_gate.py::test_who_browses_needs_no_hand",
        ),
    ),
    "L8": (
        "months of service",
        (
            "surfaces/test_soak.py::test_the_gate_keeps_nothing_of_whom_it_let_in",
            "surfaces/test_soak.py::test_callers_are_counted_in_so_much_memory_and_no_more",
            "surfaces/test_soak.py::test_what_was_sold_out_is_forgotten_once_nobody_asks",
            "surfaces/test_soak.py::test_tables_lose_what_nobody_needs_any_more",
            "intake/test_tables.py::test_memory_does_not_grow_with_the_file",
        ),
    ),
    "L6": (
        "a storm of searches and reports",
        ("surfaces/test_attacks.py::test_no_statement_of_a_part_goes_on_for_ever",),
    ),
    "L7": (
        "a flood at one door",
        (
            "surfaces/shared/test_throttle.py::test_people_at_one_address_have_counts_of_their_own_up_to_what_the_address_bears",
            "surfaces/shared/test_ordering.py::test_a_full_queue_turns_away_at_once_and_nothing_is_ordered",
        ),
    ),
    "D1": ("being forgotten while an order is on its way", ("surfaces/shop/test_account.py::test_being_forgotten",)),
    "D6": ("one's own data, and all of them", ("surfaces/shop/test_account.py::test_everything_known_is_handed_out",)),
    "D7": (
        "people in the log and in what is told",
        (
            "surfaces/shared/test_watching.py::test_a_line_tells_what_was_asked_and_not_who_asked",
            "surfaces/test_mail.py::test_nobody_writes_to_a_person_who_was_erased",
        ),
    ),
    "P1": (
        "vouchers past what there is to pay, and more than one",
        (
            "domain/promotions/test_vouchers.py::test_an_amount_takes_off_no_more_than_there_is",
            "flows/test_vouchers.py::test_limits_hold_within_a_batch",
        ),
    ),
    "P2": ("codes that are guessed", ("surfaces/shared/test_throttle.py::test_the_api_answers_with_a_problem",)),
}

#: What there is none of yet; whoever makes it finds here which cases it owes.
NOT_YET: Mapping[str, str] = {
    **dict.fromkeys(("M8",), "chargebacks"),
    **dict.fromkeys(("M18", "P16"), "gift cards, credit and points"),
    **dict.fromkeys(("S11", "P10", "P11"), "campaigns with quotas and live prices"),
    **dict.fromkeys(("T10",), "acting in another's name"),
    **dict.fromkeys(("W6", "W7", "W9", "W11", "L4"), "messages to subscribers"),
    **dict.fromkeys(("U5",), "workbooks: sheets are text"),
    **dict.fromkeys(("U8",), "quotas of storage"),
    **dict.fromkeys(("C9",), "readers that lag behind the primary"),
    **dict.fromkeys(("F4", "F11"), "a second database and restores to an instant"),
    **dict.fromkeys(("F10",), "a cache that anything rests on"),
    **dict.fromkeys(("D5",), "merging accounts"),
    **dict.fromkeys(("D8",), "a release to come from"),
    **dict.fromkeys(("P4", "P5", "P8", "P13", "P14"), "creators, referrals and patterns of collusion"),
}

#: The catalogue, by its ids.
CATALOGUE = (
    "M1 M2 M5 M6 M7 M8 M10 M11 M12 M14 M17 M18 M20 S1 S2 S3 S5 S6 S10 S11 "
    "T1 T2 T4 T6 T7 T8 T10 T12 T13 T14 T15 T17 T18 T20 N1 N2 N4 N6 N10 W1 W2 W4 W6 W7 W9 W11 U1 U2 U5 U6 U7 U8 "
    "C1 C4 C5 C6 C7 C9 F1 F2 F4 F6 F7 F8 F9 F10 F11 F12 F13 L1 L2 L4 L6 L7 L8 D1 D5 D6 D7 D8 "
    "P1 P2 P4 P5 P8 P10 P11 P13 P14 P16"
).split()


@cache
def functions(path: str) -> frozenset[str]:
    """The functions of a file of tests."""
    tree = ast.parse((ROOT / "tests" / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_tests(case: str) -> None:
    _, tests = CASES[case]
    assert [test for test in tests if test.partition("::")[2] not in functions(test.partition("::")[0])] == []


def test_every_case_is_tested_or_waits_for_what_it_is_about() -> None:
    assert sorted([*CASES, *NOT_YET]) == sorted(CATALOGUE)
