"""The catalogue: drafts with what they lack, products, and the offers that sellers make of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.catalogue import queries
from entrepot.domain.catalogue.models import Offer, Product
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.markets import queries as markets
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.flows import listing
from entrepot.kernel import clock, money
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

#: Drafts that are published by one click at most.
PUBLISHED_MAX = 500

#: What may be done with chosen offers: the act and what is said of it.
OFFER_ACTS: Mapping[str, tuple[Any, Any]] = {
    "live": (listing.go_live, gettext_lazy("{count} offers are on sale.")),
    "paused": (listing.pause_offers, gettext_lazy("{count} offers are paused.")),
    "archived": (listing.archive_offers, gettext_lazy("{count} offers are archived.")),
}


class PriceForm(ReasonForm):
    """What a unit costs the shopper from now on."""

    amount = forms.CharField(label=gettext_lazy("Retail price"), max_length=20)
    field_order = ("amount", "reason")


def tabs(current: str) -> list[Link]:
    """The parts of the catalogue."""
    parts = [
        ("catalogue", _("Drafts")),
        ("products", _("Products")),
        ("offers", _("Offers")),
        ("quotes", _("Supply prices")),
        ("proposals", _("Retail prices to agree to")),
        ("price_rules", _("Prices by rule")),
        ("merchandise", _("Decide over many")),
        ("restock", _("What to order")),
    ]
    return [Link(label, reverse(f"desk:{route}"), current=route == current) for route, label in parts]


def titles_of(product_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What products are called, in the language of the page where there is one."""
    found = queries.texts(set(product_ids), languages=words.languages())
    return {product_id: text.title for product_id, text in found.items()}


@guards.allow("catalogue.read", kind="operator")
@require_GET
def drafts(request: ActingRequest) -> HttpResponse:
    """Products that cannot be sold yet, by what they lack."""
    return _drafts(request)


@guards.allow("catalogue.edit", kind="operator")
@require_POST
def publications(request: ActingRequest) -> HttpResponse:
    """Make the drafts active that lack nothing any more."""
    form = ActForm(request.POST, name="publish")

    def publish(typed: Mapping[str, Any]) -> Done:
        complete = queries.list_products(status="draft", lacking=(), limit=PUBLISHED_MAX)
        if not complete:
            raise Invalid("catalogue.none_complete", "No draft is complete.")
        listing.publish_products(actor=request.actor, product_ids=[product.id for product in complete])
        said = ngettext("{count} product can be offered now.", "{count} products can be offered now.", len(complete))
        return Done(said.format(count=len(complete)))

    answer = attempt(request, form, publish, to=reverse("desk:catalogue"))
    return answer or _drafts(request, form)


