"""Shapes of what components show: pages build them from queries, the tags of `templatetags/entrepot` draw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from django.utils.functional import Promise

Text = str | Promise
Row = TypeVar("Row")
Tone = Literal["neutral", "good", "warn", "bad", "info", "accent"]
State = Literal["done", "current", "todo", "failed"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the amounts that sum to an explained amount; `notes` stand below each other.

    Units: minor, in the currency of the whole.
    """

    label: Text
    amount_minor: int
    note: Text = ""
    href: str = ""
    notes: Sequence[Text] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a number comes from: a rule and its version, an input, a rate with its date, an event."""

    label: Text
    value: Text
    href: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an amount is made of. The parts sum to it; where they do not, the rest is shown as unexplained."""

    title: Text
    parts: Sequence[Part]
    traces: Sequence[Trace] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a promise: what happens, on which days, and who has it."""

    label: Text
    days: Text
    who: Text


@dataclass(frozen=True, slots=True)
class Window:
    """What a promised window is made of, from one end to the other."""

    title: Text
    segments: Sequence[Segment]
    traces: Sequence[Trace] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of a breadcrumb, of tabs or of a menu."""

    label: Text
    href: str = ""
    current: bool = False
    count: int | None = None
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of an order, a return or an application."""

    label: Text
    state: State = "todo"
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, at a moment, by somebody."""

    at: datetime
    label: Text
    detail: Text = ""
    by: Text = ""
    tone: Tone = "accent"
    href: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A party and how much of the cost it bears, from 0 to 1."""

    party: str
    share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Liability:
    """Who answers when a task fails for a cause."""

    cause: Text
    party: str


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One task of a programme: who does it, decides it, pays it and answers for it."""

    task: Text
    performer: str
    decider: str = ""
    payers: Sequence[Share] = ()
    liable: Sequence[Liability] = ()
    words: Text = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of a list that is paged by cursor."""

    rows: Sequence[Row]
    next_cursor: str = ""
    previous_cursor: str = ""
    total: int | None = None
