"""The language of fee bases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.terms import bases


def test_the_issue_s_own_example_means_what_it_says():
    base = bases.parse("customer_payment + platform_discount - tax")
    line = {"goods_net": 10_000, "goods_tax": 1_900, "shipping_net": 500, "shipping_tax": 95, "platform_discount": 300}
    assert base.of(line) == 10_000 + 500 + 300
    assert base.components == {"goods_net", "shipping_net", "customs_duty", "platform_discount"}


def test_coefficients_stand_in_the_order_of_the_components():
    base = bases.parse("goods_gross + goods_net - seller_discount")
    named = dict(zip(bases.COMPONENTS, base.coefficients, strict=True))
    assert {name: value for name, value in named.items() if value} == {
        "goods_net": 2,
        "goods_tax": 1,
        "seller_discount": -1,
    }


@pytest.mark.parametrize("name", bases.SUMS)
def test_a_named_sum_is_the_sum_of_its_members(name):
    spelled_out = bases.parse(" + ".join(bases.SUMS[name]))
    assert bases.parse(name).coefficients == spelled_out.coefficients


@given(st.lists(st.tuples(st.sampled_from("+-"), st.sampled_from(bases.NAMES)), min_size=1, max_size=8), st.data())
def test_a_base_is_its_signed_parts_whatever_the_spacing(terms, data):
    text = ""
    for sign, name in terms:
        gaps = [data.draw(st.sampled_from(["", " ", "  "])) for _ in range(3)]
        text += f"{gaps[0]}{sign}{gaps[1]}{name}{gaps[2]}"
    line = {name: data.draw(st.integers(-10_000, 10_000)) for name in bases.COMPONENTS}
    expected = sum(
        (1 if sign == "+" else -1) * sum(line[part] for part in bases.SUMS.get(name, (name,))) for sign, name in terms
    )
    try:
        base = bases.parse(text)
    except bases.UnreadableError:
        assert expected == 0, "only what counts nothing is refused"
        return
    assert base.of(line) == expected
    assert bases.parse(base.text) == base


@pytest.mark.parametrize(
    "text", ["", " ", "tax - tax", "tax tax", "+", "tax +", "tax +- goods_net", "2 * tax", "tax * 2", "3", "tax;"]
)
def test_what_is_no_base_is_refused(text):
    with pytest.raises(bases.UnreadableError) as refusal:
        bases.parse(text)
    assert refusal.value.name == ""


def test_an_unknown_component_is_named():
    with pytest.raises(bases.UnreadableError) as refusal:
        bases.parse("goods_net + vibes")
    assert refusal.value.name == "vibes"
