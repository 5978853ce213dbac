"""Sellers: apply, hand in documents, are admitted, suspended, closed."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from ninja import File, Form, Schema, UploadedFile
from pydantic import Field

from entrepot.domain.sellers import queries
from entrepot.domain.sellers.models import Seller, SellerDocument
from entrepot.flows import enrolling
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import PUBLIC, Routes
from entrepot.surfaces.api.schemas import Code, Country, Currency, Email, Flag, In, Reason, ReasonIn
from entrepot.surfaces.shared import media

routes = Routes("Sellers")

#: Papers that are taken in, by the bytes with which such a file begins.
PAPERS = {b"%PDF-": "pdf", b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}
PAPER_BYTES_MAX = 10_000_000


class SellerOut(Schema):
    """A seller."""

    id: UUID
    code: str
    name: str
    country: str
    status: str
    tier: str
    settlement_currency: str
    applied_at: datetime
    admitted_at: datetime | None

    @classmethod
    def of(cls, seller: Seller) -> "SellerOut":
        """A seller with its organisation."""
        found = seller.organisation
        return cls(
            id=seller.pk,
            code=found.code,
            name=found.name,
            country=found.country,
            status=seller.status,
            tier=seller.tier,
            settlement_currency=seller.settlement_currency,
            applied_at=seller.applied_at,
            admitted_at=seller.admitted_at,
        )


class DocumentOut(Schema):
    """A document that a seller handed in; `media` is the path of its file, where there is one."""

    id: UUID
    kind: str
    reference: str
    media: str
    status: str
    created_at: datetime
    decided_at: datetime | None
    valid_until: date | None

    @classmethod
    def of(cls, document: SellerDocument) -> "DocumentOut":
        """A document."""
        shown: DocumentOut = cls.from_orm(document)
        shown.media = media.link(document.media)
        return shown


class ApplicationIn(In):
    """An organisation that asks to sell, and the person who owns its account."""

    code: Code
    name: Annotated[str, Field(min_length=1, max_length=200)]
    country: Country
    settlement_currency: Currency
    email: Email
    password: Annotated[str, Field(max_length=200)] | None = None
    person: Annotated[str, Field(max_length=150)] = ""
    language: Annotated[str, Field(max_length=10)] = ""
    profile: Annotated[dict[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=400)]],
                       Field(max_length=50)] = {}  # fmt: skip


class TierIn(In):
    """A seller's standing, and why."""

    tier: Annotated[str, Field(max_length=20)]
    reason: Reason


class PaperIn(In):
    """A document: a reference such as a VAT number, a file beside it, or both."""

    kind: Annotated[str, Field(max_length=60)]
    reference: Annotated[str, Field(max_length=120)] = ""
    valid_until: date | None = None


class PaperDecisionIn(In):
    """Whether a document counts, and why."""

    accept: Flag
    reason: Reason


@routes.post("", SellerOut, PUBLIC, status=201)
def apply_seller(request: HttpRequest, payload: ApplicationIn) -> SellerOut:
    """Apply to sell.

    The operator admits applicants. Without a password, the owner sets one by the link for a forgotten one.
    """
    if payload.password is not None:
        try:
            validate_password(payload.password)
        except ValidationError as error:
            raise Invalid("accounts.weak_password", " ".join(error.messages), field="password") from None
    applied = enrolling.apply_seller(
        seller_code=payload.code,
        name=payload.name,
        country=payload.country,
        settlement_currency=payload.settlement_currency,
        email=payload.email,
        password=payload.password,
        person=payload.person,
        language=payload.language,
        profile=dict(payload.profile),
        now=clock.now(),
    )
    return SellerOut.of(applied.seller)


@routes.get("", Page[SellerOut], "sellers.read")
def list_sellers(request: HttpRequest, paging: Paged, status: str = "") -> Any:
    """The sellers; a seller sees itself."""
    own = scope_of(request, "sellers.read")
    if own is not None:
        return page([queries.get_seller(seller_id=own)], paging, SellerOut.of)
    return page(queries.list_sellers(status=status, after=paging.after, limit=paging.more), paging, SellerOut.of)


@routes.get("/{uuid:seller_id}", SellerOut, "sellers.read")
def get_seller(request: HttpRequest, seller_id: UUID) -> SellerOut:
    """One seller."""
    return SellerOut.of(_reached(request, seller_id))


