"""Goods that go back to their seller, as both sides see them: what could go back, what is agreed, who pays."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.inbound import papers, sending_back
from entrepot.domain.inbound.return_models import VendorReturn, VendorReturnLine
from entrepot.domain.inbound.sending_back import Candidate, Leaving, ReturnView
from entrepot.domain.logistics import labels
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.kernel.money import EXPONENTS, parse_minor
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.inbound import titles_of
from entrepot.surfaces.shared.states import CONDITIONS, Said

STATES: Mapping[str, Said] = {
    "asked": Said(gettext_lazy("Asked"), "warn"),
    "accepted": Said(gettext_lazy("Agreed, to be sent"), "accent"),
    "handed_over": Said(gettext_lazy("Sent back"), "good"),
    "disposed": Said(gettext_lazy("Disposed of"), "neutral"),
    "cancelled": Said(gettext_lazy("Taken back"), "neutral"),
}
CAUSES: Mapping[str, Text] = {
    "faulty": gettext_lazy("They are faulty"),
    "damaged": gettext_lazy("They were damaged here"),
    "surplus": gettext_lazy("There are too many"),
}
DIFFERS: Mapping[str, Text] = {
    "over": gettext_lazy("came beyond what was announced"),
    "wrong_item": gettext_lazy("was not announced"),
    "damaged": gettext_lazy("came damaged"),
    "failed": gettext_lazy("failed its inspection"),
}
#: How long a seller has where nobody says another day.
FIRST_DAYS = 30


class AskForm(ActForm):
    """What goes back, why, and by when."""

    cause = forms.ChoiceField(label=gettext_lazy("Why"), choices=list(CAUSES.items()))
    collect_by = forms.DateField(
        label=gettext_lazy("To be taken until"),
        help_text=gettext_lazy("After that day the warehouse may dispose of them."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=400, required=False)

    def __init__(self, data: Any = None, *, candidates: Sequence[Candidate], now: datetime, **kwargs: Any) -> None:
        super().__init__(data, initial={"collect_by": (now + timedelta(days=FIRST_DAYS)).date()}, **kwargs)
        self.candidates = candidates
        for place, each in enumerate(candidates):
            self.fields[f"units-{place}"] = forms.IntegerField(
                label=_("Units of {sku}").format(sku=each.sku_code),
                min_value=0,
                max_value=each.back.quantity,
                required=False,
            )

    def rows(self, titles: Mapping[UUID, str]) -> list[dict[str, Any]]:
        """What could go back, each with its field."""
        return [
            {
                "at": each,
                "title": titles.get(each.product_id, each.sku_code),
                "condition": DIFFERS.get(each.condition) if each.shipment else CONDITIONS[each.condition],
                "field": self[f"units-{place}"],
            }
            for place, each in enumerate(self.candidates)
        ]

    def chosen(self, typed: Mapping[str, Any]) -> list[sending_back.Back]:
        """The rows of which units were typed."""
        return [
            sending_back.Back(units, each.back.stock_id, each.back.place_id, each.back.discrepancy_id)
            for place, each in enumerate(self.candidates)
            if (units := typed.get(f"units-{place}"))
        ]


class HandOverForm(ActForm):
    """With whom it leaves."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40)
    tracking_number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=60, required=False)
    cartons = forms.IntegerField(label=gettext_lazy("Cartons"), min_value=1, max_value=9999, initial=1)
    cost = forms.CharField(label=gettext_lazy("Carriage"), max_length=20, required=False)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(each, each) for each in sorted(EXPONENTS)])

    def leaving(self, typed: Mapping[str, Any]) -> Leaving:
        """What was typed. Raises: Invalid for an amount that the currency does not have."""
        try:
            minor = parse_minor(typed["cost"].strip(), typed["currency"]) if typed["cost"].strip() else 0
        except EntrepotError:
            raise Invalid("inbound.bill_amount", "A bill has an amount.", field="cost") from None
        return Leaving(typed["carrier"], typed["tracking_number"], typed["cartons"], minor, typed["currency"])


def ask(
    form: AskForm, typed: Mapping[str, Any], *, seller_id: UUID, node_id: UUID, zone: str, actor: Actor, now: datetime
) -> VendorReturn:
    """Ask for what was typed, until the end of the day at the node. Raises: as `sending_back.ask`."""
    end = datetime.combine(typed["collect_by"], time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
    return sending_back.ask(
        seller_id=seller_id, node_id=node_id, rows=form.chosen(typed), cause=typed["cause"], collect_by=end,
        note=typed["note"], actor=actor, now=now,
    )  # fmt: skip


def lines_of(view: ReturnView, languages: Sequence[str]) -> list[dict[str, Any]]:
    """The lines of a return in words."""
    titles = titles_of([line.sku.product_id for line in view.lines], languages)
    return [
        {
            "line": line,
            "title": titles.get(line.sku.product_id, line.sku.code),
            "condition": CONDITIONS[line.stock.condition] if line.stock else DIFFERS.get(_differs(line)),
            "from": line.place.code if line.place else line.discrepancy.shipment.number if line.discrepancy else "",
        }
        for line in view.lines
    ]


def _differs(line: VendorReturnLine) -> str:
    return line.discrepancy.kind if line.discrepancy else ""


def context_of(view: ReturnView, languages: Sequence[str], now: datetime) -> dict[str, Any]:
    """What both sides' pages show of a return."""
    row = view.row
    return {
        "row": row,
        "said": STATES[row.state],
        "cause": CAUSES[row.cause],
        "asked_by": row.seller.organisation.name if row.asked_by == "seller" else row.node.name,
        "share": (row.seller_share * 100).normalize() + Decimal(0),
        "lines": lines_of(view, languages),
        "units": view.units,
        "is_open": row.closed_at is None,
        "is_due": row.closed_at is None and (row.collect_by <= now or row.given_up_at is not None),
        "is_late": row.closed_at is None and row.collect_by <= now,
    }


def rows_of(views: Sequence[ReturnView], now: datetime) -> list[dict[str, Any]]:
    """The rows of a list of returns."""
    return [
        {
            "row": each.row,
            "said": STATES[each.row.state],
            "cause": CAUSES[each.row.cause],
            "units": each.units,
            "is_late": each.row.closed_at is None and each.row.collect_by <= now,
        }
        for each in views
    ]


def paper(view: ReturnView, languages: Sequence[str], now: datetime) -> HttpResponse:
    """The packing list of a return as a PDF."""
    row = view.row
    at = accounts.get_contact(contact_id=row.node.address_id) if row.node.address_id else None
    content = papers.return_list(
        row,
        [(line.sku.code, line.quantity, titles) for line, titles in _titled(view, languages)],
        sender=labels.address_lines(at) or [row.node.name, row.node.country],
        recipient=[row.seller.organisation.name, row.seller.organisation.country],
        now=now,
    )
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{row.number}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )


def _titled(view: ReturnView, languages: Sequence[str]) -> list[tuple[Any, str]]:
    titles = titles_of([line.sku.product_id for line in view.lines], languages)
    return [(line, titles.get(line.sku.product_id, "")) for line in view.lines]
