"""A product of the seller: what it says and lacks, its pictures and variants, where it is offered."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Offer, Product, Sku
from entrepot.domain.catalogue.queries import Text
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.terms.rules import Party
from entrepot.flows import listing
from entrepot.flows.listing import Wish
from entrepot.kernel import clock
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.seller import pictures, variants, words
from entrepot.surfaces.seller.frame import languages, render, seller_of
from entrepot.surfaces.seller.goods import GoodsForm, keep, place, where
from entrepot.surfaces.seller.pictures import ArrangeForm, UploadForm
from entrepot.surfaces.seller.variants import VariantForm
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow


class OfferForm(ActForm):
    """Where and under which programme it is to be sold."""

    enrolment = forms.ChoiceField(label=gettext_lazy("Sell it"), required=False)

    def __init__(self, *args: Any, enrolments: Sequence[Enrolment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enrolment"].choices = [(each.id.hex, where(each)) for each in enrolments]  # type: ignore[attr-defined]


@allow("catalogue.read", kind="seller")
@require_http_methods(["GET", "HEAD"])
def product(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """A product of the seller: what it says, what it lacks, where it is offered."""
    return page(request, product_id)


@allow("catalogue.edit", kind="seller")
@require_POST
def content(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Complete or change what a product says."""
    found = catalogue.get_product(product_id=product_id, organisation_id=seller_of(request))
    form = GoodsForm(request.POST, request.FILES, name="goods", categories=catalogue.list_categories())

    def save(typed: Mapping[str, Any]) -> Done:
        keep(request, typed, product_code=found.code, axes=found.axes, brand=found.brand, source=found.source)
        fresh = catalogue.get_product(product_id=product_id, organisation_id=seller_of(request))
        if fresh.missing:
            return Done(_("Saved. It still lacks something."))
        if fresh.status == Product.Status.DRAFT:
            listing.publish_products(actor=request.actor, product_ids=[product_id])
        return Done(_("Saved. Nothing is missing."))

    to = reverse("seller:product", args=[product_id])
    return attempt(request, form, save, to=to) or page(request, product_id, form=form)


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

    return attempt(request, form, make) or page(request, product_id, offering=form)


