"""Places in a warehouse, as one who walks there needs them: what waits to be put away, what stands where, counts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inventory import places, placing
from entrepot.domain.inventory.place_models import Place
from entrepot.domain.inventory.places import AtPlace
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.flows import stowing as flow
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.states import Said

KINDS: Mapping[str, Said] = {
    "dock": Said(gettext_lazy("Dock"), "accent"),
    "storage": Said(gettext_lazy("Storage")),
    "quarantine": Said(gettext_lazy("Quarantine"), "warn"),
}
_SCANNED = {
    "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "enterkeyhint": "next",
    "class": "mono",
}  # fmt: skip


class PlacesForm(ActForm):
    """New places."""

    rows = forms.CharField(
        label=gettext_lazy("Places"),
        help_text=gettext_lazy(
            "One line each: zone, aisle, bay and bin with hyphens, such as A-01-03-2, or many: A-01..04-01..10-1..3."
            " After a comma “quarantine” for goods that are not sold."
        ),
        widget=forms.Textarea(attrs={"rows": 5, "class": "paste", "spellcheck": "false", "autocomplete": "off"}),
        max_length=100_000,
    )


class SellingForm(ReasonForm):
    """When goods are for sale."""

    from_dock = forms.ChoiceField(
        label=gettext_lazy("New goods are for sale"),
        choices=[("yes", gettext_lazy("as they are received")), ("", gettext_lazy("once they are put away"))],
        required=False,
        widget=forms.RadioSelect,
    )


class MoveForm(ActForm):
    """How many units go where."""

    quantity = forms.IntegerField(label=gettext_lazy("Units"), min_value=1, max_value=1_000_000_000)
    place = forms.CharField(label=gettext_lazy("To place"), max_length=40, widget=forms.TextInput(attrs=_SCANNED))


class CountForm(ReasonForm):
    """What was found of each article at a place."""

    def __init__(self, data: Any = None, *, rows: list[AtPlace], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for row in rows:
            self.fields[row.stock.id.hex] = forms.IntegerField(
                label=row.stock.sku.code, min_value=0, max_value=flow.UNITS_MAX, initial=row.quantity
            )
        self.order_fields([*(row.stock.id.hex for row in rows), "reason"])


@guards.allow("stock.receive", kind=DESK)
@require_GET
def places_page(request: ActingRequest) -> HttpResponse:
    """The places of a warehouse."""
    return _places(request, _chosen(request, request.GET.get("node", "")))


@guards.allow("stock.receive", kind=DESK)
@require_POST
def places_making(request: ActingRequest, code: str) -> HttpResponse:
    """Give the warehouse places."""
    node, form = _demand(request, code), PlacesForm(request.POST, name="places")

    def make(typed: Mapping[str, Any]) -> Done:
        made = places.make_places(
            node_id=node.id, places=placing.read(typed["rows"]), actor=request.actor, now=clock.now()
        )
        count = len(made)
        return Done(ngettext("{count} place is made.", "{count} places are made.", count).format(count=count))

    answer = attempt(request, form, make, to=_url("places", node))
    return answer or _places(request, node, {"make": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def places_selling(request: ActingRequest, code: str) -> HttpResponse:
    """Say when new goods are for sale."""
    node, form = _demand(request, code), SellingForm(request.POST, name="selling")

    def keep(typed: Mapping[str, Any]) -> None:
        places.set_selling(
            node_id=node.id, from_dock=bool(typed["from_dock"]), actor=request.actor, reason=typed["reason"],
            now=clock.now(),
        )  # fmt: skip

    answer = attempt(request, form, keep, said=_("It counts from now on."), to=_url("places", node))
    return answer or _places(request, node, {"selling": form})


@guards.allow("stock.receive", kind=DESK)
@require_GET
def stowing(request: ActingRequest) -> HttpResponse:
    """What waits to be put away; with a number, where an article stands."""
    return _stowing(request, _chosen(request, request.GET.get("node", "")))


@guards.allow("stock.receive", kind=DESK)
@require_POST
def stowing_move(request: ActingRequest, code: str, stock_id: UUID) -> HttpResponse:
    """Put units away from the dock."""
    node, name = _demand(request, code), f"stow-{stock_id.hex}"
    form = MoveForm(request.POST, name=name)
    answer = attempt(request, form, _mover(request, placing.DOCK, stock_id), to=_url("stowing", node))
    return answer or _stowing(request, node, {name: form})


@guards.allow("stock.receive", kind=DESK)
@require_GET
def place(request: ActingRequest, code: str, place_id: UUID) -> HttpResponse:
    """One place: what stands there, and what came and went."""
    node = _demand(request, code)
    return _place(request, node, _found(node, place_id))


@guards.allow("stock.receive", kind=DESK)
@require_POST
def place_move(request: ActingRequest, code: str, place_id: UUID, stock_id: UUID) -> HttpResponse:
    """Move units to another place."""
    node, name = _demand(request, code), f"move-{stock_id.hex}"
    found, form = _found(node, place_id), MoveForm(request.POST, name=name)
    answer = attempt(request, form, _mover(request, found.code, stock_id), to=_at(node, found))
    return answer or _place(request, node, found, {name: form})


@guards.allow("stock.adjust", kind=DESK)
@require_POST
def place_count(request: ActingRequest, code: str, place_id: UUID) -> HttpResponse:
    """Say what was found; stock follows."""
    node = _demand(request, code)
    found = _found(node, place_id)
    form = CountForm(request.POST, rows=places.list_at(node_id=node.id, place_id=found.id), name="count")

    def count(typed: Mapping[str, Any]) -> Done:
        counted = {UUID(hex=name): units for name, units in typed.items() if name != "reason"}
        changes = flow.count_place(
            place_id=found.id, counted=counted, actor=request.actor, reason=typed["reason"], now=clock.now()
        )
        if not changes:
            return Done(_("All is there as it was known."))
        said = ngettext("{count} article is corrected.", "{count} articles are corrected.", len(changes))
        return Done(said.format(count=len(changes)))

    return attempt(request, form, count, to=_at(node, found)) or _place(request, node, found, {"count": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def place_archival(request: ActingRequest, code: str, place_id: UUID) -> HttpResponse:
    """Take an empty place out of use."""
    node, form = _demand(request, code), ActForm(request.POST, name="archive")
    found = _found(node, place_id)

    def archive(typed: Mapping[str, Any]) -> None:
        places.archive(place_id=found.id, actor=request.actor, now=clock.now())

    answer = attempt(request, form, archive, said=_("The place is out of use."), to=_url("places", node))
    return answer or _place(request, node, found, {"archive": form})


def _mover(request: ActingRequest, from_code: str, stock_id: UUID) -> Any:
    def move(typed: Mapping[str, Any]) -> Done:
        _source, target = places.move(
            stock_id=stock_id, from_code=from_code, to_code=typed["place"], quantity=typed["quantity"],
            actor=request.actor, now=clock.now(),
        )  # fmt: skip
        said = ngettext("{count} unit stands at {code}.", "{count} units stand at {code}.", typed["quantity"])
        return Done(said.format(count=typed["quantity"], code=target.code))

    return move


def _places(
    request: ActingRequest, node: NodeView | None, refused: Mapping[str, ActForm] | None = None
) -> HttpResponse:
    refused = refused or {}
    context: dict[str, Any] = {"node": node, "crumbs": _crumbs(Link(_("Places")))}
    if node is not None:
        found = places.list_places(node_id=node.id, after=request.GET.get("cursor", "")[:60], limit=PAGE + 1)
        shown, dock = found[:PAGE], places.get_dock(node_id=node.id)
        counts = places.count_places(node_id=node.id)
        context |= {
            "nodes": _tabs(request, node),
            "page": Slice(
                [(each, KINDS[each.place.kind], _at(node, each.place)) for each in shown],
                next_cursor=shown[-1].place.walk if len(found) > PAGE else "",
            ),
            "counts": [(KINDS[kind], counts[kind]) for kind in KINDS if kind in counts],
            "sells_from_dock": dock is not None and not dock.is_withheld,
            "make": refused.get("make") or PlacesForm(name="places"),
            "selling": refused.get("selling")
            or SellingForm(name="selling", initial={"from_dock": "yes" if dock and not dock.is_withheld else ""}),
            "stowing_url": _url("stowing", node),
        }
    return render(request, "inbound/places.html", context, *refused.values())


def _stowing(
    request: ActingRequest, node: NodeView | None, refused: Mapping[str, ActForm] | None = None
) -> HttpResponse:
    refused = refused or {}
    code = request.GET.get("code", "").strip()[:80]
    context: dict[str, Any] = {"node": node, "code": code, "crumbs": _crumbs(Link(_("Put away")))}
    if node is not None:
        waiting = places.list_at(node_id=node.id, kind="dock", code=code, limit=100)
        elsewhere = (
            [row for row in places.list_at(node_id=node.id, code=code) if row.place.kind != "dock"] if code else []
        )
        goes, titles = places.suggest(waiting), _titles([*waiting, *elsewhere])
        context |= {
            "nodes": _tabs(request, node),
            "has_places": places.get_dock(node_id=node.id) is not None,
            "rows": [
                {
                    "at": row,
                    "title": titles.get(row.stock.sku.product_id, row.stock.sku.code),
                    "condition": words.CONDITIONS[row.stock.condition],
                    "goes": goes.get(row.stock.id, ""),
                    "form": refused.get(name := f"stow-{row.stock.id.hex}")
                    or MoveForm(name=name, initial={"quantity": row.quantity}),
                    "url": reverse("desk:stowing_move", args=[node.code, row.stock.id]),
                }
                for row in waiting
            ],
            "units": sum(row.quantity for row in waiting),
            "elsewhere": [
                (
                    row,
                    titles.get(row.stock.sku.product_id, row.stock.sku.code),
                    KINDS[row.place.kind],
                    _at(node, row.place),
                )
                for row in elsewhere
            ],
            "places_url": _url("places", node),
        }
    return render(request, "inbound/stowing.html", context, *refused.values())


def _place(
    request: ActingRequest, node: NodeView, found: Place, refused: Mapping[str, ActForm] | None = None
) -> HttpResponse:
    refused = refused or {}
    rows = places.list_at(node_id=node.id, place_id=found.id)
    titles = _titles(rows)
    context = {
        "node": node,
        "place": found,
        "kind": KINDS[found.kind],
        "rows": [
            {
                "at": row,
                "title": titles.get(row.stock.sku.product_id, row.stock.sku.code),
                "condition": words.CONDITIONS[row.stock.condition],
                "form": refused.get(name := f"move-{row.stock.id.hex}")
                or MoveForm(name=name, initial={"quantity": row.quantity}),
                "url": reverse("desk:place_move", args=[node.code, found.id, row.stock.id]),
            }
            for row in rows
        ],
        "count": refused.get("count") or CountForm(rows=rows, name="count"),
        "may_count": bool(rows) and request.actor.reaches("stock.adjust", node.operator_id),
        "may_archive": not rows and found.kind != "dock",
        "archive": refused.get("archive") or ActForm(name="archive"),
        "moves": places.list_moves(place_id=found.id),
        "stowing_url": _url("stowing", node),
        "crumbs": _crumbs(Link(_("Places"), _url("places", node)), Link(found.code)),
    }
    return render(request, "inbound/place.html", context, *refused.values())


def _titles(rows: list[AtPlace]) -> Mapping[UUID, str]:
    found = catalogue.texts({row.stock.sku.product_id for row in rows}, languages=words.languages())
    return {product_id: text.title for product_id, text in found.items()}


def _crumbs(*links: Link) -> list[Link]:
    return [Link(_("Warehouse"), reverse("desk:warehouse")), *links]


def _tabs(request: ActingRequest, node: NodeView) -> list[Link]:
    return [Link(each.name, f"?node={each.code}", current=each.code == node.code) for each in _nodes(request)]


def _nodes(request: ActingRequest) -> list[NodeView]:
    """The nodes where the actor receives goods: the organisation's own, or all that are no seller's."""
    found = logistics.list_nodes(operator_id=scope_of(request.actor, "stock.receive")).values()
    return [each for each in found if not each.is_archived and each.operator_kind in DESK]


def _chosen(request: ActingRequest, code: str) -> NodeView | None:
    """The node of this code; without one the first of one's own, sooner one with places. Raises: NotFound."""
    if code:
        return _demand(request, code)
    nodes = _nodes(request)
    own = [each for each in nodes if each.operator_id == request.actor.organisation_id] or nodes
    divided = places.divided(node_ids=[each.id for each in own])
    return next((each for each in own if each.id in divided), next(iter(own), None))


def _demand(request: ActingRequest, code: str) -> NodeView:
    """The node of this code among those where the actor receives goods. Raises: NotFound."""
    found = next((each for each in _nodes(request) if each.code == code), None)
    if found is None:
        raise NotFound(kind="node")
    return found


def _found(node: NodeView, place_id: UUID) -> Place:
    """A place of a node. Raises: NotFound."""
    found = Place.objects.filter(id=place_id, node_id=node.id, archived_at__isnull=True).first()
    if found is None:
        raise NotFound(kind="place")
    return found


def _url(name: str, node: NodeView) -> str:
    return f"{reverse(f'desk:{name}')}?node={node.code}"


def _at(node: NodeView, found: Place) -> str:
    return reverse("desk:place", args=[node.code, found.id])
