"""Compare: every programme and way for the seller's own goods, or for such as it thinks of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Sku
from entrepot.domain.catalogue.queries import Article
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import queries as prices
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Seller
from entrepot.flows.plans import Unreadable
from entrepot.kernel import clock
from entrepot.surfaces.seller.frame import languages, market_choices, read_cursor, render, seller_of, typed_minor
from entrepot.surfaces.shared import access, comparison
from entrepot.surfaces.shared.comparison import GOODS_MAX, CommonForm, Page, PastedForm, TypedForm
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.numbers import whole

#: So many articles one chooses from at a time.
FOUND_MAX = 30
WAYS = ("articles", "typed", "pasted")


@dataclass(frozen=True, slots=True)
class Row:
    """One of the seller's articles on its way to be compared; `amounts` are name, label and what stands there."""

    id: str
    code: str
    title: str
    amounts: list[tuple[str, str, str]]
    missing: list[str]
    plan: dict[str, Any]


@allow("enrolments.read", kind="seller")
@require_safe
def show(request: ActingRequest) -> HttpResponse:
    """Choose, type or paste goods, and see every programme and way for them."""
    seller = sellers.get_seller(seller_id=seller_of(request))
    every = markets.list_markets()
    by = request.GET.get("by", "") if request.GET.get("by") in WAYS else WAYS[0]
    common = _common(request, seller, every)
    market = _market(request, every)
    rows = _rows(request, seller, market) if by == "articles" else []
    typed = TypedForm(request.GET if "go" in request.GET else None)
    pasted = PastedForm(request.GET if "go" in request.GET else None)
    page, refused = _compare(request, seller, _given(by, rows, typed, pasted), common, rows, every)
    find = request.GET.get("find", "")[:80]
    context = {
        "ways": [
            Link(label, f"{reverse('seller:compare')}?by={code}", code == by)
            for code, label in zip(WAYS, (_("My articles"), _("Type one"), _("Paste a table")), strict=True)
        ],
        "by": by,
        "find": find,
        "articles": _find(seller, find) if by == "articles" and not rows else [],
        "rows": rows,
        "own": seller.settlement_currency,
        "market_currency": market.currency if market else "",
        "common": common,
        "typed": typed,
        "pasted": pasted,
        "refused": refused,
        "page": page,
        "asked": [question for question, *_rest in access.FIRST_ASKED],
        "query": comparison.without(request.GET, "drawn"),
        "again": f"{reverse('seller:compare')}?by=articles",
    }
    return render(request, "compare.html", context)


def _common(request: ActingRequest, seller: Seller, every: Sequence[Market]) -> CommonForm:
    usual = {
        "market": request.GET.get("market", every[0].code if every else ""),
        "home_country": seller.organisation.country,
        "currency": seller.settlement_currency,
    }
    data = request.GET if "go" in request.GET else None
    return CommonForm(data, markets=market_choices(every), initial=usual)


def _market(request: ActingRequest, every: Sequence[Market]) -> Market | None:
    wanted = request.GET.get("market", "")
    return next((each for each in every if each.code == wanted), every[0] if every else None)


def _given(by: str, rows: Sequence[Row], typed: TypedForm, pasted: PastedForm) -> list[dict[str, Any]] | None:
    """The goods that were chosen, typed or pasted; nothing where what was typed cannot be read."""
    if by == "articles":
        return [row.plan for row in rows]
    if by == "typed":
        return [typed.row()] if typed.is_valid() else None
    return pasted.table() if pasted.is_valid() else None


def _compare(
    request: ActingRequest,
    seller: Seller,
    given: Sequence[dict[str, Any]] | None,
    common: CommonForm,
    rows: Sequence[Row],
    every: Sequence[Market],
) -> tuple[Page | None, str]:
    """What the comparison came to, once it is asked for; or what is wrong with a row."""
    if given is None or "go" not in request.GET or not common.is_valid():
        return None, ""
    drawn = request.GET.get("drawn", "1")
    try:
        page = comparison.compare(
            comparison.asked(common, given), now=clock.now(), actor=request.actor, seller_id=seller.pk,
            titles={row.code: row.title for row in rows}, drawn=max(whole(drawn) - 1, 0),
            known=every,
        )  # fmt: skip
    except Unreadable as problem:
        return None, comparison.named(problem, [row.code for row in rows])
    return page, ""


def _find(seller: Seller, text: str) -> list[Article]:
    return catalogue.find_articles(organisation_id=seller.pk, text=text, languages=languages(), limit=FOUND_MAX)


def _rows(request: ActingRequest, seller: Seller, market: Market | None) -> list[Row]:
    """The chosen articles, with their prices in the market where they have some."""
    ids = [found for text in request.GET.getlist("sku")[:GOODS_MAX] if (found := read_cursor(text))]
    if not ids or market is None:
        return []
    skus = catalogue.offerable_skus(seller_id=seller.pk, sku_ids=ids)
    texts = catalogue.texts([each.product_id for each in skus], languages=languages())
    known = _known(seller, market, [each.id for each in skus])
    return [_row(request, each, texts.get(each.product_id), known.get(each.id, {}), market, seller) for each in skus]


def _known(seller: Seller, market: Market, sku_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """What the articles' offers in the market are sold and supplied for."""
    offers = catalogue.list_offers(seller_id=seller.pk, market_id=market.id, sku_ids=sku_ids)
    asked = prices.prices([each.id for each in offers], clock.now())
    found: dict[UUID, dict[str, str]] = {}
    for each in offers:
        mine = found.setdefault(each.sku_id, {})
        if price := asked.get(each.id):
            mine["retail"] = typed_minor(price.amount_minor, price.currency)
            if price.supply_currency == seller.settlement_currency:
                mine["supply"] = typed_minor(price.supply_minor, price.supply_currency)
    return found


def _row(request: ActingRequest, sku: Sku, text: Any, known: Mapping[str, str], market: Market, seller: Seller) -> Row:
    labels = {
        "cost": _("One unit costs you"), "supply": _("Supply price asked"), "retail": _("A shopper would pay"),
    }  # fmt: skip
    amounts = {name: request.GET.get(f"{name}-{sku.id.hex}", known.get(name, ""))[:30].strip() for name in labels}
    missing = [] if sku.weight_g else [_("weight is missing")]
    missing += [] if sku.hs_code else [_("HS code is missing")]
    plan: dict[str, Any] = {
        "sku": sku.code, "weight_g": sku.weight_g, "length_mm": sku.length_mm, "width_mm": sku.width_mm,
        "height_mm": sku.height_mm, "hs_code": sku.hs_code, "home_country": sku.origin_country,
        "category": sku.product.category.path if sku.product.category else "",
        "flags": "battery" if sku.has_battery else "", **amounts,
    }  # fmt: skip
    return Row(
        sku.id.hex,
        sku.code,
        text.title if text else sku.code,
        [(name, str(label), amounts[name]) for name, label in labels.items()],
        missing,
        plan,
    )
