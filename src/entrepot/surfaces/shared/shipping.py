"""Shipping many suborders at once, on whichever surface: choosing, picking, packing, labels, carriers, scanning.

A surface gives its routes (`Places`) and its own rows; what is done is the same for a seller who ships alone, for the
platform's warehouse and for a partner's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.orders import work
from entrepot.domain.orders.work import Work
from entrepot.flows import fulfilment, shipping
from entrepot.flows.shipping import Leaving, Pick
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link, Text
from entrepot.surfaces.shared.guards import ActingRequest


@dataclass(frozen=True, slots=True)
class Places:
    """The routes of a surface, by what they are for, and how its pages are rendered."""

    surface: str
    first: str
    work: str
    label: str
    returned: str
    render: Callable[..., HttpResponse]
    title: Text

    def url(self, name: str, *args: object) -> str:
        """The address of a route of the surface."""
        return reverse(f"{self.surface}:{name}", args=args)


class HandOverForm(ActForm):
    """To whom the chosen parcels are given."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40)


class FindForm(forms.Form):
    """What a scanner typed, or a person."""

    code = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=80,
        widget=forms.TextInput(
            attrs={
                "autofocus": True,
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "enterkeyhint": "go",
                "class": "scan",
            }
        ),
    )


def act(request: ActingRequest, places: Places, scope: UUID | None) -> HttpResponse:
    """What is done with the chosen work: taken on, packed whole, or looked at as a list or as labels."""
    form = ActForm(request.POST)
    ways: Mapping[str, Callable[[Sequence[UUID]], Done]] = {
        "accept": lambda chosen: _accept(request, chosen),
        "pack": lambda chosen: _pack(request, chosen),
    }
    wanted = request.POST.get("act", "accept")
    to = places.url(places.first)

    def carry_out(typed: Mapping[str, Any]) -> Done:
        chosen = [read_uuid(each) for each in request.POST.getlist("work")]
        if wanted not in ways:
            raise Invalid("work.unknown_act", "Choose what is to be done.")
        shipping.chosen_work(work_item_ids=chosen, actor=request.actor)
        return ways[wanted](chosen)

    if wanted == "picks":
        chosen = "&".join(f"work={read_uuid(each).hex}" for each in request.POST.getlist("work"))
        return redirect(f"{places.url('picks')}?{chosen}")
    if wanted == "labels":
        try:
            return labels(request, scope, [read_uuid(each) for each in request.POST.getlist("work")])
        except (Invalid, Refused) as refusal:
            messages.error(request, errors.sentence(refusal))
            return redirect(to)
    answer = attempt(request, form, carry_out, to=to)
    if answer is not None:
        return answer
    for said in form.errors.values():
        messages.error(request, " ".join(map(str, said)))
    return redirect(to)


def _accept(request: ActingRequest, chosen: Sequence[UUID]) -> Done:
    fulfilment.accept_work(work_item_ids=chosen, actor=request.actor, now=clock.now())
    count = len(chosen)
    return Done(
        ngettext("{count} suborder is yours to pack.", "{count} suborders are yours to pack.", count).format(
            count=count
        )
    )


def _pack(request: ActingRequest, chosen: Sequence[UUID]) -> Done:
    made = shipping.pack_whole(work_item_ids=chosen, actor=request.actor, now=clock.now())
    count = len(made)
    return Done(
        ngettext("{count} parcel is packed. Print its label.", "{count} parcels are packed. Print their labels.", count)
        .format(count=count)
    )  # fmt: skip


