"""Prices at scale: supply prices that sellers ask for, retail prices that wait for consent, and pricing by rule."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Category
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import queries, quoting, services
from entrepot.domain.pricing.models import PriceRule, SupplyQuote
from entrepot.domain.pricing.services import Planned
from entrepot.flows import listing
from entrepot.kernel import clock, money
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.amounts import percent
from entrepot.surfaces.desk.catalogue import chosen_ids, tabs, titles_of
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Slice
from entrepot.surfaces.shared.errors import sentence
from entrepot.surfaces.shared.guards import ActingRequest

#: How long a counter-offer may be accepted, to choose from. Units: days.
COUNTER_DAYS = (7, 14, 30)

#: Prices shown in a preview; all of them are set.
PREVIEW_MAX = 200


class AnswerForm(ActForm):
    """An answer to chosen rows, with a word to the other side."""

    reason = forms.CharField(
        label=gettext_lazy("Reason, or a word to the seller"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    holds = forms.TypedChoiceField(
        label=gettext_lazy("A counter-offer holds for"),
        choices=lambda: [
            (days, ngettext("{days} day", "{days} days", days).format(days=days)) for days in COUNTER_DAYS
        ],
        coerce=int,
        initial=14,
        required=False,
        empty_value="14",
    )


class RuleForm(ReasonForm):
    """How the platform prices in a market."""

    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    markup = forms.DecimalField(
        label=gettext_lazy("Mark-up on the supply price"), min_value=0, max_value=9900, max_digits=8, decimal_places=4
    )
    floor = forms.CharField(label=gettext_lazy("Never below"), max_length=20, required=False)
    ending = forms.IntegerField(
        label=gettext_lazy("Ending"),
        help_text=gettext_lazy("The last digits of the price, such as 99; prices go up to the next."),
        min_value=0,
        max_value=999,
        required=False,
    )
    field_order = ("category", "markup", "floor", "ending", "reason")

    def __init__(self, *args: Any, categories: Sequence[Category], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("the whole market")), *((each.path, each.path) for each in categories)]
        self.fields["category"] = forms.ChoiceField(label=_("Category"), choices=choices, required=False)
        self.order_fields(self.field_order)


@guards.allow("prices.read", kind="operator")
@require_GET
def quotes(request: ActingRequest) -> HttpResponse:
    """Supply prices that wait for the platform's answer."""
    return _quotes(request)


@guards.allow("quotes.decide", kind="operator")
@require_POST
def quote_answers(request: ActingRequest) -> HttpResponse:
    """Accept or refuse the chosen supply prices, or counter those beside which an amount was typed."""
    form = AnswerForm(request.POST, name="quotes")
    act = request.POST.get("act", "")

    def answer(typed: Mapping[str, Any]) -> Done:
        now = clock.now()
        if act == "counter":
            rows = _countered(request)
            quoting.counter(
                rows=rows,
                valid_until=now + timedelta(days=int(typed["holds"])),
                actor=request.actor,
                now=now,
                note=typed["reason"],
            )
            said = ngettext("{count} counter-offer is made.", "{count} counter-offers are made.", len(rows))
            return Done(said.format(count=len(rows)))
        chosen = chosen_ids(request, "quote")
        if act == "accept":
            listing.accept_supply_prices(actor=request.actor, quote_ids=chosen, now=now)
            said = ngettext("{count} supply price is agreed.", "{count} supply prices are agreed.", len(chosen))
        elif act == "refuse":
            quoting.refuse(quote_ids=chosen, actor=request.actor, reason=typed["reason"], now=now)
            said = ngettext("{count} supply price is refused.", "{count} supply prices are refused.", len(chosen))
        else:
            raise NotFound(kind="act")
        return Done(said.format(count=len(chosen)))

    return attempt(request, form, answer, to=reverse("desk:quotes")) or _quotes(request, form)


@guards.allow("prices.read", kind="operator")
@require_GET
def proposals(request: ActingRequest) -> HttpResponse:
    """Retail prices that wait for the platform's consent."""
    return _proposals(request)


