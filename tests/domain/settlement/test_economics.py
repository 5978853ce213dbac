"""The economics: worked examples to the cent, and what must hold for any terms and any lines."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from books import Line, array, book, preset, with_duty
from entrepot.domain.settlement.economics import Amounts, adds_up, waterfall
from entrepot.domain.settlement.moves import Parcels, Returned, hand_over, spent_on, undo
from entrepot.domain.settlement.rules import ACCRUAL_PARTS, PARTIES, SPENDINGS, OnReturn
from entrepot.domain.terms import bases, presets
from entrepot.domain.terms.arrays import CAUSE
from entrepot.domain.terms.clauses import Fee, Per, RateTable
from entrepot.domain.terms.rules import Cause, Party, Task

TERMS = [preset(code) for code in presets.load()]
CURRENCIES = st.sampled_from(["EUR", "USD"])  # every shipped amount has both
RATES = st.decimals(Decimal("0.0001"), Decimal(999), places=4).map(str)


def minor(most: int = 200_000) -> st.SearchStrategy[int]:
    return st.integers(0, most)


@st.composite
def any_terms(draw: st.DrawFn):
    """A shipped programme with the payers and the collector of the money otherwise, in any shares."""
    terms = draw(st.sampled_from(TERMS))
    for task in (Task.LAST_MILE, Task.DUTY_AND_TAX, Task.PAYMENT_COLLECTION, Task.STORAGE):
        seller = draw(st.integers(0, 1_000_000))
        third = draw(st.integers(0, 1_000_000 - seller))
        shares = {Party.PLATFORM: 1_000_000 - seller - third, Party.SELLER: seller, Party.THIRD_PARTY: third}
        payer = {party: Decimal(share) / 1_000_000 for party, share in shares.items() if share}
        terms = with_duty(terms, task, payer=payer, performer=draw(st.sampled_from(PARTIES)))
    return with_duty(terms, Task.REFUND_COST, liable={Cause.DEFAULT: draw(st.sampled_from(PARTIES))})


@st.composite
def any_line(draw: st.DrawFn, terms: st.SearchStrategy = any_terms()):
    return Line(
        terms=draw(terms),
        quantity=draw(st.integers(1, 9)),
        goods_net=draw(minor()),
        goods_tax=draw(minor(40_000)),
        shipping_net=draw(minor(5_000)),
        shipping_tax=draw(minor(900)),
        customs_duty=draw(minor(3_000)),
        seller_discount=draw(minor(9_000)),
        platform_discount=draw(minor(9_000)),
        supply=draw(minor(900_000)),
        rate=draw(RATES),
        currency=draw(CURRENCIES),
        account_currency=draw(st.sampled_from(["EUR", "CNY", "JPY"])),
        includes_tax=draw(st.booleans()),
        collector=draw(st.sampled_from(PARTIES)),
        freight=draw(minor(3_000)),
        orders_before=draw(st.integers(0, 200)),
        payment_rate=draw(st.sampled_from(["0", "0.0175", "0.029"])),
        payment=draw(minor(40)),
        handling=draw(minor(90)),
        storage=draw(minor(50)),
    )


def places(line: Line, cuts: list[int]) -> list[tuple[int, int]]:
    """The units of a line in steps."""
    ends = sorted({min(cut, line.quantity) for cut in cuts} | {line.quantity})
    return [(start, end - start) for start, end in zip([0, *ends], ends, strict=False) if end > start]


@settings(max_examples=120, deadline=None)
@given(st.lists(any_line(), min_size=1, max_size=6), st.data())
def test_the_waterfall_adds_up_for_any_terms_and_any_units(lines: list[Line], data: st.DataObject) -> None:
    economics = book(lines)
    first = array(*[data.draw(st.integers(0, line.quantity - 1)) for line in lines])
    units = array(*[data.draw(st.integers(1, line.quantity - int(at))) for line, at in zip(lines, first, strict=True)])
    assert adds_up(economics, economics.accrue(first, units), first, units).all()


def test_a_waterfall_that_loses_a_cent_does_not_add_up() -> None:
    economics = book([Line(preset("self-managed"), goods_net=1000, goods_tax=190)])
    amounts = economics.accrue(array(0), array(1))
    for code in ("earning", "tax.platform"):
        broken = amounts.market.copy()
        broken[0, [part.code for part in amounts.parts].index(code)] -= 1
        assert not adds_up(economics, Amounts(amounts.parts, broken, amounts.seller), array(0), array(1)).any()


@settings(max_examples=80, deadline=None)
@given(any_line(), st.lists(st.integers(1, 9), max_size=4))
def test_partial_deliveries_sum_to_the_whole(line: Line, cuts: list[int]) -> None:
    economics = book([line])
    whole = economics.accrue(array(0), array(line.quantity))
    steps = [economics.accrue(array(first), array(units)) for first, units in places(line, cuts)]
    assert (sum(step.market for step in steps) == whole.market).all()
    assert (sum(step.seller for step in steps) == whole.seller).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(any_line(), min_size=2, max_size=5))
def test_a_batch_is_its_singles(lines: list[Line]) -> None:
    together = book(lines).upto(array(*[line.quantity for line in lines]))
    for row, line in enumerate(lines):
        alone = book([line]).upto(array(line.quantity))
        kept = [place for place, part in enumerate(together.parts) if part.code != "fee"]
        assert (alone.market[0, : len(ACCRUAL_PARTS)] == together.market[row, kept]).all()
        assert alone.market.sum() == together.market[row].sum()
        assert alone.seller.sum() == together.seller[row].sum()


@settings(max_examples=80, deadline=None)
@given(any_line(), st.data())
def test_both_legs_of_an_exchange_agree_within_a_minor_unit(line: Line, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, line.quantity - 1))
    amounts = book([line]).accrue(array(first), array(data.draw(st.integers(1, line.quantity - first))))
    top, bottom = (int(each[0]) for each in (book([line]).lines.rate_top, book([line]).lines.rate_bottom))
    for place, part in enumerate(amounts.parts):
        if part.is_sellers:
            market, seller = int(amounts.market[0, place]), int(amounts.seller[0, place])
            assert abs(seller * bottom - market * top) <= max(top, bottom), part


@settings(max_examples=80, deadline=None)
@given(any_line(), st.sampled_from(list(Cause)), st.booleans(), st.booleans(), st.lists(st.integers(1, 9), max_size=3))
def test_what_comes_back_whole_leaves_nothing_with_anybody_but_the_liable(
    line: Line, cause: Cause, discarded: bool, by_seller: bool, cuts: list[int]
) -> None:
    """In any steps: what was undone is what accrued, and the shopper's funds hold exactly what was paid."""
    economics = book([line])
    accrued = economics.accrue(array(0), array(line.quantity))
    undone, costs = [], []
    for first, units in places(line, cuts):
        pair = undo(economics, returned(first, units, cause, discarded=discarded, by_seller=by_seller))
        undone.append(pair[0].market)
        costs.append(pair[1])
    for place, part in enumerate(accrued.parts):
        if part.on_return is OnReturn.UNDONE:
            assert sum(each[0, place] for each in undone) == -accrued.market[0, place]
        if part.on_return is OnReturn.SPENT:
            assert not any(each[0, place] for each in undone)
    back = sum(waterfall(each)["shopper_funds"][0] for each in costs) - sum(
        (each[0, place] if part.source == "shopper_funds" else 0) for each in undone
        for place, part in enumerate(accrued.parts)
    )  # fmt: skip
    assert back == line.goods_net + line.goods_tax + line.shipping_net + line.shipping_tax + line.customs_duty


