"""A marketplace's life in chapters, to die in: every step is taken by a careful client, who looks first and then acts.

Each chapter names the crash points on its way. `rest` is what the jobs do until nothing is left to do, and `told` what
a chapter has brought about, without times and keys, so that a life with a death in it can be laid beside one without.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shipping
import shopping
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import Order, OrderLine, WorkItem
from entrepot.domain.settlement.models import Payout
from entrepot.domain.uploads.models import Upload
from entrepot.flows import checkout, fulfilment, returns, settling
from entrepot.flows.fulfilment import Box, Handover, Scan
from entrepot.intake import mapping, replay, uploads
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import fetch_rows
from entrepot.surfaces.jobs import relay, schedule
from intake.files import HISTORY, lines, write
from intake.test_invoices import BUCKETS, HEAD
from surfaces.api.calls import Caller
from worlds import World

#: The periodic jobs that finish what was begun.
JOBS = ("payments", "holds", "uploads", "captures", "refunds of losses", "refunds of returns")


@dataclass
class Stage:
    """The world, its offers, and the clock of the surfaces."""

    world: World
    offers: dict[str, Offer] = field(default_factory=dict)
    actor: Actor | None = None
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="entrepot-chapters-")))

    def pass_time(self, **step: float) -> None:
        self.world.pass_time(**step)
        clock.set_offset(self.world.now - datetime.now(UTC))

    def note(self, step: int) -> None:
        """Write down where this process stands, for the one that comes after it."""
        (self.folder / "stands").write_text(f"{step} {self.world.now.isoformat()}")

    def recall(self) -> int:
        """Go on at the time of whoever died; the step that it had begun."""
        step, now = (self.folder / "stands").read_text().split()
        self.world.now = datetime.fromisoformat(now)
        self.pass_time()
        return int(step)


Step = Callable[[Stage], Any]


@dataclass(frozen=True)
class Chapter:
    """Steps in their order, and the places on their way at which a process is made to die, each so many times."""

    steps: Sequence[Step]
    points: Sequence[tuple[str, int]]


def build() -> Stage:
    """A seller whose money is taken at hand-over, one who is paid at order, and a voucher."""
    world = World()
    shopping.publish_variant(world, "semi-managed-local-stock", "paid-at-order", fulfilment={"capture": "order"})
    stage = Stage(world)
    local = world.seller("local", programme="semi-managed-local-stock")
    early = world.seller("early", programme="paid-at-order")
    stage.offers = {
        "local": world.offer(local, price="19.99", stock=30),
        "early": world.offer(early, price="7.35", stock=30),
        "scarce": world.offer(local, price="49.00", stock=1),
    }
    stage.actor = world.seller_actor(local)
    world.operator_actor()
    shopping.voucher(world, "TENTH", limit_total=3)
    stage.pass_time()
    return stage


def rest(stage: Stage) -> None:
    """Time passes, the provider's messages come in, and the jobs run."""
    for _ in range(3):
        stage.pass_time(minutes=7)
        for headers, body in shopping.sandbox().messages(stage.world.now):
            checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=stage.world.now)
        for job in schedule.JOBS:
            if job.name in JOBS:
                schedule.run(job, now=stage.world.now)


# checkout


def _order(key: str) -> Order:
    return Order.objects.get(checkout_key=key)


def _line(key: str, offer: Offer) -> OrderLine:
    return OrderLine.objects.get(order__checkout_key=key, offer=offer)


def _buy(stage: Stage) -> None:
    local, early = stage.offers["local"], stage.offers["early"]
    shopping.place(
        stage.world,
        shopping.request("mixed", (local, 5), (early, 3), voucher_code="tenth"),
        shopping.request("declined", (local, 1), instrument="decline", voucher_code="tenth", email="d@example.org"),
        shopping.request("cut", (local, 2), instrument="cut"),
        shopping.request("early", (early, 2)),
        shopping.request("unreachable", (early, 1), instrument="unreachable"),
    )


def _wait(stage: Stage) -> None:
    shopping.place(stage.world, shopping.request("slow", (stage.offers["early"], 2), instrument="slow"))


def _come_late(stage: Stage) -> None:
    """The last unit is let go while its payment is still coming, and bought by somebody else."""
    if Order.objects.filter(checkout_key="quick").exists():
        return
    shopping.place(stage.world, shopping.request("late", (stage.offers["scarce"], 1), instrument="slow"))
    stage.pass_time(minutes=40)
    checkout.expire_holds(now=stage.world.now)
    shopping.place(stage.world, shopping.request("quick", (stage.offers["scarce"], 1), email="q@example.org"))


