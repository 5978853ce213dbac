"""Lines of carriers' bills against what was planned: their parcels, the rates between currencies, what each line is."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.logistics import bill_rules
from entrepot.domain.logistics.bill_models import BillTolerance
from entrepot.domain.logistics.bill_rules import Judged, Planned, Tolerance, Verdict
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.queries import Rate
from entrepot.kernel.db import execute, fetch_rows, unnest
from entrepot.kernel.errors import Unavailable
from entrepot.kernel.money import convert

#: What the cards ask for weighings, by line, in the parcels' own currencies.
Pricing = Callable[[Sequence["Weighing"]], Mapping[UUID, int]]


def match(*, line_ids: Collection[UUID], price: Pricing | None = None) -> None:
    """Find the parcels of open lines and say what each line is, in a constant number of statements.

    `price` says what the cards ask for weighings, in the parcels' own currencies; None where no card says.
    """
    wanted = [row.id for row in fetch_rows(_LOCKED, [list(line_ids)])]
    if not wanted:
        return
    execute(_FIND, {"ids": wanted})
    execute(_FIND_CREDITED, {"ids": wanted})
    rows = fetch_rows(_FACTS, {"ids": wanted})
    tolerances = _tolerances({(row.carrier, row.currency, row.issued_on) for row in rows})
    rates = _rates(rows)
    weighed = [
        Weighing(row.id, row.parcel_id, row.weight_g, row.planned_minor, row.planned_weight_g)
        for row in rows if row.weight_g and row.planned_minor and row.weight_g != row.planned_weight_g
    ]  # fmt: skip
    asked = price(weighed) if price and weighed else {}
    judged = []
    for row in rows:
        swap = _swap(row, rates)
        card = asked.get(row.id)
        card = card if card is None or swap is None else swap.billed(card)
        judged.append((row, _judge(row, tolerances[row.carrier, row.currency, row.issued_on], swap, card), swap, card))
    source, params = unnest(
        "found",
        {"id": "uuid", "verdict": "text", "planned_minor": "bigint", "planned_label": "text",
         "planned_weight_g": "int", "rate_minor": "bigint", "weight_minor": "bigint", "surcharge_minor": "bigint",
         "own_currency": "text", "own_minor": "bigint", "fx_rate": "numeric", "fx_on": "date", "fx_source": "text",
         "card_minor": "bigint"},
        ((row.id, each.verdict.value, each.planned_minor, row.label if each.planned_minor else "",
          row.planned_weight_g, each.rate_minor, each.weight_minor, each.surcharge_minor,
          *((swap.own, row.planned_minor if each.planned_minor else 0, swap.rate.rate, swap.rate.published_on,
             swap.rate.source[:200]) if swap else ("", 0, None, None, "")), card)
         for row, each, swap, card in judged),
    )  # fmt: skip
    execute(
        "UPDATE logistics_carrierbillline line SET verdict = found.verdict, planned_minor = found.planned_minor,"
        " planned_label = found.planned_label, planned_weight_g = found.planned_weight_g,"
        " rate_minor = found.rate_minor, weight_minor = found.weight_minor, surcharge_minor = found.surcharge_minor,"
        " own_currency = found.own_currency, own_minor = found.own_minor, fx_rate = found.fx_rate,"
        " fx_on = found.fx_on, fx_source = found.fx_source, card_minor = found.card_minor"
        f" FROM {source} WHERE found.id = line.id",
        params,
    )


class Weighing(NamedTuple):
    """A parcel as its carrier weighed it, and what was planned for it by what weight. Units: grams, minor."""

    line_id: UUID
    parcel_id: UUID
    weight_g: int
    planned_minor: int
    planned_weight_g: int


class Swap(NamedTuple):
    """Between the currency of a bill and the one in which its parcel was planned, at the rate of the bill's day."""

    bill: str
    own: str
    rate: Rate

    def billed(self, own_minor: int) -> int:
        """An amount of the parcel's currency in the bill's."""
        return convert(own_minor, 1 / self.rate.rate, self.own, self.bill)


