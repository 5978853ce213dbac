"""Which stock an offer sells from: what all offers of the article share, or units that are set aside for it."""

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
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.inventory.models import Stock
from entrepot.flows import listing
from entrepot.kernel import clock
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow


class SplitForm(ActForm):
    """Shared stock, or so many units of each row for this offer alone."""

    policy = forms.ChoiceField(
        label=gettext_lazy("This offer sells from"),
        choices=[
            ("shared", gettext_lazy("the stock that all offers of the article share")),
            ("allotted", gettext_lazy("units that are set aside for it")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, rows: Sequence[Stock], kept: Mapping[UUID, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            most = row.on_hand - row.reserved - row.allotted + kept.get(row.id, 0)
            self.fields[f"units-{row.id}"] = forms.IntegerField(
                label=_("{node}: {sku}").format(node=row.node.name, sku=row.sku.code),
                help_text=_("Up to {most} of {on_hand} on hand.").format(most=most, on_hand=row.on_hand),
                min_value=0,
                max_value=max(most, 0),
                required=False,
                initial=kept.get(row.id, 0),
            )

    @property
    def units(self) -> list[forms.BoundField]:
        """The controls of the stock rows."""
        return [self[f"units-{row.id}"] for row in self.rows]


@allow("offers.read", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: ActingRequest, offer_id: UUID) -> HttpResponse:
    """The stock of an offer; POST shares or splits it."""
    offer = catalogue.get_offer(offer_id=offer_id, seller_id=seller_of(request))
    parts = catalogue.components([offer.sku_id])[offer.sku_id]
    found = inventory.list_stock(seller_id=offer.seller_id, sku_ids=list(parts), limit=50)
    rows = [row for row in found if row.condition == Stock.Condition.NEW]
    kept = inventory.allotments(offer_id=offer.id)
    extra: dict[str, Any] = {"name": "split", "rows": rows, "kept": kept}
    form = SplitForm(request.POST, **extra) if request.method == "POST" else SplitForm(
        **extra, initial={"policy": offer.stock_policy}
    )  # fmt: skip
    if request.method == "POST":

        def split(typed: Mapping[str, Any]) -> Done:
            if typed["policy"] == "shared":
                listing.share_stock(actor=request.actor, offer_id=offer.id, now=clock.now())
                return Done(_("It sells from the shared stock."))
            wanted = [(row.id, typed[f"units-{row.id}"] or 0) for row in rows]
            listing.split_stock(actor=request.actor, offer_id=offer.id, rows=wanted, now=clock.now())
            return Done(_("It sells only what is set aside for it."))

        answer = attempt(request, form, split, to=reverse("seller:offer_stock", args=[offer_id]))
        if answer:
            return answer
    return _page(request, offer, form, rows)


def _page(request: ActingRequest, offer: Offer, form: SplitForm, rows: Sequence[Stock]) -> HttpResponse:
    others = catalogue.list_offers(seller_id=offer.seller_id, sku_ids=[offer.sku_id])
    open_ones = [each for each in others if each.status != Offer.Status.ARCHIVED]
    available = inventory.available([each.id for each in open_ones])
    context = {
        "offer": offer,
        "form": form,
        "may": request.actor.may("offers.edit") and offer.status != Offer.Status.ARCHIVED,
        "rows": rows,
        "offers": [(each, available[each.id], each.id == offer.id) for each in open_ones],
        "crumbs": [
            Link(_("Offers"), reverse("seller:offers")),
            Link(offer.sku.code, reverse("seller:offer", args=[offer.id])),
            Link(_("Stock of this offer")),
        ],
    }
    return render(request, "offers/stock.html", context, form)
