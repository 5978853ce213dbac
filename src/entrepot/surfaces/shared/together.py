"""What many requests ask of the database at once is asked for all of them together, by few connections.

A request waits in its thread. Whoever comes when nobody is at work wakes a worker, a thread with a connection of its
own, which takes all that wait; when it hands on, the next worker takes those that came meanwhile. Nobody waits for
others to come: one alone is asked for alone.
"""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db import close_old_connections, connection

from entrepot.kernel import context
from entrepot.kernel.errors import Unavailable
from entrepot.surfaces.shared.hands import HANDS

#: A worker that had nothing to do for so long ends. Units: seconds.
REST = 60.0

Q = TypeVar("Q")
A = TypeVar("A")


class Busy(Unavailable):
    """More orders wait than this process can answer soon."""

    code = "orders.busy"
    message = "Very many orders come in right now. Nothing was ordered; please try again in a moment."


@dataclass(slots=True, eq=False)
class Waiting(Generic[Q, A]):
    """A request in its thread, until it is answered."""

    asked: Q
    words: Mapping[str, str]
    answered: threading.Lock = field(default_factory=threading.Lock)
    answer: A | None = None
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.answered.acquire()


class Together(ABC, Generic[Q, A]):
    """What is asked of one kind in this process; `most` at a time, so that threads are left for everything else."""

    name = "together"
    #: The most that are taken at once: more gain nothing and wait longer.
    batch_max = 200

    def __init__(self, most: int) -> None:
        self.most = most
        self.lock = threading.Lock()
        self.waiting: deque[Waiting[Q, A]] = deque()
        self.free: list[Worker] = []  # the last one's connection is the warmest
        self.inside = 0
        self.is_at_work = False
        self.batches = self.taken = self.turned_away = 0  # since this process began

    @abstractmethod
    def work(self, batch: Sequence[Waiting[Q, A]], hand_on: Callable[[], None]) -> None:
        """Answer a batch; from `hand_on` on the next one is worked on."""

    def say(self) -> None:
        """Tell who watches how many are in here. Under the lock."""

    def ask(self, asked: Q) -> A:
        """The answer, of which many are found at once. Raises: Busy, at once, where too many are inside."""
        mine: Waiting[Q, A] = Waiting(asked, context.words())
        with self.lock:
            if self.inside >= self.most:
                self.turned_away += 1
                raise Busy(seconds=1)
            self.inside += 1
            self.waiting.append(mine)
            leads, self.is_at_work = not self.is_at_work, True
            if leads:
                self._wake()
            self.say()
        try:
            with HANDS.let_go():
                mine.answered.acquire()
        finally:
            with self.lock:
                self.inside -= 1
                self.say()
        if mine.failure is not None:
            raise mine.failure
        return mine.answer  # type: ignore[return-value]  # whoever has not failed was answered

    def take(self) -> None:
        """Take what waits, work, answer: what a worker does when it is its turn."""
        with self.lock:
            batch = [self.waiting.popleft() for _ in range(min(len(self.waiting), self.batch_max))]
            self.batches, self.taken = self.batches + 1, self.taken + len(batch)
            self.say()
        handed_on = False

        def hand_on() -> None:
            nonlocal handed_on
            if not handed_on:
                handed_on = True
                self._hand_on()

        try:
            close_old_connections()
            self.work(batch, hand_on)
        except BaseException as end:
            for each in batch:
                each.failure = end
            if not isinstance(end, Exception):
                raise
        finally:
            hand_on()
            for each in batch:
                each.answered.release()

    def rest(self, worker: "Worker") -> bool:
        """A worker has nothing to do; whether it is kept for the next batch."""
        with self.lock:
            self.free.append(worker)
        if worker.turn.acquire(timeout=REST):
            return True
        with self.lock:
            if worker in self.free:
                self.free.remove(worker)
                return False
        return worker.turn.acquire()  # it was woken in the same instant

    def _hand_on(self) -> None:
        """It is the turn of the next worker, where somebody waits."""
        with self.lock:
            if self.waiting:
                self._wake()
            else:
                self.is_at_work = False

    def _wake(self) -> None:
        """Give the turn to a worker that is free, or to a new one. Under the lock."""
        if self.free:
            self.free.pop().turn.release()
            return
        try:
            Worker(self).start()
        except RuntimeError:  # the machine has no thread left
            self.is_at_work = False
            while self.waiting:
                each = self.waiting.popleft()
                each.failure = Busy(seconds=1)
                each.answered.release()


class Worker(threading.Thread):
    """A thread that works by its own connection, which knows the statements: so few are as fast as many."""

    def __init__(self, of: Together[Q, A]) -> None:
        super().__init__(name=of.name, daemon=True)
        self.of = of
        self.turn = threading.Lock()
        self.turn.acquire()

    def run(self) -> None:
        """Work, rest, work again."""
        try:
            while True:
                with context.begun(**self.of.waiting[0].words):
                    self.of.take()
                close_old_connections()
                if not self.of.rest(self):
                    return
        finally:
            connection.close()
