"""What a newcomer goes through: papers asked for and handed in, the questionnaire, how ready it is for each programme.

Admission itself, and what a seller accepts, is in `enrolling`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.markets.models import Market
from entrepot.domain.sellers import papers, readiness
from entrepot.domain.sellers import queries as seller_reads
from entrepot.domain.sellers import services as sellers
from entrepot.domain.sellers.models import DocumentRequest, ReadinessAnswers, Seller, SellerDocument
from entrepot.domain.sellers.readiness import Answers, Place, Readiness
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms.rules import Conditions, Document, Party
from entrepot.kernel import media, outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import atomic, fetch_rows
from entrepot.kernel.errors import Denied, Invalid, NotFound
from entrepot.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class Asked:
    """A document that a seller is asked for: why, what was handed in last, and the operator's own words for it.

    `takes` is file, reference or either; `why` is language -> sentence.
    """

    kind: Document
    takes: str
    why: Mapping[str, str]
    note: str
    document: SellerDocument | None

    @property
    def state(self) -> str:
        """missing, submitted, accepted or refused."""
        if self.document is None:
            return "missing"
        return "missing" if self.note and self.document.status != "submitted" else self.document.status

    @property
    def is_open(self) -> bool:
        """Whether the seller still has to hand it in."""
        return self.state in ("missing", "refused")


def list_asked(*, seller: Seller, now: datetime) -> list[Asked]:
    """Every document that the seller is asked for, by the country of its firm and by the operator."""
    latest: dict[str, SellerDocument] = {}
    for each in sorted(seller_reads.list_documents(seller_id=seller.pk), key=lambda document: document.id):
        latest[each.kind] = each
    notes = {each.kind: each.note for each in seller_reads.list_document_requests(seller_id=seller.pk)}
    found = [
        Asked(each.kind, each.takes, each.why, notes.pop(each.kind, ""), latest.get(each.kind))
        for each in papers.asked(seller.organisation.country, now.date())
    ]
    return found + [Asked(Document(kind), "either", {}, note, latest.get(kind)) for kind, note in notes.items()]


@atomic
def ask_for_document(*, actor: Actor, seller_id: UUID, kind: str, note: str, now: datetime) -> DocumentRequest:
    """Ask a seller for one more document. Raises: Denied, NotFound, Invalid, Refused where it is asked already."""
    if party_of(actor) is not Party.PLATFORM or not (actor == SYSTEM or actor.may("sellers.admit")):
        raise Denied("enrolling.operators_act", "This is for the operator.")
    asked = sellers.request_document(seller_id=seller_id, kind=kind, note=note, actor=actor, now=now)
    outbox.append([Event("seller.document_asked", "seller", seller_id, {"kind": kind})], now=now)
    return asked


@atomic
def answer_questions(*, actor: Actor, seller_id: UUID, answers: Mapping[str, Any], now: datetime) -> ReadinessAnswers:
    """Keep what a seller says of its capacity, flexibility and reach. Raises: NotFound, Invalid naming the question."""
    if not actor.reaches("sellers.apply", seller_id):
        raise NotFound(kind="seller")
    read = readiness.read(answers)
    if read.answered == 0:
        raise Invalid("sellers.nothing_answered", "Answer at least one question.")
    return sellers.answer_questions(seller_id=seller_id, answers=read, actor=actor, now=now)


def get_answers(*, seller_id: UUID) -> Answers:
    """What a seller said last; nothing where it was not asked."""
    kept = seller_reads.get_answers(seller_id=seller_id)
    return readiness.read(kept.answers) if kept else Answers()


def assess(*, conditions: Conditions, answers: Answers, seller: Seller, market: Market, now: datetime) -> Readiness:
    """How ready the seller is for the programme in the market."""
    place = Place(market.country, tuple(market.languages), seller.organisation.country)
    return readiness.assess(conditions, answers, place, now.date())


@dataclass(frozen=True, slots=True)
class FirstStep:
    """A step on the way to the first sale. `state` is done, current, waiting for somebody else, or todo."""

    code: str
    state: str


#: The steps in the order in which they are taken. Those after `admitted` may overlap; the first open one is current.
FIRST_STEPS = (
    "registered", "documents", "questionnaire", "admitted", "programme", "product", "price", "stock", "on_sale",
    "first_order",
)  # fmt: skip


def list_first_steps(*, seller: Seller, now: datetime) -> list[FirstStep]:
    """How far a seller is on the way to its first sale, computed from what there is."""
    is_in = seller.admitted_at is not None
    asked = [] if is_in else list_asked(seller=seller, now=now)
    (found,) = fetch_rows(_BEGUN, {"seller": seller.pk, "now": now})
    done = {
        "registered": True,
        "documents": is_in or not any(each.is_open for each in asked),
        "questionnaire": found.is_answered,
        "admitted": is_in,
        "programme": found.has_programme,
        "product": found.has_product,
        "price": found.has_price,
        "stock": found.has_stock,
        "on_sale": found.is_on_sale,
        "first_order": found.has_order,
    }
    # Whoever sells already has done what comes before it, in whatever way.
    last = max((place for place, code in enumerate(FIRST_STEPS) if done[code] and code in _PROVES), default=0)
    done |= dict.fromkeys(FIRST_STEPS[:last], True)
    current = next((code for code in FIRST_STEPS if not done[code]), "")
    others = {"admitted", *(("price",) if found.waits_for_price else ()), "first_order"}
    return [
        FirstStep(
            code,
            "done" if done[code] else "todo" if code != current else "waiting" if code in others else "current",
        )
        for code in FIRST_STEPS
    ]


#: Steps that nobody can have taken without those before them.
_PROVES = frozenset({"on_sale", "first_order"})

_BEGUN = """
SELECT
    EXISTS (SELECT FROM sellers_readinessanswers WHERE seller_id = %(seller)s) AS is_answered,
    EXISTS (SELECT FROM sellers_enrolment WHERE seller_id = %(seller)s AND valid_from <= %(now)s
        AND (valid_until IS NULL OR valid_until > %(now)s)) AS has_programme,
    EXISTS (SELECT FROM catalogue_offer WHERE seller_id = %(seller)s AND status <> 'archived') AS has_product,
    EXISTS (SELECT FROM catalogue_offer offer JOIN pricing_supplyquote quote ON quote.offer_id = offer.id
        WHERE offer.seller_id = %(seller)s AND quote.status = 'accepted')
    OR EXISTS (SELECT FROM catalogue_offer offer JOIN pricing_retailprice price ON price.offer_id = offer.id
        WHERE offer.seller_id = %(seller)s) AS has_price,
    EXISTS (SELECT FROM catalogue_offer offer JOIN pricing_supplyquote quote ON quote.offer_id = offer.id
        WHERE offer.seller_id = %(seller)s AND quote.status IN ('quoted', 'countered')
        AND quote.made_by_party = 'seller') AS waits_for_price,
    EXISTS (SELECT FROM inventory_stock WHERE seller_id = %(seller)s AND on_hand > 0
        AND condition <> 'coming') AS has_stock,
    EXISTS (SELECT FROM catalogue_offer WHERE seller_id = %(seller)s AND status = 'live') AS is_on_sale,
    EXISTS (SELECT FROM orders_suborder WHERE seller_id = %(seller)s) AS has_order
"""


def read_document(*, actor: Actor, document_id: UUID) -> tuple[SellerDocument, bytes]:
    """A document as it was handed in, for its seller and for who admits sellers. Raises: NotFound."""
    document = seller_reads.get_document(document_id=document_id)
    is_own = actor.organisation_id == document.seller_id and actor.reaches("sellers.apply", document.seller_id)
    if not (is_own or actor == SYSTEM or actor.verbs.get("sellers.admit") == "all") or not document.media:
        raise NotFound(kind="document")
    return document, media.read(document.media)
