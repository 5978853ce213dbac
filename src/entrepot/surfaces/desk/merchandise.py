"""Decisions over many offers: choose by filter, look at what it comes to, then act once; what is refused is told.

On sale, prices by rule with the margin before carriage, and supply prices changed by per cent.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import queries as prices
from entrepot.flows import merchandising
from entrepot.flows.merchandising import Outcome
from entrepot.kernel import clock
from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.amounts import percent
from entrepot.surfaces.desk.catalogue import chosen_ids, tabs, titles_of
from entrepot.surfaces.desk.paging import PAGE, read_cursor
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.errors import sentence
from entrepot.surfaces.shared.guards import ActingRequest

#: How long a proposed supply price may be accepted.
VALID = timedelta(days=14)
#: Rows of a preview that are shown; all of them are acted on.
SHOWN_MAX = 200
#: What can be decided, with the verb that it takes.
ACTS: Mapping[str, tuple[Any, str]] = {
    "sale": (gettext_lazy("Put on sale"), "offers.edit"),
    "rule": (gettext_lazy("Set prices by rule"), "prices.set"),
    "supply": (gettext_lazy("Propose supply prices"), "quotes.decide"),
}


class DecisionForm(ActForm):
    """What is decided of the chosen offers."""

    act = forms.ChoiceField(
        label=gettext_lazy("Decide"), choices=[(code, said) for code, (said, _verb) in ACTS.items()]
    )
    percent = forms.DecimalField(
        label=gettext_lazy("Supply prices by"),
        min_value=-90,
        max_value=90,
        max_digits=5,
        decimal_places=2,
        required=False,
        help_text=gettext_lazy("Below zero to ask for less."),
    )
    note = forms.CharField(label=gettext_lazy("A word to the sellers"), max_length=400, required=False)
    everything = forms.BooleanField(
        label=gettext_lazy("All that the filter finds, not the ticked only"), required=False
    )


@guards.allow("offers.read", kind="operator")
@require_GET
def merchandise(request: ActingRequest) -> HttpResponse:
    """Offers by filter, to be chosen."""
    return _list(request)


@guards.allow("offers.read", kind="operator")
@require_POST
def merchandise_preview(request: ActingRequest) -> HttpResponse:
    """What a decision comes to; nothing is done yet."""
    form = DecisionForm(request.POST, name="decide")
    try:
        if not form.is_valid():
            form.status = 422
            return _list(request, form)
        chosen = _chosen(request, form)
        outcome = merchandising.rehearse(lambda: _decide(request, form.cleaned_data, chosen))
        rows = _previewed(request, form.cleaned_data, outcome.done)
    except EntrepotError as refusal:
        form.refuse(refusal)
        return _list(request, form)
    return _preview(request, form, chosen, outcome, rows)


@guards.allow("offers.read", kind="operator")
@require_POST
def merchandise_acts(request: ActingRequest) -> HttpResponse:
    """Do it."""
    form = DecisionForm(request.POST, name="decide")

    def decide(typed: Mapping[str, Any]) -> Done:
        outcome = _decide(request, typed, chosen_ids(request, "offer"))
        if not outcome.done:
            raise outcome.refused[0].error
        said = ngettext("{count} offer: done.", "{count} offers: done.", len(outcome.done))
        told = said.format(count=len(outcome.done))
        if outcome.refused:
            left = ngettext("{count} was refused: {why}", "{count} were refused: {why}", len(outcome.refused))
            why = "; ".join(list(dict.fromkeys(sentence(each.error) for each in outcome.refused))[:3])
            told += " " + left.format(count=len(outcome.refused), why=why)
        return Done(told)

    return attempt(request, form, decide, to=_back(request)) or _list(request, form)


def _decide(request: ActingRequest, typed: Mapping[str, Any], chosen: Sequence[UUID]) -> Outcome:
    act, now, actor = typed["act"], clock.now(), request.actor
    if not actor.may(ACTS[act][1]):
        raise NotFound(kind="act")
    if act == "sale":
        return merchandising.publish_offers(offer_ids=chosen, actor=actor, now=now)
    if act == "supply":
        return merchandising.propose_supply_prices(
            offer_ids=chosen,
            percent=typed["percent"] or Decimal(0),
            valid_until=now + VALID,
            actor=actor,
            now=now,
            note=typed["note"],
        )
    outcome = Outcome()
    for market, group in _by_market(chosen):
        part = merchandising.reprice(market=market, offer_ids=group, actor=actor, now=now)
        outcome.done += part.done
        outcome.refused += part.refused
    return outcome


def _previewed(request: ActingRequest, typed: Mapping[str, Any], done: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """What a decision changes of each offer: before, after, and what is left of the price."""
    if typed["act"] == "rule":
        found = [
            (market, each)
            for market, group in _by_market(done)
            for each in merchandising.preview_prices(
                market=market, offer_ids=group, actor=request.actor, now=clock.now()
            )
        ]
        return {
            each.offer_id: {
                "before": each.before_minor,
                "after": each.after_minor,
                "currency": market.currency,
                "cost": each.cost_minor,
                "kept": each.kept_minor,
                "rate": percent(each.rate.quantize(Decimal("0.001"))),
            }
            for market, each in found
        }
    if typed["act"] == "supply":
        amounts = merchandising.countered(offer_ids=done, percent=typed["percent"] or Decimal(0))
        return {
            offer_id: {"before": step.amount_minor, "after": amount, "currency": step.currency}
            for offer_id, (step, amount) in amounts.items()
        }
    return {}


def _chosen(request: ActingRequest, form: DecisionForm) -> list[UUID]:
    if form.cleaned_data["everything"]:
        return merchandising.choose_offers(**_filter(request.POST)[0]) or chosen_ids(request, "offer")
    return chosen_ids(request, "offer")


def _by_market(offer_ids: Sequence[UUID]) -> list[tuple[Market, list[UUID]]]:
    known = {market.id: market for market in markets.list_markets()}
    groups: dict[UUID, list[UUID]] = {}
    for offer_id, fact in catalogue.offer_facts(offer_ids).items():
        groups.setdefault(fact.market_id, []).append(offer_id)
    return [(known[market_id], group) for market_id, group in groups.items() if market_id in known]


def _filter(asked: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The filter for the flow, and as the page shows it."""

    def said(name: str, most: int) -> str:
        # In what is sent, as in an address: PostgreSQL has no text with a NUL.
        return str(asked.get(name, ""))[:most].replace("\0", "\ufffd").strip()

    shown = {
        "market": said("market", 8),
        "programme": said("programme", 60),
        "category": said("category", 400),
        "seller": said("seller", 60).lower(),
        "status": asked.get("status", "") if asked.get("status", "") in ("draft", "live", "paused") else "",
        "stock": "missing" if asked.get("stock") == "missing" else "",
    }
    market = next((each for each in markets.list_markets() if each.code == shown["market"]), None)
    return {
        "market_id": market.id if market else None,
        "programme_code": shown["programme"],
        "category_path": shown["category"],
        "seller_code": shown["seller"],
        "status": shown["status"],
        "is_missing": bool(shown["stock"]),
    }, shown


