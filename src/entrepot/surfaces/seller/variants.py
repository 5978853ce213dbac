"""One more variant of a product: the same in another colour or size, offered where the first one is."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Offer, Product, Sku
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.flows import listing
from entrepot.flows.listing import Wish
from entrepot.kernel import clock
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.seller.frame import seller_of
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.guards import ActingRequest

#: What a new variant has of the one that it is made after.
_SAME = (
    "weight_g", "length_mm", "width_mm", "height_mm", "hs_code", "origin_country", "has_battery", "is_bulky",
    "base_unit", "pack_quantity",
)  # fmt: skip


class VariantForm(ActForm):
    """In what it differs, and its article number."""

    axis = forms.CharField(
        label=gettext_lazy("It differs in"), max_length=40, initial="colour",
        help_text=gettext_lazy("Such as colour or size."),
    )  # fmt: skip
    first_value = forms.CharField(
        label=gettext_lazy("The one that is there is"), max_length=60, required=False,
        help_text=gettext_lazy("Such as blue."),
    )  # fmt: skip
    value = forms.CharField(
        label=gettext_lazy("The new one is"), max_length=60, help_text=gettext_lazy("Such as green.")
    )
    sku_code = forms.CharField(label=gettext_lazy("Its article number"), max_length=80)

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if product.axes:
            self.fields["axis"] = forms.ChoiceField(
                label=gettext_lazy("It differs in"), choices=[(axis, axis.capitalize()) for axis in product.axes]
            )
            del self.fields["first_value"]
        else:
            self.fields["first_value"].required = True
        self.order_fields(["axis", "first_value", "value", "sku_code"])


@atomic
def make(request: ActingRequest, product: Product, typed: Mapping[str, Any]) -> str:
    """Make one more variant, with drafts of the offers that the first one has; its article number."""
    seller_id, now = seller_of(request), clock.now()
    skus = catalogue.list_skus(product_ids=[product.id])
    if catalogue.find_skus(organisation_id=seller_id, sku_codes=[typed["sku_code"]]):
        raise Invalid("catalogue.sku_exists", "You have an article of this number already.", field="sku_code")
    axis = typed["axis"].strip().lower()
    axes = list(product.axes) or [axis]
    first = skus[0]
    own = dict(first.options) or {axis: typed.get("first_value", "").strip()}
    options = own | {axis: typed["value"].strip()}
    if any(options == (each.options or own) for each in skus):
        raise Invalid("catalogue.variant_exists", "There is such a variant already.", field="value")
    drafts = [_draft(each, each.code, dict(each.options) or own) for each in skus[:1] if not each.options]
    drafts.append(_draft(first, typed["sku_code"], options))
    draft = ProductDraft(
        product.code,
        category_code=product.category.code if product.category else "",
        brand=product.brand,
        axes=axes,
        source=product.source,
        skus=drafts,
    )
    (kept,) = listing.keep_products(actor=request.actor, organisation_id=seller_id, drafts=[draft], now=now)
    offers = catalogue.list_offers(seller_id=seller_id, sku_ids=[first.id])
    wishes = [
        Wish(kept.sku_ids[typed["sku_code"]], each.market.code, each.programme_code)
        for each in offers
        if each.status != Offer.Status.ARCHIVED
    ]
    if wishes:
        listing.create_offers(actor=request.actor, seller_id=seller_id, wishes=wishes, now=now)
    return str(typed["sku_code"])


def _draft(after: Sku, code: str, options: Mapping[str, str]) -> SkuDraft:
    return SkuDraft(code, options=options, **{name: getattr(after, name) for name in _SAME})
