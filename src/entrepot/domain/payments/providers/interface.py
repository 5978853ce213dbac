"""What we ask of a payment provider and what it answers.

A new provider is a class with these methods and a line in `PROVIDERS`. It builds requests and reads answers; when and
why it is asked, and what an answer means for an order, is not its business.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from django.utils.functional import Promise

from entrepot.kernel import db


class Act(StrEnum):
    """What a provider can be asked to do."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    PAY_OUT = "pay_out"


class Outcome(StrEnum):
    """What came back. Pending is the provider's word that it will say later; unknown is that we did not hear it."""

    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. The same key asks about the same thing, however often it is sent.

    `instrument` is what the shopper pays with, `authorisation` the provider's reference of what is captured, voided
    or refunded, `payee` whom a payout is for.
    """

    key: str
    amount_minor: int
    currency: str
    at: datetime
    instrument: str = ""
    authorisation: str = ""
    payee: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider says of a key. `reason` is a code, for a call that was declined."""

    key: str
    outcome: Outcome
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of a provider whose signature was verified: what it claims of which key."""

    event_id: str
    kind: str
    key: str
    reference: str
    amount_minor: int
    currency: str
    account: str
    mode: str
    payload: dict[str, Any] = field(default_factory=dict)


class Provider(ABC):
    """A payment provider. `hold_for` is how long goods are kept while it thinks, `wait_for` how long we wait at all."""

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    hold_for: ClassVar[timedelta] = timedelta(minutes=30)
    wait_for: ClassVar[timedelta] = timedelta(days=4)
    #: Whether a shopper can choose it.
    is_offered: ClassVar[bool] = True
    #: Our account with it and the mode it runs in; a notice of another one is not about us.
    account: str = ""
    mode: str = "live"

    @abstractmethod
    def authorise(self, call: Call) -> Answer:
        """Set the amount aside on the shopper's instrument."""

    @abstractmethod
    def capture(self, call: Call) -> Answer:
        """Take a part of what is set aside."""

    @abstractmethod
    def void(self, call: Call) -> Answer:
        """Let go of a part of what is set aside and not taken."""

    @abstractmethod
    def refund(self, call: Call) -> Answer:
        """Give back a part of what was taken."""

    @abstractmethod
    def pay_out(self, call: Call) -> Answer:
        """Send money to a seller."""

    @abstractmethod
    def lookup(self, key: str, at: datetime) -> Answer | None:
        """What the provider's own book says of a key; None where it never heard of it."""

    @abstractmethod
    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Notice]:
        """The notices of a message. Raises: Invalid where the signature, age or form is wrong."""

    def ask(self, act: Act, calls: Sequence[Call]) -> list[Answer]:
        """The answers in order; a line that is cut leaves an unknown one. Never within a transaction."""
        db.assert_no_transaction()
        return [self._ask_one(act, call) for call in calls]

    def look_up(self, keys: Sequence[str], at: datetime) -> list[Answer | None]:
        """`lookup` of many keys, in order; a line that is cut leaves an unknown answer."""
        db.assert_no_transaction()
        return [self._look_up_one(key, at) for key in keys]

    def _ask_one(self, act: Act, call: Call) -> Answer:
        method = {
            Act.AUTHORISE: self.authorise,
            Act.CAPTURE: self.capture,
            Act.VOID: self.void,
            Act.REFUND: self.refund,
            Act.PAY_OUT: self.pay_out,
        }[act]
        try:
            return method(call)
        except (ConnectionError, TimeoutError):
            return Answer(call.key, Outcome.UNKNOWN)

    def _look_up_one(self, key: str, at: datetime) -> Answer | None:
        try:
            return self.lookup(key, at)
        except (ConnectionError, TimeoutError):
            return Answer(key, Outcome.UNKNOWN)
