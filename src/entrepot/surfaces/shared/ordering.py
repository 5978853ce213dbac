"""How a web process places orders: requests wait in their threads on a shared batch.

A batch is opened in one transaction; then the next is opened by the next worker, while the first asks the payment
providers and answers. Where too many wait, the next is told at once to come back; what is known to be sold out is
answered without waiting for a batch.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings

from entrepot.flows import checkout
from entrepot.flows.checkout import Answered, OrderRequest
from entrepot.kernel import context, meters
from entrepot.kernel.errors import EntrepotError, Refused
from entrepot.surfaces.shared.soldout import SOLD_OUT
from entrepot.surfaces.shared.together import Busy, Together, Waiting

__all__ = ["KNOWN", "QUEUE", "Busy", "Queue", "find_gone", "place"]

Asked = tuple[OrderRequest, datetime]


class Queue(Together[Asked, Answered]):
    """The orders of one process that wait."""

    name = "orders"

    def place(self, request: OrderRequest, *, now: datetime) -> Answered:
        """What became of an order. Raises: Busy, at once, where too many are inside."""
        try:
            return self.ask((request, now))
        except Busy:
            meters.ORDERS_TURNED_AWAY.inc()
            raise

    def work(self, batch: Sequence[Waiting[Asked, Answered]], hand_on: Callable[[], None]) -> None:
        """Open a batch, hand on, and answer."""
        meters.BATCH_ORDERS.observe(len(batch))
        started = time.monotonic()
        try:
            try:
                requests, instants = zip(*(each.asked for each in batch), strict=True)
                opened = checkout.open_orders(requests=requests, now=max(instants))
            finally:
                hand_on()
                meters.BATCH_OPENED.observe(time.monotonic() - started)
            for each, answer in zip(batch, checkout.finish_orders(opened), strict=True):
                each.answer = answer
        except Exception as problem:
            _place_apart(batch, problem)
        finally:
            meters.BATCH_ANSWERED.observe(time.monotonic() - started)

    def say(self) -> None:
        """How many are in here, and how many of them no batch has taken yet."""
        meters.ORDERS_INSIDE.set(self.inside)
        meters.ORDERS_QUEUED.set(len(self.waiting))


class Known(Together[str, bool]):
    """Whether there are orders of keys already."""

    name = "known keys"

    def work(self, batch: Sequence[Waiting[str, bool]], hand_on: Callable[[], None]) -> None:
        """Look for all the keys in one query."""
        known = checkout.find_known([each.asked for each in batch])
        for each in batch:
            each.answer = each.asked in known


def _place_apart(batch: Sequence[Waiting[Asked, Answered]], problem: Exception) -> None:
    """What breaks a batch breaks none but its own: each is placed alone, under its key, which tells what came of it."""
    for each in batch:
        request, now = each.asked
        try:
            if len(batch) == 1:
                raise problem
            [each.answer] = checkout.place_orders(requests=[request], now=now)
        except Exception as failure:
            each.failure = failure


QUEUE, KNOWN = Queue(settings.ORDER_QUEUE), Known(settings.ORDER_QUEUE)


def find_gone(request: OrderRequest) -> Refused | None:
    """Why an order is refused that asks for what is known to be gone, unless its key has an order. Raises: Busy."""
    # It must still be true once the key was looked for: that may have taken a while.
    if SOLD_OUT.find(request) is None or KNOWN.ask(request.checkout_key):
        return None
    return SOLD_OUT.find(request)


def place(request: OrderRequest, *, now: datetime) -> Answered:
    """What became of an order, which waits for its turn among all that come in. Raises: Busy."""
    gone = find_gone(request)
    if gone is not None:
        return gone
    answer = QUEUE.place(request, now=now)
    if isinstance(answer, checkout.Ordered):
        context.add(orders=answer.number)
    if isinstance(answer, EntrepotError) and answer.code == "orders.sold_out":
        SOLD_OUT.learn(request, answer)
    return answer
