"""How a web process places orders: requests wait in their threads on a shared batch.

Whoever comes when nobody opens orders takes what is queued and opens it in one transaction; then the next in the queue
does the same, while the first asks the payment providers and answers its batch. Nobody waits for a batch to fill: one
request alone is a batch of one. Where too many wait, the next is told at once to come back; what is known to be sold
out is answered without waiting.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from entrepot.flows import checkout
from entrepot.flows.checkout import Answered, OrderRequest
from entrepot.kernel import context, meters
from entrepot.kernel.errors import EntrepotError, Unavailable
from entrepot.surfaces.shared.soldout import SOLD_OUT

#: The most that one transaction opens: more gain nothing and wait longer.
BATCH_MAX = 200


class Busy(Unavailable):
    """More orders wait than this process can answer soon."""

    code = "orders.busy"
    message = "Very many orders come in right now. Nothing was ordered; please try again in a moment."


@dataclass(slots=True, eq=False)
class Waiting:
    """A request in its thread: it is answered, or it is its turn to open what is queued."""

    request: OrderRequest
    now: datetime
    turn: threading.Event = field(default_factory=threading.Event)
    is_done: bool = False
    answer: Answered | None = None
    failure: BaseException | None = None


class Queue:
    """The orders of one process that wait; `most` at a time, so that threads are left for everything else."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lock = threading.Lock()
        self.waiting: deque[Waiting] = deque()
        self.inside = 0
        self.is_opening = False
        self.batches = self.orders = self.turned_away = 0  # since this process began

    def place(self, request: OrderRequest, *, now: datetime) -> Answered:
        """What became of an order. Raises: Busy, at once, where too many are inside."""
        mine = Waiting(request, now)
        with self.lock:
            if self.inside >= self.most:
                self.turned_away += 1
                meters.ORDERS_TURNED_AWAY.inc()
                raise Busy(seconds=1)
            self.inside += 1
            self.waiting.append(mine)
            self._say()
            leads, self.is_opening = not self.is_opening, True
        try:
            if not leads:
                mine.turn.wait()
            if not mine.is_done:
                self._lead()
        finally:
            with self.lock:
                self.inside -= 1
                self._say()
        if mine.failure is not None:
            raise mine.failure
        assert mine.answer is not None
        return mine.answer

    def _lead(self) -> None:
        """Open what is queued, hand on, and answer."""
        with self.lock:
            batch = [self.waiting.popleft() for _ in range(min(len(self.waiting), BATCH_MAX))]
            self.batches, self.orders = self.batches + 1, self.orders + len(batch)
            self._say()
        meters.BATCH_ORDERS.observe(len(batch))
        started = time.monotonic()
        try:
            try:
                requests, now = [each.request for each in batch], max(each.now for each in batch)
                opened = checkout.open_orders(requests=requests, now=now)
            finally:
                self._hand_on()
                meters.BATCH_OPENED.observe(time.monotonic() - started)
            for each, answer in zip(batch, checkout.finish_orders(opened), strict=True):
                each.answer = answer
        except Exception as problem:
            _place_apart(batch, problem)
        except BaseException as end:
            for each in batch:
                each.failure = end
            raise
        finally:
            meters.BATCH_ANSWERED.observe(time.monotonic() - started)
            for each in batch:
                each.is_done = True
                each.turn.set()

    def _say(self) -> None:
        """How many are in here, and how many of them no batch has taken yet."""
        meters.ORDERS_INSIDE.set(self.inside)
        meters.ORDERS_QUEUED.set(len(self.waiting))

    def _hand_on(self) -> None:
        """It is the turn of whoever has waited longest, or nobody's."""
        with self.lock:
            if self.waiting:
                self.waiting[0].turn.set()
            else:
                self.is_opening = False


def _place_apart(batch: Sequence[Waiting], problem: Exception) -> None:
    """What breaks a batch breaks none but its own: each is placed alone, under its key, which tells what came of it."""
    for each in batch:
        try:
            if len(batch) == 1:
                raise problem
            [each.answer] = checkout.place_orders(requests=[each.request], now=each.now)
        except Exception as failure:
            each.failure = failure


QUEUE = Queue(settings.ORDER_QUEUE)


def place(request: OrderRequest, *, now: datetime) -> Answered:
    """What became of an order, which waits for its turn among all that come in. Raises: Busy."""
    gone = SOLD_OUT.find(request)
    if gone is not None and not checkout.is_known(request.checkout_key):
        return gone
    answer = QUEUE.place(request, now=now)
    if isinstance(answer, checkout.Ordered):
        context.add(orders=answer.number)
    if isinstance(answer, EntrepotError) and answer.code == "orders.sold_out":
        SOLD_OUT.learn(request, answer)
    return answer
