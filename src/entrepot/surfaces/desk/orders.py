"""Orders: found by number, opened down to the postings of each line, cancelled with a reason."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.aftersales import queries as aftersales
from entrepot.domain.logistics import labels
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.markets import queries as markets
from entrepot.domain.orders import queries
from entrepot.domain.orders.queries import EVERYBODYS, LineView, OrderView, SuborderView
from entrepot.domain.orders.rules import Quantities
from entrepot.flows import amending, paying
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.desk import amounts, words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared import guards, promises
from entrepot.surfaces.shared.components import Event, Explanation, Link, Part
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.missing import list_moved

STATES = {
    "placed": gettext_lazy("Placed"),
    "pending": gettext_lazy("Waiting for payment"),
    "declined": gettext_lazy("Not paid"),
}

#: What may have become of a line's units, in the order in which it is told.
FATES: Mapping[str, Any] = {
    "cancelled": gettext_lazy("{count} cancelled"),
    "shipped": gettext_lazy("{count} shipped"),
    "delivered": gettext_lazy("{count} delivered"),
    "lost": gettext_lazy("{count} lost"),
    "returned": gettext_lazy("{count} returned"),
}


class CancelForm(ReasonForm):
    """How many units of which lines are cancelled."""

    def __init__(self, data: Any = None, *, order: OrderView, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        reason = self.fields.pop("reason")
        for line in order.lines:
            if line.units.to_ship:
                self.fields[f"line-{line.position}"] = forms.IntegerField(
                    label=f"{line.title} ({_('{count} to ship').format(count=line.units.to_ship)})",
                    min_value=0,
                    max_value=line.units.to_ship,
                    initial=line.units.to_ship,
                    required=False,
                )
        self.fields["reason"] = reason


@guards.allow("orders.read", kind="operator")
@require_GET
def orders(request: ActingRequest) -> HttpResponse:
    """Orders, newest first; a number leads to its order."""
    wanted = request.GET.get("q", "").strip()
    if wanted:
        found = queries.find_order_id(number=wanted, scope=EVERYBODYS)
        if found:
            return redirect("desk:order", queries.get_order(order_id=found, scope=EVERYBODYS).number)
        messages.warning(request, _("No order has the number “{number}”.").format(number=wanted[:40]))
    state = request.GET.get("state", "placed")
    state = state if state in STATES else ""
    market = request.GET.get("market", "")
    rows = queries.list_orders(
        scope=EVERYBODYS,
        state=state,
        market_code=market,
        before=read_cursor(request.GET.get("cursor", "")),
        limit=PAGE + 1,
    )

    def show(page: Any) -> list[dict[str, Any]]:
        return [{"order": each, "state": words.ORDERS[each.state]} for each in page]

    query = f"&market={market}" if market else ""
    tabs = [Link(label, f"?state={code}{query}", current=code == state) for code, label in STATES.items()]
    context = {
        "page": slice_of(rows, lambda each: each.id, show),
        "tabs": [
            *tabs,
            Link(_("All"), f"?state=all{query}", current=not state),
            Link(_("Late"), reverse("desk:late_orders")),
        ],
        "markets": markets.list_markets(),
        "market": market,
        "state": state or "all",
        "q": wanted,
    }
    return render(request, "orders/orders.html", context)


@guards.allow("orders.read", kind="operator")
@require_GET
def order(request: ActingRequest, number: str) -> HttpResponse:
    """One order, whole."""
    return _show(request, _found(number))


@guards.allow("orders.cancel", kind="operator")
@require_POST
def cancellation(request: ActingRequest, number: str) -> HttpResponse:
    """Cancel units that have not left; what was set aside is let go, what was taken is given back."""
    found = _found(number)
    form = CancelForm(request.POST, order=found, name="cancel")

    def cancel(typed: Mapping[str, Any]) -> Done:
        rows = [(line.id, units) for line in found.lines if (units := typed.get(f"line-{line.position}") or 0)]
        if not rows:
            raise Invalid("orders.nothing_chosen", "Say how many units of which line.")
        done = amending.cancel_lines(rows=rows, actor=request.actor, reason=typed["reason"], now=clock.now())
        units = sum(each.quantity for each in done)
        return Done(ngettext("{count} unit is cancelled.", "{count} units are cancelled.", units).format(count=units))

    answer = attempt(request, form, cancel, to=reverse("desk:order", args=[number]))
    return answer or _show(request, _found(number), cancel=form)


@guards.allow("payouts.confirm", kind="operator")
@require_POST
def payment_decision(request: ActingRequest, number: str, decision: str) -> HttpResponse:
    """Say that the money of a bank transfer came in, or that it will not."""
    found = _found(number)
    if found.payment is None or decision not in ("received", "missing"):
        raise NotFound(kind="payment")
    payment_id = found.payment.id
    form = ReasonForm(request.POST, name=decision)

    def confirm(typed: Mapping[str, Any]) -> None:
        paying.confirm_payment(
            payment_id=payment_id, actor=request.actor, now=clock.now(), received=decision == "received", **typed
        )

    said = _("The payment is confirmed.") if decision == "received" else _("The order came to nothing.")
    answer = attempt(request, form, confirm, said=said, to=reverse("desk:order", args=[number]))
    return answer or _show(request, found, **{decision: form})


def _found(number: str) -> OrderView:
    order_id = queries.find_order_id(number=number, scope=EVERYBODYS)
    if order_id is None:
        raise NotFound(kind="order")
    return queries.get_order(order_id=order_id, scope=EVERYBODYS)


def _show(
    request: ActingRequest,
    found: OrderView,
    *,
    cancel: ActForm | None = None,
    received: ActForm | None = None,
    missing: ActForm | None = None,
) -> HttpResponse:
    sellers = accounts.get_organisations({suborder.seller_id for suborder in found.suborders})
    parcels = logistics.list_parcels(reference_ids=[suborder.id for suborder in found.suborders])
    routings = queries.list_routings(order_id=found.id, scope=EVERYBODYS)
    can_cancel = request.actor.may("orders.cancel") and any(line.units.to_ship for line in found.lines)
    payment, moved = found.payment, list_moved(found)
    by_hand = payment is not None and payment.provider == "manual" and payment.state in ("pending", "about_to")
    context = {
        "order": found,
        "state": words.ORDERS[found.state],
        "total": amounts.order_total(found),
        "suborders": [
            {
                "suborder": suborder,
                "state": words.SUBORDERS[suborder.state],
                "seller": sellers[suborder.seller_id],
                "lines": [_line(line, found) for line in suborder.lines],
                "routing": _routing(routings.get(suborder.id, {})),
                "moved": moved.get(suborder.id),
                "promise": promises.show(suborder.promise, words.TRACKING, href=_scans(suborder, parcels)),
                "parcels": [
                    {"parcel": parcel, "state": words.PARCELS[parcel.state]}
                    for parcel in parcels
                    if parcel.reference_id == suborder.id
                ],
            }
            for suborder in found.suborders
        ],
        "events": _events(found),
        "address": labels.address_lines(accounts.get_contact(contact_id=found.ship_to_id)),
        "payment": payment,
        "payment_state": words.PAYMENTS[payment.state] if payment else None,
        "returns": [
            {"case": case, "state": words.RETURNS[case.state]} for case in aftersales.list_cases(order_ids=[found.id])
        ],
        "cancel": (cancel or CancelForm(order=found, name="cancel")) if can_cancel else None,
        "received": received or ReasonForm(name="received"),
        "missing": missing or ReasonForm(name="missing"),
        "may_confirm": by_hand and request.actor.may("payouts.confirm"),
        "crumbs": [Link(_("Orders"), reverse("desk:orders")), Link(found.number)],
    }
    refused = [form for form in (cancel, received, missing) if form]
    return render(request, "orders/order.html", context, *refused)


def _scans(suborder: SuborderView, parcels: Sequence[Parcel]) -> str:
    """Where the scans stand of the parcel that comes last."""
    last = suborder.promise.parcel_id if suborder.promise else None
    url = reverse("desk:work", args=[suborder.number])
    return next((f"{url}#{parcel.number}" for parcel in parcels if parcel.id == last), url)


def _routing(why: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every node that was looked at when the suborder was routed, the one that was taken first."""
    rows = [
        {
            "node": row["node"],
            "verdict": words.VERDICTS.get(row["verdict"], row["verdict"]),
            "available": row["available"],
            "refusal": row.get("refusal", ""),
            "lane": row.get("lane", ""),
            "why": _cost_parts(row),
            "cost_minor": row["cost_minor"],
            "currency": why["currency"],
            "is_chosen": row["verdict"] == "chosen",
        }
        for row in why.get("nodes", ())
    ]
    return sorted(rows, key=lambda row: (not row["is_chosen"], row["node"]))