def returned(
    first: int, units: int, cause: Cause = Cause.DEFAULT, *, discarded: bool = False, by_seller: bool = False,
    label: int = 0, spent: np.ndarray | None = None,
) -> Returned:  # fmt: skip
    return Returned(
        array(first), array(units), np.array([CAUSE[cause]], dtype=np.int8), np.array([by_seller]),
        np.array([discarded]), array(label),
        np.zeros((1, len(SPENDINGS), 3), dtype=np.int64) if spent is None else spent,
    )  # fmt: skip


def booked(amounts: Amounts) -> dict[str, int]:
    """The parts that are not zero, in the market's currency."""
    parts: dict[str, int] = {}
    for place, part in enumerate(amounts.parts):
        if part.is_booked and amounts.market[0, place]:
            parts[part.code] = parts.get(part.code, 0) + int(amounts.market[0, place])
    return parts


def test_w1_a_supply_price_of_seven_tenths_of_the_retail_price() -> None:
    """Source: domain examples W1: 5.00 × 0.7 = 3.50; less 1.65 of the seller's own costs leaves 1.85, 52.9 %."""
    terms = preset("fully-managed")
    line = Line(terms, goods_net=500, supply=350, currency="USD", account_currency="USD", tax_rate="0")
    economics = book([line])
    amounts = economics.accrue(array(0), array(1))
    assert booked(amounts) == {"sale": 500, "supply": 350}
    kept = int(amounts.kept_by_seller()[0])
    assert kept == 350
    assert kept - 165 == 185
    assert round((kept - 165) / kept, 3) == 0.529


