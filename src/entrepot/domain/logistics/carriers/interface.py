"""What we ask of a carrier and what it answers.

A new carrier is a class with these methods and a line in `KINDS`. It builds requests and reads answers; when it is
asked, and what an answer means for a parcel, is not its business.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeVar

from django.utils.functional import Promise

from entrepot.domain.logistics import labels
from entrepot.kernel import db
from entrepot.kernel.errors import Invalid, Unavailable

T = TypeVar("T")


class Outcome(StrEnum):
    """What came back; unknown is that we did not hear it."""

    DONE = "done"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel comes from or goes to."""

    name: str
    country: str
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""

    @property
    def lines(self) -> list[str]:
        """As the lines of an address."""
        town = " ".join(part for part in (self.postcode, self.city, self.region) if part)
        lines = [self.name, self.company, self.line1, self.line2, town, self.country]
        return [line for line in lines if line]


@dataclass(frozen=True, slots=True)
class Item:
    """Goods of one kind in a parcel. Units: grams of all of it, minor units of the consignment's currency."""

    title: str
    sku: str
    quantity: int
    weight_g: int
    value_minor: int
    hs_code: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Consignment:
    """A parcel that a carrier is asked to carry. The same key asks for the same thing, however often it is sent.

    Units: grams, millimetres (zero where they are not known), minor units of `currency`.
    """

    key: str
    number: str
    reference: str
    carrier: str
    service: str
    sender: Address
    recipient: Address
    weight_g: int
    currency: str
    items: tuple[Item, ...]
    at: datetime
    sides_mm: tuple[int, int, int] = (0, 0, 0)
    incoterm: str = "DAP"

    @property
    def value_minor(self) -> int:
        """What the goods are worth."""
        return sum(item.value_minor for item in self.items)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a carrier asks for a service; `refusal` says why it does not go. Units: minor of `currency`, days."""

    service: str
    currency: str
    cost_minor: int
    days: tuple[int, int] | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a carrier says of a key. `paper` is a PDF where it brings one, `reason` a code where it declined."""

    key: str
    outcome: Outcome
    reference: str = ""
    tracking_number: str = ""
    cost_minor: int | None = None
    currency: str = ""
    paper: bytes = b""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A booking that is not wanted any more; `reference` is the carrier's."""

    key: str
    reference: str
    tracking_number: str
    service: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """The parcels that a carrier took over at a node: (its reference, tracking number) of each."""

    key: str
    carrier: str
    sender: Address
    parcels: tuple[tuple[str, str], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a carrier says of a tracking number; once for each key."""

    tracking_number: str
    kind: str
    occurred_at: datetime
    key: str
    place: str = ""
    note: str = ""


class Unreachable(Unavailable):
    """The carrier did not answer a question that can be asked again."""

    code = "carriers.unreachable"
    message = "{carrier} does not answer: {why}"


class Carrier(ABC):
    """A carrier. `remembers`: it is asked twice under one key and books once, and says what became of a key."""

    kind: ClassVar[str]
    label: ClassVar[str | Promise]
    remembers: ClassVar[bool] = True
    #: Whether it says by itself what becomes of parcels.
    tracks: ClassVar[bool] = True

    @abstractmethod
    def quote(self, consignment: Consignment) -> list[Quote]:
        """What it asks, service by service, the cheapest first, refusals last."""

    @abstractmethod
    def book(self, consignment: Consignment) -> Answer:
        """Take the parcel on: its tracking number, and its label where the carrier makes it."""

    @abstractmethod
    def cancel(self, cancellation: Cancellation) -> Answer:
        """Let go of a booking; one that was let go before is so again."""

    @abstractmethod
    def lookup(self, key: str, at: datetime) -> Answer | None:
        """What the carrier's own book says of a key; None where it never heard of it, unknown where it cannot say."""

    @abstractmethod
    def track(self, numbers: Sequence[str], at: datetime) -> list[Sighting]:
        """What was seen of these numbers until then, in order of time."""

    @abstractmethod
    def manifest(self, closing: Closing) -> Answer:
        """Close the day: the parcels that the carrier took over, on one paper where it makes one."""

    def draw_label(self, consignment: Consignment, answer: Answer) -> bytes:
        """The label of what was booked, a PDF: the carrier's own, or one of ours with its number as a bar code."""
        return answer.paper or labels.render(
            labels.Label(
                number=answer.tracking_number,
                carrier=consignment.carrier,
                service=consignment.service,
                sender=consignment.sender.lines,
                recipient=consignment.recipient.lines,
                reference=consignment.reference,
                weight_g=consignment.weight_g,
                made_on=consignment.at,
            )
        )

    def ask_to_book(self, consignments: Sequence[Consignment]) -> list[Answer]:
        """The answers in order; a line that is cut leaves an unknown one. Never within a transaction."""
        return [_heard(each.key, self.book, each) for each in consignments]

    def ask_to_cancel(self, cancellations: Sequence[Cancellation]) -> list[Answer]:
        """`cancel` of many, in order, in the same way."""
        return [_heard(each.key, self.cancel, each) for each in cancellations]

    def ask_to_close(self, closing: Closing) -> Answer:
        """`manifest`, in the same way."""
        return _heard(closing.key, self.manifest, closing)

    def look_up(self, keys: Sequence[str], at: datetime) -> list[Answer | None]:
        """`lookup` of many keys, in order; a line that is cut leaves an unknown answer."""
        return [_heard(key, self.lookup, key, at, unfit=Outcome.UNKNOWN) for key in keys]

    def ask_for_quotes(self, consignment: Consignment) -> list[Quote]:
        """`quote`. Raises: Unreachable."""
        return self._reached(lambda: self.quote(consignment))

    def ask_for_sightings(self, numbers: Sequence[str], at: datetime) -> list[Sighting]:
        """`track`. Raises: Unreachable."""
        return self._reached(lambda: self.track(numbers, at))

    def _reached(self, question: Callable[[], T]) -> T:
        db.assert_no_transaction()
        try:
            return question()
        except (ConnectionError, TimeoutError) as error:
            raise Unreachable(carrier=str(self.label), why=str(error)[:200] or type(error).__name__) from None


def _heard(key: str, act: Callable[..., T], *args: object, unfit: Outcome = Outcome.DECLINED) -> T | Answer:
    """What came back; `unfit` is what it means that the question could not even be put."""
    db.assert_no_transaction()
    try:
        return act(*args)
    except (ConnectionError, TimeoutError) as error:
        return Answer(key, Outcome.UNKNOWN, reason=str(error)[:200] or type(error).__name__)
    except (Invalid, Unavailable) as error:
        return Answer(key, unfit, reason=str(error)[:300])