@guards.allow("prices.set", kind="operator")
@require_POST
def proposal_decisions(request: ActingRequest) -> HttpResponse:
    """Agree to the chosen retail prices, or refuse them, with a reason."""
    form = ReasonForm(request.POST, name="proposals")
    act = request.POST.get("act", "")

    def decide(typed: Mapping[str, Any]) -> Done:
        chosen = chosen_ids(request, "proposal")
        services.decide_proposals(
            proposal_ids=chosen, approve=act == "approve", actor=request.actor, now=clock.now(), **typed
        )
        said = ngettext("{count} price is decided.", "{count} prices are decided.", len(chosen))
        return Done(said.format(count=len(chosen)))

    return attempt(request, form, decide, to=reverse("desk:proposals")) or _proposals(request, form)


@guards.allow("prices.read", kind="operator")
@require_GET
def price_rules(request: ActingRequest) -> HttpResponse:
    """The rules of a market, and what they make of today's costs."""
    return _rules(request, _market(request.GET.get("market", "")))


@guards.allow("prices.set", kind="operator")
@require_POST
def price_rule(request: ActingRequest, code: str) -> HttpResponse:
    """Try a rule, which changes nothing, or set it; the prices follow when they are set by rule."""
    market = _market(code)
    form = RuleForm(request.POST, categories=catalogue.list_categories(), name="rule")
    if request.POST.get("act") == "try":
        form.fields["reason"].required = False
        if not form.is_valid():
            form.status = 422
            return _rules(request, market, form)
        try:
            tried = services.draft_rule(market=market, now=clock.now(), **_said(form.cleaned_data, market))
            planned = services.plan_prices(market=market, actor=request.actor, now=clock.now(), tried=tried)
        except EntrepotError as refusal:
            form.refuse(refusal)
            return _rules(request, market, form)
        return _rules(request, market, form, planned=planned, tried=tried)

    def set_rule(typed: Mapping[str, Any]) -> None:
        services.set_price_rule(
            market=market, actor=request.actor, now=clock.now(), reason=typed["reason"], **_said(typed, market)
        )

    to = reverse("desk:price_rules") + f"?market={market.code}&preview"
    said = _("The rule counts from now on. Look at what it makes of the prices, then set them.")
    return attempt(request, form, set_rule, said=said, to=to) or _rules(request, market, form)


@guards.allow("prices.set", kind="operator")
@require_POST
def repricing(request: ActingRequest, code: str) -> HttpResponse:
    """Set the prices that the rules in force make."""
    market, form = _market(code), ActForm(request.POST, name="reprice")

    def reprice(typed: Mapping[str, Any]) -> Done:
        done = services.reprice(market=market, actor=request.actor, now=clock.now())
        said = _("{set} prices hold by rule; {waiting} wait for consent.")
        return Done(said.format(set=len(done.set), waiting=len(done.waiting)))

    to = reverse("desk:price_rules") + f"?market={market.code}"
    return attempt(request, form, reprice, to=to) or _rules(request, market, reprice_form=form)


