"""A return case as the economics want it: which units of which parcels came back, and what that undoes and moves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import numpy as np

from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.settlement.economics import Amounts, Book
from entrepot.domain.settlement.loading import Loaded, load_parcels
from entrepot.domain.settlement.moves import Returned, hand_over, spent_on, undo
from entrepot.domain.terms.arrays import CAUSE, Whole
from entrepot.domain.terms.rules import Cause, Party
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.money import prorate_array, split


@dataclass(frozen=True, slots=True)
class Piece:
    """Units that came back of one part of a parcel; the part holds the places [part_first, part_first + part_units)."""

    line_id: UUID
    parcel_line_id: UUID
    parcel_id: UUID
    carrier: str
    first: int
    units: int
    disposition: str
    part_first: int
    part_units: int
    arrived_at: datetime | None
    has_accrued: bool


def load_pieces(case_id: UUID) -> list[Piece]:
    """What came back in a case, by the parcels in which it had left."""
    rows = fetch_rows(_PIECES, [case_id])
    return [
        Piece(
            row.line_id, row.parcel_line_id, row.parcel_id, row.carrier, row.first, row.until - row.first,
            row.disposition, row.part_first, row.part_units, row.arrived_at, row.has_accrued,
        )
        for row in rows
    ]  # fmt: skip


#: What becomes of units that their owner does not see again.
_GONE = (ReturnLine.Disposition.DISCARD, ReturnLine.Disposition.KEPT)


@dataclass(frozen=True, eq=False)
class Reversal:
    """A row for each line of the case: what is undone, and what moves to who is liable."""

    loaded: Loaded
    units: tuple[int, ...]
    undone: Amounts
    costs: Amounts


def reverse(case: ReturnCase, pieces: Sequence[Piece], lines: Loaded) -> Reversal:
    """What a case undoes and moves. `lines` holds the lines of the pieces."""
    book = Book(lines.book.lines.pick(lines.places(piece.line_id for piece in pieces)), lines.book.terms)
    count = len(pieces)
    returned = Returned(
        first=_whole(pieces, "first"),
        units=_whole(pieces, "units"),
        cause=np.full(count, CAUSE[Cause(case.cause)], dtype=np.int8),
        is_sellers=np.full(count, case.handler_party == Party.SELLER, dtype=np.bool_),
        is_discarded=np.array([piece.disposition in _GONE for piece in pieces]),
        label_minor=np.array(split(case.freight_cost_minor, [piece.units for piece in pieces]), dtype=np.int64),
        spent=_spent(pieces),
    )
    undone, costs = undo(book, returned)
    line_ids = list(dict.fromkeys(piece.line_id for piece in pieces))
    row = np.array([line_ids.index(piece.line_id) for piece in pieces], dtype=np.int64)
    carrier = {piece.line_id: piece.carrier for piece in pieces}
    loaded = lines.pick(line_ids)
    facts = tuple(replace(each, carrier=carrier[line_id]) for each, line_id in zip(loaded.facts, line_ids, strict=True))
    units = np.bincount(row, weights=returned.units, minlength=len(line_ids)).astype(int).tolist()
    return Reversal(replace(loaded, facts=facts), tuple(units), _by_line(undone, row), _by_line(costs, row))


def _by_line(amounts: Amounts, row: Whole) -> Amounts:
    """The pieces of each line together."""
    sums = []
    for each in (amounts.market, amounts.seller):
        total = np.zeros((int(row.max()) + 1, each.shape[1]), dtype=np.int64)
        np.add.at(total, row, each)
        sums.append(total)
    return Amounts(amounts.parts, *sums)


def _spent(pieces: Sequence[Piece]) -> Whole:
    """Their share of what their parcels cost on the way there. Shape: pieces, SPENDINGS, parties."""
    found = load_parcels({piece.parcel_id for piece in pieces})
    spent = spent_on(hand_over(found.loaded.book, found.parcels))
    row = {each.id: place for place, each in enumerate(found.rows)}
    whole = spent[[row[piece.parcel_line_id] for piece in pieces]]
    before = (_whole(pieces, "first") - _whole(pieces, "part_first")).reshape(-1, 1, 1)
    units, of = (_whole(pieces, name).reshape(-1, 1, 1) for name in ("units", "part_units"))
    return prorate_array(whole, before, units, of)


def _whole(pieces: Sequence[Piece], name: str) -> Whole:
    return np.array([getattr(piece, name) for piece in pieces], dtype=np.int64)


def latest_eligible(line_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """The latest close that carries an accrual of each line."""
    rows = fetch_rows(
        "SELECT line_id, max(eligible_at) AS latest FROM settlement_accrual WHERE line_id = ANY(%s) GROUP BY line_id",
        [list(line_ids)],
    )
    return {row.line_id: row.latest for row in rows}


#: A stretch of returned places meets the parts of parcels that hold some of them.
_PIECES = """
SELECT part.line_id, part.id AS parcel_line_id, part.parcel_id, parcel.carrier,
    greatest(back.first_unit, part.first_unit) AS first,
    least(back.first_unit + back.received_qty, part.first_unit + part.quantity) AS until,
    back.disposition, part.first_unit AS part_first, part.quantity AS part_units,
    coalesce(parcel.delivered_at, parcel.handed_over_at) AS arrived_at,
    EXISTS (SELECT FROM ledger_journal journal WHERE journal.source_type = 'parcel_line'
        AND journal.source_id = part.id AND journal.kind IN ('accrual', 'period')) AS has_accrued
FROM aftersales_returnline back
JOIN logistics_parcelline part ON part.line_id = back.line_id AND part.first_unit IS NOT NULL
    AND part.first_unit < back.first_unit + back.received_qty AND back.first_unit < part.first_unit + part.quantity
JOIN logistics_parcel parcel ON parcel.id = part.parcel_id AND parcel.direction = 'outbound'
WHERE back.case_id = %s AND back.received_qty > 0
ORDER BY part.line_id, first
"""
