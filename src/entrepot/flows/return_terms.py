"""What the frozen terms say of goods on their way back: who takes them, where, and who bears what."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from entrepot.domain.aftersales import rules
from entrepot.domain.aftersales.services import NewCase
from entrepot.domain.logistics.models import Node
from entrepot.domain.orders.models import Order, Suborder
from entrepot.domain.terms.rules import Party, Task, Terms


def case_of(
    order: Order,
    suborder: Suborder,
    agreed: Terms,
    reason: str,
    note: str,
    photos: Sequence[str],
    parts: Sequence[tuple[UUID, int, int]],
) -> NewCase:
    """A case with everything that the terms say of it."""
    cause = rules.CAUSES[reason]
    handler = agreed.performer(Task.RETURNS_HANDLING) or Party.PLATFORM
    nodes = Node.objects.select_related("operator").filter(
        Q(operator__kind__in=["operator", "third_party"]) | Q(operator_id=suborder.seller_id), archived_at__isnull=True
    )
    by_id = {node.id: node for node in nodes}
    node_id = rules.choose_place(
        handler,
        [rules.Place(node.id, node.country, node.operator.kind, node.operator_id) for node in by_id.values()],
        shipped_from=suborder.node_id,
        seller_id=suborder.seller_id,
        country=order.market.country,
    )
    return NewCase(
        order_id=order.id,
        suborder_id=suborder.id,
        seller_id=suborder.seller_id,
        reason=reason,
        cause=cause.value,
        liable_party=_party(agreed, Task.REFUND_COST, reason),
        handler_party=handler.value,
        freight_party=_party(agreed, Task.RETURNS_HANDLING, reason),
        node_id=node_id,
        return_to_id=(by_id.get(node_id) or Node.objects.get(id=node_id)).address_id,
        lines=parts,
        note=note[:1000],
        photos=photos,
    )


def _party(agreed: Terms, task: Task, reason: str) -> str:
    return (agreed.liable(task, rules.CAUSES[reason]) or Party.PLATFORM).value
