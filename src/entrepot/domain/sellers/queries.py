"""Reads of sellers, their documents and their enrolments. The scope is the seller; None is for who may see all."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from entrepot.domain.accounts.queries import permissions_of
from entrepot.domain.sellers.models import DocumentRequest, Enrolment, ReadinessAnswers, Seller, SellerDocument
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Programme
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import NotFound


def get_seller(*, seller_id: UUID) -> Seller:
    """A seller with its organisation. Raises: NotFound."""
    seller = Seller.objects.select_related("organisation").filter(pk=seller_id).first()
    if seller is None:
        raise NotFound(kind="seller")
    return seller


def get_system_actor(*, seller_id: UUID) -> Actor:
    """The system acting for a seller, with an owner's rights: for imports, replays and demonstrations."""
    verbs = dict(permissions_of("seller.owner"))
    return Actor(label="system", organisation_id=seller_id, role="seller.owner", verbs=verbs)


def find_seller(*, seller_code: str) -> Seller | None:
    """A seller by the code of its organisation, or None."""
    return Seller.objects.select_related("organisation").filter(organisation__code=seller_code).first()


def find_seller_called(text: str) -> Seller | None:
    """A seller by its code, or by a name that only one has; else None."""
    if found := find_seller(seller_code=text.lower()):
        return found
    named = list(Seller.objects.select_related("organisation").filter(organisation__name__iexact=text)[:2])
    return named[0] if len(named) == 1 else None


def list_sellers(*, status: str = "", after: UUID | None = None, limit: int = 100) -> list[Seller]:
    """Sellers in the order in which they came."""
    sellers = Seller.objects.select_related("organisation")
    if status:
        sellers = sellers.filter(status=status)
    if after is not None:
        sellers = sellers.filter(pk__gt=after)
    return list(sellers.order_by("pk")[:limit])


def list_documents(*, seller_id: UUID) -> list[SellerDocument]:
    """A seller's documents by kind, the newest first of each."""
    return list(SellerDocument.objects.filter(seller_id=seller_id).order_by("kind", "-id"))


def accepted_documents(*, seller_id: UUID, on: date) -> frozenset[str]:
    """The kinds of which a seller has an accepted document that is valid on the day."""
    kinds = SellerDocument.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=on), seller_id=seller_id, status="accepted"
    ).values_list("kind", flat=True)
    return frozenset(kinds)


def get_document(*, document_id: UUID, seller_id: UUID | None = None) -> SellerDocument:
    """A document, within the scope. Raises: NotFound."""
    found = SellerDocument.objects.filter(id=document_id)
    if seller_id is not None:
        found = found.filter(seller_id=seller_id)
    document = found.first()
    if document is None:
        raise NotFound(kind="document")
    return document


def list_document_requests(*, seller_id: UUID) -> list[DocumentRequest]:
    """The documents that a seller was asked for and has not handed in, oldest first."""
    return list(DocumentRequest.objects.filter(seller_id=seller_id, answered_at__isnull=True).order_by("id"))


def get_answers(*, seller_id: UUID) -> ReadinessAnswers | None:
    """The latest version of a seller's answers, or None."""
    return ReadinessAnswers.objects.filter(seller_id=seller_id).order_by("-version").first()


def get_enrolment(*, enrolment_id: UUID, seller_id: UUID | None = None) -> Enrolment:
    """An enrolment with seller, market and programme version, within the scope. Raises: NotFound."""
    found = _enrolments(seller_id).filter(id=enrolment_id).first()
    if found is None:
        raise NotFound(kind="enrolment")
    return found


def list_enrolments(
    *,
    seller_id: UUID | None = None,
    market_id: UUID | None = None,
    programme_code: str = "",
    at: datetime | None = None,
    after: UUID | None = None,
    limit: int = 200,
) -> list[Enrolment]:
    """Enrolments, oldest first; `at` keeps those in force at that instant."""
    found = _enrolments(seller_id)
    if market_id is not None:
        found = found.filter(market_id=market_id)
    if programme_code:
        found = found.filter(programme_code=programme_code)
    if at is not None:
        found = found.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at)
    if after is not None:
        found = found.filter(id__gt=after)
    return list(found.order_by("id")[:limit])


def list_conditions(enrolment_ids: Collection[UUID]) -> dict[UUID, Programme]:
    """The wording of the programme version that each enrolment accepted."""
    versions = dict(Enrolment.objects.filter(id__in=list(enrolment_ids)).values_list("id", "programme_version_id"))
    wordings = terms.get_wordings(set(versions.values()))
    return {enrolment_id: wordings[version_id][1] for enrolment_id, version_id in versions.items()}


def _enrolments(seller_id: UUID | None) -> QuerySet[Enrolment]:
    enrolments = Enrolment.objects.select_related("seller__organisation", "market", "programme_version__programme")
    return enrolments if seller_id is None else enrolments.filter(seller_id=seller_id)


def count_enrolments(*, at: datetime) -> dict[str, int]:
    """How many enrolments are in force at an instant, by programme code."""
    found = Enrolment.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at)
    return dict(found.order_by().values_list("programme_code").annotate(count=Count("id")))


def count_sellers() -> dict[str, int]:
    """How many sellers there are, by status."""
    return dict(Seller.objects.order_by().values_list("status").annotate(count=Count("pk")))


def count_waiting_documents(seller_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many papers of these sellers wait for a decision."""
    found = SellerDocument.objects.filter(seller_id__in=list(seller_ids), status="submitted")
    return dict(found.order_by().values_list("seller_id").annotate(count=Count("id")))


def list_enrolled_programmes(seller_ids: Collection[UUID], *, at: datetime) -> dict[UUID, list[tuple[str, str]]]:
    """(programme, market) codes of these sellers' enrolments that are in force at an instant, by seller."""
    enrolments = Enrolment.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=at), seller_id__in=list(seller_ids), valid_from__lte=at
    ).order_by("programme_code", "market__code")
    found: dict[UUID, list[tuple[str, str]]] = {}
    for seller_id, *pair in enrolments.values_list("seller_id", "programme_code", "market__code"):
        found.setdefault(seller_id, []).append((pair[0], pair[1]))
    return found
