"""What hostile callers try with what is theirs: keys of one organisation for another, numbers that no list has."""

import json
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.urls import reverse

from architecture.sources import ROOT
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.sellers.models import Seller
from entrepot.domain.settlement.providers.csv_file import HEADER
from entrepot.kernel.actors import Actor
from entrepot.surfaces.api.idempotent import principal_of
from entrepot.surfaces.shared.numbers import MOST, whole
from surfaces.api.calls import operator
from surfaces.desk.desks import browser


def test_who_works_for_two_organisations_has_keys_of_each(rf):
    user, one, other = uuid4(), uuid4(), uuid4()

    def principal(organisation: UUID | None) -> str:
        request = rf.post("/api/v1/uploads")
        request.auth = Actor(label="x", role="seller.owner", user_id=user, organisation_id=organisation)
        return principal_of(request)

    assert len({principal(one), principal(other), principal(None)}) == 3
    assert principal(one) == principal(one) and len(principal(one)) <= 100


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 0), ("7", 7), ("-1", 0), ("1e3", 0), ("\u0663", 0), ("9" * 18, MOST), ("9" * 26, 0), ("9" * 5000, 0)],
)
def test_a_number_in_an_address_is_never_more_than_a_list_has(text, number):
    assert whole(text) == number


def test_a_bill_is_shown_from_wherever_somebody_asks(world):
    today = world.now.date()
    days = {"issued_on": today, "period_from": today - timedelta(days=30), "period_until": today}
    line = {"position": 1, "tracking_number": "T1", "charges": {"carriage": 500}}
    desk, caller = browser(world), operator(world)
    body = {"carrier": "line", "number": "B1", "currency": "EUR", "total_minor": 500, "lines": [line]}
    bill = caller.post("/carrier-bills", body | days)
    for number in ("9" * 26, str(2**63)):
        assert caller.get(f"/carrier-bills/{bill['id']}?after={number}")["items"] == []
    for number in ("9" * 26, "9" * 5000):
        assert desk.get(reverse("desk:carrier_bill", args=[bill["id"]]), {"cursor": number}).status_code == 200


def test_nobody_says_here_where_payouts_go_to():
    # Whoever takes over a seller's session finds no account to change. A page for it owes the second factor, the days
    # of waiting and the letters first.
    telling = re.compile(r"iban|\bbic\b|swift|routing_number|account_number|beneficiary|payout_account|bank_account")
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    taken = {
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field in schema.get("properties", {})
    }
    columns = {f"{model.__name__}.{field.name}" for model in (Seller, Organisation) for field in model._meta.fields}
    assert [name for name in sorted(taken | columns) if telling.search(name)] == []
    assert [name for name in HEADER if telling.search(name)] == [] and "seller_code" in HEADER
