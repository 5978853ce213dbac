"""Deliveries that no carrier scanned: whoever shipped says so with proof, and the operator confirms or not.

A claim moves nothing. Confirmed, it counts from the moment of the confirmation, so that no shopper's time to return is
shortened by somebody's word; the rules are in docs/rules/delivery-claims.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders import work
from entrepot.flows.tracking import DELIVERED, Scan, record_tracking
from entrepot.kernel import audit
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused

#: The fewest characters that can say who took a parcel and where that is written.
PROOF_LEAST = 12


@dataclass(frozen=True, slots=True)
class Claim:
    """A parcel that is said to have arrived and that no carrier scanned as delivered."""

    event_id: UUID
    parcel_id: UUID
    number: str
    carrier: str
    tracking_number: str
    handed_over_at: datetime
    claimed_at: datetime
    said_at: datetime
    proof: str
    suborder_number: str
    performer: str
    is_early: bool


def claim_delivery(*, parcel_id: UUID, arrived_at: datetime, proof: str, actor: Actor, now: datetime) -> None:
    """Say that a parcel of one's own arrived, and how that is known; it is kept as a claim.

    Raises: NotFound, Invalid, Refused where it has not left, has arrived, or a claim waits already.
    """
    parcel = _own(parcel_id, actor)
    if parcel.state != Parcel.State.HANDED_OVER or parcel.handed_over_at is None:
        raise Refused("claims.not_underway", "Only a parcel that is on its way can have arrived.")
    if len(proof.strip()) < PROOF_LEAST:
        raise Invalid(
            "claims.no_proof", "Say who took it and where that is written: the carrier's page, a signature, a photo.",
            field="proof",
        )  # fmt: skip
    if not parcel.handed_over_at <= arrived_at <= now:
        raise Invalid(
            "claims.bad_time", "It can have arrived after it left, and not later than now.", field="arrived_at"
        )
    if any(claim.parcel_id == parcel_id for claim in list_claims(parcel_ids=[parcel_id])):
        raise Refused("claims.waiting", "You have said so; the marketplace looks at it.")
    said = len(logistics.list_tracking(parcel_ids=[parcel_id]).get(parcel_id, ()))
    _record(parcel_id, DELIVERED, "claim", arrived_at, f"claim-{said}", proof.strip()[:200], actor, now)


def decide_claim(*, parcel_id: UUID, confirm: bool, reason: str, actor: Actor, now: datetime) -> None:
    """Confirm or refuse what was claimed, as somebody who speaks for the carrier; kept with the reason.

    Raises: Denied, Invalid without a reason, NotFound where nothing waits.
    """
    if actor != SYSTEM and actor.verbs.get("work.perform") != "all":
        raise Denied("claims.not_yours", "The marketplace decides on claims.")
    reason = audit.require_reason(reason)
    claims = list_claims(parcel_ids=[parcel_id])
    if not claims:
        raise NotFound(kind="claim")
    key = f"decided-{claims[0].event_id.hex}"
    if confirm:
        _record(parcel_id, DELIVERED, "carrier", now, key, reason[:200], actor, now)
    else:
        _record(parcel_id, "exception", "claim", now, key, reason[:200], actor, now)
    audit.record(
        actor=actor,
        verb="claims.confirm" if confirm else "claims.refuse",
        subject_kind="parcel",
        subject_id=parcel_id,
        now=now,
        reason=reason,
        after={"claim": str(claims[0].event_id), "proof": claims[0].proof},
    )


def list_claims(*, parcel_ids: Sequence[UUID] | None = None, limit: int = 100) -> list[Claim]:
    """What is claimed and not decided, the oldest first. A claim before the carrier's own shortest time is early."""
    rows = fetch_rows(_CLAIMS, [None if parcel_ids is None else list(parcel_ids)] * 2 + [limit])
    return [Claim(*row) for row in rows]


_CLAIMS = """
    SELECT DISTINCT ON (said.created_at, parcel.id) said.id, parcel.id AS parcel_id, parcel.number, parcel.carrier,
        parcel.tracking_number, parcel.handed_over_at, said.occurred_at AS claimed_at, said.created_at AS said_at,
        said.note, suborder.number AS suborder_number, performer.name AS performer,
        said.occurred_at::date < suborder.promised_from AS is_early
    FROM logistics_trackingevent said
    JOIN logistics_parcel parcel ON parcel.id = said.parcel_id AND parcel.state = 'handed_over'
    JOIN orders_suborder suborder ON suborder.id = parcel.reference_id
    JOIN orders_workitem item ON item.suborder_id = suborder.id
    JOIN accounts_organisation performer ON performer.id = item.organisation_id
    WHERE said.kind = 'delivered' AND said.origin = 'claim' AND (%s::uuid[] IS NULL OR parcel.id = ANY(%s::uuid[]))
      AND NOT EXISTS (
          SELECT FROM logistics_trackingevent decided WHERE decided.parcel_id = parcel.id
            AND decided.event_key = 'decided-' || replace(said.id::text, '-', ''))
    ORDER BY said.created_at, parcel.id LIMIT %s
"""


def _own(parcel_id: UUID, actor: Actor) -> Parcel:
    found = logistics.find_parcels(ids=[parcel_id])
    items = work.find_work(suborder_ids=[parcel.reference_id for parcel in found])
    if not items or not actor.reaches("work.perform", items[0].organisation_id):
        raise NotFound(kind="parcel")
    return found[0]


def _record(
    parcel_id: UUID, kind: str, origin: str, at: datetime, key: str, note: str, actor: Actor, now: datetime
) -> None:
    scan = Scan(kind=kind, origin=origin, occurred_at=at, event_key=key, parcel_id=parcel_id, note=note)
    (outcome,) = record_tracking(events=[scan], actor=actor, now=now)
    if outcome in ("unknown", "too_early"):
        raise NotFound(kind="parcel")
