"""What is missing where it was to leave from leaves from elsewhere: the same choice as at checkout, for what is short.

The units of the old line are cancelled, and a line of a new suborder takes their place with the same money: the shopper
pays what was agreed, whoever sends it. It goes only where the border is the same, in time if that can be, else as much
later as the operator lets it be; what nobody can send so remains for the caller to give up.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.inbound import queries as inbound
from entrepot.domain.inventory import rules
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import NewHold, StockRow
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.markets.models import Market
from entrepot.domain.orders import opening, progress
from entrepot.domain.orders.opening import NewAdjustment, NewLine, NewSuborder
from entrepot.domain.orders.progress import LockedLine, Moved, NewEvent, Step
from entrepot.domain.orders.rules import EventKind, share
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Capture
from entrepot.flows import facts
from entrepot.flows.crossing import Border
from entrepot.flows.drafting import Drafting
from entrepot.flows.drafts import Draft, DraftLine, DraftSuborder
from entrepot.flows.opening import line_weight, suborder_row
from entrepot.flows.requests import CartRequest
from entrepot.kernel import ids, outbox
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.money import prorate, split
from entrepot.kernel.outbox import Event

#: Why units of the old line are cancelled, as its event says.
ELSEWHERE = "sent from elsewhere"


@dataclass(slots=True)
class _Part:
    """Units of the lines of one old suborder, and what was found for them."""

    old: Any
    lines: Sequence[Any]
    units: dict[UUID, int]
    drafts: list[tuple[DraftSuborder, Sequence[Any]]] = field(default_factory=list)


def send_elsewhere(
    *, units: Mapping[UUID, int], node_id: UUID, actor: Actor, now: datetime, shipment_id: UUID | None = None
) -> dict[UUID, int]:
    """Let units of lines that are missing at a node leave from other nodes, in the caller's transaction.

    The lines are locked; all of them were to leave from the node, or out of the shipment to it. The oldest orders go
    first. Returns how many units of each line nobody can send; none of what was paid at order is sent elsewhere.
    """
    left = dict(units)
    parts = _parts(units)
    if not parts:
        return left
    requests = {part.old.suborder_id: _request(part, part.units) for part in parts}
    gathered = facts.gather(list(requests.values()), now)
    if not gathered.seller_skus:
        return left
    rows = inventory.lock_stock(seller_skus=gathered.seller_skus, conditions=rules.SELLABLE)
    places = logistics.list_nodes({node_id, *(row.node_id for row in rows)})
    drafting = Drafting(
        gathered,
        [row for row in rows if _is_elsewhere(row, node_id, shipment_id)],
        only=_same_border(places[node_id], Border(now.date())),
    )
    allowed = inbound.settings_by_programme({part.old.programme_code for part in parts}, on=now.date())
    found = []
    for part in parts:
        later = timedelta(days=allowed[part.old.programme_code].later_days)
        if part_units := _find(drafting, part, part.old.promised_until, later):
            part.units = part_units
            found.append(part)
            for line_id, moved in part_units.items():
                left[line_id] -= moved
    _write(found, actor, now)
    return {line_id: short for line_id, short in left.items() if short}


def _is_elsewhere(row: StockRow, node_id: UUID, shipment_id: UUID | None) -> bool:
    """Whether goods of a row may take the place of those that are missing: not what is missing itself."""
    if row.comes_with is not None:
        return row.comes_with != shipment_id
    return row.node_id != node_id


def _same_border(home: NodeView, border: Border) -> Callable[[NodeView, Market], bool]:
    """Whether what leaves a node meets the border that was reckoned with: none, or that of the same country."""

    def goes(node: NodeView, market: Market) -> bool:
        was = border.crosses(kind=home.kind, country=home.country, market=market)
        if border.crosses(kind=node.kind, country=node.country, market=market) != was:
            return False
        return not was or node.country == home.country

    return goes


def _parts(units: Mapping[UUID, int]) -> list[_Part]:
    """What is short by suborder, the oldest first, without what was paid at order."""
    lines = fetch_rows(
        """
        SELECT line.*, suborder.node_id, suborder.programme_code, suborder.promised_until,
            suborder.number AS suborder_number, ordered.number AS order_number, ordered.language,
            market.code AS market_code, place.code AS node_code,
            (SELECT count(*) FROM orders_suborder part WHERE part.order_id = line.order_id) AS parts,
            (SELECT max(position) FROM orders_orderline other WHERE other.order_id = line.order_id) AS last_position
        FROM orders_orderline line
        JOIN orders_suborder suborder ON suborder.id = line.suborder_id
        JOIN orders_order ordered ON ordered.id = line.order_id AND ordered.state = 'placed'
        JOIN markets_market market ON market.id = ordered.market_id
        JOIN logistics_node place ON place.id = suborder.node_id
        WHERE line.id = ANY(%s) ORDER BY ordered.placed_at, ordered.id, suborder.id, line.position
        """,
        [list(units)],
    )
    agreed = terms.get_terms({line.terms_id for line in lines})
    together: dict[UUID, list[Any]] = defaultdict(list)
    for line in lines:
        if agreed[line.terms_id].fulfilment.capture is not Capture.ORDER:
            together[line.suborder_id].append(line)
    return [_Part(members[0], members, {line.id: units[line.id] for line in members}) for members in together.values()]


def _request(part: _Part, units: Mapping[UUID, int]) -> CartRequest:
    """The short units as a cart of their own, at the prices that they were bought for."""
    lines = [
        (line.offer_id, units[line.id], line.list_minor // line.quantity) for line in part.lines if units.get(line.id)
    ]
    return CartRequest(market_code=part.old.market_code, lines=lines, language=part.old.language)


def _find(drafting: Drafting, part: _Part, promised: date, later: timedelta) -> dict[UUID, int]:
    """Take what there is elsewhere: in time as much as can be, and what is left as much later as is allowed."""
    found: dict[UUID, int] = defaultdict(int)
    wanted = dict(part.units)
    for until in dict.fromkeys((promised, promised + later)):
        for line_id, units in _find_until(drafting, part, wanted, until).items():
            found[line_id] += units
            wanted[line_id] -= units
    return dict(found)


def _find_until(drafting: Drafting, part: _Part, wanted: Mapping[UUID, int], until: date) -> dict[UUID, int]:
    """Take what arrives by a day. Nodes from which nothing does are left out, and units that nobody has."""
    units = {line_id: count for line_id, count in wanted.items() if count}
    late: set[UUID] = set()
    while units:
        [draft] = drafting.draft([_request(part, units)], barred=late)
        lines = [line for line in part.lines if units.get(line.id)]
        if not isinstance(draft, Draft):
            if draft.code != "orders.sold_out":
                return {}
            place = int(str(draft.field).removeprefix("lines[").partition("]")[0])
            units[lines[place].id] = int(draft.values["available"])
            units = {line_id: count for line_id, count in units.items() if count}
            continue
        slow = {each.coming.shipment_id if each.coming else each.place.id for each in draft.suborders
                if not _in_time(each, until)}  # fmt: skip
        if not slow and all(_is_like(each, part.old) for each in draft.suborders):
            place_of = {id(item): place for place, item in enumerate(draft.items)}
            part.drafts += [(each, [lines[place_of[id(line.item)]] for line in each.lines]) for each in draft.suborders]
            return units
        drafting.give_back(draft)
        if not slow:
            return {}
        late |= slow
    return {}


def _in_time(drafted: DraftSuborder, until: date) -> bool:
    """Let it go by the cheapest service that arrives by a day; False where none does."""
    going = [each for each in drafted.options if not each.objections and each.last <= until]
    if going:
        drafted.service = min(going, key=lambda each: each.rank)
    return bool(going)


def _is_like(drafted: DraftSuborder, old: Any) -> bool:
    """Whether it is of the enrolment under which it was bought: what was agreed then still holds."""
    return drafted.programme_code == old.programme_code and all(
        line.item.sellable.enrolment_id == old.enrolment_id for line in drafted.lines
    )


class _Rows:
    """What is to be written: each new suborder with its lines, which take the places of old ones from the front."""

    def __init__(self, moved: Mapping[UUID, Moved], funded: Mapping[UUID, Sequence[Any]]) -> None:
        self.moved, self.funded = moved, funded
        self.taken: Counter[UUID] = Counter()
        self.parts: Counter[UUID] = Counter()
        self.positions: Counter[UUID] = Counter()
        self.suborders: list[NewSuborder] = []
        self.lines: list[NewLine] = []
        self.adjustments: list[NewAdjustment] = []
        self.holds: list[NewHold] = []
        self.events: list[NewEvent] = []
        self.told: list[Event] = []

    def add(self, old: Any, drafted: DraftSuborder, lines: Sequence[Any], now: datetime) -> None:
        """One new suborder instead of a part of an old one."""
        self.parts[old.order_id] += 1
        number = f"{old.order_number}-{old.parts + self.parts[old.order_id]}"
        row = suborder_row(ids.new_id(now), old.order_id, number, drafted, drafted.segments)
        why = {**row.routing, "instead_of": old.suborder_number, "missing_at": old.node_code}
        row = row._replace(routing=why, instead_of_id=old.suborder_id)
        self.suborders.append(row)
        freight = split(row.freight_cost_minor, [line_weight(each) for each in drafted.lines])
        for line, each, cost in zip(lines, drafted.lines, freight, strict=True):
            self._add_line(line, each, row, cost, now)
        is_later = row.promised_until > old.promised_until
        values = {"number": old.order_number}
        self.told.append(Event("order.sent_elsewhere", "order", old.order_id, values))
        if is_later:
            day = {"expected_on": row.promised_until.isoformat()}
            self.told.append(Event("order.goods_later", "order", old.order_id, values | day))

    def _add_line(self, old: Any, drafted: DraftLine, suborder: NewSuborder, freight: int, now: datetime) -> None:
        moved, units = self.moved[old.id], drafted.units
        first = moved.first_unit + self.taken[old.id]
        self.taken[old.id] += units
        self.positions[old.order_id] += 1
        row, funded = new_line(
            old, moved.line, (first, units), self.funded.get(old.id, ()),
            NewLinePlace(ids.new_id(now), suborder.id, old.last_position + self.positions[old.order_id], freight),
        )  # fmt: skip
        self.lines.append(row)
        self.adjustments += funded
        self.holds += [
            NewHold(
                stock_id=taken.stock_id, owner_id=row.id, quantity=taken.quantity, per_unit=taken.per_unit,
                offer_id=taken.offer_id,
            )
            for taken in drafted.drawn
        ]  # fmt: skip
        said = {
            "instead_of": str(old.id),
            "number": old.suborder_number,
            "carriage_minor": freight,
            "carriage_was_minor": prorate(old.freight_cost_minor, first, units, old.quantity),
            "from": old.node_code,
            "was": old.promised_until.isoformat(),
            "until": suborder.promised_until.isoformat(),
        }
        self.events.append(NewEvent(old.order_id, EventKind.SENT_ELSEWHERE, suborder.id, row.id, units, said))


class NewLinePlace(NamedTuple):
    """Where a line that takes the place of another stands, and what its carriage costs. Units: minor."""

    id: UUID
    suborder_id: UUID
    position: int
    freight_cost_minor: int


def new_line(
    old: Any, frozen: LockedLine, places: tuple[int, int], funded: Iterable[Any], at: NewLinePlace
) -> tuple[NewLine, list[NewAdjustment]]:
    """The line that takes these places (first, units) of an old one, with exactly their money and its funders."""
    first, units = places

    def of(whole: int) -> int:
        return prorate(whole, first, units, old.quantity)

    paid = share(frozen, first, units)
    adjustments = [
        NewAdjustment(at.id, each.kind, each.source_id, each.label, each.funder, amount)
        for each in funded
        if (amount := of(each.amount_minor))
    ]
    discount = sum(each.amount_minor for each in adjustments)
    has_tax = old.list_minor - old.discount_minor == old.goods_net_minor + old.goods_tax_minor
    shown = paid["goods_net_minor"] + (paid["goods_tax_minor"] if has_tax else 0)
    row = NewLine(
        id=at.id, order_id=old.order_id, suborder_id=at.suborder_id, seller_id=old.seller_id, offer_id=old.offer_id,
        enrolment_id=old.enrolment_id, sku_id=old.sku_id, terms_id=old.terms_id, position=at.position,
        category_path=old.category_path, title=old.title, quantity=units, list_minor=shown + discount,
        discount_minor=discount, **paid, total_minor=sum(paid.values()), tax_rate=old.tax_rate,
        tax_collector=old.tax_collector, freight_cost_minor=at.freight_cost_minor,
        supply_minor=None if old.supply_minor is None else of(old.supply_minor), supply_currency=old.supply_currency,
        fx_rate=old.fx_rate, fx_on=old.fx_on, fx_source=old.fx_source, attribution=old.attribution, border=old.border,
        replaces_id=old.id,
    )  # fmt: skip
    return row, adjustments


def _write(parts: Sequence[_Part], actor: Actor, now: datetime) -> None:
    """Old lines lose their units and new ones take them, each table written once."""
    units = {line_id: count for part in parts for line_id, count in part.units.items() if count}
    if not units:
        return
    said = {"reason": ELSEWHERE, "role": actor.role}
    steps = [Step(line_id, EventKind.CANCELLED, count, said) for line_id, count in units.items()]
    moved = {each.line.id: each for each in progress.advance(steps=steps, actor=actor, now=now)}
    inventory.release_quantities(rows=list(units.items()), now=now)
    funded: dict[UUID, list[Any]] = defaultdict(list)
    for row in fetch_rows("SELECT * FROM orders_adjustment WHERE line_id = ANY(%s) ORDER BY id", [list(units)]):
        funded[row.line_id].append(row)
    rows = _Rows(moved, funded)
    for part in parts:
        for drafted, lines in part.drafts:
            rows.add(part.old, drafted, lines, now)
    opening.write_suborders(rows=rows.suborders, now=now)
    opening.write_lines(rows=rows.lines, adjustments=rows.adjustments, now=now)
    inventory.open_holds(holds=rows.holds, expires_at=None, now=now)
    progress.open_work(suborder_ids=[each.id for each in rows.suborders], now=now)
    progress.append_events(events=rows.events, actor=actor, now=now)
    outbox.append(rows.told, now=now)