@allow("catalogue.edit", kind="seller")
@require_POST
def picture_upload(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Show more pictures of a product."""
    found = catalogue.get_product(product_id=product_id, organisation_id=seller_of(request))
    skus = catalogue.list_skus(product_ids=[product_id])
    form = UploadForm(request.POST, request.FILES, name="pictures", skus=skus)

    @atomic
    def show(typed: Mapping[str, Any]) -> Done:
        pictures.keep(request, found.id, typed["pictures"], options=pictures.read(typed["shows"]))
        count = len(typed["pictures"])
        said = ngettext("{count} picture is added.", "{count} pictures are added.", count)
        return Done(said.format(count=count))

    to = reverse("seller:product", args=[product_id]) + "#pictures"
    return attempt(request, form, show, to=to) or page(request, product_id, uploading=form)


@allow("catalogue.edit", kind="seller")
@require_POST
def picture_order(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Put the pictures in order, say what they show, take some away."""
    found = catalogue.get_product(product_id=product_id, organisation_id=seller_of(request))
    kept = catalogue.pictures([found.id]).get(found.id, [])
    if not kept:
        return redirect("seller:product", product_id)
    skus = catalogue.list_skus(product_ids=[product_id])
    form = ArrangeForm(request.POST, name="arrange", pictures=kept, skus=skus)

    @atomic
    def put(typed: Mapping[str, Any]) -> None:
        pictures.put(request, product_id, kept, typed)

    to = reverse("seller:product", args=[product_id]) + "#pictures"
    answer = attempt(request, form, put, said=_("The pictures are as you said."), to=to)
    return answer or page(request, product_id, arranging=form)


@allow("catalogue.edit", kind="seller")
@require_POST
def variant(request: ActingRequest, product_id: UUID) -> HttpResponse:
    """Make one more variant, with drafts of the offers that the first one has."""
    found = catalogue.get_product(product_id=product_id, organisation_id=seller_of(request))
    form = VariantForm(request.POST, name="variant", product=found)

    def make(typed: Mapping[str, Any]) -> Done:
        code = variants.make(request, found, typed)
        said = _("Added. Its measures are those of the first one; change what differs.")
        return Done(said, reverse("seller:product", args=[product_id]) + f"?sku={code}")

    return attempt(request, form, make) or page(request, product_id, varying=form)


def page(
    request: ActingRequest,
    product_id: UUID,
    *,
    form: GoodsForm | None = None,
    offering: OfferForm | None = None,
    uploading: UploadForm | None = None,
    arranging: ArrangeForm | None = None,
    varying: VariantForm | None = None,
) -> HttpResponse:
    """The product with all its forms."""
    seller_id, now = seller_of(request), clock.now()
    found = catalogue.get_product(product_id=product_id, organisation_id=seller_id)
    skus = catalogue.list_skus(product_ids=[found.id])
    if not skus:
        raise NotFound(kind="product")
    lacking = next((sku for sku in skus if _lacks(sku)), skus[0])
    chosen = next((sku for sku in skus if sku.code == request.GET.get("sku")), lacking)
    text = catalogue.texts([found.id], languages=languages()).get(found.id)
    offers = catalogue.list_offers(seller_id=seller_id, sku_ids=[sku.id for sku in skus])
    taken = {each.enrolment_id for each in offers if each.status != Offer.Status.ARCHIVED}
    free = [each for each in sellers.list_enrolments(seller_id=seller_id, at=now) if each.id not in taken]
    if form is None:
        form = GoodsForm(name="goods", categories=catalogue.list_categories(), initial=_said(found, chosen, text))
    offering = offering or OfferForm(name="offer", enrolments=free)
    closed = listing.content_closed_by(Party.SELLER, offers)
    kept = catalogue.pictures([found.id]).get(found.id, [])
    uploading = uploading or UploadForm(name="pictures", skus=skus)
    arranging = arranging or ArrangeForm(name="arrange", pictures=kept, skus=skus)
    varying = varying or VariantForm(name="variant", product=found)
    context = {
        "product": found,
        "title": text.title if text else found.code,
        "skus": [Link(_named(sku), f"?{urlencode({'sku': sku.code})}", sku.id == chosen.id) for sku in skus],
        "form": form,
        "offering": offering if free else None,
        "offers": [(each, words.OFFERS[each.status], place(each.market, each.enrolment)) for each in offers],
        "missing": [words.missing(each) for each in found.missing],
        "pictures": kept,
        "uploading": uploading,
        "arranging": arranging,
        "varying": varying,
        "may_edit": request.actor.may("catalogue.edit") and not closed,
        "closed": closed,
        "crumbs": [Link(_("Offers"), reverse("seller:offers")), Link(found.code)],
    }
    return render(request, "offers/product.html", context, form, offering, uploading, arranging, varying)


def _lacks(sku: Sku) -> bool:
    """Whether something of it is not known that it needs before it can be sold."""
    return None in (sku.weight_g, sku.length_mm, sku.width_mm, sku.height_mm) or not (
        sku.hs_code and sku.origin_country
    )


def _named(sku: Sku) -> str:
    return ", ".join([*(str(value).capitalize() for value in sku.options.values()), sku.code])


def _said(found: Product, sku: Sku, text: Text | None) -> dict[str, object]:
    """What a product says now, as its form shows it."""
    names = ("weight_g", "length_mm", "width_mm", "height_mm", "hs_code", "origin_country")
    return {
        "title": text.title if text else "",
        "description": text.description if text else "",
        "category": found.category.code if found.category else "",
        "sku_code": sku.code,
    } | {name: getattr(sku, name) for name in names}
