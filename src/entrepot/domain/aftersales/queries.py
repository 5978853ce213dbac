"""Reads of return cases; the scope is always passed."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, QuerySet

from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.kernel.errors import NotFound

OPEN = (ReturnCase.State.REQUESTED, ReturnCase.State.IN_TRANSIT, ReturnCase.State.RECEIVED)


def get_case(
    *, number: str = "", case_id: UUID | None = None, seller_id: UUID | None = None, operator_id: UUID | None = None
) -> ReturnCase:
    """A case, of a seller or at the nodes of an organisation where that is the scope. Raises: NotFound."""
    wanted = {"id": case_id} if case_id else {"number": number}
    case = _scoped(seller_id, operator_id).filter(**wanted).first()
    if case is None:
        raise NotFound(kind="return")
    return case


def list_cases(
    *,
    seller_id: UUID | None = None,
    operator_id: UUID | None = None,
    order_ids: Collection[UUID] | None = None,
    ids: Collection[UUID] | None = None,
    states: Collection[str] = (),
    before: UUID | None = None,
    limit: int = 100,
) -> list[ReturnCase]:
    """Cases, newest first: of a seller's goods, at the nodes of an organisation, of these orders, these, or all."""
    cases = _scoped(seller_id, operator_id)
    if order_ids is not None:
        cases = cases.filter(order_id__in=list(order_ids))
    if ids is not None:
        cases = cases.filter(id__in=list(ids))
    if states:
        cases = cases.filter(state__in=list(states))
    if before is not None:
        cases = cases.filter(id__lt=before)
    return list(cases.order_by("-id")[:limit])


def count_cases(*, operator_id: UUID | None = None) -> dict[str, int]:
    """How many cases there are by state: at the nodes of an organisation, or all."""
    return dict(_scoped(None, operator_id).order_by().values_list("state").annotate(count=Count("id")))


def list_lines(*, case_ids: Collection[UUID]) -> dict[UUID, list[ReturnLine]]:
    """What is in these cases, by case."""
    lines: dict[UUID, list[ReturnLine]] = {}
    for line in (
        ReturnLine.objects.select_related("line")
        .filter(case_id__in=list(case_ids))
        .order_by("line__position", "first_unit")
    ):
        lines.setdefault(line.case_id, []).append(line)
    return lines


def _scoped(seller_id: UUID | None, operator_id: UUID | None) -> QuerySet[ReturnCase]:
    cases = ReturnCase.objects.select_related("order", "suborder", "node")
    if seller_id is not None:
        cases = cases.filter(seller_id=seller_id)
    if operator_id is not None:
        cases = cases.filter(node__operator_id=operator_id)
    return cases