def _cancel(stage: Stage) -> None:
    for name in ("local", "early"):
        line = _line("mixed", stage.offers[name])
        if line.cancelled_qty == 0:
            checkout.cancel_lines(rows=[(line.id, 1)], actor=SYSTEM, reason="changed", now=stage.world.now)


# shipping


def _pack(stage: Stage) -> None:
    """Two parcels of the first line, one of the second."""
    wanted = [("local", 1), ("local", 3), ("early", 2)]
    for number, (name, units) in enumerate(wanted):
        item = WorkItem.objects.get(suborder=_line("mixed", stage.offers[name]).suborder_id)
        before = sum(each == name for each, _ in wanted[:number])
        if Parcel.objects.filter(reference_id=item.suborder_id).count() == before:
            boxes = [Box(item.id, [(_line("mixed", stage.offers[name]).id, units)])]
            fulfilment.pack(boxes=boxes, actor=SYSTEM, now=stage.world.now)


def _parcels(stage: Stage, **where: Any) -> list[Parcel]:
    suborders = OrderLine.objects.filter(order__checkout_key="mixed").values("suborder_id")
    return list(Parcel.objects.filter(reference_id__in=suborders, **where).order_by("weight_g"))


def _label(stage: Stage) -> None:
    if unlabelled := _parcels(stage, state="packed", label_media=""):
        fulfilment.make_labels(parcel_ids=[each.id for each in unlabelled], actor=SYSTEM, now=stage.world.now)


def _hand_over(stage: Stage) -> None:
    packed = _parcels(stage, state="packed")
    handovers = [Handover(each.id, tracking_number=f"T-{each.number}") for each in packed]
    if handovers:
        fulfilment.hand_over(handovers=handovers, actor=SYSTEM, now=stage.world.now)


def _scan(stage: Stage) -> None:
    """The carrier tells everything at every call: two parcels arrive, one is lost."""
    kinds = ("lost", "delivered", "delivered")
    parcels = _parcels(stage)
    events = [
        Scan(kind, "carrier", stage.world.now, f"{kind}-{number}", parcel_id=each.id)
        for number, (kind, each) in enumerate(zip(kinds, parcels, strict=True))
    ]
    fulfilment.record_tracking(events=events, now=stage.world.now)


def _ship_the_rest(stage: Stage) -> None:
    """What was paid at order leaves and is lost."""
    ordered = _order("early")
    if not Parcel.objects.filter(reference_id__in=_subs(ordered)).exists():
        shipping.ship(stage.world, ordered)
    parcel = Parcel.objects.get(reference_id__in=_subs(ordered))
    if parcel.state == "packed":
        shipping.hand_over(stage.world, parcel)
    fulfilment.record_tracking(
        events=[Scan("lost", "carrier", stage.world.now, "gone", parcel_id=parcel.id)], now=stage.world.now
    )


def _subs(ordered: Order) -> list[Any]:
    return [line.suborder_id for line in shipping.lines_of(ordered)]


# returns


def _ask_back(stage: Stage) -> None:
    for name in ("local", "early"):
        line = _line("mixed", stage.offers[name])
        if not ReturnCase.objects.filter(suborder_id=line.suborder_id).exists():
            returns.request_return(
                order_id=line.order_id, lines=[(line.id, 1)], reason="changed_mind", actor=SYSTEM, now=stage.world.now
            )


def _take_back(stage: Stage) -> None:
    for case in ReturnCase.objects.filter(state__in=("requested", "in_transit")).order_by("id"):
        returns.send_label(case_id=case.id, actor=SYSTEM, now=stage.world.now)
        line = OrderLine.objects.get(suborder=case.suborder_id)
        received = [returns.Received(line.id, 1, "restock")]
        returns.receive_return(case_id=case.id, received=received, actor=SYSTEM, now=stage.world.now)


def _give_back(stage: Stage) -> None:
    received = ReturnCase.objects.filter(state="received").order_by("id")
    if waiting := [case.id for case in received]:
        returns.refund(case_ids=waiting, actor=SYSTEM, now=stage.world.now)


# money


def _settle(stage: Stage) -> None:
    until = stage.world.now.replace(hour=0, minute=0)
    settling.settle(until=until, now=stage.world.now, actor=SYSTEM)


def _pay_out(stage: Stage) -> None:
    settling.pay_out(now=stage.world.now, actor=SYSTEM)


