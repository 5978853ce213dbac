"""Contradictions are errors that name their key; oddities are warnings; every message has a case that shows it."""

from datetime import date

import pytest

from domain.terms.wordings import FULL, LOCAL, SELF, changed, problems
from entrepot.domain.terms import checks

MID = "semi-managed-platform-logistics"


def fee(**values):
    return lambda document: document["fees"].append({"code": "extra", "label": "Extra", **values})


def incentive(**values):
    return lambda document: document["incentives"].append({"code": "extra", "label": "Extra", **values})


def penalty(**values):
    entry = {"code": "extra", "label": "Extra", "task": "storage", "cause": "late", **values}
    return lambda document: document["service"].setdefault("penalties", []).append(entry)


def duty(task, value):
    return lambda document: document["duties"].update({task: value})


def clause(name, **values):
    return lambda document: document[name].update(values)


CONTRADICTIONS = [
    ("period_ends_first", "valid_until", LOCAL, lambda d: d.update(valid_until=d["valid_from"])),
    (
        "period_ends_first",
        "fees[2].valid_until",
        LOCAL,
        fee(rate=0.1, base="tax", valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1)),
    ),
    ("code_twice", "fees[2].code", LOCAL, fee(code="payment", rate=0.1, base="tax", valid_from=date(2026, 1, 1))),
    ("code_twice", "service.penalties[2].code", LOCAL, penalty(code="stock_out", multiple=1, base="goods_net")),
    ("kind_twice", "incentives[2].kind", LOCAL, incentive(kind="label_subsidy", rate=0.1)),
    ("commission_without_retail", "earning.commission", FULL, clause("earning", commission=0.1)),
    ("base_without_supply_price", "earning.base", FULL, clause("earning", base="goods_net")),
    ("supply_price_undone", "duties.supply_price", FULL, duty("supply_price", "none")),
    ("retail_price_not_platform", "duties.retail_price.decider", FULL, duty("retail_price", "seller")),
    ("commission_missing", "earning.commission", LOCAL, lambda d: d["earning"].pop("commission")),
    ("base_missing", "earning.base", LOCAL, lambda d: d["earning"].pop("base")),
    ("base_missing", "fees[2].base", LOCAL, fee(rate=0.1)),
    ("commission_seller_of_record", "duties.seller_of_record", LOCAL, duty("seller_of_record", "platform")),
    ("supply_price_unknown", "fees[2].base", LOCAL, fee(rate=0.1, base="supply_price")),
    ("receipt_needs_title", "duties.stock_ownership.until", FULL, clause("earning", accrues_on="receipt")),
    (
        "title_needs_earning",
        "earning.accrues_on",
        FULL,
        duty("stock_ownership", {"performer": "seller", "until": "receipt"}),
    ),
    ("owner_sells", "duties.seller_of_record", "shein-self-run", duty("seller_of_record", "seller")),
    ("rate_or_amount", "fees[2].rate", LOCAL, fee()),
    (
        "rate_or_amount",
        "fees[2].rate",
        LOCAL,
        fee(rate=0.1, base="tax", amount_minor={"EUR": 1}, per="order"),
    ),
    ("per_without_amount", "fees[2].per", LOCAL, fee(rate=0.1, base="tax", per="order")),
    ("per_missing", "fees[2].per", LOCAL, fee(amount_minor={"EUR": 1})),
    ("base_without_rate", "fees[2].base", LOCAL, fee(amount_minor={"EUR": 1}, per="order", base="tax")),
    (
        "floor_above_cap",
        "fees[2].floor_minor.EUR",
        LOCAL,
        fee(rate=0.1, base="tax", floor_minor={"EUR": 2}, cap_minor={"EUR": 1}),
    ),
    ("key_missing_for_kind", "incentives[2].rate", LOCAL, incentive(kind="commission_holiday")),
    (
        "key_not_for_kind",
        "incentives[2].first_orders",
        LOCAL,
        incentive(kind="commission_holiday", rate=0, first_orders=3),
    ),
    (
        "holiday_without_commission",
        "incentives[0].kind",
        FULL,
        lambda d: d.update(incentives=[{"kind": "commission_holiday", "code": "x", "label": "X", "rate": 0}]),
    ),
    ("multiple_or_amount", "service.penalties[2].multiple", LOCAL, penalty()),
    ("base_missing", "service.penalties[2].base", LOCAL, penalty(multiple=1)),
    (
        "score_band",
        "service.penalties[2].score_until",
        LOCAL,
        penalty(multiple=1, base="goods_net", score_from=70, score_until=60),
    ),
    ("task_not_done", "service.penalties[2].task", LOCAL, penalty(multiple=1, base="goods_net", task="consolidation")),
    ("weekday_missing", "settlement.weekday", LOCAL, lambda d: d["settlement"].pop("weekday")),
    ("month_day_missing", "settlement.month_day", SELF, clause("settlement", cadence="monthly")),
    ("not_for_cadence", "settlement.weekday", SELF, clause("settlement", weekday="monday")),
    ("node_missing", "fulfilment.nodes", LOCAL, clause("fulfilment", nodes=["partner_node"])),
    (
        "category_both",
        "eligibility.categories_excluded[0]",
        LOCAL,
        clause("eligibility", categories_admitted=["food"], categories_excluded=["food"]),
    ),
    (
        "unknown_source",
        "evidence[0].sources[0]",
        LOCAL,
        lambda d: d.update(evidence=[{"confidence": "A", "keys": ["earning"], "sources": ["X1"]}]),
    ),
    (
        "unknown_evidence",
        "evidence[0].keys[0]",
        LOCAL,
        lambda d: d.update(evidence=[{"confidence": "A", "keys": ["duties.teleport"]}]),
    ),
]


