"""What an order costs as it was frozen: goods, voucher, delivery, customs duty and tax, each open to its parts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entrepot.domain.orders.models import OrderLine, Suborder
from entrepot.domain.terms.rules import Party
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared.components import Explanation, Part, Text, Trace
from entrepot.surfaces.shop.parties import Names
from entrepot.surfaces.shop.parts import Taxed, laws, of_border, of_carriage, of_tax, percent, units
from entrepot.surfaces.shop.words import country, span


def sums_of(
    lines: Sequence[OrderLine], suborders: Sequence[Suborder], names: Names, *, includes_tax: bool
) -> list[tuple[Text, int, Explanation]]:
    """The rows of an order's sum, each with what it is made of; they sum to the order's total."""
    currency = lines[0].order.currency if lines else ""
    taxes = [
        Taxed(
            line.title, line.tax_rate, line.goods_net_minor, line.goods_tax_minor, line.shipping_net_minor,
            line.shipping_tax_minor,
        )
        for line in lines
    ]  # fmt: skip
    rows = [
        (_("Goods"), _by_line(lines, {line.id: line.list_minor for line in lines}), ()),
        (_("Voucher"), _by_line(lines, {line.id: -line.discount_minor for line in lines}), ()),
        (_("Delivery"), _delivery(lines, suborders, names, currency, includes_tax=includes_tax), ()),
        (_("Customs duty"), _border(lines, currency), laws(each.border for each in lines if each.customs_duty_minor)),
    ]
    if not includes_tax:
        rows.append((_("Sales tax"), of_tax(taxes, currency), _collectors(lines, names)))
    return [
        (label, sum(part.amount_minor for part in parts), Explanation(label, parts, traces))
        for label, parts, traces in rows
        if any(part.amount_minor for part in parts)
    ]


def whole_of(lines: Sequence[OrderLine], names: Names, *, includes_tax: bool) -> Explanation:
    """What an order costs, line by line; the tax within it, and who collects that."""
    parts = [Part(line.title, line.total_minor, note=units(line.quantity)) for line in lines]
    traces = []
    tax = sum(line.goods_tax_minor + line.shipping_tax_minor for line in lines)
    if includes_tax and tax:
        said = format_minor(tax, lines[0].order.currency, get_language() or "en")
        rates = ", ".join(dict.fromkeys(percent(line.tax_rate) for line in lines))
        traces = [Trace(_("Of which tax"), _("{amount} ({rates})").format(amount=said, rates=rates))]
        traces += _collectors(lines, names)
    return Explanation(_("What you ordered"), parts, traces)


def _by_line(lines: Sequence[OrderLine], amounts: Mapping[UUID, int]) -> list[Part]:
    return [Part(line.title, amounts[line.id]) for line in lines if amounts[line.id]]


def _delivery(
    lines: Sequence[OrderLine], suborders: Sequence[Suborder], names: Names, currency: str, *, includes_tax: bool
) -> list[Part]:
    """The delivery, parcel by parcel as it was planned."""
    asked: dict[UUID, int] = defaultdict(int)
    for line in lines:
        asked[line.suborder_id] += line.shipping_net_minor + (line.shipping_tax_minor if includes_tax else 0)
    several = len(suborders) > 1
    return [
        part
        for each in suborders
        for part in of_carriage(
            each.carriage, asked[each.id], currency,
            _("Parcel from {seller}, {way}").format(
                seller=names.seller(each.seller_id),
                way=_("from {country}, {when}").format(
                    country=country(each.node.country), when=span(each.promised_from, each.promised_until)
                ),
            ) if several else "",
        )
    ]  # fmt: skip


def _border(lines: Sequence[OrderLine], currency: str) -> list[Part]:
    several = len(lines) > 1
    return [
        part
        for line in lines
        for part in of_border(line.border, line.customs_duty_minor, currency, line.title if several else "")
    ]


def _collectors(lines: Sequence[OrderLine], names: Names) -> list[Trace]:
    found = dict.fromkeys(names.of(Party(line.tax_collector), line.seller_id) for line in lines if line.tax_collector)
    return [Trace(_("Tax collected by"), ", ".join(found))] if found else []
