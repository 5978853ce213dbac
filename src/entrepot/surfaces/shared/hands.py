"""How many orders are read, signed in and answered at once in a process, so that they leave the processor to pages.

Threads of one process share one processor between them. Of sixty orders that come at once two are worked on; the others
wait, first come first served, and whoever waits for a batch of orders keeps nobody from working.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

#: So many at once: one works while the other's answer is on its way.
AT_ONCE = 2


class Hands:
    """What a thread holds while it works on an order."""

    def __init__(self, count: int) -> None:
        self.free = count
        self.lock = threading.Lock()
        self.coming: deque[threading.Lock] = deque()
        self.back: deque[threading.Lock] = deque()  # from their batch: they are answered first
        self.mine = threading.local()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Work on an order, once it is one's turn."""
        self._take(self.coming)
        self.mine.is_held = True
        try:
            yield
        finally:
            self.mine.is_held = False
            self._give()

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Wait for something; who holds none, such as a page, just waits."""
        if not getattr(self.mine, "is_held", False):
            yield
            return
        self._give()
        try:
            yield
        finally:
            self._take(self.back)

    def _take(self, queue: deque[threading.Lock]) -> None:
        with self.lock:
            if self.free:
                self.free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            queue.append(turn)
        turn.acquire()

    def _give(self) -> None:
        with self.lock:
            if self.back:
                self.back.popleft().release()
            elif self.coming:
                self.coming.popleft().release()
            else:
                self.free += 1


HANDS = Hands(AT_ONCE)
