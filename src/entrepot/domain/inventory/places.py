"""Writes of places: a node gets them, goods are put away, moved and counted at them. Also what stands where.

Locks as everywhere: the node where its places change, else the stock row.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from entrepot.domain.inventory import placed, placing, services
from entrepot.domain.inventory.models import Stock
from entrepot.domain.inventory.place_models import Place, PlaceUnits
from entrepot.domain.inventory.placing import DOCK, NewPlace, Standing
from entrepot.domain.logistics.models import Node
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import fetch_rows, unnest
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: Places of a node; far more than a large hall has.
PLACES_MAX = 100_000


@transaction.atomic
def make_places(*, node_id: UUID, places: Sequence[NewPlace], actor: Actor, now: datetime) -> list[Place]:
    """Give a node places; the first ones come with a dock, at which everything stands that is there.

    Raises: NotFound for a node that the actor does not run, Refused for a code that is there already.
    """
    node = _lock_node(node_id, actor)
    codes = {each.code for each in places}
    known = set(Place.objects.filter(node=node).values_list("code", flat=True))
    if twice := sorted(codes & known):
        raise Refused("places.known", "The place {code} is there already.", field="rows", code=twice[0])
    if len(known) + len(codes) > PLACES_MAX:
        raise Refused("places.too_many", "A warehouse has {most} places at most.", field="rows", most=PLACES_MAX)
    if not known:
        _begin(node, now)
    made = Place.objects.bulk_create(
        Place(
            id=identity, created_at=now, node=node, code=each.code, zone=each.parts[0], aisle=each.parts[1],
            bay=each.parts[2], bin=each.parts[3], walk=each.walk, kind=each.kind, is_withheld=each.kind == "quarantine",
        )
        for identity, each in zip(ids.new_ids(now, len(places)), places, strict=True)
    )  # fmt: skip
    audit.record(
        actor=actor, verb="stock.places", subject_kind="node", subject_id=node.id, now=now,
        after={"places": len(made), "first": made[0].code, "last": made[-1].code},
    )  # fmt: skip
    return made


def _begin(node: Node, now: datetime) -> None:
    """A node's first places: its dock, with all that is on hand there."""
    dock = Place.objects.create(
        id=ids.new_id(now), created_at=now, node=node, code=DOCK, walk=placing.walk_of(DOCK), kind=Place.Kind.DOCK
    )
    rows = fetch_rows(
        "UPDATE inventory_stock SET is_placed = true WHERE id IN (SELECT id FROM inventory_stock WHERE node_id = %s"
        " AND condition <> 'coming' ORDER BY id FOR NO KEY UPDATE) RETURNING id, on_hand",
        [node.id],
    )
    present = [row for row in rows if row.on_hand]
    placed.write(
        {(row.id, dock.id): row.on_hand for row in present},
        [(row.id, None, dock.id, row.on_hand, "begun", "") for row in present],
        now,
    )


@transaction.atomic
def set_selling(*, node_id: UUID, from_dock: bool, actor: Actor, reason: str, now: datetime) -> None:
    """Say whether new goods are for sale at a node as they come in, or once they are put away.

    What stands at the dock now follows, but what is promised stays promised. Raises: NotFound, Refused without places.
    """
    node = _lock_node(node_id, actor)
    dock = Place.objects.select_for_update(no_key=True).filter(node=node, kind="dock").first()
    if dock is None:
        raise Refused("places.none", "Give the warehouse places first.")
    before, dock.is_withheld = dock.is_withheld, not from_dock
    dock.save(update_fields=["is_withheld"])
    standing = list(
        PlaceUnits.objects.filter(place=dock, quantity__gt=0).order_by("stock_id").values_list("stock_id", flat=True)
    )
    services.lock_rows(stock_ids=standing)
    services.withhold(stock_ids=standing, now=now)
    audit.record(
        actor=actor, verb="stock.places", subject_kind="node", subject_id=node.id, now=now,
        reason=audit.require_reason(reason), before={"sells_from_dock": not before},
        after={"sells_from_dock": from_dock},
    )  # fmt: skip


