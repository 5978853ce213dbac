"""Amounts of orders as they open on a click: what they are made of and where each part comes from."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entrepot.domain.orders.queries import LineView, OrderView
from entrepot.kernel import money
from entrepot.surfaces.desk.duties import PARTIES
from entrepot.surfaces.shared.components import Explanation, Part, Trace


def text(amount_minor: int, currency: str) -> str:
    """An amount within a sentence."""
    return money.format_minor(amount_minor, currency, get_language() or "en")


def percent(rate: Decimal) -> str:
    """A rate within a sentence."""
    return f"{(rate * 100).normalize():f}\u00a0%"


def order_total(order: OrderView) -> Explanation:
    """What the shopper pays for the whole order."""
    return Explanation(_("What the shopper pays"), _paid(line for line in order.lines if line.replaces_id is None))


def line_total(line: LineView, currency: str) -> Explanation:
    """What the shopper pays for a line."""
    traces = [Trace(_("List price"), text(line.list_minor, currency))]
    traces += [
        Trace(
            each.label,
            _("{amount}, funded by {party}").format(
                amount=text(-each.amount_minor, currency),
                party=PARTIES.get(each.funder, each.funder),  # type: ignore[call-overload]
            ),
        )
        for each in line.adjustments
    ]
    traces.append(Trace(_("Tax"), percent(line.tax_rate)))
    if line.supply_minor is not None:
        traces.append(Trace(_("Supply price"), text(line.supply_minor, line.supply_currency)))
    if line.cancelled_minor:
        traces.append(Trace(_("Of it cancelled"), text(line.cancelled_minor, currency)))
    return Explanation(_("What the shopper pays for this line"), _paid([line]), traces)


def _paid(lines: Iterable[LineView]) -> list[Part]:
    found = list(lines)
    sums = [
        (_("Goods without tax"), sum(line.goods_net_minor for line in found)),
        (_("Tax on the goods"), sum(line.goods_tax_minor for line in found)),
        (_("Shipping without tax"), sum(line.shipping_net_minor for line in found)),
        (_("Tax on shipping"), sum(line.shipping_tax_minor for line in found)),
        (_("Customs duty"), sum(line.customs_duty_minor for line in found)),
    ]
    return [Part(label, amount) for label, amount in sums if amount]
