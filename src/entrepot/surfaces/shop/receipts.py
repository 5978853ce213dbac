"""A shopper's receipt as a PDF: what was ordered from whom, what it cost with its taxes, what came back.

Made by typst from the template beside this file, with the fonts that typst brings. Nothing is fetched.
"""

import json
from collections import defaultdict
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import typst
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext, pgettext
from django.views.decorators.http import require_safe

from entrepot.domain.logistics.labels import address_lines
from entrepot.domain.orders.models import Order
from entrepot.kernel.errors import Refused
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared.guards import public
from entrepot.surfaces.shop.following import Followed, follow
from entrepot.surfaces.shop.frame import Visit, arrive
from entrepot.surfaces.shop.parties import names_of

TEMPLATE = Path(str(resources.files("entrepot.surfaces.shop") / "documents" / "receipt.typ"))


@public
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    """The receipt of a placed order, as things stand now."""
    visit = arrive(request)
    followed = follow(visit, number)
    if followed.order.state != Order.State.PLACED or followed.order.placed_at is None:
        raise Refused("orders.no_receipt", "There is a receipt once the order is placed.")
    paper = typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        format="pdf",
        sys_inputs={"receipt": json.dumps(data(visit, followed))},
        timestamp=int(followed.order.placed_at.timestamp()),
    )
    return HttpResponse(
        paper,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{followed.order.number}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )


def data(visit: Visit, followed: Followed) -> dict[str, Any]:
    """What the receipt says, in the language of the page."""
    order, language = followed.order, get_language() or "en"

    def money(minor: int) -> str:
        return format_minor(minor, order.currency, language)

    day = pgettext("date format", "j M Y")
    return {
        "title": gettext("Receipt for order {number}").format(number=order.number),
        "operator": names_of(()).operator,
        "facts": [
            (gettext("Ordered"), date_format(order.placed_at or order.created_at, day)),
            (gettext("Market"), order.market.name),
            (gettext("As of"), date_format(visit.now, day)),
        ],
        "to": address_lines(order.ship_to),
        "heads": [gettext("Article"), gettext("Quantity"), gettext("Tax"), gettext("Amount")],
        "parts": [
            {
                "seller": gettext("Sold by {name}").format(name=part.who[0][1]),
                "rows": [
                    [
                        " ".join(filter(None, [each.line.title, each.options])),
                        number_format(each.line.quantity),
                        _percent(each.line.tax_rate),
                        money(each.amount_minor),
                    ]
                    for each in part.lines
                ],
            }
            for part in followed.parts
        ],
        "sums": [[str(label), money(minor)] for label, minor, _why in followed.rows],
        "total": [gettext("In all"), money(order.total_minor)],
        "taxes": _taxes(followed, money),
        "refunded": gettext("Cancelled, lost or sent back"),
        "refunds": [[str(each.why), money(-each.amount_minor)] for each in followed.refunds],
        "footer": gettext("{operator}, for the sellers named above").format(operator=names_of(()).operator),
    }


def _taxes(followed: Followed, money: Any) -> list[str]:
    """What of the total is tax, by rate."""
    by_rate: dict[Decimal, int] = defaultdict(int)
    for line in followed.lines:
        by_rate[line.tax_rate] += line.goods_tax_minor + line.shipping_tax_minor
    return [
        gettext("Of which tax at {rate}: {amount}").format(rate=_percent(rate), amount=money(minor))
        for rate, minor in sorted(by_rate.items())
        if minor
    ]


def _percent(rate: Decimal) -> str:
    return gettext("{rate} %").format(rate=number_format((rate * 100).normalize() + Decimal(0)))
