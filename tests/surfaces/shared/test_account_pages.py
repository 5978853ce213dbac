"""Sign-in and all that belongs to it look like the rest, through the real stack."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.test import Client

from surfaces.shared.markup import Markup, ids, references

GUEST = ["login", "signup", "password/reset", "password/reset/done", "confirm-email", "password/reset/key/1-no-key"]
MEMBER = ["logout", "email", "password/change", "2fa", "2fa/webauthn", "reauthenticate"]


def page_of(client: Client, name: str) -> Markup:
    """The page, read and checked for what every page must be."""
    response = client.get(f"/accounts/{name}/", follow=True)
    assert response.status_code == 200
    page = Markup(response.content.decode())
    assert page.unclosed == []
    assert page.all("a", class_="brand") and page.one("main")
    assert len(page.all("h1")) == 1
    assert sorted(set(ids(page))) == sorted(ids(page))
    assert set(references(page)) <= set(ids(page))
    return page


@pytest.fixture
def member(database) -> Client:
    """Somebody who is signed in."""
    user = get_user_model().objects.create_user(email="ana@harbour.example", password="a harbour at dawn")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": "a harbour at dawn"})
    assert "_auth_user_id" in client.session
    return client


@pytest.mark.parametrize("name", GUEST)
def test_what_a_guest_is_shown(database, name):
    page_of(Client(), name)


@pytest.mark.parametrize("name", MEMBER)
def test_what_a_member_is_shown(member, name):
    page_of(member, name)


def test_a_wrong_password_keeps_the_address_and_says_so(database):
    response = Client().post("/accounts/login/", {"login": "ana@harbour.example", "password": "wrong"})
    page = Markup(response.content.decode())
    assert page.one("input", name="login")["value"] == "ana@harbour.example"
    assert page.one("div", role="alert")
    assert "value" not in page.one("input", name="password")


def test_an_address_that_leads_nowhere(database):
    response = Client().get("/no-such-page")
    assert response.status_code == 404
    assert "Nothing is stored here" in response.content.decode()
