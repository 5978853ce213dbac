"""Parcels whose tracking is in doubt, with whose they are and what their doubts come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.logistics import credibility, doubts
from entrepot.domain.logistics.models import TrackingDoubt
from entrepot.kernel.db import fetch_rows, fetch_value


@dataclass(frozen=True, slots=True)
class Doubted:
    """A parcel in doubt; `score` is what its open and upheld doubts come to."""

    parcel_id: UUID
    number: str
    suborder_number: str
    performer: str
    carrier: str
    tracking_number: str
    state: str
    handed_over_at: datetime | None
    doubts: Sequence[TrackingDoubt]
    score: int
    is_fraud: bool

    @property
    def is_open(self) -> bool:
        """Whether something of it is to be decided."""
        return any(each.state == TrackingDoubt.State.OPEN for each in self.doubts)


_OF = """
    FROM logistics_trackingdoubt doubt
    JOIN logistics_parcel parcel ON parcel.id = doubt.parcel_id
    JOIN orders_workitem item ON item.suborder_id = parcel.reference_id
    JOIN orders_suborder suborder ON suborder.id = parcel.reference_id
    WHERE doubt.state = ANY(%(states)s) AND (%(organisation)s::uuid IS NULL OR item.organisation_id = %(organisation)s)
"""


def list_doubted(
    *, organisation_id: UUID | None, now: datetime, upheld: bool = False, limit: int = 100
) -> list[Doubted]:
    """Parcels with open doubts (or upheld ones) of an organisation's work or everybody's: the weightiest first."""
    rows = fetch_rows(
        "SELECT parcel.id, parcel.number, suborder.number AS suborder_number, item.organisation_id, parcel.carrier,"
        " parcel.tracking_number, parcel.state, parcel.handed_over_at, sum(doubt.points) AS points"
        f" {_OF} GROUP BY parcel.id, suborder.number, item.organisation_id"
        " ORDER BY points DESC, parcel.id DESC LIMIT %(limit)s",
        {"organisation": organisation_id, "states": ["upheld" if upheld else "open"], "limit": limit},
    )
    found = doubts.list_doubts(parcel_ids=[row.id for row in rows])
    names = accounts.list_organisation_names({row.organisation_id for row in rows})
    standard = doubts.standard_on(now.date())
    scores = {key: credibility.score(each.points for each in group) for key, group in found.items()}
    return [
        Doubted(
            row.id, row.number, row.suborder_number, names.get(row.organisation_id, ""), row.carrier,
            row.tracking_number, row.state, row.handed_over_at, found[row.id], scores[row.id],
            scores[row.id] >= standard.fraud_score,
        )
        for row in rows
    ]  # fmt: skip


def count_doubted(*, organisation_id: UUID | None) -> int:
    """How many parcels have open doubts."""
    return int(
        fetch_value(f"SELECT count(DISTINCT parcel.id) {_OF}", {"organisation": organisation_id, "states": ["open"]})
    )
