"""What is tried against any shop: prices of one's own, rights of one's own, programs in names, files that lie."""

import io
import re
import struct
import zlib

import psycopg
import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from PIL import Image

from entrepot.config import database as servers
from entrepot.domain.accounts.models import Membership, User
from entrepot.domain.orders.models import Order
from entrepot.kernel import media
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.shared.logs import masked
from shopping import ADDRESS, order
from surfaces.api.calls import Caller
from worlds import World


@pytest.mark.parametrize(
    "field", ["price", "unit_minor", "total_minor", "discount_minor", "currency", "tax", "commission_rate"]
)
def test_nobody_names_an_amount_of_their_own(database: None, field: str) -> None:
    world = World()
    offer = world.offer(world.seller("acme"))
    line = {"offer_id": str(offer.id), "quantity": 1}
    body = {"market": "DE", "lines": [line], "ship_to": ADDRESS, "provider": "sandbox", "instrument": "approve"}
    for sent, named in (({**body, field: 1}, field), ({**body, "lines": [{**line, field: 1}]}, f"lines[0].{field}")):
        answer = Caller().ask("POST", "/orders", sent, key=f"an-amount-of-ones-own-{named}", status=422)
        assert (answer["code"], answer["field"]) == ("api.malformed", named)
    assert not Order.objects.exists()


def test_nobody_signs_up_with_rights_of_their_own(database: None) -> None:
    form = {"email": "mallory@example.org", "password1": "lantern-harbour-9", "password2": "lantern-harbour-9"}
    taken = {"is_staff": "1", "is_superuser": "1", "is_active": "0", "role": "operator.admin", "verbs": "payouts.send"}
    taken |= {"organisation": "1", "verified": "1", "commission_rate": "0", "balance_minor": "100000"}
    Client().post(reverse("account_signup"), form | taken)
    user = User.objects.get(email="mallory@example.org")
    assert (user.is_active, getattr(user, "is_staff", False), getattr(user, "is_superuser", False)) == (
        True, False, False,
    )  # fmt: skip
    assert not Membership.objects.filter(user=user).exists()
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(reverse("desk:overview")).status_code == 403


#: What stands on such a page and is new each time.
FRESH = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|errors-[0-9a-f]{8}')


@pytest.mark.parametrize("page", ["account_login", "account_reset_password"])
def test_an_answer_does_not_tell_who_has_an_account(database: None, page: str) -> None:
    User.objects.create_user(email="known@example.org", password="lantern-harbour-9")
    told = []
    for email in ("known@example.org", "other@example.org"):
        form = {"login": email, "password": "not-this-one-99"} if page == "account_login" else {"email": email}
        answer = Client().post(reverse(page), form, follow=True)
        told.append((answer.status_code, FRESH.sub("", answer.content.decode()).replace(email, "…")))
    assert told[0] == told[1]
    assert len(mail.outbox) == (2 if page == "account_reset_password" else 0)  # whoever has none is told so by letter


def test_what_people_are_called_is_no_template(database: None) -> None:
    world = World()
    name = "{{ 7|add:35 }}{% debug %}${7*6}%(x)s{0.__class__}#7*6 <b>"
    placed = order(world, (world.offer(world.seller("acme"), title=name), 1), ship_to=ADDRESS | {"name": name})
    client = Client()
    page = client.get(f"/orders/access/{placed.access_token}", follow=True).content.decode()
    assert page.count(escape(name)) >= 2  # of the goods and of the person
    assert client.get(f"/orders/{placed.number}/receipt").status_code == 200
    assert masked(name) == name.strip()


def drawn(form: str) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(kept, form)
    return kept.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A PNG whose head claims a size that its few bytes do not have."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


SCRIPT = b"<script>alert(document.domain)</script>"
LIES = {
    "a drawing that may hold programs": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a page": b"<!doctype html>" + SCRIPT,
    "a paper": b"%PDF-1.7\n1 0 obj<</JS(app.alert(1))>>endobj",
    "an animation": drawn("GIF"),
    "a page that begins like a picture": b"\xff\xd8\xff" + SCRIPT,
    "60,000 pixels a side": claiming(60_000, 60_000),
    "a little more than is taken": claiming(6_400, 6_400),
    "half a picture": drawn("PNG")[:-30],
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_file_that_lies_is_no_picture(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        media.keep_picture(LIES[name])
    assert refusal.value.code in {"media.not_a_picture", "media.too_many_pixels"}


def test_of_a_picture_only_its_pixels_are_kept() -> None:
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(kept, "JPEG", comment=SCRIPT)
    stored = media.read(media.keep_picture(kept.getvalue() + SCRIPT))
    assert SCRIPT in kept.getvalue()
    assert b"script" not in stored
    with Image.open(io.BytesIO(stored)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (8, 8))


@pytest.mark.parametrize("part", servers.LIMITS)
def test_no_statement_of_a_part_goes_on_for_ever(
    database: None, monkeypatch: pytest.MonkeyPatch, part: str, tmp_path
) -> None:
    monkeypatch.setenv(servers.PART, part)
    known = servers.connections(tmp_path)["default"]
    with psycopg.connect(
        host=known["HOST"], port=known["PORT"], dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"],
        **known["OPTIONS"],
    ) as connection:  # fmt: skip
        found = {
            name: connection.execute("SELECT setting::bigint FROM pg_settings WHERE name = %s", [name]).fetchone()
            for name in servers.LIMITS[part]
        }
        assert all(row and row[0] > 0 for row in found.values()), found
        row = connection.execute("SELECT current_setting('application_name')").fetchone()
        assert row == (f"entrepot {part}",)
        connection.execute("SET statement_timeout = 50")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(60)")