@transaction.atomic
def archive(*, place_id: UUID, actor: Actor, now: datetime) -> None:
    """Take an empty place out of use. Raises: NotFound, Refused where something stands there or for the dock."""
    place = Place.objects.select_related("node").filter(id=place_id, archived_at__isnull=True).first()
    if place is None or not actor.reaches("stock.receive", place.node.operator_id):
        raise NotFound(kind="place")
    _lock_node(place.node_id, actor)
    if place.kind == "dock" or PlaceUnits.objects.filter(place=place, quantity__gt=0).exists():
        raise Refused("places.not_empty", "Something stands at {code}; move it first.", code=place.code)
    place.archived_at = now
    place.save(update_fields=["archived_at"])
    audit.record(
        actor=actor, verb="stock.places", subject_kind="node", subject_id=place.node_id, now=now,
        after={"archived": place.code},
    )  # fmt: skip


@transaction.atomic
def move(
    *, stock_id: UUID, from_code: str, to_code: str, quantity: int, actor: Actor, now: datetime
) -> tuple[Place, Place]:
    """Take units of a stock row from one place to another of the same node; putting away is a move from the dock.

    Raises: NotFound for a row at a node that the actor does not run, Invalid for a code that is none of the node's,
    Refused: not so many stand there, the place takes no such goods, they are promised and would be kept from sale.
    """
    stock = (
        Stock.objects.select_related("node").select_for_update(of=("self",), no_key=True).filter(id=stock_id).first()
    )
    if stock is None or not actor.reaches("stock.receive", stock.node.operator_id):
        raise NotFound(kind="stock")
    source = find_place(node_id=stock.node_id, code=from_code, field="from_code")
    target = find_place(node_id=stock.node_id, code=to_code, field="place")
    if source.id == target.id:
        raise Invalid("places.same", "The units stand there already.", field="place")
    if not 0 < quantity <= 1_000_000_000:
        raise Invalid("places.units", "Move one unit or more.", field="quantity")
    if not placing.takes(target.kind, stock.condition):
        raise Refused(
            "places.wrong_kind",
            "{code} is for what is sold; damaged goods stand apart.",
            field="place",
            code=target.code,
        )
    present = PlaceUnits.objects.filter(stock=stock, place=source).first()
    if present is None or present.quantity < quantity:
        raise Refused(
            "places.not_there", "There are not so many units at that place.", field="quantity", wanted=quantity,
            present=present.quantity if present else 0,
        )  # fmt: skip
    is_new = stock.condition == Stock.Condition.NEW
    if is_new and target.is_withheld and not source.is_withheld:
        free = stock.on_hand - stock.reserved - stock.allotted
        if free < quantity:
            raise Refused(
                "places.promised", "{free} units are free; the others are promised.", field="quantity", free=free
            )
    placed.write(
        {(stock.id, source.id): -quantity, (stock.id, target.id): quantity},
        [(stock.id, source.id, target.id, quantity, "moved", actor.label[:200])],
        now,
    )
    if is_new and (source.is_withheld or target.is_withheld):
        services.withhold(stock_ids=[stock.id], now=now)
    return source, target


def let_go(units: Mapping[tuple[UUID, UUID], int], now: datetime) -> None:
    """Let go of so many units of (stock row, place) that are kept from sale there, because they leave or are not there.

    Where fewer are kept, of those.
    """
    source, params = unnest(
        "w",
        {"stock_id": "uuid", "place_id": "uuid", "quantity": "bigint"},
        ((*key, wanted) for key, wanted in sorted(units.items())),
    )
    held = fetch_rows(
        f"SELECT u.id, least(w.quantity, sum(h.quantity))::bigint AS units FROM {source}"
        " JOIN inventory_placeunits u ON u.stock_id = w.stock_id AND u.place_id = w.place_id"
        " JOIN inventory_hold h ON h.owner_id = u.id AND h.state = 'active' GROUP BY u.id, w.quantity",
        params,
    )
    services.release_quantities(rows=[(row.id, row.units) for row in held], now=now)


