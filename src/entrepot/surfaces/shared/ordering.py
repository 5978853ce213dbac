"""How a web process places orders: requests wait in their threads on a shared batch.

A few threads with connections of their own open batches. Whoever comes when nobody opens orders wakes one of them; it
takes what is queued and opens it in one transaction; then the next of them does the same, while the first asks the
payment providers and answers its batch. Nobody waits for a batch to fill: one request alone is a batch of one. Where
too many wait, the next is told at once to come back; what is known to be sold out is answered without waiting.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import close_old_connections, connection

from entrepot.flows import checkout
from entrepot.flows.checkout import Answered, OrderRequest
from entrepot.kernel import context, meters
from entrepot.kernel.errors import EntrepotError, Unavailable
from entrepot.surfaces.shared.soldout import SOLD_OUT

#: The most that one transaction opens: more gain nothing and wait longer.
BATCH_MAX = 200
#: An opener that had nothing to do for so long ends. Units: seconds.
REST = 60.0


class Busy(Unavailable):
    """More orders wait than this process can answer soon."""

    code = "orders.busy"
    message = "Very many orders come in right now. Nothing was ordered; please try again in a moment."


@dataclass(slots=True, eq=False)
class Waiting:
    """A request in its thread, until it is answered."""

    request: OrderRequest
    now: datetime
    words: Mapping[str, str]
    answered: threading.Lock = field(default_factory=threading.Lock)
    answer: Answered | None = None
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.answered.acquire()


class Queue:
    """The orders of one process that wait; `most` at a time, so that threads are left for everything else."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lock = threading.Lock()
        self.waiting: deque[Waiting] = deque()
        self.openers: list[Opener] = []  # that are free; the last one's connection is the warmest
        self.inside = 0
        self.is_opening = False
        self.batches = self.orders = self.turned_away = 0  # since this process began

    def place(self, request: OrderRequest, *, now: datetime) -> Answered:
        """What became of an order. Raises: Busy, at once, where too many are inside."""
        mine = Waiting(request, now, context.words())
        with self.lock:
            if self.inside >= self.most:
                self.turned_away += 1
                meters.ORDERS_TURNED_AWAY.inc()
                raise Busy(seconds=1)
            self.inside += 1
            self.waiting.append(mine)
            leads, self.is_opening = not self.is_opening, True
            if leads:
                self._wake()
            self._say()
        try:
            mine.answered.acquire()
        finally:
            with self.lock:
                self.inside -= 1
                self._say()
        if mine.failure is not None:
            raise mine.failure
        assert mine.answer is not None
        return mine.answer

    def lead(self) -> None:
        """Open what is queued, hand on, and answer: what an opener does when it is its turn."""
        with self.lock:
            batch = [self.waiting.popleft() for _ in range(min(len(self.waiting), BATCH_MAX))]
            self.batches, self.orders = self.batches + 1, self.orders + len(batch)
            self._say()
        meters.BATCH_ORDERS.observe(len(batch))
        started = time.monotonic()
        try:
            try:
                close_old_connections()
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
                each.answered.release()

    def rest(self, opener: "Opener") -> bool:
        """An opener has nothing to do; whether it is kept for the next batch."""
        with self.lock:
            self.openers.append(opener)
        if opener.turn.acquire(timeout=REST):
            return True
        with self.lock:
            if opener in self.openers:
                self.openers.remove(opener)
                return False
        return opener.turn.acquire()  # it was woken in the same instant

    def _say(self) -> None:
        """How many are in here, and how many of them no batch has taken yet."""
        meters.ORDERS_INSIDE.set(self.inside)
        meters.ORDERS_QUEUED.set(len(self.waiting))

    def _hand_on(self) -> None:
        """It is the turn of the next opener, where somebody waits."""
        with self.lock:
            if self.waiting:
                self._wake()
            else:
                self.is_opening = False

    def _wake(self) -> None:
        """Give the turn to an opener that is free, or to a new one. Under the lock."""
        if self.openers:
            self.openers.pop().turn.release()
            return
        try:
            Opener(self).start()
        except RuntimeError:  # the machine has no thread left
            self.is_opening = False
            while self.waiting:
                each = self.waiting.popleft()
                each.failure = Busy(seconds=1)
                each.answered.release()


class Opener(threading.Thread):
    """A thread that opens batches by its own connection, which knows the statements: so few are as fast as many."""

    def __init__(self, queue: Queue) -> None:
        super().__init__(name="orders", daemon=True)
        self.queue = queue
        self.turn = threading.Lock()
        self.turn.acquire()

    def run(self) -> None:
        """Open a batch, rest, open the next."""
        try:
            while True:
                with context.begun(**self.queue.waiting[0].words):
                    self.queue.lead()
                close_old_connections()
                if not self.queue.rest(self):
                    return
        finally:
            connection.close()


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
