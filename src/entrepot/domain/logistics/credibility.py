"""How far what is said of a parcel's way can be believed. Pure; docs/rules/tracking.md says why each point is there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: kind of doubt -> its points; a score is their sum, 100 at most.
POINTS = {
    "unscanned": 30,
    "silent": 10,
    "repeated": 60,
    "unseen": 40,
    "older": 40,
    "check_digit": 30,
    "claimed": 20,
}
#: Doubts that a later scan settles by itself; the others stay until somebody decides.
PASSING = frozenset({"unscanned", "silent", "claimed"})
#: Scans that say that a parcel moves, and so was really given to the carrier.
MOVING = frozenset({"handed_over", "in_transit", "customs", "out_for_delivery"})
#: A scan may lie so long before the hand-over that we were told of: clocks, and vans that come early.
EARLY = timedelta(hours=24)
#: Numbers shorter than this are alike by chance.
LENGTH_MIN = 6
SCORE_MAX = 100


@dataclass(frozen=True, slots=True)
class Standard:
    """What is expected: a first and each further scan within so many hours; and the score that counts as fraud."""

    first_scan_hours: int
    silent_hours: int
    fraud_score: int


@dataclass(frozen=True, slots=True)
class Said:
    """What was said once: of which kind, when it happened, and whether the carrier said it."""

    kind: str
    occurred_at: datetime
    is_scan: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a parcel that left under a tracking number; `twins` are parcels of other orders under it."""

    handed_over_at: datetime
    state: str
    tracking_number: str
    said: Sequence[Said] = ()
    twins: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason not to believe it, with what shows it."""

    kind: str
    facts: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def points(self) -> int:
        """What it weighs."""
        return POINTS[self.kind]


def assess(facts: Facts, standard: Standard, now: datetime) -> list[Doubt]:
    """Every reason to doubt a parcel, in the order of `POINTS`."""
    scans = sorted(each.occurred_at for each in facts.said if each.is_scan and each.kind != "label_made")
    found = []
    is_underway = facts.state == "handed_over"
    due = facts.handed_over_at + timedelta(hours=standard.first_scan_hours)
    if is_underway and not scans and now >= due:
        found.append(Doubt("unscanned", {"due": due.isoformat(), "hours": standard.first_scan_hours}))
    if is_underway and scans and now >= scans[-1] + timedelta(hours=standard.silent_hours):
        found.append(Doubt("silent", {"since": scans[-1].isoformat(), "hours": standard.silent_hours}))
    if facts.twins and len(bare(facts.tracking_number)) >= LENGTH_MIN:
        found.append(Doubt("repeated", {"number": facts.tracking_number, "parcels": sorted(facts.twins)[:10]}))
    if _is_unseen(facts.said):
        found.append(Doubt("unseen", {"at": scans[0].isoformat()}))
    if scans and scans[0] < facts.handed_over_at - EARLY:
        found.append(Doubt("older", {"at": scans[0].isoformat(), "left": facts.handed_over_at.isoformat()}))
    if (form := broken_form(facts.tracking_number)) is not None:
        found.append(Doubt("check_digit", {"number": facts.tracking_number, "form": form}))
    claims = [each.occurred_at for each in facts.said if not each.is_scan and each.kind == "delivered"]
    if claims and not scans:
        found.append(Doubt("claimed", {"at": min(claims).isoformat()}))
    return found


def score(points: Iterable[int]) -> int:
    """What doubts come to together."""
    return min(SCORE_MAX, sum(points))


def bare(number: str) -> str:
    """A number as it is compared: capitals and digits alone, so that spaces and dashes make no other number."""
    return re.sub(r"[^A-Z0-9]", "", number.upper())


def broken_form(number: str) -> str | None:
    """The form that a number has while its check digit is wrong; None for a right one and for unknown forms.

    Source: UPU standard S10-12 (13 characters, modulo 11 with weights 8 6 4 2 3 5 9 7); UPS 1Z numbers (18 characters,
    letters as digits, every second one doubled, modulo 10).
    """
    text = bare(number)
    if re.fullmatch(r"[A-Z]{2}\d{9}[A-Z]{2}", text):
        return None if s10_check_digit(text[2:10]) == int(text[10]) else "S10"
    if re.fullmatch(r"1Z[A-Z0-9]{15}\d", text):
        return None if ups_check_digit(text[2:17]) == int(text[17]) else "UPS"
    return None


def s10_check_digit(serial: str) -> int:
    """The check digit of an eight-digit serial number. Source: UPU standard S10-12."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def ups_check_digit(body: str) -> int:
    """The check digit of the fifteen characters between 1Z and it: A is 2, B is 3 and so on, modulo 10."""
    digits = [int(each) if each.isdigit() else (ord(each) - 63) % 10 for each in body]
    total = sum(digits[0::2]) + 2 * sum(digits[1::2])
    return -total % 10


def _is_unseen(said: Sequence[Said]) -> bool:
    """Whether the carrier says that it delivered what it never moved."""
    scans = [each for each in said if each.is_scan]
    delivered = [each.occurred_at for each in scans if each.kind == "delivered"]
    return bool(delivered) and not any(each.kind in MOVING and each.occurred_at <= min(delivered) for each in scans)
