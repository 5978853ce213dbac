"""What the amounts in the shop are made of, as explanations that open on a click. The parts always sum to the whole."""

from collections.abc import Sequence

from django.utils.translation import get_language, gettext

from entrepot.domain.orders.models import Adjustment, OrderLine, Suborder
from entrepot.domain.terms.rules import Conditions, Party
from entrepot.flows.quoting import Quote, QuotedLine, QuotedParcel
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared.components import Explanation, Part, Trace, Window
from entrepot.surfaces.shop.parties import Names
from entrepot.surfaces.shop.parts import Taxed, laws, of_border, of_carriage, of_tax, percent, tax_rates, units, window
from entrepot.surfaces.shop.words import FUNDED_BY, country, span


def of_unit(quote: Quote, names: Names) -> Explanation:
    """What one unit costs, delivered: every part with its rule."""
    [parcel] = quote.parcels
    border = [each for line in parcel.lines for each in of_border(line.border, line.customs_duty_minor, quote.currency)]
    parts = [
        Part(gettext("Price"), quote.list_minor),
        *of_carriage(parcel.carriage, quote.shipping_minor, quote.currency),
        *border,
    ]
    if not quote.includes_tax:
        parts += of_tax(_taxed(quote), quote.currency)
    traces = [
        *_tax_within(quote),
        *_tax_collectors(quote, names),
        *laws(line.border for line in parcel.lines if line.customs_duty_minor),
        Trace(gettext("Carrier"), parcel.carrier),
        Trace(gettext("From"), country(parcel.country)),
    ]
    return Explanation(gettext("What you pay for one, delivered"), parts, traces)


def of_promise(parcel: QuotedParcel, names: Names) -> Window | None:
    """When a parcel arrives: its segments, each with its days and who has it."""
    return window(
        parcel.segments, first=parcel.promised_from, last=parcel.promised_until, confidence=parcel.confidence,
        names=names, seller_id=parcel.seller_id, terms=parcel.terms, origin=parcel.country,
        lane=parcel.carriage.get("title", ""),
    )  # fmt: skip


def of_kept_promise(suborder: Suborder, terms: Conditions, names: Names) -> Window | None:
    """The same of what was promised with an order."""
    return window(
        suborder.segments, first=suborder.promised_from, last=suborder.promised_until, confidence=suborder.confidence,
        names=names, seller_id=suborder.seller_id, terms=terms, origin=suborder.node.country,
        lane=suborder.carriage.get("title", ""),
    )  # fmt: skip


def of_total(quote: Quote, names: Names) -> Explanation:
    """What the whole cart costs."""
    return Explanation(
        gettext("What you pay in all"),
        [Part(gettext("Goods"), quote.list_minor), *_voucher(quote), *_on_top(quote)],
        [*_tax_within(quote), *_tax_collectors(quote, names)],
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
        [Part(line.title, line.list_minor, note=units(line.quantity)) for line in quote.lines],
    )


def of_discount(quote: Quote) -> Explanation:
    """What the voucher takes off, line by line."""
    return Explanation(
        quote.voucher_label,
        [Part(line.title, -line.discount_minor) for line in quote.lines if line.discount_minor],
    )


def of_shipping(quote: Quote, names: Names) -> Explanation:
    """The delivery, parcel by parcel and step by step."""
    parts = [
        each
        for parcel in quote.parcels
        for each in of_carriage(
            parcel.carriage, sum(line.shipping_minor for line in parcel.lines), quote.currency,
            gettext("Parcel from {seller}, {way}").format(seller=names.seller(parcel.seller_id), way=_way(parcel)),
        )
    ]  # fmt: skip
    return Explanation(gettext("The delivery"), parts)


def of_customs(quote: Quote) -> Explanation:
    """What the border takes, line by line and part by part."""
    several = len(quote.lines) > 1
    parts = [
        each
        for line in quote.lines
        for each in of_border(line.border, line.customs_duty_minor, quote.currency, line.title if several else "")
    ]
    traces = laws(line.border for line in quote.lines if line.customs_duty_minor)
    return Explanation(gettext("Customs duty, paid for you"), parts, traces)


def of_tax_due(quote: Quote, names: Names) -> Explanation:
    """The tax, line by line, with rates and bases, and who collects it."""
    parts = of_tax(_taxed(quote), quote.currency)
    return Explanation(gettext("Tax, on goods and delivery"), parts, _tax_collectors(quote, names))


def of_ordered(line: OrderLine, adjustments: Sequence[Adjustment], *, includes_tax: bool) -> Explanation:
    """What the goods of an ordered line cost, before delivery, as it was frozen."""
    currency, language = line.order.currency, get_language() or "en"
    parts = [
        Part(gettext("List price"), line.list_minor, note=units(line.quantity)),
        *(Part(each.label, -each.amount_minor, note=FUNDED_BY.get(each.funder, "")) for each in adjustments),
    ]
    tax = f"{format_minor(line.goods_tax_minor, currency, language)} ({percent(line.tax_rate)})"
    traces = [
        Trace(gettext("Of which tax") if includes_tax else gettext("Tax on top"), tax),
        Trace(gettext("Line in all"), format_minor(line.total_minor, currency, language)),
        Trace(gettext("Terms"), line.terms_id[:12]),
    ]
    return Explanation(line.title, parts, traces)


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
    amount = format_minor(quote.tax_minor, quote.currency, get_language() or "en")
    said = gettext("{amount} ({rates})").format(amount=amount, rates=tax_rates(_taxed(quote)))
    return [Trace(gettext("Of which tax"), said)]


def _tax_collectors(quote: Quote, names: Names) -> list[Trace]:
    """Who takes the tax with the sale and hands it on."""
    found = dict.fromkeys(
        names.of(Party(parcel.tax_collector), parcel.seller_id) for parcel in quote.parcels if parcel.tax_collector
    )
    return [Trace(gettext("Tax collected by"), ", ".join(found))] if found and quote.tax_minor else []


def _taxed(quote: Quote) -> list[Taxed]:
    """The lines as they are taxed."""
    rows = []
    for line in quote.lines:
        shipping_tax = line.tax_minor - line.goods_tax_minor
        within = quote.includes_tax
        rows.append(
            Taxed(
                line.title, line.tax_rate,
                line.list_minor - line.discount_minor - (line.goods_tax_minor if within else 0), line.goods_tax_minor,
                line.shipping_minor - (shipping_tax if within else 0), shipping_tax,
            )
        )  # fmt: skip
    return rows


def _way(parcel: QuotedParcel) -> str:
    when = span(parcel.promised_from, parcel.promised_until)
    return gettext("from {country}, {when}").format(country=country(parcel.country), when=when)
