"""A statement as a PDF, made by typst from the template beside this file; nothing is fetched."""

import json
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path

import typst
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from entrepot.domain.settlement.lines import Head
from entrepot.domain.settlement.queries import LineGroup
from entrepot.kernel import money

TEMPLATE = Path(str(resources.files("entrepot.domain.settlement") / "documents" / "statement.typ"))


def render(head: Head, groups: Iterable[LineGroup], language: str) -> bytes:
    """The whole statement: its totals, and every amount with its event and its rule."""
    statement = head.statement

    first, last = (date_format(each, "DATE_FORMAT") for each in (statement.period_from, statement.period_until))

    def shown(minor: int) -> str:
        return money.format_minor(minor, statement.currency, language)

    totals = [
        (_("Brought forward"), statement.opening_minor),
        (_("Earned and owed in this period"), statement.lines_minor),
        (_("Kept back as a reserve"), -statement.reserved_minor),
        (_("Released from the reserve"), statement.released_minor),
        (_("Carried to the next statement"), -statement.carried_minor),
    ]
    data = {
        "number": statement.number,
        "title": _("Statement {number}").format(number=statement.number),
        "seller": statement.seller.organisation.name,
        "period": f"{first} – {last}",
        "currency": statement.currency,
        "totals": [(label, shown(minor)) for label, minor in totals if minor],
        "payable": shown(statement.payable_minor),
        "sum": shown(head.sum_minor),
        "groups": [
            {
                "title": f"{group.order_number} · {group.title} · {group.quantity} ×"
                if group.order_number
                else _("Not about one order line"),
                "amount": shown(group.amount_minor),
                "parts": [
                    [
                        part.says,
                        f"{part.because}, {date_format(part.accrued_at, 'SHORT_DATE_FORMAT')}",
                        part.rule,
                        shown(part.amount_minor),
                    ]
                    for part in group.parts
                ],
            }
            for group in groups
        ],
        "words": {
            "payable": _("Payable"),
            "what": _("What"),
            "because": _("Because"),
            "rule": _("Rule"),
            "amount": _("Amount"),
            "sum": _("Earned and owed in this period"),
        },
    }
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"statement": json.dumps(data)},
        timestamp=int(statement.created_at.timestamp()),
    )


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts()
