"""Writes of sellers, their documents and their enrolments."""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from entrepot.domain.accounts.models import Organisation
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers import rules
from entrepot.domain.sellers.models import DocumentRequest, Enrolment, ReadinessAnswers, Seller, SellerDocument
from entrepot.domain.sellers.readiness import Answers
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.domain.terms.rules import Document, Tier
from entrepot.kernel import audit, ids, money
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused


@transaction.atomic
def apply(
    *, organisation: Organisation, settlement_currency: str, now: datetime, profile: dict[str, object] | None = None
) -> Seller:
    """An organisation asks to sell. Raises: Invalid for an unknown currency, Refused where it asked before."""
    money.exponent(settlement_currency)
    if Seller.objects.filter(pk=organisation.pk).exists():
        raise Refused("sellers.exists", "This organisation is a seller already.")
    seller = Seller(
        organisation=organisation,
        tier=Tier.NEW.value,
        settlement_currency=settlement_currency,
        applied_at=now,
        profile=profile or {},
    )
    seller.save(force_insert=True)
    return seller


@transaction.atomic
def move(*, seller_id: UUID, status: str, actor: Actor, reason: str, now: datetime) -> Seller:
    """Admit, suspend, readmit or close a seller. Raises: NotFound, Invalid without a reason, Refused from its state."""
    seller = _locked(seller_id)
    if status not in rules.NEXT[seller.status]:
        raise Refused(
            "sellers.no_such_step",
            "A seller that is {found} cannot become {wanted}.",
            found=seller.status,
            wanted=status,
        )
    before, seller.status = seller.status, status
    if status == Seller.Status.ACTIVE:
        seller.admitted_at = seller.admitted_at or now
    seller.save(update_fields=["status", "admitted_at"])
    audit.record(
        actor=actor,
        verb=f"sellers.{status}",
        subject_kind="seller",
        subject_id=seller.pk,
        now=now,
        reason=audit.require_reason(reason),
        before={"status": before},
        after={"status": status},
    )
    return seller


@transaction.atomic
def set_tier(*, seller_id: UUID, tier: str, actor: Actor, reason: str, now: datetime) -> Seller:
    """Raise or lower a seller's standing. Raises: NotFound, Invalid for an unknown tier or without a reason."""
    if tier not in set(Tier):
        raise Invalid("sellers.unknown_tier", "A tier is one of {known}.", field="tier", known=", ".join(Tier))
    seller = _locked(seller_id)
    before, seller.tier = seller.tier, tier
    seller.save(update_fields=["tier"])
    audit.record(
        actor=actor,
        verb="sellers.tier",
        subject_kind="seller",
        subject_id=seller.pk,
        now=now,
        reason=audit.require_reason(reason),
        before={"tier": before},
        after={"tier": tier},
    )
    return seller


@transaction.atomic
def submit_document(
    *, seller_id: UUID, kind: str, now: datetime, reference: str = "", media: str = "", valid_until: date | None = None
) -> SellerDocument:
    """Hand in a document: a kept file, a reference such as a VAT number, or both. Raises: Invalid, NotFound."""
    if kind not in set(Document):
        raise Invalid(
            "sellers.unknown_document", "A document is one of {known}.", field="kind", known=", ".join(Document)
        )
    if not (reference.strip() or media):
        raise Invalid("sellers.empty_document", "Send a file or a reference.", field="reference")
    document = SellerDocument(
        id=ids.new_id(now),
        created_at=now,
        seller=_locked(seller_id),
        kind=kind,
        media=media,
        reference=reference.strip(),
        valid_until=valid_until,
    )
    document.save(force_insert=True)
    DocumentRequest.objects.filter(seller_id=seller_id, kind=kind, answered_at__isnull=True).update(answered_at=now)
    return document


@transaction.atomic
def decide_document(*, document_id: UUID, accept: bool, actor: Actor, reason: str, now: datetime) -> SellerDocument:
    """Accept or refuse a document that was handed in. Raises: NotFound, Refused where it is decided."""
    document = SellerDocument.objects.select_for_update().filter(id=document_id).first()
    if document is None:
        raise NotFound(kind="document")
    if document.status != SellerDocument.Status.SUBMITTED:
        raise Refused("sellers.document_decided", "This document is decided already.")
    document.status = SellerDocument.Status.ACCEPTED if accept else SellerDocument.Status.REFUSED
    document.decided_at, document.reason = now, audit.require_reason(reason)
    document.save(update_fields=["status", "decided_at", "reason"])
    audit.record(
        actor=actor,
        verb=f"sellers.document_{document.status}",
        subject_kind="seller",
        subject_id=document.seller_id,
        now=now,
        reason=document.reason,
        after={"kind": document.kind, "document": str(document.id)},
    )
    return document


