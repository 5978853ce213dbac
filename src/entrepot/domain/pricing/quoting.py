"""Writes of the negotiation of supply prices: quote, counter, accept, refuse, expire; each by sets of offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from entrepot.domain.pricing import negotiation, offers, telling
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.domain.pricing.offers import PricedOffer
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms.rules import Party
from entrepot.kernel import audit, ids, money
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import Invalid, NotFound, Refused

Status = SupplyQuote.Status


@dataclass(frozen=True, slots=True)
class NewQuote:
    """A supply price for one unit of an offer. Units: minor units of the currency, the seller's own where not said."""

    offer_id: UUID
    amount_minor: int
    currency: str = ""
    note: str = ""


@transaction.atomic
def quote(*, rows: Sequence[NewQuote], valid_until: datetime, actor: Actor, now: datetime) -> list[SupplyQuote]:
    """Offer supply prices. Where the terms ask for nobody's consent they are in force at once, else they wait.

    A step of one's own that still waits gives way to the new one. Raises: Invalid, NotFound, NotYours, Refused where
    the other side's step waits for an answer: counter that one.
    """
    found = offers.locked([row.offer_id for row in rows], actor=actor, verb=_verb(actor))
    party = party_of(actor)
    standing = _open_steps(found)
    for row in rows:
        negotiation.demand_voice(found[row.offer_id].conditions, party)
        other = standing.get(row.offer_id)
        if other is not None and other.made_by_party != party:
            raise Refused(
                "pricing.counter_first", "A quote of the other side waits for your answer.", quote_id=str(other.id)
            )
    steps = _steps(rows, found, Status.QUOTED, party, valid_until, now)
    _supersede_open(found)
    at_once = [step for step in steps if negotiation.counts_at_once(found[step.offer_id].conditions, party)]
    _put_in_force(at_once, now)
    SupplyQuote.objects.bulk_create(steps)
    _record(actor, "quotes.make", steps, "", now)
    telling.tell(
        "supply_price.quoted",
        [step.offer_id for step in steps if step.status == Status.QUOTED],
        found,
        party=party,
        actor=actor,
        now=now,
    )
    return steps


@transaction.atomic
def counter(
    *, rows: Sequence[tuple[UUID, int]], valid_until: datetime, actor: Actor, now: datetime, note: str = ""
) -> list[SupplyQuote]:
    """Answer waiting steps (quote, amount) of the other side with amounts of one's own, in the step's currency.

    Raises: Invalid, NotFound, NotYours, Refused for a step that is closed, expired or one's own.
    """
    answered, found, party = _answerable([quote_id for quote_id, _ in rows], actor, now)
    offered = dict(rows)
    new = [NewQuote(each.offer_id, offered[each.id], each.currency, note) for each in answered]
    steps = _steps(new, found, Status.COUNTERED, party, valid_until, now)
    _supersede_open(found)
    SupplyQuote.objects.bulk_create(steps)
    _record(actor, "quotes.counter", steps, note, now)
    telling.tell("supply_price.countered", [step.offer_id for step in steps], found, party=party, actor=actor, now=now)
    return steps


@transaction.atomic
def accept(*, quote_ids: Sequence[UUID], actor: Actor, now: datetime) -> list[SupplyQuote]:
    """Agree to waiting steps of the other side: they are the supply prices from now on.

    Raises: NotFound, NotYours, Refused for a step that is closed, expired or one's own.
    """
    answered, found, party = _answerable(quote_ids, actor, now)
    _put_in_force(answered, now)
    SupplyQuote.objects.bulk_update(answered, ["status", "decided_at"])
    _record(actor, "quotes.accept", answered, "", now)
    telling.tell(
        "supply_price.accepted", [step.offer_id for step in answered], found, party=party, actor=actor, now=now
    )
    return answered


@transaction.atomic
def refuse(*, quote_ids: Sequence[UUID], actor: Actor, reason: str, now: datetime) -> list[SupplyQuote]:
    """End waiting steps of the other side without a price. Raises: Invalid without a reason, else as `accept`."""
    reason = audit.require_reason(reason)
    answered, found, party = _answerable(quote_ids, actor, now)
    for step in answered:
        step.status, step.decided_at = Status.REFUSED, now
    SupplyQuote.objects.bulk_update(answered, ["status", "decided_at"])
    _record(actor, "quotes.refuse", answered, reason, now)
    telling.tell("supply_price.refused", [step.offer_id for step in answered], found, party=party, actor=actor, now=now)
    return answered


