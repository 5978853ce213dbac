"""The first page of the desk: what waits for whom, and what the marketplace kept of the last weeks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.aftersales import queries as aftersales
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.orders import work
from entrepot.domain.pricing import queries as prices
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.settlement import queries as settlement
from entrepot.flows import setting_up
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.surfaces.desk import amounts
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.contribution import SPAN, row_of
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.desk.setup import checklist
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Text, Tone
from entrepot.surfaces.shared.guards import ActingRequest


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many things that wait, and where they are dealt with."""

    label: Text
    count: int
    href: str
    note: Text = ""
    tone: Tone | str = ""


@guards.members(*DESK)
@require_GET
def overview(request: ActingRequest) -> HttpResponse:
    """What waits, as far as the reader has to do with it."""
    actor, now = request.actor, clock.now()
    groups = [(title, list(find(actor, now))) for title, find in _groups(actor)]
    assert actor.organisation_id is not None
    context: dict[str, Any] = {
        "organisation": accounts.list_organisation_names([actor.organisation_id])[actor.organisation_id],
        "groups": [(title, tiles) for title, tiles in groups if tiles],
        "days": SPAN.days,
    }
    if actor.may("setup.edit"):
        context["setup"] = checklist.shown(setting_up.progress(now=now))
    if actor.may("ledger.read"):
        found = settlement.list_contributions(by=("programme", "market"), since=now - SPAN, until=now)
        context["contributions"] = [
            row_of(each) | {"url": reverse("desk:programme", args=[each.programme])} for each in found
        ]
    return render(request, "overview.html", context)


def _groups(actor: Actor) -> list[tuple[Text, Callable[[Actor, datetime], Iterator[Waiting]]]]:
    return [(_("To ship"), _shipping), (_("Sellers and goods"), _selling), (_("Money"), _settling)]


def _shipping(actor: Actor, now: datetime) -> Iterator[Waiting]:
    if actor.may("work.read"):
        scope = scope_of(actor, "work.read")
        ours, everybody = work.count_work(organisation_id=actor.organisation_id, now=now), {}
        if scope is None:
            everybody = work.count_work(organisation_id=None, now=now)
        url = reverse("desk:warehouse")
        todo = sum(ours[state] for state in work.OPEN)
        yield Waiting(
            _("Our suborders"), todo, url, _("{count} late").format(count=ours["late"]) if ours["late"] else ""
        )
        if scope is None:
            late = everybody["late"]
            yield Waiting(_("Late, everybody's"), late, f"{url}?of=all", tone="bad" if late else "")
    if actor.may("returns.read"):
        cases = aftersales.count_cases(operator_id=scope_of(actor, "returns.read"))
        url = reverse("desk:returns")
        yield Waiting(_("Returns on their way"), cases.get("requested", 0) + cases.get("in_transit", 0), url)
        received = cases.get("received", 0)
        yield Waiting(_("Returns to refund"), received, f"{url}?state=received", tone="warn" if received else "")


def _selling(actor: Actor, now: datetime) -> Iterator[Waiting]:
    if actor.may("sellers.read"):
        applicants = sellers.count_sellers().get("applicant", 0)
        yield Waiting(_("Applicants"), applicants, reverse("desk:sellers") + "?status=applicant")
    if actor.may("catalogue.read"):
        drafts = catalogue.count_products().get("draft", 0)
        yield Waiting(_("Product drafts"), drafts, reverse("desk:catalogue"))
    if actor.may("prices.read"):
        quotes = prices.count_open_quotes(made_by_party="seller")
        yield Waiting(_("Supply prices to answer"), quotes, reverse("desk:quotes"), tone="warn" if quotes else "")
        proposals = prices.count_proposals(waits_for_party="platform")
        yield Waiting(_("Retail prices to agree to"), proposals, reverse("desk:proposals"))


def _settling(actor: Actor, now: datetime) -> Iterator[Waiting]:
    if not actor.may("statements.read"):
        return
    unsettled, owed = settlement.list_unsettled(), settlement.list_owed()
    yield Waiting(
        _("Amounts on no statement yet"),
        sum(each.count for each in unsettled),
        reverse("desk:settlement"),
        ", ".join(amounts.text(each.amount_minor, each.currency) for each in unsettled),
    )
    yield Waiting(
        _("Statements to pay"),
        sum(each.count for each in owed),
        reverse("desk:payouts"),
        ", ".join(amounts.text(each.amount_minor, each.currency) for each in owed),
        tone="warn" if owed else "",
    )
    open_batches = settlement.count_payouts().get("in_transit", 0)
    yield Waiting(_("Payouts to confirm"), open_batches, reverse("desk:payouts"))
