"""Sellers on the desk: admitted after their papers, raised, suspended, closed; what was typed survives a refusal."""

from django.urls import reverse

from entrepot.domain.sellers.models import Enrolment, Seller, SellerDocument
from entrepot.kernel.models import AuditEntry
from surfaces.desk.desks import applicant, browser, text_of
from worlds import World


def test_an_applicant_is_admitted_after_its_papers(world: World) -> None:
    world.market()
    asking, document = applicant(world)
    desk = browser(world)
    assert "Newcomer Works" in text_of(desk.get(reverse("desk:sellers")))
    page = text_of(desk.get(reverse("desk:seller", args=["newcomer"])))
    assert "BL-77" in page and "900 a day" in page and "Admit" in page and "Refuse" in page

    url = reverse("desk:document_decision", args=["newcomer", document.id])
    refused = desk.post(url, {"decision": "accept", "reason": ""})
    assert refused.status_code == 422 and "checked" in refused.content.decode()
    assert desk.post(url, {"decision": "accept", "reason": "Seen at the register"}).status_code == 302
    assert SellerDocument.objects.get().status == "accepted"
    again = desk.post(url, {"decision": "refuse", "reason": "Changed my mind"})
    assert again.status_code == 409 and "decided already" in text_of(again)

    url = reverse("desk:standing", args=["newcomer", "active"])
    assert desk.post(url, {"reason": "All papers are there"}).status_code == 302
    assert Seller.objects.get(pk=asking.pk).status == "active"
    assert AuditEntry.objects.get(verb="sellers.active").reason == "All papers are there"


def test_standing_suspension_and_the_end_of_an_enrolment(world: World) -> None:
    seller = world.seller("brand", programme="self-managed")
    offer = world.offer(seller)
    desk = browser(world)
    tier = desk.post(reverse("desk:tier", args=["brand"]), {"tier": "preferred", "reason": "Never late"})
    assert tier.status_code == 302 and Seller.objects.get().tier == "preferred"

    enrolment = world.enrolment(seller)
    url = reverse("desk:enrolment_end", args=["brand", enrolment.id])
    assert desk.post(url, {"reason": ""}).status_code == 422
    assert desk.post(url, {"reason": "Agreed by both"}).status_code == 302
    assert Enrolment.objects.get(id=enrolment.id).valid_until == world.now

    assert desk.post(reverse("desk:standing", args=["brand", "suspended"]), {"reason": "Complaints"}).status_code == 302
    offer.refresh_from_db()
    assert offer.status != "live"
    nonsense = desk.post(reverse("desk:standing", args=["brand", "crowned"]), {"reason": "because"})
    assert nonsense.status_code == 404
    back = desk.post(reverse("desk:standing", args=["brand", "suspended"]), {"reason": "Once more"})
    assert back.status_code == 409 and "cannot become suspended" in text_of(back)


def test_an_enrolment_or_paper_of_another_seller_is_not_found(world: World) -> None:
    one, other = world.seller("brand", programme="self-managed"), world.seller("house", programme="self-managed")
    _asking, document = applicant(world)
    desk = browser(world)
    enrolment = world.enrolment(other)
    address = reverse("desk:enrolment_end", args=[one.organisation.code, enrolment.id])
    assert desk.post(address, {"reason": "Wrong one"}).status_code == 404
    address = reverse("desk:document_decision", args=["brand", document.id])
    assert desk.post(address, {"decision": "accept", "reason": "Wrong one"}).status_code == 404
    assert desk.get(reverse("desk:document_file", args=["newcomer", document.id])).status_code == 404