@transaction.atomic
def expire(*, now: datetime) -> list[UUID]:
    """Close the waiting steps whose time has passed; their offers."""
    rows = fetch_rows(
        "UPDATE pricing_supplyquote SET status = 'expired', decided_at = %s"
        " WHERE status IN ('quoted', 'countered') AND valid_until <= %s RETURNING offer_id",
        [now, now],
    )
    return sorted(row.offer_id for row in rows)


def _answerable(
    quote_ids: Sequence[UUID], actor: Actor, now: datetime
) -> tuple[list[SupplyQuote], dict[UUID, PricedOffer], Party]:
    # Offers are locked before their quotes, as everywhere; a quote never changes its offer.
    offer_ids = list(SupplyQuote.objects.filter(id__in=quote_ids).values_list("offer_id", flat=True))
    if len(offer_ids) < len(set(quote_ids)):
        raise NotFound(kind="quote")
    found = offers.locked(offer_ids, actor=actor, verb=_verb(actor))
    steps = list(SupplyQuote.objects.filter(id__in=quote_ids).order_by("id"))
    party = party_of(actor)
    for step in steps:
        negotiation.demand_answer(
            found[step.offer_id].conditions, status=step.status, made_by=Party(step.made_by_party), party=party
        )
        if step.valid_until <= now:
            raise Refused(
                "pricing.quote_expired", "This quote was valid until {until}.", until=step.valid_until.isoformat()
            )
    return steps, found, party


def _steps(
    rows: Sequence[NewQuote],
    found: Mapping[UUID, PricedOffer],
    status: str,
    party: Party,
    valid_until: datetime,
    now: datetime,
) -> list[SupplyQuote]:
    if valid_until <= now:
        raise Invalid("pricing.valid_in_past", "A quote is valid until a time that is to come.", field="valid_until")
    if len(found) < len(rows):
        raise Invalid("pricing.offer_named_twice", "An offer is named twice.", field="offer_id")
    latest = dict(
        SupplyQuote.objects.filter(offer_id__in=found).values_list("offer_id").annotate(latest=Max("version"))
    )
    steps = []
    for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True):
        currency = row.currency or found[row.offer_id].settlement_currency
        money.exponent(currency)
        if not 0 < row.amount_minor <= money.MINOR_MAX:
            raise Invalid(
                "pricing.amount_out_of_range",
                "A price is above zero and can be paid; {amount} is not.",
                field="amount",
                amount=row.amount_minor,
            )
        steps.append(
            SupplyQuote(
                id=identity,
                created_at=now,
                offer_id=row.offer_id,
                version=latest.get(row.offer_id, 0) + 1,
                amount_minor=row.amount_minor,
                currency=currency,
                status=status,
                made_by_party=party.value,
                note=row.note[:400],
                valid_until=valid_until,
            )
        )
    return steps


def _open_steps(found: Mapping[UUID, PricedOffer]) -> dict[UUID, SupplyQuote]:
    steps = SupplyQuote.objects.filter(offer_id__in=found, status__in=negotiation.OPEN)
    return {step.offer_id: step for step in steps}


def _supersede_open(found: Mapping[UUID, PricedOffer]) -> None:
    SupplyQuote.objects.filter(offer_id__in=found, status__in=negotiation.OPEN).update(status=Status.SUPERSEDED)


def _put_in_force(steps: Sequence[SupplyQuote], now: datetime) -> None:
    SupplyQuote.objects.filter(offer_id__in=[step.offer_id for step in steps], status=Status.ACCEPTED).update(
        status=Status.SUPERSEDED
    )
    for step in steps:
        step.status, step.decided_at = Status.ACCEPTED, now


def _verb(actor: Actor) -> str:
    """Sellers make quotes, the platform decides them; both need their own verb to speak at all."""
    return "quotes.decide" if party_of(actor) is Party.PLATFORM else "quotes.make"


def _record(actor: Actor, verb: str, steps: Sequence[SupplyQuote], reason: str, now: datetime) -> None:
    if steps:
        said = {str(step.offer_id): f"{step.amount_minor} {step.currency} {step.status}" for step in steps}
        audit.record(
            actor=actor,
            verb=verb,
            subject_kind="supply_quotes",
            subject_id=steps[0].id,
            now=now,
            reason=reason,
            after={"quotes": said},
        )
