"""New goods in one short form: a product with one SKU and its first offer; what is missing stays as a to-do."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Category
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
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.seller import pictures
from entrepot.surfaces.seller.frame import languages, render, seller_of
from entrepot.surfaces.seller.pictures import PicturesField
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

    def __init__(self, *args: Any, categories: Sequence[Category], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(each.code, "– " * each.path.count("/") + _name(each)) for each in categories]
        self.fields["category"].choices = [("", _("Not chosen yet")), *names]  # type: ignore[attr-defined]

    def clean_origin_country(self) -> str:
        """Country codes are written in capitals."""
        return str(self.cleaned_data["origin_country"]).upper()


class NewGoodsForm(GoodsForm):
    """The same with its first offer."""

    enrolment = forms.ChoiceField(label=gettext_lazy("Sell it"), required=False)
    pictures = PicturesField(
        label=gettext_lazy("Pictures"),
        required=False,
        help_text=gettext_lazy("JPEG, PNG or WebP; several at once if you like. The first one stands in front."),
    )

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


def where(enrolment: Enrolment) -> str:
    """Market and programme of an enrolment."""
    return place(enrolment.market, enrolment)


def place(market: Market, enrolment: Enrolment) -> str:
    """Market and programme in words."""
    programme = plain.label(wording_of(enrolment.programme_version).label)
    return _("in {market} under {programme}").format(market=market.name, programme=programme)


@atomic
def _make(request: ActingRequest, typed: Mapping[str, Any], wish: Enrolment | None) -> tuple[UUID, UUID | None]:
    """Product and offer together, or neither."""
    product_id, sku_id = keep(request, typed, product_code=typed["sku_code"])
    if not catalogue.get_product(product_id=product_id).missing:
        listing.publish_products(actor=request.actor, product_ids=[product_id])
    if wish is None:
        return product_id, None
    wishes = [Wish(sku_id, wish.market.code, wish.programme_code)]
    (offer_id,) = listing.create_offers(
        actor=request.actor, seller_id=seller_of(request), wishes=wishes, now=clock.now()
    )
    return product_id, offer_id


def keep(
    request: ActingRequest,
    typed: Mapping[str, Any],
    *,
    product_code: str,
    axes: Sequence[str] = (),
    brand: str = "",
    source: str = "",
) -> tuple[UUID, UUID]:
    """Keep what was typed of a product with one SKU, and its new pictures; product and SKU."""
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
    pictures.keep(request, kept.product_id, typed.get("pictures") or ())
    return kept.product_id, kept.sku_ids[typed["sku_code"]]


def _new_page(request: ActingRequest, form: NewGoodsForm, enrolments: Sequence[Enrolment]) -> HttpResponse:
    crumbs = [Link(_("Offers"), reverse("seller:offers")), Link(_("New goods"))]
    return render(request, "offers/new.html", {"form": form, "enrolments": enrolments, "crumbs": crumbs}, form)


def _name(category: Category) -> str:
    for language in (*languages(), *(each.partition("-")[0] for each in languages())):
        if category.names.get(language):
            return str(category.names[language])
    return category.code
