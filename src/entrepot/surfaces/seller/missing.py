"""What a seller says of goods that it does not find as it packs."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from entrepot.domain.orders import work
from entrepot.flows import missing
from entrepot.kernel import clock
from entrepot.surfaces.seller import orders
from entrepot.surfaces.shared.acting import Done, attempt
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.missing import MissingForm, tell


@allow("stock.adjust", kind="seller")
@require_POST
def absence(request: ActingRequest, number: str) -> HttpResponse:
    """Say that goods are not where they should stand, and serve the order otherwise."""
    item = orders.find_work(request, number)
    form = MissingForm(
        request.POST, name="missing", lines=work.list_lines(suborder_ids=[item.suborder_id]).get(item.suborder_id, [])
    )

    def say(typed: Mapping[str, Any]) -> Done:
        served = missing.say_missing(
            work_item_id=item.id, units=form.units(typed), actor=request.actor, reason=typed["reason"], now=clock.now()
        )
        return Done(tell(served))

    to = reverse("seller:order", args=[number])
    return attempt(request, form, say, to=to) or orders.page(request, number, missing=form)