def test_w3_a_tenth_of_the_sale_and_the_freight() -> None:
    """Source: domain examples W3: 200 − 10 % − 20 freight; less 100 of goods leaves 60."""
    fee = Fee(code="service", label={"en": "Service"}, rate=Decimal("0.1"), base=bases.parse("goods_net"))
    terms = preset("semi-managed-platform-logistics", fees=(fee,), incentives=())
    terms = with_duty(terms, Task.LAST_MILE, payer={Party.SELLER: Decimal(1)})
    terms = replace(terms, earning=replace(terms.earning, commission=RateTable(Decimal(0))))
    line = Line(terms, goods_net=20_000, currency="USD", account_currency="USD", tax_rate="0", freight=2_000)
    economics = book([line])
    accrued = economics.accrue(array(0), array(1))
    parcel = hand_over(economics, Parcels(array(0), array(0), array(1), array(2_000)))
    assert booked(accrued) == {"earning": 20_000, "fee": 2_000}
    assert booked(parcel) == {"carriage.seller": 2_000}
    assert int(accrued.kept_by_seller()[0] + parcel.kept_by_seller()[0]) - 10_000 == 6_000


def test_w22_three_bad_cases_cost_the_sale_of_three() -> None:
    """Source: domain examples W22, a score of 95: the sale of three at 20 is lost, −60; multiples are penalties."""
    line = Line(preset("fully-managed"), quantity=10, goods_net=40_000, supply=20_000, currency="USD",
                account_currency="USD", tax_rate="0")  # fmt: skip
    undone, costs = undo(book([line]), returned(0, 3, Cause.QUALITY, discarded=True))
    assert int(undone.kept_by_seller()[0] + costs.kept_by_seller()[0]) == -6_000


def test_a_co_funded_discount_reaches_both_sides() -> None:
    """119.00 with tax and 11.90 off, half of it the platform's: the seller loses 5.00 net, the platform gives 5.00."""
    line = Line(preset("semi-managed-local-stock", fees=(), incentives=()), goods_net=9_000, goods_tax=1_710,
                seller_discount=595, platform_discount=595)  # fmt: skip
    assert booked(book([line]).accrue(array(0), array(1))) == {
        "earning": 9_000, "tax.platform": 1_710, "subsidy_earning": 500, "commission": 960
    }  # fmt: skip
    fully = replace(line, terms=preset("fully-managed"), supply=5_000)
    amounts = book([fully]).accrue(array(0), array(1))
    assert booked(amounts) == {
        "sale": 9_000, "tax.platform": 1_710, "supply": 5_000, "subsidy_sale": 500, "promotion": 500
    }  # fmt: skip
    assert int(amounts.kept_by_seller()[0]) == 4_500


def test_discounts_are_not_taxed_where_prices_are_without_tax() -> None:
    line = Line(preset("semi-managed-local-stock", fees=(), incentives=()), goods_net=9_000, goods_tax=630,
                platform_discount=1_000, includes_tax=False, tax_rate="0.07", currency="USD",
                account_currency="USD")  # fmt: skip
    assert booked(book([line]).accrue(array(0), array(1)))["subsidy_earning"] == 1_000


