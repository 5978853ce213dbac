"""A shopper's own orders and what belongs to them; the scope is a holder: who is signed in, or a guest's tokens."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from entrepot.domain.orders.carts import Holder
from entrepot.domain.orders.models import Adjustment, Order, OrderEvent, OrderLine, Suborder
from entrepot.kernel.errors import NotFound


def get_own_order(*, number: str, holder: Holder) -> Order:
    """A shopper's own order with its market and address. Raises: NotFound."""
    order = _own(holder).filter(number=number).first()
    if order is None:
        raise NotFound(kind="order")
    return order


def find_checkout(*, checkout_key: str, holder: Holder, cart_tokens: Collection[str] = ()) -> Order | None:
    """What became of a shopper's own checkout; a guest may show by the cart's token that it is theirs."""
    theirs = Q(user_id=None, cart__user_id=None, cart__token__in=list(cart_tokens))
    orders = Order.objects.filter(_whose(holder) | theirs if cart_tokens else _whose(holder))
    return orders.filter(checkout_key=checkout_key).first()


def find_by_token(*, access_token: str) -> Order | None:
    """The order of a guest's token."""
    return Order.objects.filter(access_token=access_token).first()


def list_own_orders(*, holder: Holder, before: UUID | None = None, limit: int = 20) -> list[Order]:
    """A shopper's own orders, newest first; what came to nothing is left out."""
    orders = _own(holder).exclude(state=Order.State.DECLINED)
    if before is not None:
        orders = orders.filter(id__lt=before)
    return list(orders.order_by("-id")[:limit])


def list_lines(*, order_ids: Collection[UUID]) -> dict[UUID, list[OrderLine]]:
    """The lines of orders with their SKUs, by order, in their order; the caller has checked the orders' scope."""
    found: dict[UUID, list[OrderLine]] = defaultdict(list)
    lines = OrderLine.objects.select_related("sku", "order").filter(order_id__in=list(order_ids))
    for line in lines.order_by("order_id", "position"):
        found[line.order_id].append(line)
    return found


def list_suborders(*, order_ids: Collection[UUID]) -> list[Suborder]:
    """The suborders of orders with seller, performer and node, by number; the caller has checked the orders' scope."""
    suborders = Suborder.objects.select_related("seller__organisation", "performer", "node", "instead_of")
    return list(suborders.filter(order_id__in=list(order_ids)).order_by("number"))


def list_adjustments(*, line_ids: Collection[UUID]) -> dict[UUID, list[Adjustment]]:
    """The parts of the discounts of lines, by line; the caller has checked the lines' scope."""
    found: dict[UUID, list[Adjustment]] = defaultdict(list)
    for row in Adjustment.objects.filter(line_id__in=list(line_ids)).order_by("line_id", "id"):
        found[row.line_id].append(row)
    return found


def list_events(*, order_id: UUID) -> list[OrderEvent]:
    """What happened to an order, oldest first; the caller has checked the order's scope."""
    return list(OrderEvent.objects.filter(order_id=order_id).order_by("occurred_at", "id"))


def _own(holder: Holder) -> QuerySet[Order]:
    return Order.objects.select_related("market", "ship_to").filter(_whose(holder))


def _whose(holder: Holder) -> Q:
    """Orders of who is signed in, or a guest's orders by their tokens; a token opens nobody else's."""
    by_token = Q(user_id=None, access_token__in=list(holder.tokens))
    return by_token if holder.user_id is None else by_token | Q(user_id=holder.user_id)