@pytest.mark.parametrize(("code", "key", "preset", "change"), CONTRADICTIONS)
def test_a_contradiction_is_named(code, key, preset, change):
    found = problems(change, preset)
    assert [(each.key, each.code) for each in found] == [(key, code)], list(map(str, found))
    assert "{" not in str(found[0])


def test_receipt_and_commission_contradict_in_several_ways():
    found = problems(clause("earning", accrues_on="receipt"), LOCAL)
    assert {each.code for each in found} == {"receipt_needs_supply_price", "receipt_needs_title"}
    found = problems(duty("stock_ownership", {"performer": "seller", "until": "receipt"}), LOCAL)
    assert {"title_needs_supply_price", "owner_sells"} <= {each.code for each in found}


ODDITIES = [
    (
        "penalty_not_seller",
        "service.penalties[2]",
        LOCAL,
        penalty(task="customer_service", amount_minor={"EUR": 1}, cap_per_order_minor={"EUR": 1}),
    ),
    ("penalty_uncapped", "service.penalties[2]", LOCAL, penalty(amount_minor={"EUR": 1})),
    ("stock_in_market_unsaid", "eligibility.stock_in_market", LOCAL, clause("eligibility", stock_in_market=False)),
    ("payment_not_platform", "duties.payment_collection", SELF, duty("payment_collection", "seller")),
    ("unsold_not_owner", "duties.unsold_stock", SELF, duty("unsold_stock", "platform")),
]


@pytest.mark.parametrize(("code", "key", "preset", "change"), ODDITIES)
def test_an_oddity_is_a_warning(code, key, preset, change):
    found = checks.find_warnings(changed(change, preset))
    assert [(each.key, each.code) for each in found] == [(key, code)]
    assert "{" not in str(found[0])


def test_every_message_is_shown_by_a_case():
    shown = {code for code, *_ in CONTRADICTIONS + ODDITIES} | {
        "receipt_needs_supply_price",
        "title_needs_supply_price",
    }
    assert set(checks.MESSAGES) == shown


def test_two_wordings_of_a_fee_may_follow_each_other():
    def follow(document):
        first = document["fees"].pop()
        document["fees"] += [first | {"valid_until": date(2026, 7, 1)}, first | {"valid_from": date(2026, 7, 1)}]

    assert len(changed(follow).fees) == 3


def test_the_platform_may_pay_a_supply_price_where_it_only_approves_the_retail_price():
    shared = {"performer": "seller", "decider": {"party": "seller", "approver": "platform"}}
    assert changed(duty("retail_price", shared), FULL)