def _quotes(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    now = clock.now()
    found = queries.list_quotes(
        is_open=True,
        made_by_party="seller",
        after=read_cursor(request.GET.get("cursor", "")),
        limit=PAGE + 1,
    )
    typed = request.POST if form else {}
    ticked = set(request.POST.getlist("quote")) if form else set()

    def show(rows: Sequence[SupplyQuote]) -> list[dict[str, Any]]:
        titles = titles_of([row.offer.sku.product_id for row in rows])
        agreed = queries.supply_prices([row.offer_id for row in rows])
        asked = queries.prices([row.offer_id for row in rows], now)
        return [
            {
                "quote": row,
                "title": titles.get(row.offer.sku.product_id, row.offer.sku.code),
                "agreed": agreed.get(row.offer_id),
                "price": asked.get(row.offer_id),
                "is_over": row.valid_until <= now,
                "is_ticked": str(row.id) in ticked,
                "typed": typed.get(f"amount-{row.id}", ""),
                "offer_url": reverse("desk:offer", args=[row.offer_id]),
            }
            for row in rows
        ]

    context = {
        "tabs": tabs("quotes"),
        "page": slice_of(found, lambda row: row.id, show),
        "form": form or AnswerForm(name="quotes"),
        "may_decide": request.actor.may("quotes.decide"),
    }
    return render(request, "catalogue/quotes.html", context, *([form] if form else []))


def _countered(request: ActingRequest) -> list[tuple[UUID, int]]:
    """(quote, amount) of the rows beside which an amount was typed. Raises: Invalid naming what cannot be read."""
    typed = {
        name.removeprefix("amount-"): value.strip()
        for name, value in request.POST.items()
        if name.startswith("amount-") and isinstance(value, str) and value.strip()
    }
    if not typed:
        raise Invalid("quotes.no_amount", "Type an amount beside the quotes that you counter.")
    found = {str(each.id): each for each in queries.list_quotes(is_open=True, made_by_party="seller", limit=10_000)}
    if typed.keys() - found.keys():
        raise NotFound(kind="quote")
    return [
        (found[key].id, money.parse_minor(text.replace(",", "."), found[key].currency)) for key, text in typed.items()
    ]


def _proposals(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    now = clock.now()
    found = queries.list_proposals(
        waits_for_party="platform", after=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    ticked = set(request.POST.getlist("proposal")) if form else set()

    def show(rows: Any) -> list[dict[str, Any]]:
        titles = titles_of([row.offer.sku.product_id for row in rows])
        asked = queries.prices([row.offer_id for row in rows], now)
        return [
            {
                "proposal": row,
                "title": titles.get(row.offer.sku.product_id, row.offer.sku.code),
                "price": asked.get(row.offer_id),
                "is_ticked": str(row.id) in ticked,
                "offer_url": reverse("desk:offer", args=[row.offer_id]),
            }
            for row in rows
        ]

    context = {
        "tabs": tabs("proposals"),
        "page": slice_of(found, lambda row: row.id, show),
        "form": form or ReasonForm(name="proposals"),
        "may_decide": request.actor.may("prices.set"),
    }
    return render(request, "catalogue/proposals.html", context, *([form] if form else []))


def _rules(
    request: ActingRequest,
    market: Market,
    form: ActForm | None = None,
    *,
    planned: Sequence[Planned] | None = None,
    tried: PriceRule | None = None,
    reprice_form: ActForm | None = None,
) -> HttpResponse:
    now = clock.now()
    may_set = request.actor.may("prices.set")
    problem = ""
    is_shown = planned is not None or (may_set and "preview" in request.GET)
    if planned is None:
        try:
            planned = services.plan_prices(market=market, actor=request.actor, now=now) if is_shown else []
        except EntrepotError as refusal:
            planned, problem = [], sentence(refusal)
    changed = [each for each in planned if each.amount_minor != each.before_minor]
    shown = changed[:PREVIEW_MAX]
    offers = catalogue.list_offers(offer_ids=[each.offer_id for each in shown], limit=PREVIEW_MAX)
    found = {each.id: each for each in offers}
    titles = titles_of([each.sku.product_id for each in found.values()])
    context = {
        "tabs": tabs("price_rules"),
        "markets": markets.list_markets(),
        "market": market,
        "rules": [(rule, percent(rule.markup_rate)) for rule in queries.list_rules(market_id=market.id, at=now)],
        "form": form or RuleForm(categories=catalogue.list_categories(), name="rule"),
        "tried": tried,
        "problem": problem,
        "is_shown": is_shown,
        "covered": len(planned),
        "count": len(changed),
        "page": Slice(
            [
                {
                    "plan": each,
                    "offer": found[each.offer_id],
                    "title": titles.get(found[each.offer_id].sku.product_id, found[each.offer_id].sku.code),
                    "change": _change(each),
                }
                for each in shown
            ]
        ),
        "may_set": may_set,
        "reprice": reprice_form or ActForm(name="reprice"),
    }
    return render(request, "catalogue/price_rules.html", context, *(each for each in (form, reprice_form) if each))


def _change(each: Planned) -> str:
    """How far the price moves, in per cent."""
    if not each.before_minor:
        return ""
    moved = (Decimal(each.amount_minor) / each.before_minor - 1) * 100
    return f"{moved:+.1f}\u00a0%".replace("-", "−")


def _said(typed: Mapping[str, Any], market: Market) -> dict[str, Any]:
    """What a typed rule says. Raises: Invalid."""
    category = next((each for each in catalogue.list_categories() if each.path == typed["category"]), None)
    floor = money.parse_minor(typed["floor"].replace(",", "."), market.currency, field="floor") if typed["floor"] else 0
    return {
        "category": category,
        "markup_rate": typed["markup"] / 100,
        "floor_minor": floor,
        "ending_minor": typed["ending"],
    }


def _market(code: str) -> Market:
    """The market of that code, or the first one. Raises: NotFound."""
    if code:
        return markets.get_market(code)
    found = markets.list_markets()
    if not found:
        raise NotFound("markets.none", "No market is open yet.")
    return found[0]
