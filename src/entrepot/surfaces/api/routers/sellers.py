"""Sellers: apply, hand in documents, are admitted, suspended, closed."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Schema, UploadedFile
from pydantic import Field

from entrepot.domain.markets import queries as markets
from entrepot.domain.sellers import queries
from entrepot.domain.sellers.models import Seller, SellerDocument
from entrepot.domain.sellers.readiness import CODES_MAX, NUMBER_MAX
from entrepot.domain.terms import queries as terms
from entrepot.flows import enrolling, joining
from entrepot.kernel import clock, media
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import PUBLIC, Routes
from entrepot.surfaces.api.schemas import Code, Country, Currency, Email, Flag, In, Reason, ReasonIn
from entrepot.surfaces.shared import files

routes = Routes("Sellers")


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
    """A document that a seller handed in; `media` is where its file is read, with the same sign-in, if there is one."""

    id: UUID
    kind: str
    reference: str
    media: str
    status: str
    created_at: datetime
    decided_at: datetime | None
    reason: str
    valid_until: date | None

    @classmethod
    def of(cls, document: SellerDocument) -> "DocumentOut":
        """A document."""
        shown: DocumentOut = cls.from_orm(document)
        shown.media = f"/api/v1/sellers/documents/{document.id}/file" if document.media else ""
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


class AskedOut(Schema):
    """A document that the seller is asked for; `state` is missing, submitted, accepted or refused."""

    kind: str
    takes: str
    why: dict[str, str]
    note: str
    state: str
    document_id: UUID | None


class DocumentRequestIn(In):
    """One more document, and why it is needed."""

    kind: Annotated[str, Field(max_length=60)]
    note: Reason


class DocumentRequestOut(Schema):
    """A document that the operator asks one seller for."""

    id: UUID
    kind: str
    note: str
    created_at: datetime
    answered_at: datetime | None


Amount = Annotated[int, Field(strict=True, ge=0, le=NUMBER_MAX)]
Codes = Annotated[list[Annotated[str, Field(max_length=6)]], Field(max_length=CODES_MAX)]


class AnswersIn(In):
    """What a seller can do; what is left out is not known. Countries and languages by their codes."""

    units_a_week: Amount | None = None
    lead_time_days: Amount | None = None
    handling_days: Amount | None = None
    smallest_batch: Amount | None = None
    restock_days: Amount | None = None
    stock_countries: Codes | None = None
    import_countries: Codes | None = None
    carrier_countries: Codes | None = None
    return_countries: Codes | None = None
    languages: Codes | None = None


class AnswersOut(AnswersIn):
    """The latest answers with their version; version 0 is none yet."""

    version: int
    answered_at: datetime | None


class NeedOut(Schema):
    """A thing that a programme asks for; `is_met` is null while it is not answered."""

    code: str
    question: str
    task: str
    wanted: str
    found: str
    is_met: bool | None


class ReadinessOut(Schema):
    """How ready a seller is for a programme. It is advice: nothing is refused by it."""

    programme: str
    version_id: UUID
    market: str
    met: int
    percent: int
    needs: list[NeedOut]


class FirstStepOut(Schema):
    """A step on the way to the first sale: done, current, waiting or todo."""

    code: str
    state: str


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
    document = enrolling.submit_document(
        actor=actor_of(request),
        seller_id=seller_id,
        kind=payload.kind,
        reference=payload.reference,
        valid_until=payload.valid_until,
        content=file.read(media.PAPER_BYTES_MAX + 1) if file else b"",
        now=clock.now(),
    )
    return DocumentOut.of(document)


@routes.get("/documents/{uuid:document_id}/file", Any, "sellers.apply", "sellers.admit")
def read_document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """The file of a document, for its seller and for who admits sellers."""
    document, _content = joining.read_document(actor=actor_of(request), document_id=document_id)
    return files.send(document.media, document.kind.replace("_", "-"))


@routes.get("/{uuid:seller_id}/documents/asked", list[AskedOut], "sellers.read")
def list_asked_documents(request: HttpRequest, seller_id: UUID) -> list[AskedOut]:
    """The documents that a seller is asked for, why, and what became of each."""
    return [
        AskedOut(
            kind=each.kind,
            takes=each.takes,
            why=dict(each.why),
            note=each.note,
            state=each.state,
            document_id=each.document.id if each.document else None,
        )
        for each in joining.list_asked(seller=_reached(request, seller_id), now=clock.now())
    ]


@routes.post("/{uuid:seller_id}/documents/asked", DocumentRequestOut, "sellers.admit", status=201, everybodys=True)
def ask_for_document(request: HttpRequest, seller_id: UUID, payload: DocumentRequestIn) -> DocumentRequestOut:
    """Ask a seller for one more document."""
    asked = joining.ask_for_document(
        actor=actor_of(request), seller_id=seller_id, kind=payload.kind, note=payload.note, now=clock.now()
    )
    return DocumentRequestOut.from_orm(asked)


@routes.get("/{uuid:seller_id}/answers", AnswersOut, "sellers.read")
def get_seller_answers(request: HttpRequest, seller_id: UUID) -> AnswersOut:
    """What a seller said last of its capacity, flexibility and reach."""
    return _answers(_reached(request, seller_id).pk)


@routes.put("/{uuid:seller_id}/answers", AnswersOut, "sellers.apply")
def answer_questions(request: HttpRequest, seller_id: UUID, payload: AnswersIn) -> AnswersOut:
    """Answer the questionnaire; earlier answers are kept as earlier versions."""
    joining.answer_questions(
        actor=actor_of(request), seller_id=seller_id, answers=payload.model_dump(), now=clock.now()
    )
    return _answers(seller_id)


@routes.get("/{uuid:seller_id}/readiness", list[ReadinessOut], "sellers.read")
def get_seller_readiness(request: HttpRequest, seller_id: UUID, market: str) -> list[ReadinessOut]:
    """How ready a seller is for each programme that it could accept in a market today."""
    seller, place, now = _reached(request, seller_id), markets.get_market(market), clock.now()
    answers = joining.get_answers(seller_id=seller.pk)
    found = []
    for version in terms.find_in_force(market_code=place.code, on=now.date()):
        result = joining.assess(
            conditions=terms.wording_of(version), answers=answers, seller=seller, market=place, now=now
        )
        needs = [NeedOut(**{name: getattr(need, name) for name in NeedOut.model_fields}) for need in result.needs]
        found.append(
            ReadinessOut(
                programme=version.programme.code, version_id=version.id, market=place.code, met=result.met,
                percent=result.percent, needs=needs,
            )
        )  # fmt: skip
    return found


@routes.get("/{uuid:seller_id}/first-steps", list[FirstStepOut], "sellers.read")
def list_first_steps(request: HttpRequest, seller_id: UUID) -> list[FirstStepOut]:
    """How far a seller is on the way to its first sale."""
    found = joining.list_first_steps(seller=_reached(request, seller_id), now=clock.now())
    return [FirstStepOut(code=each.code, state=each.state) for each in found]


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


def _answers(seller_id: UUID) -> AnswersOut:
    kept = queries.get_answers(seller_id=seller_id)
    body = joining.get_answers(seller_id=seller_id).body()
    return AnswersOut(**body, version=kept.version if kept else 0, answered_at=kept.created_at if kept else None)