def _confirm(stage: Stage) -> None:
    sent = [payout.id for payout in Payout.objects.filter(state="in_transit").order_by("id")]
    settling.confirm_payouts(payout_ids=sent, now=stage.world.now, actor=SYSTEM)


def _later(stage: Stage) -> None:
    stage.pass_time(days=45)


# telling, asking, bringing


def _relay(stage: Stage) -> None:
    """Twice, with a pause after which what a dead worker had claimed comes due again."""
    relay.relay(now=stage.world.now)
    stage.pass_time(minutes=10)
    relay.relay(now=stage.world.now)


def _post(stage: Stage) -> None:
    """An order over the API, under the key that the client keeps; asked again until there is an answer."""
    body = {
        "market": "DE",
        "lines": [{"offer_id": str(stage.offers["local"].id), "quantity": 4}],
        "ship_to": shopping.ADDRESS,
        "email": "api@example.org",
        "provider": "sandbox",
        "instrument": "approve",
    }
    answers = [Caller().post("/orders", body, key="a key that nobody guesses") for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["state"] == "placed"


def _take_one_off(stage: Stage) -> None:
    """One unit less, over the API. A client that is told that its request broke off looks before it asks anew."""
    line = OrderLine.objects.get(order__ship_to__email="api@example.org")
    shopper = Caller(**{"Order-Token": line.order.access_token})
    body = {"lines": [{"line_id": str(line.id), "quantity": 1}]}
    for key in ("the first key, long enough", "another key, long enough"):
        answer = shopper.send("POST", f"/orders/{line.order_id}/cancellation", body, key=key)
        if answer.status_code < 300:
            return
        assert answer.json()["code"] in ("idempotency.running", "idempotency.unknown"), answer.content
        stage.pass_time(minutes=3)
        assert shopper.send("POST", f"/orders/{line.order_id}/cancellation", body, key=key).status_code == 409
        line.refresh_from_db()
        if line.cancelled_qty:
            return


ROWS = 7
SHEET = (
    "product;title;category;sku;weight_g;length_mm;width_mm;height_mm;hs_code;origin;market;retail_price\n"
    + "".join(
        f"P{number};Bowl {number};mugs;S{number};420;120;90;100;691200;CN;DE;{number + 3},90\n"
        for number in range(ROWS)
    )
)


def _bring(stage: Stage) -> None:
    """A catalogue sheet, tried and then carried out."""
    seller, actor = stage.offers["local"].seller, stage.actor
    assert actor is not None
    found = Upload.objects.filter(organisation_id=seller.pk).order_by("created_at").last()
    if found is None:
        found = uploads.bring(actor=actor, organisation_id=seller.pk, sheet="catalogue", content=SHEET,
                              name="bowls.csv", now=stage.world.now)  # fmt: skip
    uploads.carry_out(upload_id=found.id, actor=actor, now=stage.world.now)


def _replay(stage: Stage) -> None:
    """A small history, sold, cancelled, shipped, taken back and settled."""
    old = HISTORY[HISTORY.index("[[buckets]]") : HISTORY.index("[market]")]
    rows = ("1,x,10,1.50,03/01/2011,a", "1,y,2,3.99,03/01/2011,a", "3,x,9,1.25,04/01/2011,b",
            "C3,x,-9,1.25,04/01/2011,b", "4,y,6,3.50,05/01/2011,b", "C4,y,-2,3.25,20/01/2011,b")  # fmt: skip
    write(stage.folder / "lines.csv", lines(HEAD, *rows))
    found = replay.read(mapping.parse(HISTORY.replace(old, BUCKETS)), stage.folder)
    played, _ = replay.play(found, stage.folder, programme="self-managed")
    assert not played.failures, played.failures


CHAPTERS: Mapping[str, Chapter] = {
    "checkout": Chapter(
        (_buy, _wait, rest, _come_late, rest, _cancel),
        (
            ("checkout.decided", 1), ("checkout.written", 1), ("checkout.opened", 1), ("checkout.asked", 1),
            ("checkout.completed", 1),
            ("checkout.opened", 2), ("answers.written", 1), ("answers.committed", 1), ("answers.written", 2),
            ("calls.opened", 1), ("calls.asked", 1), ("calls.written", 1), ("calls.committed", 1),
            ("webhook.kept", 1), ("webhook.effective", 1), ("webhook.effective", 2), ("sweep.found", 1),
            ("holds.expired", 1), ("late.opened", 1), ("cancel.written", 1), ("cancel.committed", 1),
            ("cancel.committed", 2),
        ),
    ),
    "shipping": Chapter(
        (_pack, _label, _hand_over, rest, _scan, rest, _ship_the_rest),
        (
            ("pack.written", 1), ("pack.written", 2), ("label.kept", 1), ("handover.written", 1),
            ("handover.committed", 1), ("calls.opened", 1), ("calls.asked", 1), ("calls.written", 1),
            ("calls.committed", 1), ("tracking.written", 1), ("tracking.committed", 1), ("calls.asked", 2),
            ("tracking.committed", 2),
        ),
    ),
    "returns": Chapter(
        (_ask_back, _take_back, _give_back, rest),
        (
            ("return.opened", 1), ("return.opened", 2), ("return.received", 1), ("return.received", 2),
            ("refund.opened", 1), ("refund.asked", 1), ("refund.written", 1),
        ),
    ),
    "money": Chapter(
        (_later, _settle, _pay_out, _confirm),
        (
            ("settlement.accrued", 1), ("settlement.written", 1), ("payout.opened", 1), ("payout.asked", 1),
            ("payout.written", 1), ("payout.confirmed", 1),
        ),
    ),
    "telling": Chapter((_relay,), (("relay.claimed", 1), ("relay.told", 1))),
    "bringing": Chapter(
        (_bring, rest, _replay),
        (
            ("import.carried", 1), ("import.carried", 2), ("import.advanced", 1), ("import.advanced", 2),
            ("replay.played", 1), ("replay.played", 4), ("replay.played", 7),
        ),
    ),
    "asking": Chapter(
        (_post, _take_one_off),
        (("once.claimed", 1), ("once.acted", 1), ("checkout.completed", 1), ("cancel.committed", 1)),
    ),
}  # fmt: skip


#: What a life has brought about: as many of each as there are, whatever their keys and times.
TOLD: Mapping[str, str] = {
    "orders": "SELECT checkout_key, state, total_minor, currency FROM orders_order",
    "lines": "SELECT sku.code, quantity, cancelled_qty, shipped_qty, delivered_qty, returned_qty"
    " FROM orders_orderline line JOIN catalogue_sku sku ON sku.id = line.sku_id",
    "events": "SELECT kind, quantity FROM orders_orderevent",
    "payments": "SELECT state, amount_minor, captured_minor, voided_minor, refunded_minor, decline_reason"
    " FROM payments_payment",
    "the provider's book": "SELECT act, state, amount_minor, currency FROM payments_sandboxcharge",
    "captures": "SELECT state, amount_minor, attempt FROM payments_capture",
    "refunds": "SELECT state, amount_minor, attempt, reason FROM payments_refund",
    "voids": "SELECT state, amount_minor, attempt FROM payments_void",
    "stock": "SELECT sku.code, condition, on_hand, reserved FROM inventory_stock stock"
    " JOIN catalogue_sku sku ON sku.id = stock.sku_id",
    "movements": "SELECT kind, quantity FROM inventory_movement",
    "parcels": "SELECT direction, state, cost_minor, label_media <> '' FROM logistics_parcel",
    "returns": "SELECT state FROM aftersales_returncase",
    "postings": "SELECT journal.kind, posting.part, source.kind, destination.kind, posting.amount_minor,"
    " posting.currency FROM ledger_posting posting JOIN ledger_journal journal ON journal.id = posting.journal_id"
    " JOIN ledger_account source ON source.id = posting.source_id"
    " JOIN ledger_account destination ON destination.id = posting.destination_id",
    "statements": "SELECT seller.code, state, lines_minor, payable_minor, carried_minor FROM settlement_statement"
    " JOIN accounts_organisation seller ON seller.id = seller_id",
    "payouts": "SELECT seller.code, state, amount_minor FROM settlement_payout"
    " JOIN accounts_organisation seller ON seller.id = seller_id",
    "batches": "SELECT currency, sent_at IS NOT NULL FROM settlement_payoutbatch",
    "redemptions": "SELECT code, redeemed FROM promotions_voucher",
    "outbox": "SELECT topic, status FROM kernel_outboxevent",
    "notices": "SELECT topic, person.email FROM notices_notice JOIN accounts_user person ON person.id = user_id",
    "products": "SELECT code, status FROM catalogue_product",
    "prices": "SELECT amount_minor, valid_until IS NULL FROM pricing_retailprice",
    "uploads": "SELECT state, rows_done FROM uploads_upload",
}


def told() -> dict[str, list[str]]:
    """What has been brought about, in one order."""
    return {
        name: [row.said for row in fetch_rows(f"SELECT each::text AS said FROM ({query}) AS each ORDER BY 1")]
        for name, query in TOLD.items()
    }