def _rates(rows: Sequence[Any]) -> dict[tuple[str, str, date], Rate]:
    """From the currencies of bills into those of their parcels, on the bills' days; a pair without one is not there."""
    wanted = {
        (row.currency, row.planned_currency, row.issued_on)
        for row in rows if row.planned_currency not in (None, row.currency)
    }  # fmt: skip
    found = {}
    for bill, own, on in wanted:
        with suppress(Unavailable):
            found[bill, own, on] = markets.exchange_rates({(bill, own)}, on)[bill, own]
    return found


def _swap(row: Any, rates: Mapping[tuple[str, str, date], Rate]) -> Swap | None:
    rate = rates.get((row.currency, row.planned_currency, row.issued_on))
    return Swap(row.currency, row.planned_currency, rate) if rate else None


def _judge(row: Any, tolerance: Tolerance, swap: Swap | None, card_minor: int | None) -> Judged:
    """What a line is, all of it in the currency of its bill."""
    charges = row.charges or {}
    known = swap.bill if swap else row.planned_currency or ""
    if row.amount_minor < 0:
        if row.credits_id is None:
            return bill_rules.judge(charges, row.weight_g, row.currency, None, tolerance)
        given = bill_rules.credit(row.amount_minor, row.credited_weight, row.credited_surcharge)
        return given if known in ("", row.currency) else replace(given, verdict=Verdict.CURRENCY)
    planned = None
    if row.parcel_id is not None or row.is_let_go:
        state = "cancelled" if row.parcel_id is None else "left" if row.has_left else "waiting"
        amount = row.planned_minor or 0
        planned = Planned(
            state, known, swap.billed(amount) if swap else amount, row.planned_weight_g or 0, row.is_billed, card_minor
        )
    return bill_rules.judge(charges, row.weight_g, row.currency, planned, tolerance)


def _tolerances(asked: Collection[tuple[str, str, date]]) -> dict[tuple[str, str, date], Tolerance]:
    """What counts for a carrier, in a currency, on a day: its own row before that of all, the latest of them."""
    rows = list(BillTolerance.objects.filter(carrier__in=["", *(each[0] for each in asked)]).order_by("valid_from"))
    found = {}
    for carrier, currency, on in asked:
        known = [row for row in rows if row.currency == currency and row.valid_from <= on]
        own = [row for row in known if row.carrier == carrier] or [row for row in known if not row.carrier]
        found[carrier, currency, on] = (
            Tolerance(own[-1].amount_minor, own[-1].rate, own[-1].weight_g, own[-1].weight_rate) if own else Tolerance()
        )
    return found


_LOCKED = """
SELECT id FROM logistics_carrierbillline WHERE id = ANY(%s) AND state = 'open' ORDER BY id FOR NO KEY UPDATE
"""

#: The parcel that left under the number, else the booking that had it: it stands, or it was let go of.
_FIND = """
UPDATE logistics_carrierbillline line SET parcel_id = found.parcel_id, booking_id = found.booking_id
FROM (
    SELECT line.id, booking.id AS booking_id,
        coalesce(parcel.id, CASE WHEN booking.state = 'booked' AND NOT booking.is_apart THEN booking.parcel_id END)
            AS parcel_id
    FROM logistics_carrierbillline line
    JOIN logistics_carrierbill bill ON bill.id = line.bill_id
    CROSS JOIN LATERAL (SELECT regexp_replace(upper(line.tracking_number), '[^A-Z0-9]', '', 'g') AS number) bare
    LEFT JOIN LATERAL (
        SELECT parcel.id FROM logistics_parcel parcel
        WHERE regexp_replace(upper(parcel.tracking_number), '[^A-Z0-9]', '', 'g') = bare.number
          AND parcel.tracking_number <> '' AND parcel.carrier = bill.carrier ORDER BY parcel.id DESC LIMIT 1
    ) parcel ON bare.number <> ''
    LEFT JOIN LATERAL (
        SELECT booking.id, booking.state, booking.parcel_id, booked.state = 'cancelled' AS is_apart
        FROM logistics_booking booking JOIN logistics_parcel booked ON booked.id = booking.parcel_id
        WHERE regexp_replace(upper(booking.tracking_number), '[^A-Z0-9]', '', 'g') = bare.number
          AND booking.tracking_number <> '' AND booking.carrier = bill.carrier ORDER BY booking.id DESC LIMIT 1
    ) booking ON bare.number <> ''
    WHERE line.id = ANY(%(ids)s)
) found
WHERE found.id = line.id
"""