def find_place(*, node_id: UUID, code: str, field: str = "place") -> Place:
    """The place of a node with this code, however it is typed. Raises: Invalid."""
    found = Place.objects.filter(node_id=node_id, code=code.strip().upper()[:40], archived_at__isnull=True).first()
    if found is None:
        raise Invalid("places.unknown", "The warehouse has no place {code}.", field=field, code=code.strip()[:40])
    return found


def _lock_node(node_id: UUID, actor: Actor) -> Node:
    # Not the weaker lock: who makes a stock row at the node waits until it is known whether it has places.
    node = Node.objects.select_for_update().filter(id=node_id, archived_at__isnull=True).first()
    if node is None or not actor.reaches("stock.receive", node.operator_id):
        raise NotFound(kind="node")
    return node


@dataclass(frozen=True, slots=True)
class AtPlace:
    """Units of a stock row at a place, with when they last came there."""

    stock: Stock
    place: Place
    quantity: int
    since: datetime


def list_at(
    *, node_id: UUID, place_id: UUID | None = None, kind: str = "", code: str = "", limit: int = 200
) -> list[AtPlace]:
    """What stands at the places of a node, as one walks; `code` is an article's number or bar code.

    Scope is the caller's.
    """
    rows = PlaceUnits.objects.filter(place__node_id=node_id, quantity__gt=0)
    if place_id is not None:
        rows = rows.filter(place_id=place_id)
    if kind:
        rows = rows.filter(place__kind=kind)
    if code:
        rows = rows.filter(Q(stock__sku__code=code) | Q(stock__sku__barcode=code))
    found = list(
        rows.select_related("place", "stock__sku", "stock__seller__organisation", "stock__owner").order_by(
            "place__walk", "stock__sku__code", "id"
        )[:limit]
    )
    came = {
        (row.stock_id, row.place_id): row.came
        for row in fetch_rows(
            "SELECT stock_id, to_place_id AS place_id, max(created_at) AS came FROM inventory_placemove"
            " WHERE stock_id = ANY(%s) AND to_place_id IS NOT NULL GROUP BY 1, 2",
            [[each.stock_id for each in found]],
        )
    }
    return [
        AtPlace(each.stock, each.place, each.quantity, came.get((each.stock_id, each.place_id), each.created_at))
        for each in found
    ]


def suggest(rows: Collection[AtPlace]) -> Mapping[UUID, str]:
    """Where the goods of stock rows of one node are put best: stock row -> code; without those that no place takes."""
    if not rows:
        return {}
    node_id = next(iter(rows)).place.node_id
    like: dict[tuple[UUID, str], list[Standing]] = defaultdict(list)
    for row in fetch_rows(
        "SELECT s.sku_id, s.condition, p.id, p.kind, p.walk, p.is_withheld, sum(u.quantity)::bigint AS units"
        " FROM inventory_placeunits u JOIN inventory_place p ON p.id = u.place_id"
        " JOIN inventory_stock s ON s.id = u.stock_id"
        " WHERE p.node_id = %s AND s.sku_id = ANY(%s) AND u.quantity > 0 GROUP BY 1, 2, 3, 4, 5, 6",
        [node_id, [each.stock.sku_id for each in rows]],
    ):
        like[row.sku_id, row.condition].append(Standing(row.id, row.kind, row.walk, row.units, row.is_withheld))
    empty = [
        (row.id, row.kind)
        for row in fetch_rows(
            "SELECT id, kind FROM (SELECT p.id, p.kind, p.walk, row_number() OVER (PARTITION BY p.kind ORDER BY p.walk)"
            " AS nth FROM inventory_place p WHERE p.node_id = %s AND p.kind <> 'dock' AND p.archived_at IS NULL"
            " AND NOT EXISTS (SELECT FROM inventory_placeunits u WHERE u.place_id = p.id AND u.quantity > 0)) free"
            " WHERE nth <= %s ORDER BY walk",
            [node_id, len(rows)],
        )
    ]
    chosen: dict[UUID, UUID] = {}
    for row in rows:
        present = like[row.stock.sku_id, row.stock.condition]
        place_id = placing.suggest(row.stock.condition, present=present, empty=empty)
        if place_id is not None:
            chosen[row.stock.id] = place_id
            if place_id not in {each.place_id for each in present}:
                # The next article gets another empty place, and its like the same one.
                kind = next(kind for identity, kind in empty if identity == place_id)
                empty = [each for each in empty if each[0] != place_id]
                like[row.stock.sku_id, row.stock.condition].append(Standing(place_id, kind, "", row.quantity))
    codes = dict(Place.objects.filter(id__in=set(chosen.values())).values_list("id", "code"))
    return {stock_id: codes[place_id] for stock_id, place_id in chosen.items()}


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place with how many units of how many stock rows stand there."""

    place: Place
    units: int
    articles: int


def list_places(*, node_id: UUID, after: str = "", limit: int = 100) -> list[PlaceView]:
    """The places of a node that are in use, as one walks; scope is the caller's."""
    places = list(
        Place.objects.filter(node_id=node_id, archived_at__isnull=True, walk__gt=after).order_by("walk", "id")[:limit]
    )
    sums = {
        row.place_id: row
        for row in fetch_rows(
            "SELECT place_id, sum(quantity)::bigint AS units, count(*) AS articles FROM inventory_placeunits"
            " WHERE place_id = ANY(%s) AND quantity > 0 GROUP BY place_id",
            [[each.id for each in places]],
        )
    }
    return [
        PlaceView(each, sums[each.id].units if each.id in sums else 0, sums[each.id].articles if each.id in sums else 0)
        for each in places
    ]


