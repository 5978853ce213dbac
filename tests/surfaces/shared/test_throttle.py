"""Doors bear only so much: who knocks too often is told when to come back, and nobody else is."""

import pytest
from django.core.cache import cache
from django.test import Client

from entrepot.surfaces.shared import throttle
from entrepot.surfaces.shared.signing_in import Adapter
from entrepot.surfaces.shared.throttle import Limit
from worlds import World


@pytest.fixture
def narrow(settings, monkeypatch, database):
    """Three searches a minute, five of an address; a clock that stands at the start of a window."""
    from datetime import UTC, datetime

    cache.clear()
    settings.THROTTLED = True
    monkeypatch.setitem(throttle.LIMITS, "search", Limit(3, 60, 5))
    monkeypatch.setattr(throttle.clock, "now", lambda: datetime(2026, 3, 2, 9, 0, 15, tzinfo=UTC))
    world = World()
    world.market("DE")
    yield world
    cache.clear()


def search(client, address="10.0.0.1", **headers):
    return client.get("/search", {"q": "x"}, REMOTE_ADDR=address, headers=headers)


def test_a_page_says_when_to_come_back(narrow):
    client = Client()
    assert [search(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    told = search(client)
    assert told["Retry-After"] == "45" and "a little fast" in told.content.decode()
    assert search(client, "10.0.0.2").status_code == 200


def test_the_api_answers_with_a_problem(narrow):
    client = Client()
    path = "/api/v1/search?market=DE&q=x"
    assert [client.get(path).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get(path)
    assert answer["Content-Type"] == "application/problem+json" and answer["Retry-After"] == "45"
    assert (answer.json()["code"], answer.json()["status"]) == ("kernel.too_many", 429)


def test_people_at_one_address_have_counts_of_their_own_up_to_what_the_address_bears(narrow):
    one, other = Client(), Client()
    for client in (one, other):
        client.force_login(narrow.user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert [search(one).status_code for _ in range(3)] == [200, 200, 200]
    assert [search(other).status_code for _ in range(3)] == [200, 200, 429]


def test_a_new_key_at_every_knock_fills_no_memory_once_the_address_is_refused(narrow):
    keys = [f"Bearer {number}" for number in range(20)]
    answers = [search(Client(), authorization=key).status_code for key in keys]
    assert answers == [200] * 5 + [429] * 15
    kept = [name for name in cache._cache if "throttle:search:" in name]
    assert len(kept) == 6  # five callers and their address


def test_an_address_behind_proxies_is_the_one_that_ours_saw(narrow, settings, rf):
    forged = rf.get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.7"})
    assert throttle.address(forged) == "10.0.0.1"
    settings.PROXIES = 1
    assert throttle.address(forged) == "198.51.100.7"
    assert throttle.address(rf.get("/", REMOTE_ADDR="10.0.0.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("seen", "counted"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7", "198.51.100.7"),
        ("fe80::1%eth0", "fe80::"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_of_an_ipv6_address_the_network_counts(rf, settings, seen, counted):
    assert throttle.address(rf.get("/", REMOTE_ADDR=seen)) == counted
    settings.PROXIES = 1
    assert throttle.address(rf.get("/", headers={"X-Forwarded-For": seen})) == counted
    assert Adapter().get_client_ip(rf.get("/", REMOTE_ADDR=seen)) == counted


def test_nothing_is_counted_where_limits_are_off(database):
    world = World()
    world.market("DE")
    client = Client()
    assert {search(client).status_code for _ in range(throttle.LIMITS["search"].most + 5)} == {200}