def _list(request: ActingRequest, form: DecisionForm | None = None) -> HttpResponse:
    asked = request.POST if form else request.GET
    wanted, shown = _filter(asked)
    found = merchandising.choose_offers(**wanted, after=read_cursor(asked.get("cursor", "")), limit=PAGE + 1)
    ticked = set(request.POST.getlist("offer")) if form else None
    offers = {each.id: each for each in catalogue.list_offers(offer_ids=found[:PAGE], limit=PAGE)}
    context = {
        "tabs": tabs("merchandise"),
        "filter": shown,
        "markets": markets.list_markets(),
        "categories": catalogue.list_categories(),
        "page": Slice(
            _rows([offers[each] for each in found[:PAGE]], ticked),
            next_cursor=found[PAGE - 1].hex if len(found) > PAGE else "",
        ),
        "form": form or DecisionForm(name="decide"),
        "may": any(request.actor.may(verb) for _said, verb in ACTS.values()),
    }
    return render(request, "catalogue/merchandise.html", context, *([form] if form else []))


def _rows(offers: Sequence[Offer], ticked: set[str] | None) -> list[dict[str, Any]]:
    ids = [each.id for each in offers]
    titles = titles_of([each.sku.product_id for each in offers])
    asked, agreed, units = prices.prices(ids, clock.now()), prices.supply_prices(ids), inventory.available(ids)
    return [
        {
            "offer": each,
            "title": titles.get(each.sku.product_id, each.sku.code),
            "state": words.OFFERS[each.status],
            "price": asked.get(each.id),
            "supply": agreed.get(each.id),
            "available": units.get(each.id, 0),
            "is_ticked": ticked is not None and str(each.id) in ticked,
            "url": reverse("desk:offer", args=[each.id]),
        }
        for each in offers
    ]


def _preview(
    request: ActingRequest,
    form: DecisionForm,
    chosen: Sequence[UUID],
    outcome: Outcome,
    changes: Mapping[UUID, Mapping[str, Any]],
) -> HttpResponse:
    shown = [*outcome.done[:SHOWN_MAX], *(each.offer_id for each in outcome.refused[:SHOWN_MAX])]
    offers = {each.id: each for each in catalogue.list_offers(offer_ids=shown, limit=2 * SHOWN_MAX)}
    titles = titles_of([each.sku.product_id for each in offers.values()])

    def row(offer_id: UUID) -> dict[str, Any]:
        offer = offers.get(offer_id)
        return {
            "offer": offer,
            "title": titles.get(offer.sku.product_id, offer.sku.code) if offer else "",
            "change": changes.get(offer_id),
        }

    typed = form.cleaned_data
    context = {
        "tabs": tabs("merchandise"),
        "said": ACTS[typed["act"]][0],
        "act": typed["act"],
        "done": [row(each) for each in outcome.done[:SHOWN_MAX]],
        "count": len(outcome.done),
        "refused": [row(each.offer_id) | {"why": sentence(each.error)} for each in outcome.refused[:SHOWN_MAX]],
        "refused_count": len(outcome.refused),
        "chosen": [str(each) for each in chosen],
        "typed": typed,
        "filter": _filter(request.POST)[1],
        "form": DecisionForm(name="decide"),
        "back": _back(request),
        "crumbs": [Link(_("Decide over many"), reverse("desk:merchandise")), Link(_("Look first"))],
    }
    return render(request, "catalogue/merchandise_preview.html", context)


def _back(request: ActingRequest) -> str:
    shown = {name: value for name, value in _filter(request.POST)[1].items() if value}
    return reverse("desk:merchandise") + (f"?{urlencode(shown)}" if shown else "")
