"""How often somebody may try to sign in, so that guessing fails and no stranger can lock anybody out.

Failed sign-ins are counted by account and address together, and of a device from which the account was signed in to
before by account and device: whoever guesses uses up counts of their own. Guesses from very many addresses meet a bound
of the account, which holds for strange devices only; a passkey needs none of this.
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from entrepot.surfaces.shared import letters, throttle

DEVICE_COOKIE = "device"
SALT = "entrepot.surfaces.shared.signing_in"
#: A device is known for so long after the last sign-in. Units: seconds.
KNOWN_FOR = 365 * 24 * 3600
#: Whom a device knows, most recent first; more share no computer.
MOST_ACCOUNTS = 5
#: Sign-ins to one account that strange devices may try within an hour, wherever they are; one address comes to sixty.
STRANGERS, STRANGERS_SECONDS = 100, 3600


class Adapter(letters.Adapter):
    """What the library of sign-in asks of us."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Bear a try, or say that there were too many. Raises: ValidationError."""
        super().pre_authenticate(request, **credentials)
        login = _login_of(credentials)
        is_strange = not device_of(request, login)
        if settings.THROTTLED and is_strange and throttle.knock(_strangers(login), STRANGERS_SECONDS) > STRANGERS:
            raise self.validation_error("too_many_login_attempts")

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **more: Any) -> HttpResponse:
        """Signed in: from here on the device is known to the account."""
        response = super().post_login(request, user, **more)
        remember(request, response, {user.get_username(), more.get("email") or ""} - {""})
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Whose failures are counted: of an account by one device that it knows, or by one address."""
        login = _login_of(credentials)
        return f"{login}:{device_of(request, login) or throttle.address(request)}"

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """A new password was set by a letter: whoever has it may sign in wherever they are."""
        super()._delete_login_attempts_cached_email(request, **credentials)
        cache.delete(_strangers(_login_of(credentials)))


def device_of(request: HttpRequest, login: str) -> str:
    """The name of the device, where this account was signed in to from it; else nothing."""
    device, accounts = _read(request)
    return device if any(constant_time_compare(each, _mark(login)) for each in accounts) else ""


def remember(request: HttpRequest, response: HttpResponse, logins: set[str]) -> None:
    """Let a device be known to an account. Who an account is cannot be read from what the device keeps."""
    device, known = _read(request)
    marks = sorted(_mark(each.lower()) for each in logins)
    kept = [*marks, *(each for each in known if each not in marks)][:MOST_ACCOUNTS]
    response.set_cookie(
        DEVICE_COOKIE,
        signing.dumps([device or secrets.token_urlsafe(16), *kept], salt=SALT),
        max_age=KNOWN_FOR,
        path="/accounts/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, Sequence[str]]:
    """What a device keeps: its name, and the marks of accounts."""
    try:
        device, *accounts = signing.loads(request.COOKIES.get(DEVICE_COOKIE, ""), salt=SALT, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return "", ()
    return device, accounts


def _mark(login: str) -> str:
    return salted_hmac(SALT, login, algorithm="sha256").hexdigest()[:32]


def _strangers(login: str) -> str:
    return f"throttle:strangers:{_mark(login)}"


def _login_of(credentials: Any) -> str:
    return str(credentials.get("email") or credentials.get("username") or "").lower()