def labels(request: ActingRequest, scope: UUID | None, chosen: Sequence[UUID]) -> HttpResponse:
    """The labels of all packed parcels of the chosen work, or of everything that waits for a carrier, on one PDF."""
    waiting = shipping.list_leaving(organisation_id=scope, limit=10 * shipping.MOST)
    if chosen:
        waiting = [each for each in waiting if each.work.id in set(chosen)]
    if not waiting:
        raise Invalid("work.no_labels", "Nothing of it is packed yet; pack it first, then print the labels.")
    page = fulfilment.label_pages(
        parcel_ids=[each.parcel.id for each in waiting[: shipping.MOST]], actor=request.actor, now=clock.now()
    )
    response = HttpResponse(page, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="labels.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


def picks(request: ActingRequest, places: Places, scope: UUID | None) -> HttpResponse:
    """What is to be fetched for the chosen work, or for all that is open: once for every article, with its orders."""
    chosen = [read_uuid(each) for each in request.GET.getlist("work")[: shipping.MOST]]
    if chosen:
        items = shipping.chosen_work(work_item_ids=chosen, actor=request.actor)
    else:
        items = work.list_work(organisation_id=scope, states=("waiting", "accepted"), limit=shipping.MOST)
    language = get_language() or "en"
    found = shipping.pick_list(items=items, languages=[language, "en"])
    nodes = logistics.list_nodes({pick.node_id for pick in found})
    by_node: dict[UUID, list[Pick]] = {}
    for pick in found:
        by_node.setdefault(pick.node_id, []).append(pick)
    context = {
        "nodes": [
            (nodes[node_id].name, rows, sum(row.units for row in rows), any(row.place for row in rows))
            for node_id, rows in by_node.items()
        ],
        "orders": len({number for pick in found for number, _units in pick.orders}),
        "units": sum(pick.units for pick in found),
        "printed_at": clock.now(),
        "work_url": {item.suborder_number: places.url(places.work, item.suborder_number) for item in items},
        "crumbs": [Link(places.title, places.url(places.first)), Link(_("Pick list"))],
        "first_url": places.url(places.first),
    }
    return places.render(request, "shipping/picks.html", context)


def departures(request: ActingRequest, places: Places, scope: UUID | None) -> HttpResponse:
    """Parcels that wait for their carriers, and what was handed over lately; GET shows, POST hands over."""
    carrier = request.GET.get("carrier")
    form = HandOverForm(request.POST if request.method == "POST" else None, name="leave")
    if request.method == "POST":

        def leave(typed: Mapping[str, Any]) -> Done:
            chosen = [read_uuid(each) for each in request.POST.getlist("parcel")]
            left = shipping.hand_over_all(
                parcel_ids=chosen, carrier=typed["carrier"], actor=request.actor, now=clock.now()
            )
            late = sum(not each.is_captured for each in left)
            said = ngettext("{count} parcel has left.", "{count} parcels have left.", len(left)).format(count=len(left))
            if late:
                said += " " + _("The payment for some was not taken yet; it is asked for again.")
            return Done(said)

        to = f"{places.url('manifest')}?carrier={request.POST.get('carrier', '').strip()[:40]}"
        answer = attempt(request, form, leave, to=to)
        if answer is not None:
            return answer
    waiting = shipping.list_leaving(organisation_id=scope)
    counts = shipping.count_carriers(waiting)
    shown = [each for each in waiting if carrier is None or each.parcel.carrier == carrier][: shipping.MOST]
    if form.is_bound is False:
        initial = carrier or (next(iter(counts)) if len(counts) == 1 else "")
        form = HandOverForm(name="leave", initial={"carrier": initial})
    now = clock.now()
    context = {
        "rows": [(each, places.url(places.work, each.work.suborder_number), each.work.due_at < now) for each in shown],
        "total": len(shown),
        "weight_g": sum(each.parcel.weight_g for each in shown),
        "form": form,
        "tabs": [
            Link(_("All"), "?", carrier is None, count=len(waiting)),
            *(Link(name or "–", f"?carrier={name}", carrier == name, count=count) for name, count in counts.items()),
        ],
        "may_perform": request.actor.may("work.perform"),
        "manifest_url": places.url("manifest"),
        "manifests_url": places.url("manifests"),
        "labels_url": places.url("works"),
        "action": places.url("departures"),
        "crumbs": [Link(places.title, places.url(places.first)), Link(_("Hand over"))],
    }
    return places.render(request, "shipping/departures.html", context, form)


def manifest(request: ActingRequest, places: Places, scope: UUID | None) -> HttpResponse:
    """What was given to a carrier on a day, to be signed by whoever took it."""
    now = clock.now()
    day = _day(request.GET.get("day", ""), now)
    carrier = request.GET.get("carrier", "")[:40]
    found: list[Leaving] = shipping.list_left(
        organisation_id=scope, since=day, until=day + timedelta(days=1), carrier=carrier
    )
    context = {
        "carrier": carrier,
        "day": day,
        "rows": found,
        "weight_g": sum(each.parcel.weight_g for each in found),
        "crumbs": [
            Link(places.title, places.url(places.first)),
            Link(_("Hand over"), places.url("departures")),
            Link(_("Hand-over list")),
        ],
    }
    return places.render(request, "shipping/manifest.html", context)


def scan(
    request: ActingRequest, places: Places, scope: UUID | None, *, elsewhere: Callable[[str], str] | None = None
) -> HttpResponse:
    """Find the work that a scanned number belongs to, and go there. `elsewhere` knows numbers of other rooms."""
    typed = request.GET.get("code", "").strip()
    form = FindForm({"code": typed} if typed else None, auto_id="scan-%s")
    rows: Sequence[tuple[Work, str]] = ()
    status = 200
    if typed and form.is_valid():
        if elsewhere is not None and (to := elsewhere(typed)):
            return redirect(to)
        try:
            found = shipping.find(code=typed, organisation_id=scope)
        except NotFound as refusal:
            form.add_error("code", _("Nothing of yours has the number {code}.").format(code=refusal.values["code"]))
            found, status = None, 404
        if found is not None:
            if found.kind == "return":
                return redirect(places.url(places.returned, found.number))
            addresses = [(item, places.url(places.work, item.suborder_number)) for item in found.works]
            if len(addresses) == 1:
                anchor = f"#{found.parcel.number}" if found.parcel else ""
                return redirect(addresses[0][1] + anchor)
            rows = addresses
    context = {
        "form": form,
        "rows": rows,
        "code": typed,
        "action": places.url("scan"),
        "crumbs": [Link(places.title, places.url(places.first)), Link(_("Scan"))],
    }
    answer = places.render(request, "shipping/scan.html", context)
    answer.status_code = status
    return answer


def read_uuid(text: str) -> UUID:
    """A key that a form sent. Raises: NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind="work item") from None


def _day(text: str, now: datetime) -> datetime:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        day = datetime.fromisoformat(text).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=now.tzinfo)
    except ValueError:
        return today
    return day
