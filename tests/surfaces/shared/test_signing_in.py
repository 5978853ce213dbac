"""Whoever guesses passwords uses up tries of their own: the owner of the account still gets in."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from entrepot.domain.accounts.models import User
from entrepot.surfaces.shared import signing_in
from worlds import World

PASSWORD = "lantern-harbour-9"
OWNER, THIEF = "10.0.0.1", "10.0.0.66"


@pytest.fixture
def owner(settings, database):
    """An account, where failed sign-ins are counted; no address comes to a bound of its own before the account does."""
    settings.THROTTLED = True
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "500/m/ip,5/9h/key", "login": "500/m/ip"}
    cache.clear()
    user = User.objects.create_user(email="seller@example.org", password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    yield user
    cache.clear()


def sign_in(address, password=PASSWORD, client=None, login="seller@example.org"):
    """Try; whether it was let in."""
    client = client or Client()
    client.post(reverse("account_login"), {"login": login, "password": password}, REMOTE_ADDR=address)
    return "_auth_user_id" in client.session


def guess(times, address=THIEF, client=None):
    """Fail so often."""
    assert not any(sign_in(address, f"guess-{number}", client) for number in range(times))


def test_five_failures_of_a_stranger_lock_the_stranger_out_and_nobody_else(owner):
    guess(8)
    assert not sign_in(THIEF), "with the right password too: tries are used up"
    assert sign_in(OWNER)
    assert sign_in(OWNER, login="Seller@Example.org")


def test_at_one_address_a_known_device_still_gets_in(owner):
    client = Client()
    assert sign_in(OWNER, client=client)
    client.post(reverse("account_logout"))
    guess(8, OWNER)
    assert not sign_in(OWNER)
    assert sign_in(OWNER, client=client)


def test_a_device_that_fails_has_tries_of_its_own_to_use_up(owner):
    client = Client()
    sign_in(OWNER, client=client)
    client.post(reverse("account_logout"))
    guess(5, OWNER, client)
    assert not sign_in(OWNER, client=client)
    assert sign_in(OWNER)


def test_guesses_from_everywhere_close_the_account_to_strange_devices_only(owner, monkeypatch):
    monkeypatch.setattr(signing_in, "STRANGERS", 10)
    client = Client()
    assert sign_in(OWNER, client=client)
    client.post(reverse("account_logout"))
    for number in range(10):
        guess(2, f"10.0.1.{number}")
    assert not sign_in("10.0.2.1")
    assert sign_in(OWNER, client=client)
    options = Client().get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    assert options.status_code == 200 and "request_options" in options.json()


def test_a_letter_about_a_forgotten_password_opens_the_account_again(owner, monkeypatch):
    monkeypatch.setattr(signing_in, "STRANGERS", 2)
    guess(1), guess(2, "10.0.1.1")  # fmt: skip
    client = Client()
    assert not sign_in(OWNER)
    client.post(reverse("account_reset_password"), {"email": owner.email})
    address = next(word for word in mail.outbox[-1].body.split() if "/password/reset/key/" in word)
    page = client.get("/" + address.split("/", 3)[3], follow=True)
    changed = {"password1": "another-quay-77", "password2": "another-quay-77"}
    client.post(page.request["PATH_INFO"], changed, follow=True)
    assert sign_in(OWNER, "another-quay-77")


def test_one_address_alone_never_closes_an_account(owner):
    # Five tries in five minutes are sixty in an hour.
    assert signing_in.STRANGERS > 60 * (signing_in.STRANGERS_SECONDS / 3600)


def test_what_a_device_keeps_is_signed_and_names_nobody(owner):
    client = Client()
    sign_in(OWNER, client=client)
    kept = client.cookies[signing_in.DEVICE_COOKIE]
    assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "Lax", "/accounts/")
    assert "seller" not in kept.value
    forged = Client()
    forged.cookies[signing_in.DEVICE_COOKIE] = kept.value[:-1] + ("A" if kept.value[-1] != "A" else "B")
    guess(5, OWNER)
    assert not sign_in(OWNER, client=forged)


def test_a_device_of_several_accounts_is_known_to_the_last_five(owner):
    world = World()
    client = Client()
    assert sign_in(OWNER, client=client)
    for _ in range(5):
        other = world.user()
        other.set_password(PASSWORD)
        other.save()
        EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
        client.post(reverse("account_logout"))
        assert sign_in(OWNER, client=client, login=other.email)
    client.post(reverse("account_logout"))
    guess(5, OWNER)
    assert not sign_in(OWNER, client=client)
