"""Finding something: the front page, categories, search, and a product with its offers."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue import rules
from entrepot.domain.catalogue.models import Category, Picture, Product, Sku
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.terms.rules import Party
from entrepot.flows import shelf
from entrepot.flows.shelf import Shelf, Shown
from entrepot.kernel import ids
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared.components import Explanation, Link, Text, Window
from entrepot.surfaces.shared.guards import public
from entrepot.surfaces.shop import sums
from entrepot.surfaces.shop.frame import MARKET, MARKET_AGE, Visit, arrive, category_url, name_of
from entrepot.surfaces.shop.parties import Names, names_of
from entrepot.surfaces.shop.words import FIRST_BECAUSE, country, in_language, span
from entrepot.surfaces.shop.words import coming as coming_words
from entrepot.surfaces.shop.words import stock as stock_words

PAGE = 24


@dataclass(frozen=True, slots=True)
class Card:
    """A product on the shelf. Units: minor, one unit, as displayed."""

    href: str
    title: str
    picture: str
    unit_minor: int
    currency: str
    #: Whether another SKU costs more.
    several: bool
    sold_out: bool
    arrives: str


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is new, and the categories."""
    visit = arrive(request)
    product_ids = catalogue.browse_products(market_id=visit.market.id, limit=12)
    tops = [each for each in visit.categories if each.parent_id is None]
    below = {
        top.id: [Link(name_of(each), category_url(each)) for each in visit.categories if each.parent_id == top.id]
        for top in tops
    }
    aisles = [(Link(name_of(top), category_url(top)), below[top.id]) for top in tops]
    return visit.render("home.html", {"cards": cards(visit, product_ids), "aisles": aisles})


@public
@require_safe
def product(request: HttpRequest, product_id: UUID) -> HttpResponse:
    """A product: pictures, text, the choice of a SKU, the first offer with the reason for it, the others."""
    visit = arrive(request)
    skus = catalogue.list_skus(product_ids=[product_id])
    if not skus or skus[0].product.status != Product.Status.ACTIVE:
        raise NotFound(kind="product")
    found = skus[0].product
    shelves = shelf.stock_shelves(product_ids=[product_id], market=visit.market, language=visit.language, now=visit.now)
    whole = shelves.get(product_id)
    text = catalogue.texts([product_id], languages=visit.languages).get(product_id)
    if text is None:
        raise NotFound(kind="product")
    chosen = _chosen(request, skus, whole)
    here = whole.of_sku(chosen.id) if whole and chosen else None
    pictures = catalogue.pictures([product_id])[product_id]
    place = request.GET.get("picture", "")[:3]
    own = rules.picture_of([each.options for each in pictures], chosen.options if chosen else {})
    shown = min(int(place) if place.isdecimal() else own, len(pictures) - 1)
    context = {
        "product": found,
        "text": text,
        "crumbs": [*crumbs_to(visit, found.category), Link(text.title)],
        "pictures": [
            (picture_url(each), in_language(each.alt, text.title), place == shown)
            for place, each in enumerate(pictures)
        ],
        "axes": _axes(found, skus, chosen, whole),
        "sku": chosen,
        "facts": _facts(found, chosen) if chosen else [],
        "offers": _offers(visit, here) if here else [],
        "because": FIRST_BECAUSE[here.reason] if here else "",
    }
    return visit.render("product.html", context, current=found.category.path if found.category else "")