@routes.post("/{uuid:seller_id}/admission", SellerOut, "sellers.admit", everybodys=True)
def admit_seller(request: HttpRequest, seller_id: UUID, payload: ReasonIn) -> SellerOut:
    """Let an applicant sell, or a suspended seller sell again."""
    enrolling.admit(actor=actor_of(request), seller_id=seller_id, reason=payload.reason, now=clock.now())
    return SellerOut.of(queries.get_seller(seller_id=seller_id))


@routes.post("/{uuid:seller_id}/suspension", SellerOut, "sellers.admit", everybodys=True)
def suspend_seller(request: HttpRequest, seller_id: UUID, payload: ReasonIn) -> SellerOut:
    """Stop a seller's sales: everything live is paused; what is sold is still shipped."""
    enrolling.suspend(actor=actor_of(request), seller_id=seller_id, reason=payload.reason, now=clock.now())
    return SellerOut.of(queries.get_seller(seller_id=seller_id))


@routes.post("/{uuid:seller_id}/closure", SellerOut, "sellers.admit", everybodys=True)
def close_seller(request: HttpRequest, seller_id: UUID, payload: ReasonIn) -> SellerOut:
    """End a seller's trade: its enrolments end now and its offers with them."""
    enrolling.close(actor=actor_of(request), seller_id=seller_id, reason=payload.reason, now=clock.now())
    return SellerOut.of(queries.get_seller(seller_id=seller_id))


@routes.put("/{uuid:seller_id}/tier", SellerOut, "sellers.admit", everybodys=True)
def set_seller_tier(request: HttpRequest, seller_id: UUID, payload: TierIn) -> SellerOut:
    """Raise or lower a seller's standing."""
    enrolling.set_tier(
        actor=actor_of(request), seller_id=seller_id, tier=payload.tier, reason=payload.reason, now=clock.now()
    )
    return SellerOut.of(queries.get_seller(seller_id=seller_id))


@routes.get("/{uuid:seller_id}/documents", list[DocumentOut], "sellers.read")
def list_seller_documents(request: HttpRequest, seller_id: UUID) -> list[DocumentOut]:
    """A seller's documents by kind, the newest first of each."""
    _reached(request, seller_id)
    return [DocumentOut.of(each) for each in queries.list_documents(seller_id=seller_id)]


@routes.post("/{uuid:seller_id}/documents", DocumentOut, "sellers.apply", status=201)
def submit_document(
    request: HttpRequest, seller_id: UUID, payload: Form[PaperIn], file: File[UploadedFile | None] = None
) -> DocumentOut:
    """Hand in a document as a file (PDF, PNG or JPEG), a reference or both."""
    content, suffix = _paper(file)
    document = enrolling.submit_document(
        actor=actor_of(request),
        seller_id=seller_id,
        kind=payload.kind,
        reference=payload.reference,
        valid_until=payload.valid_until,
        content=content,
        suffix=suffix,
        now=clock.now(),
    )
    return DocumentOut.of(document)


@routes.post("/documents/{uuid:document_id}/decision", DocumentOut, "sellers.admit", everybodys=True)
def decide_document(request: HttpRequest, document_id: UUID, payload: PaperDecisionIn) -> DocumentOut:
    """Accept or refuse a document."""
    document = enrolling.decide_document(
        actor=actor_of(request),
        document_id=document_id,
        accept=payload.accept,
        reason=payload.reason,
        now=clock.now(),
    )
    return DocumentOut.of(document)


def _reached(request: HttpRequest, seller_id: UUID) -> Seller:
    if scope_of(request, "sellers.read") not in (None, seller_id):
        raise NotFound(kind="seller")
    return queries.get_seller(seller_id=seller_id)


def _paper(file: UploadedFile | None) -> tuple[bytes, str]:
    """A paper's bytes and what they are, by how they begin. Raises: Invalid."""
    if file is None:
        return b"", "pdf"
    content = file.read(PAPER_BYTES_MAX + 1)
    found = next((suffix for start, suffix in PAPERS.items() if content.startswith(start)), None)
    if found is None or len(content) > PAPER_BYTES_MAX:
        raise Invalid(
            "sellers.unreadable_document",
            "Send a PDF, PNG or JPEG file of {limit} bytes at most.",
            field="file",
            limit=PAPER_BYTES_MAX,
        )
    return content, found