@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        ({"rate": Decimal("0.03"), "base": bases.parse("customer_payment - tax")}, 360),
        ({"rate": Decimal("0.00125"), "base": bases.parse("goods_net")}, 12),  # 12.5, to even
        ({"rate": Decimal("0.00135"), "base": bases.parse("goods_net")}, 14),  # 13.5, to even
        ({"rate": Decimal("0.03"), "base": bases.parse("customer_payment"), "cap_minor": {"EUR": 100}}, 100),
        ({"rate": Decimal("0.001"), "base": bases.parse("customer_payment"), "floor_minor": {"EUR": 50}}, 50),
        ({"rate": Decimal("0.5"), "base": bases.parse("goods_net - customer_payment")}, 0),
        ({"amount_minor": {"EUR": 40}, "per": Per.UNIT}, 160),
        ({"amount_minor": {"EUR": 40}, "per": Per.LINE}, 40),
        ({"amount_minor": {"EUR": 40}, "per": Per.ORDER}, 10),
        ({"amount_minor": {"EUR": 40}, "per": Per.PARCEL}, 0),
        ({"amount_minor": {"EUR": 40}, "per": Per.LINE, "categories": ("toys",)}, 0),
        ({"amount_minor": {"EUR": 40}, "per": Per.LINE, "categories": ("mugs",)}, 40),
    ],
)
def test_a_fee_is_what_its_terms_say(fee: dict, expected: int) -> None:
    terms = preset("self-managed", fees=(Fee(code="one", label={"en": "One"}, **fee),), incentives=())
    line = Line(terms, quantity=4, goods_net=10_000, goods_tax=1_900, shipping_net=2_000, category="mugs/blue",
                weights=(100, 100, 400))  # fmt: skip
    assert book([line]).fees.sum() == expected


def test_an_amount_an_order_is_divided_over_its_lines_without_rest() -> None:
    terms = preset("self-managed", fees=(
        Fee(code="one", label={"en": "One"}, amount_minor={"EUR": 100}, per=Per.ORDER),), incentives=())  # fmt: skip
    lines = [Line(terms, goods_net=9_000, weights=(place, 1, 3)) for place in range(3)]
    assert book(lines).fees.sum() == 100


def test_cash_for_first_orders_ends_with_them() -> None:
    terms = preset("semi-managed-local-stock")
    lines = [Line(terms, goods_net=900, orders_before=before, weights=(before, 1, 200)) for before in (98, 99, 100)]
    assert (book([replace(line, weights=(0, 1, 1)) for line in lines]).cash == [50, 50, 0]).all()


def test_goods_that_the_platform_bought_leave_its_own_stock() -> None:
    line = Line(preset("shein-self-run", fees=()), goods_net=5_000, goods_tax=950, supply=16_000, rate="7.8",
                account_currency="CNY")  # fmt: skip
    amounts = book([line]).accrue(array(0), array(1))
    assert booked(amounts) == {"sale": 5_000, "tax.platform": 950, "stock": 2_051}
    assert int(amounts.kept_by_seller()[0]) == 0


def test_the_seller_that_collects_tax_and_carries_gets_both() -> None:
    line = Line(preset("self-managed", fees=(), incentives=()), goods_net=9_000, goods_tax=1_710, shipping_net=500,
                shipping_tax=95, collector=Party.SELLER)  # fmt: skip
    parts = booked(book([line]).accrue(array(0), array(1)))
    assert {code: parts[code] for code in ("earning", "tax.seller", "shipping.seller")} == {
        "earning": 9_000, "tax.seller": 1_805, "shipping.seller": 500
    }  # fmt: skip