def divided(*, node_ids: Collection[UUID]) -> set[UUID]:
    """Those of these nodes that have places."""
    return set(Place.objects.filter(node_id__in=node_ids).values_list("node_id", flat=True).distinct())


def count_places(*, node_id: UUID) -> Mapping[str, int]:
    """How many places of each kind a node has in use; none where it has no places."""
    rows = fetch_rows(
        "SELECT kind, count(*) AS places FROM inventory_place WHERE node_id = %s AND archived_at IS NULL GROUP BY kind",
        [node_id],
    )
    return {row.kind: row.places for row in rows}


def get_dock(*, node_id: UUID) -> Place | None:
    """The dock of a node; None where it has no places."""
    return Place.objects.filter(node_id=node_id, kind=Place.Kind.DOCK).first()


def list_moves(*, place_id: UUID, limit: int = 30) -> list[Any]:
    """What came to a place and left it lately: SKU, units, kind, other place, by whom, when; the last first."""
    return fetch_rows(
        "SELECT m.created_at, m.quantity, m.kind, m.moved_by, k.code AS sku_code, m.to_place_id = %s AS is_in,"
        " coalesce(CASE WHEN m.to_place_id = %s THEN f.code ELSE t.code END, '') AS other"
        " FROM inventory_placemove m JOIN inventory_stock s ON s.id = m.stock_id"
        " JOIN catalogue_sku k ON k.id = s.sku_id LEFT JOIN inventory_place f ON f.id = m.from_place_id"
        " LEFT JOIN inventory_place t ON t.id = m.to_place_id"
        " WHERE m.from_place_id = %s OR m.to_place_id = %s ORDER BY m.id DESC LIMIT %s",
        [place_id, place_id, place_id, place_id, limit],
    )


def fetch_from(wanted: Sequence[tuple[UUID, int]]) -> list[tuple[UUID, str, str, int]]:
    """Where units of stock rows (id, units) are fetched: (stock row, walk, code, units); blank without a place."""
    standing = placed.standing_of({stock_id for stock_id, _ in wanted})
    places = {
        place.id: place
        for place in Place.objects.filter(id__in={each.place_id for rows in standing.values() for each in rows})
    }
    return [
        (stock_id, places[place_id].walk if place_id else "", places[place_id].code if place_id else "", units)
        for stock_id, place_id, units in placing.fetched(wanted, standing)
    ]


def lock_place(*, place_id: UUID) -> Mapping[UUID, int]:
    """Lock the stock rows that stand at a place; stock row -> units there."""
    rows = PlaceUnits.objects.filter(place_id=place_id).values_list("stock_id", flat=True)
    services.lock_rows(stock_ids=list(rows))
    return dict(PlaceUnits.objects.filter(place_id=place_id, quantity__gt=0).values_list("stock_id", "quantity"))
