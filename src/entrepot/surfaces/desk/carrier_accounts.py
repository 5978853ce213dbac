"""The operator's carriers: how each is spoken with, how it fares, and what of its work hangs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.logistics import doubts
from entrepot.domain.logistics.carriers import KINDS, accounts, breaker, karrio
from entrepot.domain.logistics.models import CarrierAccount
from entrepot.flows import booking
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import ReasonForm, attempt, render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.carriage import STATES
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.states import Said

WORDS: Mapping[str, Any] = {
    "rate_cards": gettext_lazy("Price list: our label, scans by hand"),
    "sandbox": gettext_lazy("Sandbox: plays a carrier"),
    "karrio": gettext_lazy("Live, through Karrio"),
}
#: How far back the numbers of a carrier look.
LATELY = timedelta(days=14)


class AccountForm(ReasonForm):
    """How a carrier is spoken with."""

    code = forms.CharField(
        label=gettext_lazy("Carrier"),
        max_length=40,
        help_text=gettext_lazy("As your freight tables and parcels call it."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=[(kind, WORDS[kind]) for kind in KINDS])
    options = forms.CharField(
        label=gettext_lazy("Options"),
        help_text=gettext_lazy("JSON: for a live carrier its connector, test_mode, account_country_code and services."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        required=False,
    )
    secrets = forms.CharField(
        label=gettext_lazy("Credentials"),
        help_text=gettext_lazy("JSON. Kept sealed and never shown again; left empty, those that there are stay."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        required=False,
    )
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)
    field_order = ("code", "kind", "options", "secrets", "is_active", "reason")


class StandardForm(ReasonForm):
    """What is expected of tracking."""

    first_scan_hours = forms.IntegerField(label=gettext_lazy("First scan within"), min_value=1, max_value=1440)
    silent_hours = forms.IntegerField(label=gettext_lazy("Silent after"), min_value=1, max_value=1440)
    fraud_score = forms.IntegerField(label=gettext_lazy("Points that count as fraud"), min_value=1, max_value=100)
    field_order = ("first_scan_hours", "silent_hours", "fraud_score", "reason")


@guards.allow("setup.edit", kind="operator")
@require_safe
def carriers(request: ActingRequest) -> HttpResponse:
    """Carriers, their state, and what hangs."""
    return _page(request)


@guards.allow("setup.edit", kind="operator")
@require_POST
def account(request: ActingRequest) -> HttpResponse:
    """Set up a carrier, or change how it is spoken with."""
    form = AccountForm(request.POST, name="account")

    def keep(typed: Mapping[str, Any]) -> None:
        secrets = karrio.read_json(typed["secrets"], field="secrets") if typed["secrets"].strip() else None
        accounts.set_account(
            actor=request.actor, code=typed["code"], kind=typed["kind"], options=karrio.read_json(typed["options"]),
            secrets=secrets, is_active=typed["is_active"], reason=typed["reason"], now=clock.now(),
        )  # fmt: skip

    answer = attempt(request, form, keep, said=_("It is kept."), to=reverse("desk:carriers"))
    return answer or _page(request, account=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def standard(request: ActingRequest) -> HttpResponse:
    """Say what is expected of tracking from today on."""
    form = StandardForm(request.POST, name="standard")

    def keep(typed: Mapping[str, Any]) -> None:
        wanted = doubts.Standard(typed["first_scan_hours"], typed["silent_hours"], typed["fraud_score"])
        doubts.set_standard(
            standard=wanted, actor=request.actor, reason=typed["reason"], source=typed["reason"], now=clock.now()
        )

    answer = attempt(request, form, keep, said=_("It is expected from today on."), to=reverse("desk:carriers"))
    return answer or _page(request, standard=form)


def _page(
    request: ActingRequest, *, account: AccountForm | None = None, standard: StandardForm | None = None
) -> HttpResponse:
    now = clock.now()
    expected = doubts.standard_on(now.date())
    edited = request.GET.get("carrier", "")
    rows = {row.code: row for row in accounts.list_accounts()}
    chosen = rows.get(edited)
    context = {
        "rows": _rows(rows, booking.count_by_carrier(since=now - LATELY), now),
        "hanging": [(row, STATES[row.state]) for row in booking.list_hanging(limit=50)],
        "connectors": karrio.list_connectors(),
        "account": account or AccountForm(name="account", initial=_initial(chosen, edited)),
        "is_edited": bool(edited or account),
        "standard": standard
        or StandardForm(
            name="standard",
            initial={
                "first_scan_hours": expected.first_scan_hours, "silent_hours": expected.silent_hours,
                "fraud_score": expected.fraud_score,
            },
        ),
        "expected": expected,
    }  # fmt: skip
    return render(request, "carriers/carriers.html", context, *(form for form in (account, standard) if form))


def _rows(
    rows: Mapping[str, CarrierAccount], counts: Mapping[str, booking.Counts], now: datetime
) -> Sequence[dict[str, Any]]:
    return [
        {
            "code": code,
            "account": rows.get(code),
            "kind": WORDS[rows[code].kind if code in rows else "rate_cards"],
            "said": _state(rows.get(code), now),
            "counts": counts.get(code),
        }
        for code in sorted({*rows, *counts})
    ]


def _state(row: CarrierAccount | None, now: datetime) -> Said:
    if row is None:
        return Said(_("By hand"))
    if not row.is_active:
        return Said(_("Off"))
    if breaker.is_resting(row.resting_until, now):
        return Said(_("Left alone"), "bad")
    return Said(_("Not answering"), "warn") if row.failures else Said(_("Working"), "good")


def _initial(row: CarrierAccount | None, code: str) -> dict[str, Any]:
    if row is None:
        return {"code": code[:40], "options": "{}", "is_active": True}
    return {"code": row.code, "kind": row.kind, "options": karrio.write_json(row.options), "is_active": row.is_active}
