"""The ways to pay: which are offered, what each does, and whether money moves."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from entrepot.domain.payments.providers import KINDS, list_offered
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Text
from entrepot.surfaces.shared.guards import ActingRequest

#: What a way to pay does, by its code.
ABOUT: Mapping[str, Text] = {
    "sandbox": gettext_lazy(
        "A test card that plays every part of a real one: approved, declined, slow, cut off. No money moves. It is for "
        "demonstrations and rehearsals only."
    ),
    "manual": gettext_lazy(
        "The shopper transfers the money to your bank account and names the order. The order waits until somebody at "
        "the desk sees the money on the bank statement and confirms it; after fourteen days it lapses. Refunds and "
        "payouts are made by hand at the bank."
    ),
}


@guards.allow("setup.edit", kind="operator")
@require_GET
def payments(request: ActingRequest) -> HttpResponse:
    """Every way to pay that this installation knows."""
    offered = [each.code for each in list_offered()]
    rows = [_row(code, make(), code in offered) for code, make in KINDS.items()]
    context = {
        "rows": rows,
        "bank_account": settings.BANK_ACCOUNT,
        "only_tests": not any(row["is_offered"] and row["moves_money"] for row in rows),
        "setting": f"ENTREPOT_PAYMENT_PROVIDERS={','.join(offered)}",
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Ways to pay"))],
    }
    return render(request, "setup/payments.html", context)


def _row(code: str, provider: Any, is_offered: bool) -> dict[str, Any]:
    return {
        "code": code,
        "label": provider.label,
        "about": ABOUT.get(code, ""),
        "is_offered": is_offered,
        "moves_money": provider.mode == "live",
        "needs_account": code == "manual" and is_offered and not settings.BANK_ACCOUNT,
    }