@transaction.atomic
def request_document(*, seller_id: UUID, kind: str, note: str, actor: Actor, now: datetime) -> DocumentRequest:
    """Ask a seller for one more document, and say why. Raises: Invalid, NotFound, Refused where it is asked already."""
    if kind not in set(Document):
        raise Invalid(
            "sellers.unknown_document", "A document is one of {known}.", field="kind", known=", ".join(Document)
        )
    seller = _locked(seller_id)
    if DocumentRequest.objects.filter(seller=seller, kind=kind, answered_at__isnull=True).exists():
        raise Refused("sellers.document_asked", "This document is asked for already.", field="kind")
    asked = DocumentRequest(
        id=ids.new_id(now), created_at=now, seller=seller, kind=kind, note=audit.require_reason(note)
    )
    asked.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="sellers.document_request",
        subject_kind="seller",
        subject_id=seller_id,
        now=now,
        reason=asked.note,
        after={"kind": kind},
    )
    return asked


@transaction.atomic
def answer_questions(*, seller_id: UUID, answers: Answers, actor: Actor, now: datetime) -> ReadinessAnswers:
    """Keep a seller's answers as the next version; the same again change nothing. Raises: NotFound."""
    seller = _locked(seller_id)
    latest = ReadinessAnswers.objects.filter(seller=seller).order_by("-version").first()
    body = answers.body()
    if latest is not None and latest.answers == body:
        return latest
    kept = ReadinessAnswers(
        id=ids.new_id(now),
        created_at=now,
        seller=seller,
        version=latest.version + 1 if latest else 1,
        answers=body,
        answered_by=actor.user_id,
    )
    kept.save(force_insert=True)
    return kept


@transaction.atomic
def enrol(
    *,
    seller: Seller,
    version: ProgrammeVersion,
    programme_code: str,
    market: Market,
    valid_from: datetime,
    actor: Actor,
    now: datetime,
) -> Enrolment:
    """Record that a seller accepted a programme version for a market from an instant on.

    Raises: Refused where the seller has a version of the programme in that period.
    """
    accepted_by = actor.user_id or seller.pk
    enrolment = Enrolment(
        id=ids.new_id(now),
        created_at=now,
        seller=seller,
        programme_version=version,
        programme_code=programme_code,
        market=market,
        valid_from=valid_from,
        accepted_by=accepted_by,
        accepted_at=now,
        accepted_hash=rules.acceptance_hash(
            content_hash=version.content_hash,
            seller_id=seller.pk,
            market=market.code,
            valid_from=valid_from,
            accepted_by=accepted_by,
            accepted_at=now,
        ),
    )
    try:
        with transaction.atomic():
            enrolment.save(force_insert=True)
    except IntegrityError:
        raise Refused(
            "sellers.enrolled_already",
            "You trade under {programme} in {market} in this period already.",
            programme=programme_code,
            market=market.code,
        ) from None
    audit.record(
        actor=actor,
        verb="enrolments.accept",
        subject_kind="enrolment",
        subject_id=enrolment.id,
        now=now,
        after={
            "programme": programme_code,
            "version": version.version,
            "market": market.code,
            "from": valid_from.isoformat(),
            "hash": enrolment.accepted_hash,
        },
    )
    return enrolment


@transaction.atomic
def end_enrolment(*, enrolment_id: UUID, ends_at: datetime, actor: Actor, reason: str, now: datetime) -> Enrolment:
    """End an enrolment now or later, never in the past. Raises: NotFound, Invalid, Refused where it has ended."""
    enrolment = (
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("market", "seller__organisation")
        .filter(id=enrolment_id)
        .first()
    )
    if enrolment is None:
        raise NotFound(kind="enrolment")
    if ends_at < now:
        raise Invalid("sellers.end_in_past", "An enrolment ends now or later.", field="ends_at")
    if enrolment.valid_until is not None and enrolment.valid_until <= now:
        raise Refused("sellers.enrolment_ended", "This enrolment has ended already.")
    before = enrolment.valid_until
    # One that has not begun never does: its period is empty.
    enrolment.valid_until = max(ends_at, enrolment.valid_from)
    enrolment.save(update_fields=["valid_until"])
    audit.record(
        actor=actor,
        verb="enrolments.end",
        subject_kind="enrolment",
        subject_id=enrolment.id,
        now=now,
        reason=audit.require_reason(reason),
        before={"until": before and before.isoformat()},
        after={"until": enrolment.valid_until.isoformat()},
    )
    return enrolment


def _locked(seller_id: UUID) -> Seller:
    seller = Seller.objects.select_for_update(of=("self",)).select_related("organisation").filter(pk=seller_id).first()
    if seller is None:
        raise NotFound(kind="seller")
    return seller
