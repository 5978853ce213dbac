"""Named places in the flows at which a process can be made to die.

Whoever kills a process at each of them in turn, starts anew and lets the work end, sees that every effect came about
exactly once. In production nobody waits at them, and passing one costs nothing.
"""

import os
import signal
from collections.abc import Callable

#: Every place, and what is done by then.
POINTS: dict[str, str] = {
    "checkout.decided": "orders are decided on, and nothing is written",
    "checkout.written": "orders, holds and payments are written, and not committed",
    "checkout.opened": "they are committed, and no provider has been asked",
    "checkout.asked": "the providers have answered, and nothing of it is written",
    "checkout.completed": "all is committed, and nobody has been answered",
    "answers.written": "what answers do to orders is written, and not committed",
    "answers.committed": "it is committed, and captures at order are not asked for",
    "late.opened": "the void of an approval that came too late is about to be asked for",
    "calls.opened": "captures, voids or refunds are about to be asked for",
    "calls.asked": "their providers have answered, and nothing of it is written",
    "calls.written": "they are written and booked, and not committed",
    "calls.committed": "they are committed, and nobody has been answered",
    "webhook.kept": "a message is in the inbox, and has had no effect",
    "webhook.effective": "a message has had its effect, and is not marked as processed",
    "sweep.found": "the sweep knows what the providers' books say, and has done nothing of it",
    "holds.expired": "holds are let go, and not committed",
    "cancel.written": "a cancellation is written, and not committed",
    "cancel.committed": "a cancellation is committed, and no money has been asked for",
    "pack.written": "parcels are packed, and not committed",
    "label.kept": "labels lie on the disk, and no row knows them",
    "handover.written": "a hand-over is written, and not committed",
    "handover.committed": "a hand-over is committed, and no capture has been asked for",
    "tracking.written": "scans and what they earned are written, and not committed",
    "tracking.committed": "scans are committed, and refunds of losses are not asked for",
    "return.opened": "a return is written, and not committed",
    "return.received": "received units are written, and not committed",
    "refund.opened": "a refund of a return is committed, and no provider has been asked",
    "refund.asked": "its provider has answered, and nothing of it is written",
    "refund.written": "a refund and what it undoes are written, and not committed",
    "settlement.accrued": "what waited for the end of a period has accrued, and no statement is closed",
    "settlement.written": "statements are written, and not committed",
    "payout.opened": "payouts are about to be sent, and no provider has been asked",
    "payout.asked": "the provider has sent them, and nothing of it is written",
    "payout.written": "what it answered is written and booked, and not committed",
    "payout.confirmed": "a bank's word is written and booked, and not committed",
    "relay.claimed": "events are claimed, and nobody is told",
    "relay.told": "people are told, and the events are not marked",
    "once.claimed": "a request's key is claimed, and nothing is done",
    "once.acted": "a request is done, and its answer is not kept",
    "import.carried": "a batch of a sheet is carried out, and not committed",
    "import.advanced": "a batch of a sheet is committed, and the next is not begun",
    "replay.played": "an event of a history has been played, and those after it have not",
}

Visitor = Callable[[str], None]

_visitor: Visitor | None = None


def crash_point(name: str) -> None:
    """Here a process may be made to die."""
    if _visitor is not None:
        _visitor(name)


def visit(visitor: Visitor | None) -> None:
    """Let somebody see every place that this process comes by; None for nobody."""
    global _visitor
    _visitor = visitor


def die_at(name: str, *, passing: int = 1) -> None:
    """Let this process be killed when it comes by a place for the n-th time."""
    if name not in POINTS:
        raise ValueError(f"there is no crash point {name}")
    left = passing

    def visitor(passed: str) -> None:
        nonlocal left
        if passed == name:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    visit(visitor)


if os.environ.get("ENTREPOT_CRASH_AT"):
    die_at(os.environ["ENTREPOT_CRASH_AT"])
