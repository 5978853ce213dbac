"""A factory that has never sold online: papers that nobody else sees, the questionnaire, programmes in its numbers."""

import html
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from entrepot.domain.sellers.models import DocumentRequest, ReadinessAnswers, SellerDocument
from entrepot.flows import enrolling, joining
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from surfaces.seller.shops import client_of, sign_in
from surfaces.seller.test_acts import to, words
from surfaces.seller.test_isolation import sign_in_operator
from worlds import World


@pytest.fixture
def world(database, monkeypatch) -> World:
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    made.market("DE")
    made.programme("fully-managed")
    return made


def applicant(world: World) -> enrolling.Application:
    return enrolling.apply_seller(
        seller_code="ren-ceramics", name="Ren Ceramics", country="CN", settlement_currency="CNY",
        email="ren@ceramics.example", password=None, person="Ren Li", now=world.now,
    )  # fmt: skip


def picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "navy").save(drawn, "PNG")
    return drawn.getvalue()


def test_a_paper_is_seen_by_its_seller_and_the_operator_and_has_no_public_address(world):
    made = applicant(world)
    client, operator = sign_in(made.owner), sign_in_operator(world)
    upload = SimpleUploadedFile("licence.png", picture(), "image/png")
    assert client.post(to("application_documents"), {"kind": "identity", "file": upload}).status_code == 302
    paper = SellerDocument.objects.get(seller=made.seller)
    assert client.get(to("document_file", paper.id)).content == picture()
    desk = reverse("desk:document_file", args=["ren-ceramics", paper.id])
    assert operator.get(desk).content == picture()
    other = client_of(world, world.seller("theirs"))
    assert other.get(to("document_file", paper.id)).status_code == 404
    guesses = [paper.media, f"./{paper.media}", f"x/../{paper.media}", f"/{paper.media}", paper.media.upper()]
    for guess in guesses:
        for who in (Client(), other, client, operator):
            assert who.get(f"/media/{guess}").status_code == 404, guess


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"kind": "identity", "reference": "P123"}, "Send the paper itself"),
        ({"kind": "bank_account"}, "Send a file or a reference"),
        ({"kind": "identity", "file": b"MZ not a paper"}, "Send a PDF, PNG or JPEG"),
        ({"kind": "identity", "file": b"<svg onload=alert(1)>"}, "Send a PDF, PNG or JPEG"),
    ],
)
def test_a_paper_that_cannot_be_read_names_the_field_and_keeps_the_rest(world, sent, says):
    client = sign_in(applicant(world).owner)
    form = dict(sent, valid_until="2027-01-01")
    if "file" in sent:
        form["file"] = SimpleUploadedFile("paper.png", sent["file"], "image/png")
    answer = client.post(to("application_documents"), form)
    page = answer.content.decode()
    assert answer.status_code == 422 and says in page and 'href="#document-file"' in page
    assert 'value="2027-01-01"' in page
    assert not SellerDocument.objects.exists()


def test_the_operator_asks_for_more_and_the_seller_sees_why(world):
    made = applicant(world)
    client, operator = sign_in(made.owner), sign_in_operator(world)
    ask = reverse("desk:document_requests", args=["ren-ceramics"])
    assert operator.post(ask, {"kind": "product_safety", "reason": ""}).status_code == 422
    sent = {"kind": "product_safety", "reason": "You sell tableware: migration test of the glaze"}
    assert operator.post(ask, sent).status_code == 302
    assert operator.post(ask, sent).status_code == 409
    assert "migration test of the glaze" in words(client, to("application"))
    enrolling.submit_document(
        actor=SYSTEM, seller_id=made.seller.pk, kind="product_safety", reference="SGS-1", now=world.now
    )
    assert DocumentRequest.objects.get().answered_at == world.now
    assert "migration test" not in words(client, to("application"))
    paper = SellerDocument.objects.get()
    decide = reverse("desk:document_decision", args=["ren-ceramics", paper.id])
    assert operator.post(decide, {"decision": "refuse", "reason": "The report is of 2019"}).status_code == 302
    assert "Refused: The report is of 2019" in words(client, to("application")) or "The report is of 2019" in words(
        client, to("application")
    )


def test_the_questionnaire_keeps_versions_and_advises(world):
    made = applicant(world)
    client = sign_in(made.owner)
    first = {"units_a_week": "300", "smallest_batch": "500", "stock_countries": ["CN"], "languages": ["en"]}
    bad = client.post(to("questions"), first | {"restock_days": "soon"})
    page = bad.content.decode()
    assert bad.status_code == 422 and 'href="#questions-restock_days"' in page and 'value="300"' in page
    assert client.post(to("questions"), first | {"idempotency_key": "k"}).status_code == 302
    assert client.post(to("questions"), first | {"idempotency_key": "k"}).status_code == 302
    assert client.post(to("questions"), first).status_code == 302
    assert ReadinessAnswers.objects.count() == 1, "the same answers stay the same version"
    client.post(to("questions"), first | {"smallest_batch": "100"})
    assert [each.version for each in ReadinessAnswers.objects.order_by("version")] == [1, 2]
    assert joining.get_answers(seller_id=made.seller.pk).smallest_batch == 100
    seen = words(client, to("application"))
    assert "300 units" in seen and "version 2" in seen
    assert "Keep stock in Germany" in words(client, _programme(world, "semi-managed-local-stock"))
    desk = words(sign_in_operator(world), reverse("desk:seller", args=["ren-ceramics"]))
    assert "300 units" in desk and "Make at least 100 units a week" in desk


def test_programmes_stand_side_by_side_in_the_sellers_own_numbers(world):
    client = sign_in(applicant(world).owner)
    numbers = "cost=30.00&supply=70.00&price=29.90&weight=400"
    seen = words(client, f"{to('programmes')}?market=DE&{numbers}")
    seen = html.unescape(seen)
    assert "Sets the price" in seen
    assert "CN¥ 40.00" in seen.replace("\u00a0", " "), "a supply price of 70 less a cost of 30"
    page = words(client, f"{_programme(world, 'fully-managed')}?{numbers}")
    assert "What you do not enter, and why" in page and "carries the risk of a price" in page
    assert "is paid out after that" in page
    wrong = client.get(f"{_programme(world, 'fully-managed')}?{numbers.replace('30.00', 'much')}").content.decode()
    assert 'href="#numbers-cost"' in wrong and 'value="much"' in wrong


def _programme(world: World, code: str) -> str:
    return to("programme", "DE", world.programme(code).id)


def test_pages_ask_little_however_many_programmes_there_are(world, django_assert_max_num_queries):
    client = sign_in(applicant(world).owner)
    for address in (to("programmes"), _programme(world, "fully-managed"), to("application"), to("questions")):
        client.get(address)  # lanes, cards and law are read once a process, and kept until they change
        with django_assert_max_num_queries(25):
            page = client.get(address).content.decode()
        assert not re.search(r"style=|onclick", page)
