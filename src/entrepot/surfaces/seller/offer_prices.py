"""The prices of an offer over time: what was asked, what is planned, and what the terms allow the seller to set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import RetailPrice
from entrepot.domain.pricing.offers import waits_for
from entrepot.domain.pricing.services import NewPrice
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms import phrases
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms import words as plain
from entrepot.domain.terms.rules import Party, Programme, Task
from entrepot.kernel import clock, money
from entrepot.surfaces.seller.frame import AmountField, render, seller_of, shown
from entrepot.surfaces.shared import charts
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link, Text
from entrepot.surfaces.shared.guards import ActingRequest, allow

#: How far back the chart looks, and how many prices the list shows.
SPAN = timedelta(days=365)
PRICES = 60

_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "60"}, format="%Y-%m-%dT%H:%M")


class PlanForm(ActForm):
    """A price for later, or for a while."""

    amount = AmountField(label=gettext_lazy("Retail price"))
    valid_from = forms.DateTimeField(
        label=gettext_lazy("From"), required=False, widget=_MOMENT, help_text=gettext_lazy("Empty: at once.")
    )
    valid_until = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        widget=_MOMENT,
        help_text=gettext_lazy("Empty: for good. Else the price before it comes back."),
    )


@dataclass(frozen=True, slots=True)
class Rights:
    """What the terms let the seller do with the retail price, and why."""

    may_propose: bool
    counts_at_once: bool
    words: Sequence[Text]

    @classmethod
    def of(cls, conditions: Programme) -> "Rights":
        """What a programme's duty table says."""
        may = terms.may_propose(conditions, Task.RETAIL_PRICE, Party.SELLER)
        consent = waits_for(conditions, Task.RETAIL_PRICE, Party.SELLER) if may else None
        said: list[Text] = []
        decider = terms.who_decides(conditions, Task.RETAIL_PRICE)
        if decider:
            what = {"decision": plain.decision(decider), "what": phrases.TASKS[Task.RETAIL_PRICE].sets}
            said.append(_("{decision}: {what}.").format(**what))
        if not may:
            said.append(_("You do not set it: the one who decides also bears what a wrong price costs."))
        elif consent is None:
            said.append(_("What you set counts at once, or from the moment that you name."))
        else:
            said.append(
                _(
                    "What you set waits until the marketplace agrees; until then today's price holds."
                    " It cannot be planned ahead."
                )
            )
        said.append(_("Above zero, to the cent, in the market's currency."))
        return cls(may, may and consent is None, said)


@allow("offers.read", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """The prices so far and to come; POST sets or plans one."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    zone = ZoneInfo(offer.market.time_zone)
    form = PlanForm(request.POST if request.method == "POST" else None, name="plan")
    if request.method == "POST":

        def plan(typed: Mapping[str, Any]) -> Done:
            amount = money.parse_minor(typed["amount"], offer.market.currency)
            new = NewPrice(
                offer.id, amount, valid_from=_there(typed["valid_from"], zone),
                valid_until=_there(typed["valid_until"], zone),
            )  # fmt: skip
            done = pricing.set_retail_prices(prices=[new], actor=request.actor, now=clock.now())
            if offer.id in done.waiting:
                return Done(_("The price waits for consent."))
            return Done(_("The price is planned.") if typed["valid_from"] else _("The price holds from now on."))

        answer = attempt(request, form, plan, to=reverse("seller:offer_prices", args=[offer_id]))
        if answer:
            return answer
    return _page(request, offer, form)


@allow("prices.set", kind="seller")
@require_POST
def drop(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """Take back what is planned."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    form = ActForm(request.POST, name="drop")

    def let_go(typed: Mapping[str, Any]) -> None:
        pricing.drop_plans(offer_ids=[offer.id], actor=request.actor, now=clock.now())

    to = reverse("seller:offer_prices", args=[offer_id])
    answer = attempt(request, form, let_go, said=_("Today's price goes on; the plans are dropped."), to=to)
    return answer or _page(request, offer, PlanForm(name="plan"), form)


def _page(request: ActingRequest, offer: Offer, form: PlanForm, drop: ActForm | None = None) -> HttpResponse:
    now = clock.now()
    conditions = sellers.list_conditions([offer.enrolment_id])[offer.enrolment_id]
    history = prices.price_history(offer_id=offer.id, seller_id=offer.seller_id)
    rows = [each for each in history if each.valid_until is None or each.valid_until > each.valid_from][:PRICES]
    rights = Rights.of(conditions)
    context = {
        "offer": offer,
        "rows": [(each, _when(each, now)) for each in rows],
        "planned": [each for each in rows if each.valid_from > now],
        "is_passing": any(each.valid_from <= now and each.valid_until and each.valid_until > now for each in rows),
        "chart": _chart(rows, offer, now),
        "rights": rights,
        "form": form if rights.may_propose and request.actor.may("prices.set") else None,
        "drop": drop or ActForm(name="drop"),
        "proposals": [each for each in prices.list_proposals(seller_id=offer.seller_id) if each.offer_id == offer.id],
        "zone": offer.market.time_zone,
        "parties": {"seller": _("you"), "platform": _("the marketplace")},
        "crumbs": [
            Link(_("Offers"), reverse("seller:offers")),
            Link(offer.sku.code, reverse("seller:offer", args=[offer.id])),
            Link(_("Prices")),
        ],
    }
    return render(request, "offers/prices.html", context, *(each for each in (form, drop) if each))


def _when(price: RetailPrice, now: datetime) -> str:
    if price.valid_from > now:
        return "planned"
    return "now" if price.valid_until is None or price.valid_until > now else "past"


def _chart(rows: Sequence[RetailPrice], offer: Offer, now: datetime) -> SafeString:
    """The prices of a year and what is planned, as a line of steps."""
    since, until = now - SPAN, max([now + timedelta(days=14), *(each.valid_from + timedelta(days=14) for each in rows)])
    levels = [
        charts.Level(
            max(each.valid_from, since),
            min(each.valid_until or until, until),
            each.amount_minor,
            shown(each.amount_minor, each.currency),
        )
        for each in reversed(rows)
        if (each.valid_until is None or each.valid_until > since) and each.valid_from < until
    ]
    if not levels:
        return SafeString("")
    zone = ZoneInfo(offer.market.time_zone)
    ends = tuple(date_format(each.astimezone(zone), "SHORT_DATE_FORMAT") for each in (levels[0].start, until))
    return charts.steps(levels, title=_("The retail price over time"), now=now, dates=(ends[0], ends[1]))


def _there(typed: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A moment as the clocks of the market show it."""
    return typed.replace(tzinfo=zone) if typed else None