def _cost_parts(row: Mapping[str, Any]) -> Explanation | None:
    """What all of it would cost from a node, where that is more than carriage."""
    duties = (
        (_("Duty of the parcel"), row.get("duty_minor", 0)),
        (_("Duty on bringing it"), row.get("import_minor", 0)),
    )
    parts = [Part(label, minor) for label, minor in duties if minor]
    if row["cost_minor"] is None or not parts:
        return None
    carriage = row["cost_minor"] - sum(part.amount_minor for part in parts)
    return Explanation(
        _("What all of it costs from there"), [Part(_("Carriage"), carriage, note=row.get("lane", "")), *parts]
    )


def _line(line: LineView, found: OrderView) -> dict[str, Any]:
    return {
        "line": line,
        "fates": fates(line.units),
        "total": amounts.line_total(line, found.currency),
        "options": ", ".join(str(value) for value in line.options.values()),
        "url": reverse("desk:order_line", args=[found.number, line.position]),
    }


def fates(units: Quantities) -> list[str]:
    """What became of units, in words."""
    return [str(said).format(count=count) for name, said in FATES.items() if (count := getattr(units, name))]


def _events(found: OrderView) -> list[Event]:
    """What happened, the units of one event of several lines told together."""
    titles = {line.id: line.title for line in found.lines}
    together: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for each in found.events:
        title = titles.get(each.line_id) if each.line_id else None
        said = f"{each.quantity} × {title}" if title and each.quantity else title or ""
        together[each.occurred_at, each.kind, each.actor_label, _reason(each.data)].append(said)
    return [
        Event(
            at,
            words.EVENTS[kind].label if kind in words.EVENTS else kind,
            detail="; ".join([*dict.fromkeys(filter(None, said)), *([reason] if reason else [])]),
            by=by,
            tone=words.EVENTS[kind].tone if kind in words.EVENTS else "accent",
        )
        for (at, kind, by, reason), said in together.items()
    ]


def _reason(data: Mapping[str, Any]) -> str:
    """Why, where an event says so."""
    reason = str(data.get("reason", "") or "")
    return str(words.RETURN_REASONS.get(reason, reason))
