"""Writes of return cases, by sets; a case is locked before it changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.aftersales import rules
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.kernel import ids
from entrepot.kernel.db import execute, fetch_rows
from entrepot.kernel.errors import NotFound, Refused


class WrongState(Refused):
    """The case is too far, or not far enough."""

    code = "aftersales.case_state"
    message = "Return {number} is {state} and cannot become {next}."


@dataclass(frozen=True, slots=True)
class NewCase:
    """Units of one suborder that are to come back: (line, place of the first unit, units). Units: minor."""

    order_id: UUID
    suborder_id: UUID
    seller_id: UUID
    reason: str
    cause: str
    liable_party: str
    handler_party: str
    freight_party: str
    node_id: UUID
    return_to_id: UUID | None
    lines: Sequence[tuple[UUID, int, int]]
    note: str = ""
    photos: Sequence[str] = ()


def open_cases(*, cases: Sequence[NewCase], now: datetime) -> list[ReturnCase]:
    """New cases with their lines; in the caller's transaction, which holds the lines."""
    made, lines = [], []
    for identity, wanted in zip(ids.new_ids(now, len(cases)), cases, strict=True):
        case = ReturnCase(
            id=identity, created_at=now, number=ids.number("B", identity, 10), order_id=wanted.order_id,
            suborder_id=wanted.suborder_id, seller_id=wanted.seller_id, reason=wanted.reason, cause=wanted.cause,
            liable_party=wanted.liable_party, handler_party=wanted.handler_party, freight_party=wanted.freight_party,
            node_id=wanted.node_id, return_to_id=wanted.return_to_id, note=wanted.note,
            photos=list(wanted.photos),
        )  # fmt: skip
        made.append(case)
        lines += [(case, line) for line in wanted.lines]
    ReturnCase.objects.bulk_create(made)
    ReturnLine.objects.bulk_create(
        [
            ReturnLine(id=identity, created_at=now, case=case, line_id=line_id, first_unit=first, quantity=units)
            for identity, (case, (line_id, first, units)) in zip(ids.new_ids(now, len(lines)), lines, strict=True)
        ]
    )
    return made


def lock_cases(*, case_ids: Collection[UUID], to: str = "") -> dict[UUID, ReturnCase]:
    """Lock cases by id, in the caller's transaction. Raises: NotFound, WrongState where `to` may not follow."""
    cases = {
        case.id: case
        for case in ReturnCase.objects.select_for_update(no_key=True).filter(id__in=list(case_ids)).order_by("id")
    }
    if set(case_ids) - cases.keys():
        raise NotFound(kind="return")
    for case in cases.values():
        if to and to not in rules.NEXT[case.state]:
            raise WrongState(number=case.number, state=case.state, next=to)
    return cases


def add_photo(*, case: ReturnCase, photo: str) -> None:
    """One more photograph of a locked case."""
    case.photos = [*case.photos, photo]
    case.save(update_fields=["photos"])


def start_transit(*, case_ids: Collection[UUID]) -> None:
    """The goods of requested returns are on their way."""
    execute(
        "UPDATE aftersales_returncase SET state = 'in_transit' WHERE id = ANY(%s) AND state = 'requested'",
        [list(case_ids)],
    )


def set_freight(*, case_id: UUID, cost_minor: int) -> None:
    """What the way back costs. Units: minor, in the order's currency."""
    execute("UPDATE aftersales_returncase SET freight_cost_minor = %s WHERE id = %s", [cost_minor, case_id])


def end_cases(*, case_ids: Collection[UUID], state: str, now: datetime) -> None:
    """Locked cases are refunded or cancelled."""
    execute(
        "UPDATE aftersales_returncase SET state = %s,"
        " refunded_at = CASE WHEN %s = 'refunded' THEN %s::timestamptz ELSE refunded_at END WHERE id = ANY(%s)",
        [state, state, now, list(case_ids)],
    )


@transaction.atomic
def write_received(*, case_id: UUID, stretches: Mapping[UUID, Sequence[tuple[range, int, str]]], now: datetime) -> None:
    """What came of a locked case: line -> (places, how many of them came, disposition); replaces what was asked for."""
    ReturnLine.objects.filter(case_id=case_id).delete()
    rows: list[tuple[UUID, range, int, str]] = [
        (line_id, places, came, disposition)
        for line_id, parts in stretches.items()
        for places, came, disposition in parts
    ]
    ReturnLine.objects.bulk_create(
        [
            ReturnLine(id=identity, created_at=now, case_id=case_id, line_id=line_id, first_unit=places.start,
                       quantity=len(places), received_qty=came, disposition=disposition)
            for identity, (line_id, places, came, disposition) in zip(ids.new_ids(now, len(rows)), rows, strict=True)
        ]
    )  # fmt: skip
    execute("UPDATE aftersales_returncase SET state = 'received', received_at = %s WHERE id = %s", [now, case_id])


def taken_places(*, line_ids: Collection[UUID]) -> dict[UUID, list[range]]:
    """The places of lines' units that came back or are asked for: all of open cases, what came of ended ones."""
    rows: list[Any] = fetch_rows(
        """
        SELECT line.line_id, line.first_unit,
            CASE WHEN kase.state IN ('requested', 'in_transit') THEN line.quantity ELSE line.received_qty END AS units
        FROM aftersales_returnline line JOIN aftersales_returncase kase ON kase.id = line.case_id
        WHERE line.line_id = ANY(%s) AND kase.state <> 'cancelled'
        """,
        [list(line_ids)],
    )
    taken: dict[UUID, list[range]] = {}
    for row in rows:
        taken.setdefault(row.line_id, []).append(range(row.first_unit, row.first_unit + row.units))
    return taken
