"""What a payout provider is asked for, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Transfer:
    """One amount to one seller. Units: minor. `reference` is ours, and stands on the seller's bank statement."""

    payout_id: UUID
    reference: str
    seller_code: str
    seller_name: str
    currency: str
    amount_minor: int
    statement_number: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: references of what was sent, reasons of what was refused, a file where there is one."""

    references: Mapping[UUID, str]
    refused: Mapping[UUID, str] = field(default_factory=dict)
    media: str = ""
