"""The moving clock: day by day the real flows place, cancel, ship, deliver, take back and settle what the history says.

What was done is read from the marketplace, by keys that are the same on every run, so that a replay that was cut off
goes on where it stopped and a second one finds nothing to do.
"""

import time as stopwatch
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from entrepot.domain.accounts import services as accounts
from entrepot.domain.aftersales import rules as aftersales
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import Receipt
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.logistics.rules import start_of_day
from entrepot.domain.orders import work
from entrepot.flows import checkout, fulfilment, returns, settling, tracking
from entrepot.flows.checkout import OrderRequest, Placed
from entrepot.flows.fulfilment import Box, Handover
from entrepot.flows.returns import Received
from entrepot.flows.settling import Miscount
from entrepot.flows.tracking import Scan
from entrepot.intake.invoices import Invoice, StockChange, Story, TakenBack
from entrepot.intake.stage import SOURCE, Stage
from entrepot.kernel import db, ids, outbox
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.errors import EntrepotError

#: The provider of payments that were made elsewhere.
PROVIDER = "recorded"

#: Orders that are placed by one call at most.
BATCH = 200

#: When in the day, by the market's clock, parcels leave and arrive, returns are taken in and statements are closed.
SHIPS_AT, ARRIVES_AT, RETURNS_AT, SETTLES_AT = time(18), time(19), time(20), time(23)

#: How long statements are still closed after the last goods moved: more than any cadence.
CADENCE_MAX = 35

#: The kinds of work whose time is told.
STEPS = ("place", "cancel", "ship", "deliver", "return", "stock", "settle")


@dataclass(frozen=True, slots=True)
class Failure:
    """What the marketplace refused."""

    step: str
    key: str
    code: str
    message: str


@dataclass(slots=True)
class Note:
    """What one credit note of the file takes back of one order."""

    key: str
    number: str
    at: datetime
    units: dict[int, int] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """By which the note is found again on what it caused."""
        return f"credit note {self.number}"


@dataclass(slots=True)
class Standing:
    """Where an order stands."""

    order_id: UUID
    has_left: bool = False
    delivered_at: datetime | None = None


@dataclass(slots=True)
class _Day:
    """What the file says of one day."""

    invoices: list[Invoice] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    changes: list[StockChange] = field(default_factory=list)