@guards.allow("catalogue.read", kind="operator")
@require_GET
def products(request: ActingRequest) -> HttpResponse:
    """Products, in the order in which they came."""
    status = request.GET.get("status", "active")
    status = status if status in words.PRODUCTS else ""
    path = request.GET.get("category", "")
    found = queries.list_products(
        status=status, category_path=path, after=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    counts = queries.count_products()
    query = f"&category={path}" if path else ""
    context = {
        "tabs": tabs("products"),
        "page": slice_of(found, lambda each: each.id, _products),
        "states": [
            Link(said.label, f"?status={code}{query}", current=code == status, count=counts.get(code, 0))
            for code, said in words.PRODUCTS.items()
        ],
        "status": status,
        "categories": queries.list_categories(),
        "category": path,
    }
    return render(request, "catalogue/products.html", context)


@guards.allow("catalogue.read", kind="operator")
@require_GET
def product(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """One product with texts, pictures, SKUs and offers."""
    return _product(request, product_id)


@guards.allow("catalogue.edit", kind="operator")
@require_POST
def publication(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Make one complete draft active."""
    form = ActForm(request.POST, name="publish")

    def publish(typed: Mapping[str, Any]) -> None:
        listing.publish_products(actor=request.actor, product_ids=[product_id])

    to = reverse("desk:product", args=[product_id])
    answer = attempt(request, form, publish, said=_("The product can be offered now."), to=to)
    return answer or _product(request, product_id, publish=form)


@guards.allow("catalogue.edit", kind="operator")
@require_POST
def archival(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Take a product out of sale for good."""
    form = ReasonForm(request.POST, name="archive")

    def archive(typed: Mapping[str, Any]) -> None:
        listing.archive_products(actor=request.actor, product_ids=[product_id], now=clock.now(), **typed)

    to = reverse("desk:product", args=[product_id])
    answer = attempt(request, form, archive, said=_("The product is archived with its offers."), to=to)
    return answer or _product(request, product_id, archive=form)


@guards.allow("offers.read", kind="operator")
@require_GET
def offers(request: ActingRequest) -> HttpResponse:
    """Offers with price, supply price and what is available."""
    return _offers(request)


@guards.allow("offers.edit", kind="operator")
@require_POST
def offer_acts(request: ActingRequest) -> HttpResponse:
    """Put chosen offers on sale, pause or archive them."""
    form = ActForm(request.POST, name="offers")
    act = request.POST.get("act", "")

    def move(typed: Mapping[str, Any]) -> Done:
        chosen = chosen_ids(request, "offer")
        if act not in OFFER_ACTS:
            raise NotFound(kind="act")
        run, said = OFFER_ACTS[act]
        run(actor=request.actor, offer_ids=chosen, now=clock.now())
        return Done(str(said).format(count=len(chosen)))

    answer = attempt(request, form, move, to=reverse("desk:offers") + "?" + request.GET.urlencode())
    return answer or _offers(request, form)


@guards.allow("offers.read", kind="operator")
@require_GET
def offer(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """One offer: its terms, its prices over time, its stock."""
    return _offer(request, offer_id)


@guards.allow("prices.set", kind="operator")
@require_POST
def price(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """Set the retail price where the terms leave it to the platform, or propose it."""
    form = PriceForm(request.POST, name="price")
    found = queries.get_offer(offer_id=offer_id)

    def set_price(typed: Mapping[str, Any]) -> Done:
        amount = money.parse_minor(typed["amount"].replace(",", "."), found.market.currency)
        done = pricing.set_retail_prices(
            prices=[pricing.NewPrice(offer_id, amount)], actor=request.actor, now=clock.now(), reason=typed["reason"]
        )
        return Done(_("The price holds from now on.") if done.set else _("The price waits for the seller's consent."))

    answer = attempt(request, form, set_price, to=reverse("desk:offer", args=[offer_id]))
    return answer or _offer(request, offer_id, price_form=form)


def chosen_ids(request: ActingRequest, name: str) -> list[UUID]:
    """The rows that were ticked. Raises: Invalid where none is."""
    chosen = []
    for text in request.POST.getlist(name):
        try:
            chosen.append(UUID(text))
        except ValueError:
            raise NotFound(kind=name) from None
    if not chosen:
        raise Invalid("desk.nothing_chosen", "Choose at least one row.")
    return chosen


def _drafts(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    counts = queries.count_lacking()
    lacking = request.GET.get("lacking", "")
    lacking = lacking if lacking in words.LACKING or lacking == "nothing" else ""
    wanted = () if lacking == "nothing" else (lacking,) if lacking else None
    found = queries.list_products(
        status="draft", lacking=wanted, after=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    filters = [Link(_("All"), "?", current=not lacking)]
    filters += [
        Link(_("lacking {what}").format(what=what), f"?lacking={name}", current=name == lacking, count=counts[name])
        for name, what in words.LACKING.items()
        if counts.get(name)
    ]
    if complete := counts.get("", 0):
        filters.append(Link(_("complete"), "?lacking=nothing", current=lacking == "nothing", count=complete))
    context = {
        "tabs": tabs("catalogue"),
        "filters": filters,
        "page": slice_of(found, lambda each: each.id, _products),
        "complete": complete,
        "form": form or ActForm(name="publish"),
        "may_edit": request.actor.may("catalogue.edit"),
    }
    return render(request, "catalogue/drafts.html", context, *([form] if form else []))


def _products(rows: Sequence[Product]) -> list[dict[str, Any]]:
    titles = titles_of([row.id for row in rows])
    pictures = queries.pictures([row.id for row in rows])
    return [
        {
            "product": row,
            "title": titles.get(row.id, ""),
            "picture": pictures[row.id][0].media if pictures.get(row.id) else "",
            "state": words.PRODUCTS[row.status],
            "lacking": [words.LACKING.get(name, name) for name in row.missing],
            "url": reverse("desk:product", args=[row.id]),
        }
        for row in rows
    ]


def _product(
    request: ActingRequest, product_id: UUID, *, publish: ActForm | None = None, archive: ActForm | None = None
) -> HttpResponse:
    found = queries.get_product(product_id=product_id)
    skus = queries.list_skus(product_ids=[product_id])
    listed = queries.list_offers(sku_ids=[sku.id for sku in skus], limit=500)
    texts = queries.all_texts(product_id=product_id)
    [row] = _products([found])
    context = {
        **row,
        "texts": list(texts.values()),
        "pictures": queries.pictures([product_id]).get(product_id, []),
        "skus": skus,
        "offers": _offer_rows(listed),
        "publish": publish or ActForm(name="publish"),
        "archive": archive or ReasonForm(name="archive"),
        "may_edit": request.actor.may("catalogue.edit"),
        "crumbs": [Link(_("Catalogue"), reverse("desk:products")), Link(row["title"] or found.code)],
    }
    return render(request, "catalogue/product.html", context, *(form for form in (publish, archive) if form))


def _offers(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    status = request.GET.get("status", "live")
    status = status if status in words.OFFERS else ""
    known = {market.code: market for market in markets.list_markets()}
    market = known.get(request.GET.get("market", ""))
    programme = request.GET.get("programme", "")[:60]
    found = queries.list_offers(
        status=status,
        market_id=market.id if market else None,
        programme_code=programme,
        after=read_cursor(request.GET.get("cursor", "")),
        limit=PAGE + 1,
    )
    query = f"&market={market.code if market else ''}&programme={programme}"
    context = {
        "tabs": tabs("offers"),
        "states": [
            Link(label, f"?status={code}{query}", current=code == (status or "all"))
            for code, label in [*((code, said.label) for code, said in words.OFFERS.items()), ("all", _("All"))]
        ],
        "status": status or "all",
        "markets": list(known.values()),
        "market": market.code if market else "",
        "programme": programme,
        "page": slice_of(found, lambda each: each.id, _offer_rows),
        "form": form or ActForm(name="offers"),
        "may_edit": request.actor.may("offers.edit"),
        "acts": [code for code in OFFER_ACTS if code != status],
    }
    return render(request, "catalogue/offers.html", context, *([form] if form else []))


def _offer_rows(rows: Sequence[Offer]) -> list[dict[str, Any]]:
    titles = titles_of([row.sku.product_id for row in rows])
    asked = prices.prices([row.id for row in rows], clock.now())
    units = inventory.available([row.id for row in rows])
    return [
        {
            "offer": row,
            "title": titles.get(row.sku.product_id, row.sku.code),
            "price": asked.get(row.id),
            "available": units.get(row.id, 0),
            "state": words.OFFERS[row.status],
            "url": reverse("desk:offer", args=[row.id]),
        }
        for row in rows
    ]


def _offer(request: ActingRequest, offer_id: UUID, *, price_form: ActForm | None = None) -> HttpResponse:
    found = queries.get_offer(offer_id=offer_id)
    [row] = _offer_rows([found])
    quotes = prices.list_quotes(offer_id=offer_id)
    context = {
        **row,
        "history": prices.price_history(offer_id=offer_id)[:50],
        "quotes": [{"quote": each, "state": words.QUOTES[each.status]} for each in reversed(quotes)],
        "places": inventory.available_at([offer_id]).get(offer_id, []),
        "stock": [
            {"stock": each, "condition": words.CONDITIONS[each.condition]}
            for each in inventory.list_stock(seller_id=found.seller_id, sku_ids=[found.sku_id])
        ],
        "price_form": price_form or PriceForm(name="price"),
        "may_price": request.actor.may("prices.set") and found.status != "archived",
        "crumbs": [Link(_("Offers"), reverse("desk:offers")), Link(row["title"])],
    }
    return render(request, "catalogue/offer.html", context, *([price_form] if price_form else []))
