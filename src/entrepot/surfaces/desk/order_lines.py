"""One order line: what it froze, how its money divides, every posting about it, and the terms that it carries."""

from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from entrepot.domain.ledger import queries as ledger
from entrepot.domain.ledger import words as ledger_words
from entrepot.domain.ledger.rules import CHART
from entrepot.domain.orders import queries
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.settlement import queries as settlement
from entrepot.domain.settlement import words as settlement_words
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms import words as plain
from entrepot.surfaces.desk import amounts, duties, words
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


@guards.allow("orders.read", kind="operator")
@require_GET
def order_line(request: ActingRequest, number: str, position: int) -> HttpResponse:
    """The money and the terms of one line."""
    line = queries.get_line(order_number=number, position=position)
    agreed = terms.get_terms([line.terms_id])[line.terms_id]
    may_read_books = request.actor.may("ledger.read")
    context: dict[str, Any] = {
        "line": line,
        "currency": line.order.currency,
        "money": _money(line),
        "facts": _facts(line),
        "waterfall": _waterfall(line),
        "accruals": settlement.list_line_accruals(line_ids=[line.id], seller_id=line.seller_id).get(line.id, []),
        "may_read_books": may_read_books,
        "postings": _postings(line) if may_read_books else [],
        "matrix": duties.matrix(agreed),
        "chapters": [each for each in plain.tell(agreed, currency=line.order.currency) if each.code == "money"],
        "crumbs": [
            Link(_("Orders"), reverse("desk:orders")),
            Link(line.order.number, reverse("desk:order", args=[line.order.number])),
            Link(_("Line {position}").format(position=line.position)),
        ],
    }
    return render(request, "orders/line.html", context)


def _money(line: OrderLine) -> list[tuple[Any, int, str]]:
    """What the shopper pays for the line, part by part; the parts sum to the total."""
    rate = amounts.percent(line.tax_rate)
    return [
        (_("Goods without tax"), line.goods_net_minor, ""),
        (_("Tax on the goods"), line.goods_tax_minor, rate),
        (_("Shipping without tax"), line.shipping_net_minor, ""),
        (_("Tax on shipping"), line.shipping_tax_minor, ""),
        (_("Customs duty"), line.customs_duty_minor, ""),
    ]


def _facts(line: OrderLine) -> list[tuple[Any, Any]]:
    currency = line.order.currency
    facts = [
        (_("List price"), amounts.text(line.list_minor, currency)),
        (_("Discount"), amounts.text(-line.discount_minor, currency)),
        (_("Tax collected by"), duties.PARTIES.get(line.tax_collector, line.tax_collector)),  # type: ignore[call-overload]
        (_("Carriage planned"), amounts.text(line.freight_cost_minor, currency)),
    ]
    if line.supply_minor is not None:
        facts.append((_("Supply price"), amounts.text(line.supply_minor, line.supply_currency)))
    if line.supply_currency != currency:
        rate = f"1 {currency} = {line.fx_rate.normalize():f} {line.supply_currency}"
        facts.append((_("Exchange rate"), f"{rate}, {line.fx_source} {line.fx_on or ''}".strip()))
    return [*facts, (_("SKU"), line.sku.code), (_("Category"), line.category_path or "–")]


def _waterfall(line: OrderLine) -> list[dict[str, Any]]:
    """Where the money of the line stands, by currency: what came in is what it became."""
    stages = settlement.get_waterfall(line_ids=[line.id])
    stages = sorted(stages, key=lambda each: each.currency != line.order.currency)
    return [
        {
            "currency": currency,
            "stages": [
                {"says": each.says, "nature": words.NATURES[CHART[each.kind].nature], "amount_minor": each.amount_minor}
                for each in group
            ],
        }
        for currency, group in groupby(stages, key=lambda each: each.currency)
    ]


def _postings(line: OrderLine) -> list[dict[str, Any]]:
    return [
        {
            "row": each,
            "event": ledger_words.JOURNALS.get(each.journal_kind, each.journal_kind),
            "part": settlement_words.part(each.part),
            "source": ledger_words.account(each.source.kind, each.source.label),
            "destination": ledger_words.account(each.destination.kind, each.destination.label),
            "url": reverse("desk:journal", args=[each.journal_id]),
        }
        for each in ledger.postings_about([line.id])
    ]