@dataclass(slots=True)
class Played:
    """What this run did, and what was refused."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEPS, 0.0))
    failures: list[Failure] = field(default_factory=list)


class Player:
    """Plays a story on a stage."""

    def __init__(self, stage: Stage, story: Story, *, orders_max: int | None = None) -> None:
        self.stage, self.story, self.played = stage, story, Played()
        self.invoices = story.invoices[:orders_max]
        keys = {invoice.key for invoice in self.invoices}
        self.notes = _notes([each for each in story.taken_back if each.key in keys])
        self.standing = self._standings()
        self.by_order = {each.order_id: each for each in self.standing.values()}
        self.noted = self._noted()
        self.moved = self._moved()
        self.owners = self._owners()
        self.waiting: dict[str, list[Note]] = defaultdict(list)
        self.users: dict[str, UUID] = {}

    def play(self, since: date, until: date, *, seen: Callable[[date], None] = lambda day: None) -> Played:
        """Play the days [since, until) and then let the clock run until everything is delivered and settled."""
        zone = self.stage.zone
        days: dict[date, _Day] = defaultdict(_Day)
        for name, group in (("invoices", self.invoices), ("notes", self.notes), ("changes", self.story.changes)):
            for each in group:
                day = each.at.astimezone(zone).date()
                if since <= day < until:
                    getattr(days[day], name).append(each)
        statements = self._count_statements()
        with outbox.muted():
            for day in self._days(since, until):
                self._day(day, days.get(day, _Day()))
                seen(day)
        self.played.counts["statements"] = self._count_statements() - statements
        return self.played

    def _days(self, since: date, until: date) -> Iterator[date]:
        """The days of the story, then those that its goods and its money still need."""
        settlement = self.stage.wording.settlement
        reserve = settlement.reserve.release_days if settlement.reserve else 0
        tail = self.stage.assumed.transit + settlement.delay_days + reserve + 2 * CADENCE_MAX
        for offset in range((until - since).days + tail):
            yield since + timedelta(days=offset)

    def _day(self, day: date, told: "_Day") -> None:
        hours = {each.at.replace(minute=0, second=0) for each in told.invoices}
        hours |= {each.at.replace(minute=0, second=0) for each in told.notes}
        for hour in sorted(hours):
            end = hour + timedelta(hours=1)
            self._place([each for each in told.invoices if hour <= each.at < end])
            self._cancel([each for each in told.notes if hour <= each.at < end])
        self._move_stock(told.changes)
        self._ship(self._at(day, SHIPS_AT))
        self._deliver(self._at(day, ARRIVES_AT))
        self._take_back(self._at(day, RETURNS_AT))
        if self.stage.wording.settlement.is_close(day):
            self._settle(self._at(day, SETTLES_AT))

    def _at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, tzinfo=self.stage.zone).astimezone(UTC)

    def _place(self, invoices: Sequence[Invoice]) -> None:
        """Place the orders of an hour, at the time of the last of them."""
        fresh = [invoice for invoice in invoices if invoice.key not in self.standing]
        for start in range(0, len(fresh), BATCH):
            batch = fresh[start : start + BATCH]
            now = batch[-1].at
            self._know_users({invoice.customer for invoice in batch if invoice.customer}, now)
            with self._timed("place"):
                answers = checkout.place_orders(requests=[self._request(each) for each in batch], now=now, trusted=True)
            for invoice, answer in zip(batch, answers, strict=True):
                if isinstance(answer, Placed):
                    self.standing[invoice.key] = self.by_order[answer.order_id] = Standing(answer.order_id)
                    self.played.counts["orders"] += 1
                    self.played.counts["lines"] += len(invoice.lines)
                elif isinstance(answer, EntrepotError):
                    self._refused("place", invoice.key, answer)
                else:
                    self.played.failures.append(Failure("place", invoice.key, "orders.not_placed", str(answer)))

    def _request(self, invoice: Invoice) -> OrderRequest:
        market = self.stage.market
        return OrderRequest(
            checkout_key=self.stage.key + invoice.key,
            market_code=market.code,
            lines=[(self.stage.offers[line.code], line.quantity, line.unit_minor) for line in invoice.lines],
            user_id=self.users.get(invoice.customer),
            language=market.languages[0],
            ship_to={
                "name": f"Customer {invoice.customer}" if invoice.customer else "Guest",
                "country": market.country,
            },
            provider=PROVIDER,
            expected_total_minor=invoice.total_minor,
            attribution={"replay": self.stage.document.name, "invoice": invoice.key, "country": invoice.country},
        )

    def _know_users(self, customers: set[str], now: datetime) -> None:
        new = sorted(customers - self.users.keys())
        if new:
            emails = {f"{customer}@{self.stage.document.name}.invalid".lower(): customer for customer in new}
            kept = accounts.keep_users(rows=[(email, f"Customer {name}") for email, name in emails.items()], now=now)
            self.users |= {emails[email]: user_id for email, user_id in kept.items()}

    def _cancel(self, notes: Sequence[Note]) -> None:
        """Cancel what has not left; what has left comes back once it has been delivered."""
        for note in notes:
            standing = self.standing.get(note.key)
            if standing is None or (standing.order_id, note.reason) in self.noted:
                continue
            if standing.has_left:
                self.waiting[note.key].append(note)
                continue
            places = self._line_ids([standing.order_id])[standing.order_id]
            with self._timed("cancel"):
                try:
                    checkout.cancel_lines(
                        rows=[(places[place], units) for place, units in sorted(note.units.items())],
                        actor=SYSTEM,
                        reason=note.reason,
                        now=note.at,
                    )
                except EntrepotError as refusal:
                    self._refused("cancel", f"{note.key} by {note.number}", refusal)
                    continue
            self.noted.add((standing.order_id, note.reason))
            self.played.counts["cancelled units"] += sum(note.units.values())

    def _ship(self, now: datetime) -> None:
        """Pack and hand over what is due by the end of the day."""
        due = start_of_day(now.astimezone(self.stage.zone).date() + timedelta(days=1), self.stage.zone)
        with self._timed("ship"):
            items = [
                item
                for item in work.list_work(organisation_id=None, node_id=self.stage.node.id, limit=100_000)
                if item.due_at <= due
            ]
            if not items:
                return
            lines = work.list_lines(suborder_ids=[item.suborder_id for item in items])
            boxes = [
                Box(item.id, contents)
                for item in items
                if (contents := [(line.id, line.to_pack) for line in lines[item.suborder_id] if line.to_pack])
            ]
            packed = fulfilment.pack(boxes=boxes, actor=SYSTEM, now=now) if boxes else []
            standing = [
                parcel.id
                for parcel in Parcel.objects.filter(
                    reference_id__in=[item.suborder_id for item in items], state="packed", direction="outbound"
                )
            ]
            fulfilment.hand_over(
                handovers=[Handover(parcel_id) for parcel_id in sorted({parcel.id for parcel in packed} | {*standing})],
                actor=SYSTEM,
                now=now,
            )
        for item in items:
            self.by_order[item.order_id].has_left = True
        self.played.counts["parcels"] += len(packed)

    def _deliver(self, now: datetime) -> None:
        """Parcels arrive after their transit days."""
        left_by = now - timedelta(days=self.stage.assumed.transit)
        with self._timed("deliver"):
            parcels = list(
                Parcel.objects.filter(
                    node_id=self.stage.node.id, state="handed_over", direction="outbound", handed_over_at__lte=left_by
                ).order_by("id")
            )
            if not parcels:
                return
            tracking.record_tracking(
                events=[Scan("delivered", "carrier", now, "replay:delivered", parcel.id) for parcel in parcels], now=now
            )
        rows = db.fetch_rows(
            "SELECT order_id FROM orders_suborder WHERE id = ANY(%s)", [[parcel.reference_id for parcel in parcels]]
        )
        for row in rows:
            self.by_order[row.order_id].delivered_at = now
        self.played.counts["deliveries"] += len(parcels)

    def _take_back(self, now: datetime) -> None:
        """Returns that the file's credit notes tell of: asked for, received, refunded, once the goods were delivered.

        A credit note that is later than the return window was asked for on the last day of the window: the file says
        that the goods were taken back.
        """
        window = timedelta(days=self.stage.wording.returns.window_days)
        ready = []
        for key in list(self.waiting):
            standing = self.standing[key]
            if standing.delivered_at is not None and standing.delivered_at <= now:
                ready += [(note, standing.order_id, standing.delivered_at) for note in self.waiting.pop(key)]
        places = self._line_ids([order_id for _, order_id, _ in ready])
        received: list[UUID] = []
        with self._timed("return"):
            for note, order_id, delivered_at in ready:
                units = {places[order_id][place]: count for place, count in note.units.items()}
                asked_at = min(now, delivered_at + window)
                try:
                    received += self._receive(order_id, note, units, asked_at, now)
                except EntrepotError as refusal:
                    self._refused("return", f"{note.key} by {note.number}", refusal)
                    continue
                self.noted.add((order_id, note.reason))
                self.played.counts["returned units"] += sum(units.values())
                self.played.counts["returns asked within the window"] += asked_at < now
            if received:
                returns.refund(case_ids=received, actor=SYSTEM, now=now)

    def _receive(
        self, order_id: UUID, note: Note, units: Mapping[UUID, int], asked_at: datetime, now: datetime
    ) -> list[UUID]:
        """Ask for the return and take it in; its cases."""
        cases = returns.request_return(
            order_id=order_id,
            lines=list(units.items()),
            reason=self.stage.assumed.return_reason,
            actor=SYSTEM,
            now=asked_at,
            note=note.reason,
        )
        usual = aftersales.DISPOSITIONS[self.stage.wording.returns.disposition]
        for case in cases:
            lines = db.fetch_rows(
                "SELECT line_id, sum(quantity)::int AS units FROM aftersales_returnline WHERE case_id = %s"
                " GROUP BY line_id ORDER BY line_id",
                [case.id],
            )
            returns.receive_return(
                case_id=case.id,
                received=[Received(row.line_id, row.units, usual or "restock") for row in lines],
                actor=SYSTEM,
                now=now,
            )
        return [case.id for case in cases]

    def _move_stock(self, changes: Sequence[StockChange]) -> None:
        """Stock that came or went without a sale, on the rows that the opening made."""
        stage = self.stage
        new = [each for each in changes if stage.source_id(each.line.file, each.line.row) not in self.moved]
        if not new:
            return
        now = new[-1].at
        rows = [
            Receipt(
                stage.seller.pk,
                self.owners.get(stage.skus[change.code], stage.seller.pk),
                stage.node.id,
                stage.skus[change.code],
                change.quantity,
                "adjusted",
                SOURCE,
                stage.source_id(change.line.file, change.line.row),
                reason=f"{change.line.bucket}: {change.line.title}".strip(": ")[:200],
                movement_id=movement_id,
            )
            for change, movement_id in zip(new, ids.new_ids(now, len(new)), strict=True)
        ]
        bought = [
            Miscount(row.movement_id, row.seller_id, row.sku_id, row.quantity)
            for row in rows
            if row.movement_id and row.owner_id != row.seller_id
        ]
        with self._timed("stock"), db.atomic():
            inventory.receive(rows=rows, now=now)
            if bought:
                settling.post_miscounts(miscounts=bought, now=now)
        self.moved |= {row.source_id for row in rows}
        self.played.counts["stock movements"] += len(rows)

    def _settle(self, now: datetime) -> None:
        """Close what is due, pay it out, and let the bank confirm it."""
        with self._timed("settle"):
            settling.settle(until=now, now=now, actor=SYSTEM)
            batches = settling.pay_out(now=now, actor=SYSTEM)
            rows = db.fetch_rows(
                "SELECT id FROM settlement_payout WHERE batch_id = ANY(%s) ORDER BY id",
                [[batch.id for batch in batches]],
            )
            if rows:
                done = settling.confirm_payouts(payout_ids=[row.id for row in rows], now=now, actor=SYSTEM)
                self.played.counts["payouts"] += done

    def _count_statements(self) -> int:
        return int(
            db.fetch_value("SELECT count(*) FROM settlement_statement WHERE seller_id = %s", [self.stage.seller.pk])
        )

    def _line_ids(self, order_ids: Iterable[UUID]) -> dict[UUID, dict[int, UUID]]:
        """The lines of orders by their place on the invoice."""
        rows = db.fetch_rows(
            "SELECT order_id, position, id FROM orders_orderline WHERE order_id = ANY(%s)", [list(set(order_ids))]
        )
        found: dict[UUID, dict[int, UUID]] = defaultdict(dict)
        for row in rows:
            found[row.order_id][row.position - 1] = row.id
        return found

    def _standings(self) -> dict[str, Standing]:
        """The orders of this replay that there are already."""
        key = self.stage.key
        rows = db.fetch_rows(
            "SELECT ordered.id, ordered.checkout_key, bool_or(parcel.handed_over_at IS NOT NULL) AS has_left,"
            " max(parcel.delivered_at) AS delivered_at FROM orders_order ordered"
            " JOIN orders_suborder suborder ON suborder.order_id = ordered.id"
            " LEFT JOIN logistics_parcel parcel ON parcel.reference_id = suborder.id"
            " AND parcel.direction = 'outbound'"
            " WHERE ordered.checkout_key LIKE %s AND ordered.state = 'placed' GROUP BY ordered.id",
            [self.stage.pattern],
        )
        return {row.checkout_key.removeprefix(key): Standing(row.id, row.has_left, row.delivered_at) for row in rows}

    def _noted(self) -> set[tuple[UUID, str]]:
        """The credit notes that took effect already, by order."""
        orders = [standing.order_id for standing in self.standing.values()]
        rows = db.fetch_rows(
            "SELECT order_id, data->>'reason' AS reason FROM orders_orderevent"
            " WHERE kind = 'cancelled' AND order_id = ANY(%s)"
            " UNION SELECT order_id, note FROM aftersales_returncase WHERE order_id = ANY(%s)",
            [orders, orders],
        )
        return {(row.order_id, row.reason) for row in rows}

    def _owners(self) -> dict[UUID, UUID]:
        """Who owns the stock of each SKU: the seller, or the platform where it bought it."""
        rows = db.fetch_rows(
            "SELECT sku_id, owner_id FROM inventory_stock WHERE seller_id = %s AND node_id = %s AND condition = 'new'"
            " AND lot = '' ORDER BY owner_id = seller_id DESC",
            [self.stage.seller.pk, self.stage.node.id],
        )
        return {row.sku_id: row.owner_id for row in rows}

    def _moved(self) -> set[UUID]:
        """The sources of stock movements that were made already."""
        rows = db.fetch_rows("SELECT source_id FROM inventory_movement WHERE source_type = %s", [SOURCE])
        return {row.source_id for row in rows}

    def _refused(self, step: str, key: str, refusal: EntrepotError) -> None:
        self.played.failures.append(Failure(step, key, refusal.code, str(refusal)))

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = stopwatch.perf_counter()
        try:
            yield
            crash_point("replay.played")
        finally:
            self.played.seconds[step] += stopwatch.perf_counter() - began


def _notes(taken: Iterable[TakenBack]) -> list[Note]:
    """What each credit note takes back of each order, in the order of time."""
    notes: dict[tuple[str, str], Note] = {}
    for each in taken:
        note = notes.setdefault((each.key, each.line.invoice), Note(each.key, each.line.invoice, each.at))
        note.at = max(note.at, each.at)
        note.units[each.place] = note.units.get(each.place, 0) + each.quantity
    return sorted(notes.values(), key=lambda note: (note.at, note.key, note.number))