@public
@require_POST
def choose_market(request: HttpRequest) -> HttpResponse:
    """Remember the market that a shopper chose."""
    code = request.POST.get("market", "")
    market = next((each for each in arrive(request).markets if each.code == code), None)
    if market is None:
        raise NotFound(kind="market")
    way = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(way, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(way if safe else reverse("shop:home"))
    response.set_cookie(
        MARKET, market.code, max_age=MARKET_AGE, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


def cards(visit: Visit, product_ids: Sequence[UUID], shelves: Mapping[UUID, Shelf] | None = None) -> list[Card]:
    """Products as they stand on the shelf, in the order given; what has nothing to show is left out."""
    if shelves is None:
        shelves = stock(visit, product_ids)
    shelves = {each: shelves[each] for each in product_ids if each in shelves}
    unnamed = [product_id for product_id, found in shelves.items() if not found.first.title]
    texts = catalogue.texts(unnamed, languages=visit.languages) if unnamed else {}
    titles = {product_id: text.title for product_id, text in texts.items()}
    pictures = catalogue.pictures(shelves)
    return [
        _card(visit, shelves[product_id], titles.get(product_id, ""), pictures.get(product_id, []))
        for product_id in product_ids
        if product_id in shelves
    ]


def stock(visit: Visit, product_ids: Sequence[UUID]) -> dict[UUID, Shelf]:
    """The shelves of products in the market and language of a visit."""
    return shelf.stock_shelves(product_ids=product_ids, market=visit.market, language=visit.language, now=visit.now)


def _card(visit: Visit, found: Shelf, title: str, pictures: Sequence[Picture]) -> Card:
    first = found.first
    in_front = {each.sku_id: each.unit_minor for each in reversed(found.offers)}
    return Card(
        href=product_url(first.product_id),
        title=first.title or title,
        picture=picture_url(pictures[0]) if pictures else "",
        unit_minor=first.unit_minor,
        currency=visit.market.currency,
        several=len(set(in_front.values())) > 1 and first.unit_minor == min(in_front.values()),
        sold_out=first.quote is None,
        arrives=span(*first.promised) if first.promised else "",
    )


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer as the product page shows it; who sells, ships and serves is told of what can be had."""

    offer_id: UUID
    key: str
    is_first: bool
    seller: str
    unit_minor: int
    landed_minor: int | None
    explanation: Explanation | None
    arrives: str
    window: Window | None
    stock: tuple[str, str]
    coming: str
    origin: str
    who: Sequence[tuple[Text, str]]
    returns_days: int
    handling_days: int


def _offers(visit: Visit, here: Shelf) -> list[OfferView]:
    """The offers of a SKU in their order, with who sells, ships and serves by the terms of each."""
    units = inventory.available([each.offer_id for each in here.offers])
    names = names_of({each.seller_id for each in here.offers})
    return [_offer(each, units[each.offer_id], names, each is here.first) for each in here.offers]


def _offer(each: Shown, units: int, names: Names, is_first: bool) -> OfferView:
    parcel = each.quote.parcels[0] if each.quote else None
    return OfferView(
        offer_id=each.offer_id,
        key=secrets.token_urlsafe(16),
        is_first=is_first,
        seller=names.seller(each.seller_id),
        unit_minor=each.unit_minor,
        landed_minor=each.landed_minor,
        explanation=sums.of_unit(each.quote, names) if each.quote else None,
        arrives=span(*each.promised) if each.promised else "",
        window=sums.of_promise(parcel, names) if parcel else None,
        stock=(_("On its way"), "info") if parcel and parcel.coming else stock_words(units if parcel else 0),
        coming=coming_words(parcel.coming.by, parcel.coming.ready_on) if parcel and parcel.coming else "",
        origin=country(parcel.country) if parcel else "",
        who=names.who(parcel.terms, each.seller_id, ships=Party(parcel.performer_party)) if parcel else [],
        returns_days=parcel.terms.returns.window_days if parcel else 0,
        handling_days=parcel.terms.service.handling_business_days if parcel else 0,
    )


def _chosen(request: HttpRequest, skus: Sequence[Sku], whole: Shelf | None) -> Sku | None:
    """The SKU that was asked for, else the one whose offer is shown first, else the first."""
    by_id = {sku.id: sku for sku in skus}
    asked = request.GET.get("sku", "")
    if asked:
        return by_id.get(ids.read("sku", asked, kind="SKU")) or _raise("SKU")
    if whole:
        return by_id.get(whole.first.sku_id)
    return skus[0] if skus else None


def _raise(kind: str) -> Any:
    raise NotFound(kind=kind)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an option, and the SKU that it leads to."""

    value: str
    href: str
    current: bool
    available: bool


def _axes(
    product: Product, skus: Sequence[Sku], chosen: Sku | None, whole: Shelf | None
) -> list[tuple[str, list[Choice]]]:
    """The options that there are: each value leads to the SKU that differs in it alone, or else to any that has it."""
    on_sale = {each.sku_id for each in whole.offers if each.quote} if whole else set()
    own: Mapping[str, str] = chosen.options if chosen else {}
    axes = []
    for axis in product.axes:
        values = list(dict.fromkeys(sku.options[axis] for sku in skus if axis in sku.options))
        choices = []
        for value in values:
            having = [sku for sku in skus if sku.options.get(axis) == value]
            best = max(having, key=lambda sku: (sum(sku.options.get(a) == own.get(a) for a in own), sku.id in on_sale))
            href = f"{product_url(product.id)}?sku={best.id.hex}"
            choices.append(Choice(value, href, value == own.get(axis), best.id in on_sale))
        axes.append((axis, choices))
    return axes


def _facts(product: Product, sku: Sku) -> list[tuple[str, str]]:
    rows = [
        (_("Brand"), product.brand),
        *((axis.capitalize(), str(value).capitalize()) for axis, value in sku.options.items()),
    ]
    if sku.length_mm and sku.width_mm and sku.height_mm:
        size = " × ".join(f"{side / 10:g}" for side in (sku.length_mm, sku.width_mm, sku.height_mm))
        rows.append((_("Size with packing"), _("{size} cm").format(size=size)))
    if sku.weight_g:
        rows.append((_("Weight"), _("{weight} g").format(weight=sku.weight_g)))
    if sku.pack_quantity > 1:
        rows.append((_("In a pack"), str(sku.pack_quantity)))
    if sku.origin_country:
        rows.append((_("Made in"), country(sku.origin_country)))
    if sku.has_battery:
        rows.append((_("Battery"), _("contains one")))
    rows.append((_("Article number"), sku.code))
    return [(name, value) for name, value in rows if value]


def crumbs_to(visit: Visit, below: Category | None) -> list[Link]:
    """The way to a category from the front page."""
    crumbs = [Link(_("Shop"), reverse("shop:home"))]
    if below is None:
        return crumbs
    above = [each for each in visit.categories if (below.path + "/").startswith(each.path + "/")]
    return crumbs + [Link(name_of(each), category_url(each)) for each in sorted(above, key=lambda each: each.path)]


def product_url(product_id: UUID) -> str:
    """The page of a product."""
    return reverse("shop:product", args=[product_id])


def picture_of(sku: Sku, pictures: Mapping[UUID, Sequence[Picture]]) -> str:
    """Where the picture of a SKU is: of its product's the one that shows its options; nothing where there is none."""
    shown = pictures.get(sku.product_id)
    return picture_url(shown[rules.picture_of([each.options for each in shown], sku.options)]) if shown else ""


def picture_url(picture: Picture) -> str:
    """Where a picture is served."""
    return reverse("media", args=[picture.media])
