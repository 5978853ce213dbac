from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from entrepot.domain.sellers import rules
from entrepot.domain.sellers.rules import Standing, Unmet
from entrepot.domain.terms.clauses import Document, Eligibility, Tier
from entrepot.domain.terms.rules import Party
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Denied

STANDING = Standing(
    tier="standard",
    documents=frozenset({"identity"}),
    has_stock_in_market=False,
    skus=3,
    training=frozenset({"packing"}),
)


@pytest.mark.parametrize(
    ("actor", "party"),
    [
        (SYSTEM, Party.PLATFORM),
        (Actor("x", role="operator.finance"), Party.PLATFORM),
        (Actor("x", role="seller.staff"), Party.SELLER),
        (Actor("x", role="partner.warehouse"), Party.THIRD_PARTY),
    ],
)
def test_an_actor_speaks_for_a_party(actor, party):
    assert rules.party_of(actor) is party


@pytest.mark.parametrize("role", ["", "shopper", "guest", "operators"])
def test_a_shopper_speaks_for_none(role):
    with pytest.raises(Denied):
        rules.party_of(Actor("x", role=role))


@pytest.mark.parametrize(
    ("asked", "lacking"),
    [
        (Eligibility(), []),
        (Eligibility(tier=Tier.STANDARD), []),
        (Eligibility(tier=Tier.PREFERRED), [Unmet("tier", "preferred", "standard")]),
        (Eligibility(documents=(Document.IDENTITY, Document.VAT_NUMBER)), [Unmet("documents", "vat_number", "")]),
        (Eligibility(stock_in_market=True), [Unmet("stock_in_market", "1", "0")]),
        (Eligibility(skus_min=3), []),
        (Eligibility(skus_min=4), [Unmet("skus_min", "4", "3")]),
        (Eligibility(training=("packing", "safety")), [Unmet("training", "safety", "")]),
    ],
)
def test_every_condition_that_is_not_met_is_named(asked, lacking):
    assert rules.unmet(asked, STANDING) == lacking


def test_all_of_them_are_named_at_once():
    asked = Eligibility(tier=Tier.PREFERRED, documents=(Document.VAT_NUMBER,), stock_in_market=True, skus_min=9)
    assert [each.condition for each in rules.unmet(asked, STANDING)] == [
        "tier",
        "documents",
        "stock_in_market",
        "skus_min",
    ]


@pytest.mark.parametrize(
    ("asked", "path", "weight_g", "conditions"),
    [
        (Eligibility(), "", None, []),
        (Eligibility(categories_admitted=("home",)), "home/kitchen", 1, []),
        (Eligibility(categories_admitted=("home",)), "homeware", 1, ["categories_admitted"]),
        (Eligibility(categories_excluded=("home/knives",)), "home/knives/bread", 1, ["categories_excluded"]),
        (Eligibility(categories_excluded=("home/knives",)), "home", 1, []),
        (Eligibility(weight_min_g=500), "home", 499, ["weight_min_g"]),
        (Eligibility(weight_min_g=500), "home", None, ["weight_min_g"]),
        (Eligibility(weight_min_g=500), "home", 500, []),
    ],
)
def test_a_programme_takes_only_certain_skus(asked, path, weight_g, conditions):
    assert [each.condition for each in rules.unmet_by_sku(asked, category_path=path, weight_g=weight_g)] == conditions


def test_an_acceptance_is_one_of_its_kind():
    when = datetime(2026, 3, 2, tzinfo=UTC)
    same = {
        "content_hash": "ab",
        "seller_id": UUID(int=1),
        "market": "DE",
        "valid_from": when,
        "accepted_by": UUID(int=2),
        "accepted_at": when,
    }
    found = rules.acceptance_hash(**same)
    assert found == rules.acceptance_hash(**same)
    for name, value in {
        "content_hash": "ac",
        "seller_id": UUID(int=3),
        "market": "US",
        "valid_from": when.replace(day=3),
        "accepted_by": UUID(int=4),
        "accepted_at": when.replace(hour=1),
    }.items():
        assert rules.acceptance_hash(**same | {name: value}) != found


def test_nothing_comes_back_from_closed():
    assert rules.NEXT["closed"] == frozenset()
    assert all(set(steps) <= rules.NEXT.keys() for steps in rules.NEXT.values())


def test_an_unknown_tier_reaches_nothing():
    assert rules.unmet(Eligibility(), replace(STANDING, tier="gold")) == [Unmet("tier", "new", "gold")]
