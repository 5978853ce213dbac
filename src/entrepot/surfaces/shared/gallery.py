"""The living style page: every component with goods, amounts and people as a market would have them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import (
    DutyRow,
    Event,
    Explanation,
    Liability,
    Link,
    Part,
    Share,
    Slice,
    Step,
    Trace,
)

AT = datetime(2026, 3, 4, 9, 12, tzinfo=UTC)


def _earning(supply_minor: int, quantity: int, help_minor: int) -> Explanation:
    return Explanation(
        "What you earn on this line",
        (
            Part(f"Supply price, {quantity} units", supply_minor, "CN¥ at 0.1280, European Central Bank, 3 March 2026"),
            Part("Late hand-over, 1 day", -120, "carrier scan of 6 March against a deadline of 5 March"),
            Part("Help with the launch price", help_minor, "paid by the platform"),
        ),
        (
            Trace("Terms", "9c41…e07b, accepted 12 January 2026", "#terms"),
            Trace("Rule", "supply price on delivery, version 3"),
            Trace("Event", "Delivered, 9 March 2026, 14:02 CET", "#event"),
        ),
    )


PRICE = Explanation(
    "What you pay for two kettles",
    (
        Part("Goods", 4782),
        Part("Voucher SPRING", -478, "half by the seller, half by the platform"),
        Part("VAT 19 %", 818, "collected by the platform"),
        Part("Customs duty", 0, "below the threshold of 150 €"),
    ),
    (Trace("Offer", "Harbour Kitchenware, shown first for the earliest promise"),),
)
STATEMENT: tuple[tuple[str, str, str, str, int, int, int], ...] = (
    ("EN-20418-1", "Enamel kettle 1.5 l, green", "Delivered", "good", 2, 4304, 2330),
    ("EN-20418-2", "Linen tea towel, set of 3", "Delivered", "good", 1, 1890, 1120),
    ("EN-20431-1", "Brass desk lamp with long arm and dimmer", "Late", "warn", 1, 7950, 4410),
    ("EN-20466-3", "Enamel kettle 1.5 l, green", "Returned", "bad", -1, -2152, -1165),
)


class SampleForm(forms.Form):
    """One field of each kind."""

    email = forms.EmailField(label="E-mail", help_text="For the receipt and for news of your parcels.")
    price = forms.DecimalField(label="Retail price", help_text="With tax, as the shopper sees it.", max_digits=9)
    weight = forms.IntegerField(label="Weight", required=False, min_value=1)
    country = forms.ChoiceField(
        label="Country", choices=[("", "Choose…"), ("DE", "Germany"), ("US", "United States"), ("BR", "Brazil")]
    )
    note = forms.CharField(label="Note to the carrier", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    speed = forms.ChoiceField(
        label="Delivery",
        choices=[("standard", "Standard, 9 to 12 March"), ("fast", "Fast, 6 or 7 March")],
        widget=forms.RadioSelect,
        initial="standard",
    )
    sheet = forms.FileField(label="Sheet of goods", required=False, help_text="CSV or Parquet, up to 50 MB.")
    agree = forms.BooleanField(label="I have seen who does, pays and risks what, and accept these terms.")


@guards.allow("programmes.read", kind="operator")
def components(request: HttpRequest) -> HttpResponse:
    """Show every component once, with sample data. Reads nothing and writes nothing."""
    form = SampleForm({"email": "ana@example", "price": "24,9o", "country": "DE", "speed": "fast"})
    return render(request, "shared/components.html", {**_structures(), **_figures(), "form": form})


def _figures() -> dict[str, Any]:
    return {
        "at": AT,
        "price": PRICE,
        "currencies": [("EUR", 123456), ("USD", -98700), ("BRL", 4990), ("JPY", 1280), ("KWD", 12750)],
        "statement": [
            dict(zip(("number", "title", "state", "tone", "qty", "gross", "net"), row, strict=True))
            | {"earning": _earning(row[6] - 180, row[4], 300)}
            for row in STATEMENT
        ],
        "gross": sum(row[5] for row in STATEMENT),
        "net": sum(row[6] for row in STATEMENT),
        "page": Slice(STATEMENT, next_cursor="n", previous_cursor="p", total=1284),
        "icons": ICONS,
    }


def _structures() -> dict[str, Any]:
    return {
        "crumbs": [Link("Statements", "#"), Link("February 2026", "#"), Link("Order EN-20418")],
        "views": [
            Link("To ship", "#", current=True, count=12),
            Link("Late", "#", count=2),
            Link("Shipped", "#"),
            Link("Cancelled", "#"),
        ],
        "steps": [
            Step("Placed", "done", "2 Mar"),
            Step("Packed", "done", "3 Mar"),
            Step("Handed over", "current", "by today 17:00"),
            Step("Delivered", "todo", "9–12 Mar"),
        ],
        "refused_steps": [
            Step("Asked", "done"),
            Step("Received", "done"),
            Step("Inspected", "failed", "not our goods"),
            Step("Refunded"),
        ],
        "events": [
            Event(AT.replace(day=2), "Order placed", "Two lines, one payment", "Ana Prado", href="#"),
            Event(AT.replace(day=3, hour=7), "Packed", "Parcel of 1.84 kg", "Consolidation warehouse"),
            Event(AT.replace(hour=16, minute=40), "Handed over late", "Liable: third party", "Harbour Parcel", "warn"),
        ],
        "duties": DUTIES,
    }


DUTIES = (
    DutyRow("Retail price", "seller", "seller", (), (), "The seller proposes; the platform approves."),
    DutyRow(
        "Promotion",
        "platform",
        "platform",
        (Share("platform", Decimal("0.6")), Share("seller", Decimal("0.4"))),
        (),
        changed=True,
    ),
    DutyRow(
        "Last mile",
        "third_party",
        "platform",
        (Share("platform"),),
        (Liability("late", "third_party"), Liability("damaged", "platform")),
        "A carrier chosen by the platform.",
    ),
    DutyRow("Unsold stock", "seller", "seller", (Share("seller"),), (Liability("always", "seller"),)),
)

ICONS = (
    "gauge search cart crate truck return ledger scroll storefront catalogue clipboard warehouse coins shield layers "
    "tag user scales globe pennant check cross chevron-right chevron-left chevron-down info warning clock download "
    "upload printer external plus minus pen bell menu filter lock sign-out gable forklift seal message calendar"
).split()
