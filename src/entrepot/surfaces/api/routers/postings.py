"""A posting as the API shows it."""

from datetime import datetime
from uuid import UUID

from ninja import Schema

from entrepot.domain.ledger.queries import PostingRow
from entrepot.surfaces.api.schemas import Money, money


class PostingOut(Schema):
    """An amount moved from one account to another, what it is about and why."""

    id: UUID
    journal_id: UUID
    journal_kind: str
    source_type: str
    source_id: UUID
    subject_id: UUID | None
    occurred_at: datetime
    source: str
    destination: str
    amount: Money
    part: str
    rate: str
    says: str

    @classmethod
    def of(cls, row: PostingRow) -> "PostingOut":
        """A posting."""
        return cls(
            id=row.id,
            journal_id=row.journal_id,
            journal_kind=row.journal_kind,
            source_type=row.source_type,
            source_id=row.source_id,
            subject_id=row.subject_id,
            occurred_at=row.occurred_at,
            source=row.source.kind,
            destination=row.destination.kind,
            amount=money(row.amount_minor, row.currency),
            part=row.part,
            rate="" if row.rate is None else str(row.rate),
            says=str(row.says),
        )
