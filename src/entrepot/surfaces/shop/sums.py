"""What the amounts in the shop are made of, as explanations that open on a click. The parts always sum to the whole."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext

from entrepot.domain.orders.models import Adjustment, OrderLine
from entrepot.flows.quoting import Quote, QuotedLine, QuotedParcel
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared.components import Explanation, Part, Trace
from entrepot.surfaces.shop.words import FUNDED_BY, country, span


def of_unit(quote: Quote) -> Explanation:
    """What one unit costs, delivered."""
    parcel = quote.parcels[0]
    return Explanation(
        gettext("What you pay for one, delivered"),
        [Part(gettext("Price"), quote.list_minor), *_on_top(quote)],
        [
            *_tax_within(quote),
            Trace(gettext("Carrier"), parcel.carrier),
            Trace(gettext("From"), country(parcel.country)),
        ],
    )


def of_total(quote: Quote) -> Explanation:
    """What the whole cart costs."""
    return Explanation(
        gettext("What you pay in all"),
        [Part(gettext("Goods"), quote.list_minor), *_voucher(quote), *_on_top(quote)],
        _tax_within(quote),
    )


def of_line(line: QuotedLine, quote: Quote) -> Explanation:
    """What the goods of a line cost, before delivery."""
    unit = format_minor(line.unit_minor, quote.currency, get_language() or "en")
    parts = [Part(gettext("{units} × {price}").format(units=line.quantity, price=unit), line.list_minor)]
    if line.discount_minor:
        parts.append(Part(quote.voucher_label, -line.discount_minor))
    return Explanation(line.title, parts)


def of_goods(quote: Quote) -> Explanation:
    """The goods, line by line."""
    return Explanation(
        gettext("The goods in your cart"),
        [Part(line.title, line.list_minor, note=_units(line.quantity)) for line in quote.lines],
    )


def of_discount(quote: Quote) -> Explanation:
    """What the voucher takes off, line by line."""
    return Explanation(
        quote.voucher_label,
        [Part(line.title, -line.discount_minor) for line in quote.lines if line.discount_minor],
    )


def of_shipping(quote: Quote, names: Mapping[UUID, str]) -> Explanation:
    """The delivery, parcel by parcel."""
    parts = [
        Part(
            gettext("Parcel from {seller}").format(seller=names.get(parcel.seller_id, "")),
            sum(line.shipping_minor for line in parcel.lines),
            note=_way(parcel),
        )
        for parcel in quote.parcels
    ]
    return Explanation(gettext("The delivery"), parts)


def of_customs(quote: Quote) -> Explanation:
    """The customs duty, line by line."""
    return Explanation(
        gettext("Customs duty, paid for you"),
        [Part(line.title, line.customs_duty_minor) for line in quote.lines if line.customs_duty_minor],
    )


def of_tax(quote: Quote) -> Explanation:
    """The tax, line by line."""
    return Explanation(
        gettext("Tax, on goods and delivery"),
        [Part(line.title, line.tax_minor) for line in quote.lines if line.tax_minor],
    )


def of_ordered(line: OrderLine, adjustments: Sequence[Adjustment], *, includes_tax: bool) -> Explanation:
    """What the goods of an ordered line cost, before delivery, as it was frozen."""
    currency, language = line.order.currency, get_language() or "en"
    parts = [
        Part(gettext("List price"), line.list_minor, note=_units(line.quantity)),
        *(Part(each.label, -each.amount_minor, note=FUNDED_BY.get(each.funder, "")) for each in adjustments),
    ]
    rate = gettext("{rate} %").format(rate=number_format((line.tax_rate * 100).normalize() + Decimal(0)))
    tax = f"{format_minor(line.goods_tax_minor, currency, language)} ({rate})"
    traces = [
        Trace(gettext("Of which tax") if includes_tax else gettext("Tax on top"), tax),
        Trace(gettext("Line in all"), format_minor(line.total_minor, currency, language)),
        Trace(gettext("Terms"), line.terms_id[:12]),
    ]
    return Explanation(line.title, parts, traces)


def of_order(lines: Sequence[OrderLine]) -> Explanation:
    """What an order costs, line by line."""
    return Explanation(
        gettext("What you ordered"),
        [Part(line.title, line.total_minor, note=_units(line.quantity)) for line in lines],
    )


def _on_top(quote: Quote) -> list[Part]:
    parts = [Part(gettext("Delivery"), quote.shipping_minor)]
    if quote.customs_duty_minor:
        parts.append(Part(gettext("Customs duty"), quote.customs_duty_minor, note=gettext("paid for you on import")))
    if not quote.includes_tax:
        parts.append(Part(gettext("Tax"), quote.tax_minor))
    return parts


def _voucher(quote: Quote) -> list[Part]:
    return [Part(quote.voucher_label, -quote.discount_minor)] if quote.discount_minor else []


def _tax_within(quote: Quote) -> list[Trace]:
    if not quote.includes_tax:
        return []
    return [Trace(gettext("Of which tax"), format_minor(quote.tax_minor, quote.currency, get_language() or "en"))]


def _way(parcel: QuotedParcel) -> str:
    when = span(parcel.promised_from, parcel.promised_until)
    return gettext("from {country}, {when}").format(country=country(parcel.country), when=when)


def _units(count: int) -> str:
    return gettext("{count} ×").format(count=count) if count != 1 else ""
