"""New goods in one short form: a product with one SKU and its first offer; what is missing stays as a to-do."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Category, Offer, Product, Sku
from entrepot.domain.catalogue.queries import Text
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.terms import words as plain
from entrepot.domain.terms.queries import wording_of
from entrepot.flows import listing
from entrepot.flows.listing import Wish
from entrepot.kernel import clock
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import languages, render, seller_of
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow


class GoodsForm(ActForm):
    """A product with one SKU. What is not known may stay empty; it is asked for before it goes on sale."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=300)
    description = forms.CharField(
        label=gettext_lazy("Description"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    sku_code = forms.CharField(
        label=gettext_lazy("Your article number"), max_length=80, help_text=gettext_lazy("One for each variant.")
    )
    weight_g = forms.IntegerField(
        label=gettext_lazy("Weight with packaging"), required=False, min_value=1, max_value=40_000_000
    )
    length_mm = forms.IntegerField(label=gettext_lazy("Length"), required=False, min_value=1, max_value=40_000_000)
    width_mm = forms.IntegerField(label=gettext_lazy("Width"), required=False, min_value=1, max_value=40_000_000)
    height_mm = forms.IntegerField(label=gettext_lazy("Height"), required=False, min_value=1, max_value=40_000_000)
    hs_code = forms.CharField(
        label=gettext_lazy("HS code"),
        required=False,
        max_length=10,
        help_text=gettext_lazy("6 to 10 digits; customs asks for it."),
    )
    origin_country = forms.CharField(
        label=gettext_lazy("Country of origin"),
        required=False,
        max_length=2,
        help_text=gettext_lazy("Two letters, such as CN."),
    )
    picture = forms.FileField(
        label=gettext_lazy("Picture"), required=False, help_text=gettext_lazy("JPEG, PNG or WebP.")
    )

    def __init__(self, *args: Any, categories: Sequence[Category], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(each.code, "– " * each.path.count("/") + _name(each)) for each in categories]
        self.fields["category"].choices = [("", _("Not chosen yet")), *names]  # type: ignore[attr-defined]

    def clean_origin_country(self) -> str:
        """Country codes are written in capitals."""
        return str(self.cleaned_data["origin_country"]).upper()


class OfferForm(ActForm):
    """Where and under which programme it is to be sold."""

    enrolment = forms.ChoiceField(label=gettext_lazy("Sell it"), required=False)

    def __init__(self, *args: Any, enrolments: Sequence[Enrolment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enrolment"].choices = [(each.id.hex, where(each)) for each in enrolments]  # type: ignore[attr-defined]


class NewGoodsForm(GoodsForm):
    """The same with its first offer."""

    enrolment = forms.ChoiceField(label=gettext_lazy("Sell it"), required=False)

    field_order = ["title", "sku_code", "enrolment", "category"]

    def __init__(self, *args: Any, enrolments: Sequence[Enrolment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(each.id.hex, where(each)) for each in enrolments]
        self.fields["enrolment"].choices = [*choices, ("", _("Not yet"))]  # type: ignore[attr-defined]


@allow("catalogue.edit", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActingRequest) -> HttpResponse:
    """A new product with its first offer."""
    seller_id, now = seller_of(request), clock.now()
    enrolments = sellers.list_enrolments(seller_id=seller_id, at=now)
    extra: dict[str, Any] = {"name": "goods", "categories": catalogue.list_categories(), "enrolments": enrolments}
    if request.method != "POST":
        first = enrolments[0].id.hex if enrolments else ""
        return _new_page(request, NewGoodsForm(**extra, initial={"enrolment": first}), enrolments)
    form = NewGoodsForm(request.POST, request.FILES, **extra)

    def make(typed: Mapping[str, Any]) -> Done:
        if catalogue.find_skus(organisation_id=seller_id, sku_codes=[typed["sku_code"]]):
            raise Invalid("catalogue.sku_exists", "You have an article of this number already.", field="sku_code")
        wish = next((each for each in enrolments if each.id.hex == typed["enrolment"]), None)
        product_id, offer_id = _make(request, typed, wish)
        if offer_id:
            return Done(_("Made. What it still lacks is listed here."), reverse("seller:offer", args=[offer_id]))
        return Done(_("Made."), reverse("seller:product", args=[product_id]))

    return attempt(request, form, make) or _new_page(request, form, enrolments)


@allow("catalogue.read", kind="seller")
@require_http_methods(["GET", "HEAD"])
def product(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """A product of the seller: what it says, what it lacks, where it is offered."""
    return _page(request, product_id)


@allow("catalogue.edit", kind="seller")
@require_POST
def content(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Complete or change what a product says."""
    found = catalogue.get_product(product_id=product_id, organisation_id=seller_of(request))
    form = GoodsForm(request.POST, request.FILES, name="goods", categories=catalogue.list_categories())

    def keep(typed: Mapping[str, Any]) -> Done:
        _keep(request, typed, product_code=found.code, axes=found.axes, brand=found.brand, source=found.source)
        fresh = catalogue.get_product(product_id=product_id, organisation_id=seller_of(request))
        if fresh.missing:
            return Done(_("Saved. It still lacks something."))
        if fresh.status == Product.Status.DRAFT:
            listing.publish_products(actor=request.actor, product_ids=[product_id])
        return Done(_("Saved. Nothing is missing."))

    to = reverse("seller:product", args=[product_id])
    return attempt(request, form, keep, to=to) or _page(request, product_id, form=form)


@allow("offers.edit", kind="seller")
@require_POST
def offer(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Offer all SKUs of a product in one more market or programme."""
    seller_id, now = seller_of(request), clock.now()
    catalogue.get_product(product_id=product_id, organisation_id=seller_id)
    enrolments = sellers.list_enrolments(seller_id=seller_id, at=now)
    form = OfferForm(request.POST, name="offer", enrolments=enrolments)

    def make(typed: Mapping[str, Any]) -> Done:
        wanted = next((each for each in enrolments if each.id.hex == typed["enrolment"]), None)
        if wanted is None:
            raise Invalid("listing.no_enrolment", "Choose where it is to be sold.", field="enrolment")
        skus = catalogue.list_skus(product_ids=[product_id])
        made = listing.create_offers(
            actor=request.actor,
            seller_id=seller_id,
            wishes=[Wish(sku.id, wanted.market.code, wanted.programme_code) for sku in skus],
            now=now,
        )
        return Done(_("Drafted. What it still lacks is listed here."), reverse("seller:offer", args=[made[0]]))

    return attempt(request, form, make) or _page(request, product_id, offering=form)


def where(enrolment: Enrolment) -> str:
    """Market and programme of an enrolment."""
    return _place(enrolment.market, enrolment)


def _place(market: Market, enrolment: Enrolment) -> str:
    programme = plain.label(wording_of(enrolment.programme_version).label)
    return _("in {market} under {programme}").format(market=market.name, programme=programme)


@atomic
def _make(request: ActingRequest, typed: Mapping[str, Any], wish: Enrolment | None) -> tuple[UUID, UUID | None]:
    """Product and offer together, or neither."""
    product_id, sku_id = _keep(request, typed, product_code=typed["sku_code"])
    if not catalogue.get_product(product_id=product_id).missing:
        listing.publish_products(actor=request.actor, product_ids=[product_id])
    if wish is None:
        return product_id, None
    wishes = [Wish(sku_id, wish.market.code, wish.programme_code)]
    (offer_id,) = listing.create_offers(
        actor=request.actor, seller_id=seller_of(request), wishes=wishes, now=clock.now()
    )
    return product_id, offer_id


def _keep(
    request: ActingRequest,
    typed: Mapping[str, Any],
    *,
    product_code: str,
    axes: Sequence[str] = (),
    brand: str = "",
    source: str = "",
) -> tuple[UUID, UUID]:
    now, seller_id = clock.now(), seller_of(request)
    known = catalogue.find_skus(organisation_id=seller_id, sku_codes=[typed["sku_code"]]).get(typed["sku_code"])
    measures = {name: typed[name] for name in ("weight_g", "length_mm", "width_mm", "height_mm")}
    described = {"hs_code": typed["hs_code"], "origin_country": typed["origin_country"]}
    kept_as_is = ("options", "has_battery", "is_bulky", "base_unit", "pack_quantity", "barcode")
    same: dict[str, Any] = {name: getattr(known, name) for name in kept_as_is} if known else {}
    if known:
        parts = catalogue.components([known.id])[known.id]
        same["components"] = {
            catalogue.get_sku(sku_id=part).code: count for part, count in parts.items() if part != known.id
        }
    draft = ProductDraft(
        product_code,
        category_code=typed["category"],
        brand=brand,
        axes=axes,
        source=source,
        texts={languages()[0].partition("-")[0]: (typed["title"], typed["description"])},
        skus=[SkuDraft(typed["sku_code"], **measures, **described, **same)],
    )
    (kept,) = listing.keep_products(actor=request.actor, organisation_id=seller_id, drafts=[draft], now=now)
    if upload := typed.get("picture"):
        listing.upload_picture(
            actor=request.actor,
            product_id=kept.product_id,
            content=upload.read(),
            alt={languages()[0].partition("-")[0]: typed["title"]},
            now=now,
        )
    return kept.product_id, kept.sku_ids[typed["sku_code"]]


def _new_page(request: ActingRequest, form: NewGoodsForm, enrolments: Sequence[Enrolment]) -> HttpResponse:
    crumbs = [Link(_("Offers"), reverse("seller:offers")), Link(_("New goods"))]
    return render(request, "offers/new.html", {"form": form, "enrolments": enrolments, "crumbs": crumbs}, form)


def _page(
    request: ActingRequest, product_id: UUID, *, form: GoodsForm | None = None, offering: OfferForm | None = None
) -> HttpResponse:
    seller_id, now = seller_of(request), clock.now()
    found = catalogue.get_product(product_id=product_id, organisation_id=seller_id)
    skus = catalogue.list_skus(product_ids=[found.id])
    if not skus:
        raise NotFound(kind="product")
    chosen = next((sku for sku in skus if sku.code == request.GET.get("sku")), skus[0])
    text = catalogue.texts([found.id], languages=languages()).get(found.id)
    offers = catalogue.list_offers(seller_id=seller_id, sku_ids=[sku.id for sku in skus])
    taken = {each.enrolment_id for each in offers if each.status != Offer.Status.ARCHIVED}
    free = [each for each in sellers.list_enrolments(seller_id=seller_id, at=now) if each.id not in taken]
    if form is None:
        form = GoodsForm(name="goods", categories=catalogue.list_categories(), initial=_said(found, chosen, text))
    offering = offering or OfferForm(name="offer", enrolments=free)
    context = {
        "product": found,
        "title": text.title if text else found.code,
        "skus": [Link(sku.code, f"?sku={sku.code}", sku.id == chosen.id) for sku in skus],
        "form": form,
        "offering": offering if free else None,
        "offers": [(each, words.OFFERS[each.status], _place(each.market, each.enrolment)) for each in offers],
        "missing": [words.LACKING.get(each, each) for each in found.missing],
        "pictures": catalogue.pictures([found.id]).get(found.id, []),
        "crumbs": [Link(_("Offers"), reverse("seller:offers")), Link(found.code)],
    }
    return render(request, "offers/product.html", context, form, offering)


def _said(found: Product, sku: Sku, text: Text | None) -> dict[str, object]:
    """What a product says now, as its form shows it."""
    names = ("weight_g", "length_mm", "width_mm", "height_mm", "hs_code", "origin_country")
    return {
        "title": text.title if text else "",
        "description": text.description if text else "",
        "category": found.category.code if found.category else "",
        "sku_code": sku.code,
    } | {name: getattr(sku, name) for name in names}


def _name(category: Category) -> str:
    for language in (*languages(), *(each.partition("-")[0] for each in languages())):
        if category.names.get(language):
            return str(category.names[language])
    return category.code