#: The line that a credit gives back: of the same carrier and number, what is disputed first, then of the same amount.
_FIND_CREDITED = """
UPDATE logistics_carrierbillline line SET credits_id = found.credits_id, parcel_id = found.parcel_id
FROM (
    SELECT line.id, billed.id AS credits_id, billed.parcel_id
    FROM logistics_carrierbillline line
    JOIN logistics_carrierbill bill ON bill.id = line.bill_id
    CROSS JOIN LATERAL (
        SELECT other.id, other.parcel_id FROM logistics_carrierbillline other
        JOIN logistics_carrierbill theirs ON theirs.id = other.bill_id
        WHERE other.tracking_number = line.tracking_number AND theirs.carrier = bill.carrier
          AND theirs.currency = bill.currency AND other.amount_minor >= -line.amount_minor
          AND other.state IN ('disputed', 'accepted')
        ORDER BY other.state = 'disputed' DESC, other.amount_minor = -line.amount_minor DESC, other.id DESC LIMIT 1
    ) billed
    WHERE line.id = ANY(%(ids)s) AND line.amount_minor < 0 AND line.tracking_number <> ''
) found
WHERE found.id = line.id
"""

#: What the books hold for each line's parcel: carriage since it left, or the label of a return since it came.
_FACTS = """
SELECT line.id, line.weight_g, line.amount_minor, line.parcel_id, line.credits_id, bill.carrier, bill.currency,
    bill.issued_on, charged.charges, coalesce(planned.label, '') AS label, planned.amount AS planned_minor,
    coalesce(planned.currency, nullif(parcel.cost_currency, '')) AS planned_currency,
    parcel.weight_g AS planned_weight_g, line.parcel_id IS NULL AND line.booking_id IS NOT NULL AS is_let_go,
    CASE parcel.direction WHEN 'outbound' THEN parcel.handed_over_at IS NOT NULL
        ELSE planned.amount IS NOT NULL END AS has_left,
    EXISTS (
        SELECT FROM logistics_carrierbillline earlier WHERE earlier.parcel_id = line.parcel_id
        AND CASE WHEN earlier.id = ANY(%(ids)s) THEN (earlier.bill_id, earlier.number) < (line.bill_id, line.number)
            ELSE earlier.verdict <> 'twice' END
        AND earlier.state <> 'credited' AND earlier.is_carriage = line.is_carriage
        AND earlier.amount_minor > 0 AND (line.is_carriage OR earlier.amount_minor = line.amount_minor)
    ) AS is_billed,
    credited.weight_minor AS credited_weight, credited.surcharge_minor AS credited_surcharge
FROM logistics_carrierbillline line
JOIN logistics_carrierbill bill ON bill.id = line.bill_id
LEFT JOIN logistics_parcel parcel ON parcel.id = line.parcel_id
LEFT JOIN logistics_carrierbillline credited ON credited.id = line.credits_id
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(charge.kind, charge.amount_minor) AS charges
    FROM logistics_carrierbillcharge charge WHERE charge.line_id = line.id
) charged ON true
LEFT JOIN LATERAL (
    SELECT sum(posting.amount_minor)::bigint AS amount, max(account.currency) AS currency, max(account.label) AS label
    FROM ledger_journal journal
    JOIN ledger_posting posting ON posting.journal_id = journal.id
    JOIN ledger_account account ON account.id = posting.destination_id AND account.kind = 'carrier_payable'
    WHERE (parcel.direction = 'outbound' AND journal.source_type = 'parcel' AND journal.source_id = parcel.id
           AND journal.kind = 'handover' AND posting.part LIKE 'carriage.%%')
       OR (parcel.direction = 'return' AND journal.source_type = 'return_case' AND journal.kind = 'liability'
           AND journal.source_id = parcel.reference_id AND posting.part LIKE 'label.%%')
) planned ON true
WHERE line.id = ANY(%(ids)s)
ORDER BY line.id
"""
