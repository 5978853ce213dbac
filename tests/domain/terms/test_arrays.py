"""Terms as arrays say the same as the terms, for every preset."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from domain.terms.wordings import LOCAL, SELF, changed
from entrepot.domain.terms import bases, presets
from entrepot.domain.terms.arrays import (
    ACCRUAL,
    CAUSE,
    NOBODY,
    PARTY,
    PER,
    PPM,
    TASK,
    AmountMissing,
    compile_terms,
    evaluate,
)
from entrepot.domain.terms.rules import Cause, EarningBasis, IncentiveKind, Party, Per, Task
from entrepot.kernel.money import MINOR_MAX

DAY = date(2026, 3, 1)
TERMS = [
    programme.terms(version=1, on=DAY, enrolled_on=enrolled)
    for programme in presets.load().values()
    for enrolled in (None, DAY)
]
CATEGORIES = ("", "apparel", "apparel/shirts", "home/kitchen")
CURRENCIES = ("USD", "EUR", "BRL")
FITTING = [each for each in TERMS if each.programme != "tiktok-shop-managed"]


@pytest.fixture(scope="module")
def compiled():
    return compile_terms(FITTING, categories=CATEGORIES, currencies=CURRENCIES)


def number(party):
    return NOBODY if party is None else PARTY[party]


def test_duties_are_the_same_in_every_cell(compiled):
    for t, terms in enumerate(FITTING):
        for task in Task:
            assert compiled.performer[t, TASK[task]] == number(terms.performer(task))
            assert compiled.decider[t, TASK[task]] == number(terms.decider(task))
            for cause in Cause:
                assert compiled.liable[t, TASK[task], CAUSE[cause]] == number(terms.liable(task, cause))
            for party in Party:
                share = Decimal(int(compiled.payer_ppm[t, TASK[task], PARTY[party]])) / PPM
                assert share == terms.payer(task).get(party, 0)


def test_shares_sum_to_the_whole_exactly(compiled):
    sums = compiled.payer_ppm.sum(axis=2)
    assert np.array_equal(sums, np.where(compiled.performer == NOBODY, 0, PPM))


def test_earning_is_the_same(compiled):
    for t, terms in enumerate(FITTING):
        assert compiled.supply_price[t] == (terms.earning.basis is EarningBasis.SUPPLY_PRICE)
        assert compiled.accrues_on[t] == ACCRUAL[terms.earning.accrues_on]
        for k, path in enumerate(CATEGORIES):
            assert Decimal(int(compiled.commission_ppm[t, k])) / PPM == terms.commission_rate(path)
        expected = terms.earning.base or bases.parse("supply_price")
        assert tuple(compiled.commission_base[t]) == expected.coefficients


def test_fees_are_the_same(compiled):
    fees = compiled.fees
    assert fees.places == max(len(terms.fees) for terms in FITTING)
    for t, terms in enumerate(FITTING):
        assert fees.codes[t] == tuple(fee.code for fee in terms.fees)
        for place in range(fees.places):
            if place >= len(terms.fees):
                assert not fees.covers[t, place].any() and not fees.amount_minor[t, place].any()
                assert fees.rate_ppm[t, place] == 0 and not fees.base[t, place].any()
                continue
            fee = terms.fees[place]
            assert Decimal(int(fees.rate_ppm[t, place])) / PPM == (fee.rate or 0)
            assert fees.per[t, place] == (PER[fee.per] if fee.per else NOBODY)
            assert fees.charged_to[t, place] == PARTY[fee.charged_to]
            assert fees.returned_on_refund[t, place] == fee.returned_on_refund
            for c, currency in enumerate(CURRENCIES):
                assert fees.amount_minor[t, place, c] == fee.amount_minor.get(currency, 0)
                assert fees.floor_minor[t, place, c] == fee.floor_minor.get(currency, 0)
                assert fees.cap_minor[t, place, c] == fee.cap_minor.get(currency, MINOR_MAX)
            for k, path in enumerate(CATEGORIES):
                assert fees.covers[t, place, k] == fee.covers(path)


def test_settlement_returns_and_incentives_are_the_same(compiled):
    for t, terms in enumerate(FITTING):
        reserve, admin = terms.settlement.reserve, terms.returns.refund_admin
        assert Decimal(int(compiled.reserve_ppm[t])) / PPM == (reserve.rate if reserve else 0)
        assert compiled.reserve_days[t] == (reserve.release_days if reserve else 0)
        assert Decimal(int(compiled.refund_admin_ppm[t])) / PPM == (admin.rate if admin else 0)
        assert compiled.commission_returned[t] == terms.returns.commission_returned
        assert compiled.capture_at_order[t] == (terms.fulfilment.capture == "order")
        for c, currency in enumerate(CURRENCIES):
            cap = reserve.cap_minor.get(currency, MINOR_MAX) if reserve else MINOR_MAX
            assert compiled.reserve_cap_minor[t, c] == cap
        kinds = {each.kind: each for each in terms.incentives}
        label = kinds.get(IncentiveKind.LABEL_SUBSIDY)
        cash = kinds.get(IncentiveKind.CASH_PER_ORDER)
        assert Decimal(int(compiled.label_subsidy_ppm[t])) / PPM == (label.rate if label else 0)
        assert compiled.cash_first_orders[t] == (cash.first_orders if cash else 0)
        assert compiled.cash_per_order_minor[t, 0] == (cash.amount_minor["USD"] if cash else 0)


def test_a_million_lines_evaluate_as_one():
    rng = np.random.default_rng(7)
    compiled = compile_terms(FITTING)
    numbers = rng.integers(0, len(FITTING), 1_000)
    amounts = rng.integers(0, 100_000, (1_000, len(bases.COMPONENTS)))
    together = evaluate(compiled.commission_base[numbers], amounts)
    assert together.dtype == np.int64
    for line in range(0, 1_000, 97):
        base = FITTING[numbers[line]].earning.base or bases.parse("supply_price")
        assert together[line] == base.of(dict(zip(bases.COMPONENTS, map(int, amounts[line]), strict=True)))


def test_nothing_compiles_to_nothing():
    compiled = compile_terms([], categories=CATEGORIES, currencies=CURRENCIES)
    assert compiled.performer.shape == (0, len(Task)) and compiled.fees.amount_minor.shape == (0, 0, 3)


def test_terms_without_fees_have_no_places():
    compiled = compile_terms([changed(lambda d: d.update(fees=[]), SELF).terms(version=1, on=DAY)])
    assert compiled.fees.places == 0 and compiled.fees.codes == ((),)


def test_an_amount_that_is_missing_in_a_currency_is_refused():
    with pytest.raises(AmountMissing) as refusal:
        compile_terms([presets.load()[LOCAL].terms(version=1, on=DAY)], currencies=["JPY"])
    assert refusal.value.values == {"programme": LOCAL, "keys": "incentives.first_hundred", "currency": "JPY"}


def test_only_the_currencies_that_terms_meet_need_amounts():
    local, own = (presets.load()[code].terms(version=1, on=DAY) for code in (LOCAL, "fully-managed"))
    compiled = compile_terms([local, own], currencies=["EUR", "JPY"], pairs={(0, 0), (1, 1)})
    assert compiled.cash_per_order_minor[0, 0] == 50
    with pytest.raises(AmountMissing):
        compile_terms([local, own], currencies=["EUR", "JPY"], pairs={(0, 1)})


def test_words_have_one_number_each():
    assert [PER[per] for per in Per] == [0, 1, 2, 3]
    assert [PARTY[party] for party in Party] == [0, 1, 2]
    assert sorted(TASK.values()) == list(range(27))
