"""What one may ask of terms: duties, rights, rates, days."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.terms.wordings import FULL, LOCAL, SELF, changed
from entrepot.domain.terms import documents, presets
from entrepot.domain.terms.clauses import Cadence, RateTable, Settlement, Weekday
from entrepot.domain.terms.rules import (
    Cause,
    Confidence,
    NodeOperator,
    NotYours,
    Party,
    Task,
    Tier,
    Until,
    demand,
    may_approve,
    may_propose,
    may_set,
    missing_amounts,
    who_decides,
)

DAY = date(2026, 3, 1)
PRESETS = presets.load()


def terms(code, **enrolment):
    return PRESETS[code].terms(version=1, on=DAY, **enrolment)


def test_the_line_is_asked_and_answers():
    local = terms(LOCAL)
    assert local.performer(Task.LAST_MILE) is Party.SELLER
    assert local.liable(Task.LAST_MILE, Cause.LATE) is Party.SELLER, "falls back to the default"
    assert local.liable(Task.LAST_MILE, Cause.CARRIER) is Party.THIRD_PARTY
    assert local.payer(Task.PROMOTION) == {Party.PLATFORM: Decimal("0.5"), Party.SELLER: Decimal("0.5")}
    assert local.performer(Task.CONSOLIDATION) is None and local.liable(Task.CONSOLIDATION) is None
    assert local.title_passes_on is Until.DELIVERY
    assert local.nodes == (NodeOperator.SELLER_NODE, NodeOperator.PARTNER_NODE)
    assert terms(FULL).nodes == (NodeOperator.PLATFORM_NODE,), "who stores has the node"


@pytest.mark.parametrize(
    ("code", "doer", "answers"),
    [
        (LOCAL, Party.SELLER, Party.SELLER),
        (LOCAL, Party.THIRD_PARTY, Party.SELLER),  # the warehouse that the seller hired
        (FULL, Party.PLATFORM, Party.PLATFORM),  # packing is the seller's, but not out of the platform's warehouse
        ("semi-managed-platform-logistics", Party.SELLER, Party.SELLER),  # though the last mile is the platform's
        ("tiktok-shop-managed", Party.PLATFORM, Party.PLATFORM),
        ("tiktok-shop-managed", Party.SELLER, Party.SELLER),
    ],
)
def test_who_answers_for_what_leaves_late_is_who_was_to_send_it(code, doer, answers):
    assert terms(code).answers_late(Task.PACKAGING_AND_LABEL, doer) is answers


def test_who_answers_for_a_late_leg_is_who_the_terms_name():
    for code in PRESETS:
        agreed = terms(code)
        for task in (Task.FIRST_MILE, Task.CONSOLIDATION, Task.LINE_HAUL, Task.CUSTOMS, Task.LAST_MILE):
            doer = agreed.performer(task)
            if doer is not None:
                assert agreed.answers_late(task, doer) is agreed.liable(task, Cause.LATE), (code, task)
            assert agreed.answers_late(task, Party.PLATFORM) is not None


# rights


def test_who_may_set_suggest_and_approve_the_retail_price():
    local = terms(LOCAL)
    decider = who_decides(local, Task.RETAIL_PRICE)
    assert (decider.party, decider.proposer, decider.approver) == (Party.SELLER, Party.PLATFORM, Party.PLATFORM)
    assert may_set(local, Task.RETAIL_PRICE, Party.SELLER) and not may_set(local, Task.RETAIL_PRICE, Party.PLATFORM)
    assert may_propose(local, Task.RETAIL_PRICE, Party.PLATFORM) and may_propose(local, Task.RETAIL_PRICE, Party.SELLER)
    assert may_approve(local, Task.RETAIL_PRICE, Party.PLATFORM)
    assert not may_approve(local, Task.RETAIL_PRICE, Party.SELLER)


def test_whoever_lacks_a_right_is_denied_with_the_duty_named():
    demand(terms(SELF), Task.RETAIL_PRICE, Party.SELLER)
    with pytest.raises(NotYours) as denial:
        demand(terms(FULL), Task.RETAIL_PRICE, Party.SELLER)
    assert denial.value.status == 403
    assert denial.value.values == {"task": "retail_price", "party": "seller", "decider": "platform"}
    assert "retail_price" in str(denial.value)
    with pytest.raises(NotYours):
        demand(terms(FULL), Task.RETAIL_PRICE, Party.SELLER, may_propose)
    with pytest.raises(NotYours):
        demand(terms(SELF), Task.SUPPLY_PRICE, Party.SELLER)


# rates


def test_the_longest_path_that_leads_to_a_category_counts():
    table = RateTable(Decimal("0.1"), {"home": Decimal("0.08"), "home/kitchen": Decimal("0.05")})
    assert table.rate("home/kitchen/mugs") == Decimal("0.05")
    assert table.rate("home/kitchens") == Decimal("0.08")
    assert table.rate("homeware") == table.rate("") == Decimal("0.1")


def test_a_fee_covers_the_categories_below_the_ones_it_names():
    fee = changed(lambda document: document["fees"][0].update(categories=["home/kitchen"])).fees[0]
    assert fee.covers("home/kitchen") and fee.covers("home/kitchen/mugs")
    assert not fee.covers("home/kitchens") and not fee.covers("home")


# terms on a day


def test_terms_carry_what_is_in_force_on_their_day():
    def dated(document):
        fee = document["fees"].pop()
        document["fees"] += [
            fee | {"rate": Decimal("0.01"), "valid_until": date(2026, 4, 1)},
            fee | {"rate": Decimal("0.02"), "valid_from": date(2026, 4, 1)},
        ]

    programme = changed(dated)
    march, april = (programme.terms(version=1, on=day) for day in (date(2026, 3, 31), date(2026, 4, 1)))
    assert [fee.rate for fee in march.fees] == [Decimal("0.005"), Decimal("0.01")]
    assert [fee.rate for fee in april.fees] == [Decimal("0.005"), Decimal("0.02")]
    assert march.digest != april.digest
    assert programme.terms(version=1, on=date(2026, 3, 1)).digest == march.digest, "equal terms share a snapshot"


def test_a_commission_holiday_lasts_its_days():
    programme = PRESETS["semi-managed-platform-logistics"]

    def rate(days):
        return programme.terms(version=1, on=DAY, enrolled_on=DAY - timedelta(days=days)).commission_rate("mugs")

    assert [rate(0), rate(29), rate(30)] == [0, 0, Decimal("0.08")]
    assert programme.terms(version=1, on=DAY).commission_rate() == Decimal("0.08"), (
        "who has not enrolled has no holiday"
    )
    assert programme.commission_rate() == Decimal("0.08")


def test_a_supply_price_knows_no_commission():
    assert terms(FULL).commission_rate("anything") == 0


@pytest.mark.parametrize("code", PRESETS)
def test_terms_come_back_equal_from_their_snapshot(code):
    before = terms(code, enrolled_on=DAY)
    assert documents.read_body(before.body) == before
    assert len(before.digest) == 64


def test_the_version_is_part_of_the_terms():
    programme = PRESETS[SELF]
    assert programme.terms(version=1, on=DAY).digest != programme.terms(version=2, on=DAY).digest


def test_a_damaged_snapshot_is_noticed():
    body = dict(terms(SELF).body)
    del body["earning"]
    with pytest.raises(documents.ProgrammeInvalid):
        documents.read_body(body)


def test_a_programme_serves_its_markets_in_its_period():
    programme = changed(lambda d: d.update(markets=["DE"], valid_from=date(2026, 1, 1), valid_until=date(2026, 7, 1)))
    assert programme.serves("DE", date(2026, 1, 1)) and programme.serves("DE", date(2026, 6, 30))
    assert not programme.serves("DE", date(2025, 12, 31)) and not programme.serves("DE", date(2026, 7, 1))
    assert not programme.serves("US", date(2026, 1, 1)) and PRESETS[SELF].serves("US", date(2026, 1, 1))


def test_amounts_that_a_currency_lacks_are_named():
    assert missing_amounts(PRESETS[SELF], "EUR") == []
    assert missing_amounts(PRESETS[SELF], "JPY") == ["fees.payment_fixed"]
    assert missing_amounts(PRESETS[LOCAL], "JPY") == ["incentives.first_hundred"]


def test_evidence_of_the_most_exact_key_counts():
    programme = PRESETS["temu-full"]
    assert programme.confidence("settlement.delay_days") is Confidence.C
    assert programme.confidence("settlement.reserve.rate") is Confidence.B
    assert programme.confidence("duties.customs") is Confidence.INFERENCE


def test_standings_are_ordered():
    assert Tier.PREFERRED.reaches(Tier.STANDARD) and Tier.NEW.reaches(Tier.NEW) and not Tier.NEW.reaches(Tier.STANDARD)


# the settlement calendar

settlements = st.builds(
    lambda delay, cadence, weekday, day: Settlement(
        delay,
        cadence,
        weekday=weekday if cadence is Cadence.WEEKLY else None,
        month_day=day if cadence is Cadence.MONTHLY else None,
    ),
    st.integers(0, 60),
    st.sampled_from(Cadence),
    st.sampled_from(Weekday),
    st.integers(1, 28),
)


@given(settlements, st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_statement_closes_on_the_first_close_after_the_delay(settlement, day):
    close = settlement.closes_on(day)
    due = day + timedelta(days=settlement.delay_days)
    assert settlement.is_close(close) and close >= due
    assert not any(settlement.is_close(due + timedelta(days=between)) for between in range((close - due).days))


def test_closes_on_days_that_one_can_look_up():
    assert PRESETS[FULL].settlement.closes_on(date(2026, 3, 4)) == date(2026, 3, 16), "a Wednesday, 7 days, then Monday"
    assert PRESETS[SELF].settlement.closes_on(date(2026, 3, 7)) == date(2026, 4, 1)
    assert PRESETS[SELF].settlement.closes_on(date(2026, 3, 6)) == date(2026, 3, 16)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_what_a_month_received_is_paid_on_the_15th_of_the_next(day):
    close = PRESETS["shein-self-run"].settlement.closes_on(day)
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=15)
    assert close == following