def test_a_parcel_divides_its_cost_over_its_lines_and_its_payers() -> None:
    terms = with_duty(preset("semi-managed-platform-logistics"), Task.LAST_MILE,
                      payer={Party.PLATFORM: Decimal("0.6"), Party.SELLER: Decimal("0.4")})  # fmt: skip
    terms = with_duty(terms, Task.STORAGE, performer=Party.PLATFORM, payer={Party.PLATFORM: Decimal(1)})
    lines = [Line(terms, goods_net=900, freight=300, handling=7), Line(terms, goods_net=900, freight=100)]
    parcel = Parcels(array(0, 0), array(0, 0), array(1, 1), array(401))
    amounts = hand_over(book(lines), parcel)
    assert waterfall(amounts)["carrier_payable"].sum() == 401 + 7
    assert (amounts.of("carriage.seller") == [120, 40]).all()
    assert (amounts.of("carriage.platform") == [181, 60]).all()
    fee = terms.fees[0].amount_minor["EUR"]
    assert [part.code for part in amounts.parts].count("fee") == 2
    assert waterfall(amounts)["revenue_fee"].sum() == fee


def test_a_seller_that_carries_is_owed_the_others_shares_and_its_label_subsidy() -> None:
    terms = with_duty(preset("semi-managed-local-stock"), Task.LAST_MILE,
                      payer={Party.PLATFORM: Decimal("0.25"), Party.SELLER: Decimal("0.75")})  # fmt: skip
    amounts = hand_over(book([Line(terms, freight=400)]), Parcels(array(0), array(0), array(1), array(400)))
    assert booked(amounts) == {"carriage_shared.platform": 100, "label_subsidy": 75}
    assert spent_on(amounts)[0, list(SPENDINGS).index("carriage")].tolist() == [100, 300, 0]


@pytest.mark.parametrize(
    ("liable", "expected"),
    [
        (Party.SELLER, {"moved.carriage.platform.seller": 181, "moved.handling.platform.seller": 7,
                        "customs_back.seller": 100, "moved.payment.platform.seller": 25}),
        (Party.PLATFORM, {"moved.carriage.seller.platform": 120, "customs_back.platform": 100,
                          "goods.platform": 900}),
        (Party.THIRD_PARTY, {"moved.carriage.platform.third_party": 181, "moved.carriage.seller.third_party": 120,
                             "moved.handling.platform.third_party": 7, "customs_back.third_party": 100,
                             "moved.payment.platform.third_party": 25, "goods.third_party": 900}),
    ],
)  # fmt: skip
def test_who_answers_for_a_return_bears_what_was_spent_and_the_goods(liable: Party, expected: dict) -> None:
    terms = preset("semi-managed-platform-logistics", fees=(), incentives=())
    terms = with_duty(terms, Task.REFUND_COST, liable={Cause.DEFAULT: liable})
    terms = replace(terms, earning=replace(terms.earning, commission=RateTable(Decimal("0.1"))))
    line = Line(terms, goods_net=1_000, goods_tax=190, customs_duty=100, payment=25)
    spent = np.zeros((1, len(SPENDINGS), 3), dtype=np.int64)
    spent[0, list(SPENDINGS).index("carriage")] = [181, 120, 0]
    spent[0, list(SPENDINGS).index("handling")] = [7, 0, 0]
    undone, costs = undo(book([line]), returned(0, 1, discarded=True, spent=spent))
    assert booked(undone) == {"earning": -1_000, "tax.platform": -190, "commission": -100}
    assert booked(costs) == expected


def test_a_refund_keeps_a_part_of_the_commission_that_is_given_back() -> None:
    terms = preset("tiktok-shop-managed", fees=(), incentives=())
    assert terms.returns.refund_admin is not None
    line = Line(terms, goods_net=20_000, currency="USD", account_currency="USD", includes_tax=False)
    undone, costs = undo(book([line]), returned(0, 1, Cause.CHANGE_OF_MIND))
    commission = -booked(undone)["commission"]
    assert booked(costs)["refund_admin"] == min(round(commission * Decimal("0.2")), 500)


def test_a_fee_that_is_not_returned_stays() -> None:
    terms = preset("semi-managed-local-stock", incentives=())
    line = Line(terms, goods_net=10_000, goods_tax=1_900)
    kept = [fee.code for fee in terms.fees if not fee.returned_on_refund]
    assert kept == ["customer_service"]
    undone, _ = undo(book([line]), returned(0, 1))
    accrued = book([line]).accrue(array(0), array(1))
    assert booked(accrued)["fee"] + booked(undone)["fee"] == 60  # 0.5 % of 119.00, to even
