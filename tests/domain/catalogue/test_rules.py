from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from entrepot.domain.catalogue import rules
from entrepot.domain.catalogue.rules import Candidate, Completeness, First, ProductDraft, SkuDraft
from entrepot.kernel.errors import Invalid

WHOLE = Completeness(title=True, category=True, sku=True, weight=True, dimensions=True, hs_code=True, origin=True)


def test_a_whole_product_lacks_nothing():
    assert rules.missing(WHOLE) == []


@pytest.mark.parametrize("name", ["title", "category", "weight", "dimensions", "hs_code", "origin"])
def test_what_is_not_there_is_said(name):
    assert rules.missing(replace(WHOLE, **{name: False})) == [name]


def test_a_product_without_skus_lacks_just_them():
    nothing = Completeness(*[False] * 7)
    assert rules.missing(nothing) == ["title", "category", "sku"]


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("product_code", ProductDraft(product_code=" ")),
        ("product_code", ProductDraft(product_code="x" * 81)),
        ("title", ProductDraft(product_code="a", texts={"en": ("", "")})),
        ("sku_code", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="")])),
        ("weight_g", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="a", weight_g=-5)])),
        ("weight_g", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="a", weight_g=0)])),
        ("hs_code", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="a", hs_code="69.12")])),
        ("hs_code", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="a", hs_code="691²00")])),
        ("origin_country", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="a", origin_country="China")])),
        ("origin_country", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="a", origin_country="cn")])),
        ("pack_quantity", ProductDraft(product_code="a", skus=[SkuDraft(sku_code="a", pack_quantity=0)])),
        ("options", ProductDraft(product_code="a", axes=["size"], skus=[SkuDraft("a", options={"colour": "red"})])),
        ("components", ProductDraft(product_code="a", skus=[SkuDraft("a", components={"b": 0})])),
        ("components", ProductDraft(product_code="a", skus=[SkuDraft("a", components={"a": 2})])),
    ],
)
def test_what_no_row_may_hold_is_refused_with_its_field(field, draft):
    with pytest.raises(Invalid) as refused:
        rules.check(draft)
    assert refused.value.field == field


def candidate(number: int, **changes) -> Candidate:
    plain = Candidate(
        UUID(int=number), available=5, landed_minor=2500, promised_until=date(2026, 3, 9), seller_tier="standard"
    )
    return replace(plain, **changes)


ONE = candidate(1)


@pytest.mark.parametrize(
    ("second", "winner", "reason"),
    [
        (candidate(2, available=0, landed_minor=1000), 1, "in_stock"),
        (candidate(2, landed_minor=2499), 2, "lowest_landed_price"),
        (candidate(2, landed_minor=None), 1, "lowest_landed_price"),
        (candidate(2, promised_until=date(2026, 3, 8)), 2, "earliest_promise"),
        (candidate(2, promised_until=None), 1, "earliest_promise"),
        (candidate(2, seller_tier="preferred"), 2, "seller_tier"),
        (candidate(2), 1, "listed_first"),
    ],
)
def test_the_first_offer_and_the_step_that_decided(second, winner, reason):
    for order in ([ONE, second], [second, ONE]):
        assert rules.first_offer(order) == First(UUID(int=winner), reason)


def test_a_step_decides_only_where_those_before_are_equal():
    cheap_and_late = candidate(2, landed_minor=100, promised_until=date(2027, 1, 1), seller_tier="new")
    assert rules.first_offer([ONE, cheap_and_late]) == First(UUID(int=2), "lowest_landed_price")


def test_one_offer_needs_no_reason_and_none_is_none():
    assert rules.first_offer([ONE]) == First(UUID(int=1), "only_offer")
    assert rules.first_offer([]) is None


def test_the_reason_tells_the_winner_from_the_next_best():
    out = candidate(3, available=0, landed_minor=1)
    dearer = candidate(2, landed_minor=9999)
    assert rules.first_offer([out, dearer, ONE]) == First(UUID(int=1), "lowest_landed_price")
