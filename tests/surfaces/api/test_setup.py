"""The set-up, the team and the trail by the API: the same acts as on the pages, for whoever holds their verbs."""

import pytest

from entrepot.domain.accounts import queries
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.logistics.models import ShippingCharge
from entrepot.domain.markets.models import Market
from entrepot.kernel.models import AuditEntry
from surfaces.api.calls import Caller
from surfaces.api.calls import caller as keyed
from worlds import World

MARKET = {
    "code": "DE", "name": "Germany", "country": "DE", "currency": "EUR", "tax_display": "inclusive",
    "time_zone": "Europe/Berlin", "languages": ["de", "en"],
    "tax": {"rate": "0.19", "valid_from": "2020-01-01", "source": "UStG"},
}  # fmt: skip
BAND = {
    "market_code": "DE", "origin_country": "DE", "weight_from_g": 0, "weight_until_g": 2000, "currency": "EUR",
    "flat_minor": 399, "cost_rate": "0.5", "free_from_minor": 4900, "valid_from": "2020-01-01", "source": "contract",
}  # fmt: skip


class Asking:
    """Somebody whose whole answers are looked at."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def __getattr__(self, method: str):
        return lambda path, body=None: self.caller.send(method.upper(), path, body)


def caller(world: World, organisation: Organisation, role: str) -> Asking:
    return Asking(keyed(world, organisation, role))


@pytest.fixture
def operator(world: World):
    return caller(world, world.operator, "operator.admin")


def test_a_marketplace_is_set_up(world: World, operator) -> None:
    world.programme("self-managed")
    before = {each["code"]: each["state"] for each in operator.get("/setup").json()["steps"]}
    assert before["markets"] == "todo"
    assert operator.post("/setup/markets", MARKET).status_code == 201
    assert operator.post("/setup/markets", MARKET | {"name": "Again"}).status_code == 409
    wrong = operator.post("/setup/markets", MARKET | {"code": "FR", "time_zone": "Mars/Base"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "time_zone")
    day = world.now.date().isoformat()
    rates = {"rates": [{"base": "EUR", "quote": "JPY", "rate": "170.5", "day": day}], "source": "a bank"}
    assert operator.post("/setup/exchange-rates", rates).json() == {"count": 1}
    assert operator.post("/setup/exchange-rates", rates).json() == {"count": 0}
    assert operator.post("/setup/freight", {"rates": [BAND]}).json() == {"count": 1}
    assert operator.post("/setup/freight", {"rates": [BAND]}).status_code == 409
    assert ShippingCharge.objects.count() == 1
    assert operator.put("/setup/programmes", {"codes": ["self-managed"]}).json() == {"codes": ["self-managed"]}
    assert operator.post("/setup/partners", {"code": "kai", "name": "Kai", "country": "DE"}).status_code == 201
    assert [each["code"] for each in operator.get("/setup/partners").json()["items"]] == ["kai"]
    closed = operator.post("/setup/markets/DE/closing", {"reason": "a pause"})
    assert closed.status_code == 200 and Market.objects.get().archived_at is not None
    after = {each["code"]: each["state"] for each in operator.get("/setup").json()["steps"]}
    assert (after["programmes"], after["partners"]) == ("done", "done")


def test_a_team_is_kept(world: World, operator) -> None:
    seller = world.seller("brand", programme="self-managed")
    owner = caller(world, seller.organisation, "seller.owner")
    asked = owner.post("/team/invitations", {"email": "new@example.org", "role": "seller.staff"})
    assert asked.status_code == 201 and asked.json()["is_open"]
    assert owner.post("/team/invitations", {"email": "x@example.org", "role": "operator.admin"}).status_code == 422
    assert operator.delete(f"/team/invitations/{asked.json()['id']}").status_code == 404
    assert len(owner.get("/team/invitations").json()) == 1
    assert owner.delete(f"/team/invitations/{asked.json()['id']}").status_code == 204
    assert owner.get("/team/invitations").json() == []

    [member] = owner.get("/team/members").json()["items"]
    assert member["role_in_words"] == "Owner"
    last = owner.put(f"/team/members/{member['id']}/role", {"role": "seller.staff"})
    assert (last.status_code, last.json()["code"]) == (409, "accounts.last_keeper")
    assert operator.post(f"/team/members/{member['id']}/end", {"reason": "out"}).status_code == 404
    assert len(queries.list_members(organisation_id=seller.pk)) == 1


def test_the_trail_is_everybodys_own(world: World, operator) -> None:
    world.market("DE")
    operator.post("/setup/markets/DE/closing", {"reason": "a pause"})
    owner = caller(world, world.seller("brand", programme="self-managed").organisation, "seller.owner")
    owner.post("/team/invitations", {"email": "new@example.org", "role": "seller.staff"})
    everybody = operator.get("/audit-trail?limit=2").json()
    assert everybody["items"][0]["verb"] == "team.invite" and everybody["next"]
    more = operator.get(f"/audit-trail?limit=2&cursor={everybody['next']}").json()
    assert more["items"][0]["sequence"] < everybody["items"][-1]["sequence"]
    own = owner.get("/audit-trail").json()["items"]
    assert {each["verb"] for each in own} <= {"team.invite", "keys.create", "enrolments.accept"} and own
    closing = operator.get("/audit-trail?verb=markets.close").json()["items"]
    assert [each["reason"] for each in closing] == ["a pause"]
    assert operator.get("/audit-trail?verb=markets.").json()["items"]
    assert operator.get("/audit-trail?cursor=nonsense").status_code == 422
    assert AuditEntry.objects.count() >= len(own)
