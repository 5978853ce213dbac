"""Rate cards and lanes of this marketplace: published as sheets, found by day, never changed."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from django.db import transaction
from django.db.models import Q

from entrepot.domain.logistics import models
from entrepot.domain.logistics.cards import RateCard, read_cards
from entrepot.domain.logistics.versions import CARD_KEYS, LANE_KEYS, Change, changes
from entrepot.domain.logistics.ways import Way, read_lanes
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import NotFound, Refused


class AlreadyPublished(Refused):
    """What is published does not change."""

    code = "logistics.already_published"
    message = "There is another {sheet} from {day} on; give the new one a later day."


@transaction.atomic
def publish_cards(*, actor: Actor, text: str, now: datetime) -> list[str]:
    """Publish the rate cards of a file; each ends the one of the same code before it.

    A card that is there already stays. Gives the codes of those that are new. Raises: Unreadable naming row and column,
    AlreadyPublished.
    """
    return [
        each.card.code
        for each in read_cards(text)
        if _publish(models.RateCard, each.card.code, each.title, each.source, each, actor, now)
    ]


@transaction.atomic
def publish_lanes(*, actor: Actor, text: str, now: datetime) -> list[str]:
    """Publish the lanes of a file, as `publish_cards` does.

    Raises: Unreadable, AlreadyPublished, NotFound for a card by which a leg is paid.
    """
    lanes = read_lanes(text)
    wanted = {leg.card for each in lanes for leg in each.lane.legs if leg.card}
    list_cards(codes=wanted)
    return [
        each.lane.code
        for each in lanes
        if _publish(models.Lane, each.lane.code, each.lane.title, each.lane.source, each, actor, now)
    ]


@dataclass(frozen=True)
class Planned:
    """What publishing one lane or card of a file would do. `changes` are against the version before it."""

    code: str
    title: str
    valid_from: date
    is_new: bool
    is_known: bool
    changes: tuple[Change, ...]
    refusal: str
    sheet: RateCard | Way


def plan_cards(text: str) -> list[Planned]:
    """What `publish_cards` would do with a file. Raises: Unreadable."""
    return [_planned(models.RateCard, each.card.code, each.title, each, CARD_KEYS) for each in read_cards(text)]


def plan_lanes(text: str) -> list[Planned]:
    """What `publish_lanes` would do with a file. Raises: Unreadable, NotFound for a card by which a leg is paid."""
    lanes = read_lanes(text)
    list_cards(codes={leg.card for each in lanes for leg in each.lane.legs if leg.card})
    return [_planned(models.Lane, each.lane.code, each.lane.title, each, LANE_KEYS) for each in lanes]


def _planned(
    model: type[models.RateCard] | type[models.Lane], code: str, title: str, each: RateCard | Way, keys: Sequence[str]
) -> Planned:
    known = list(model.objects.filter(code=code).order_by("valid_from"))
    digest = hashlib.sha256(each.sheet.encode()).hexdigest()
    is_known = any((row.digest, row.valid_from) == (digest, each.valid_from) for row in known)
    later = any(row.valid_from >= each.valid_from for row in known) and not is_known
    refusal = str(AlreadyPublished(sheet=code, day=each.valid_from.isoformat())) if later else ""
    before = known[-1].sheet if known else ""
    found = changes(before, each.sheet, keys) if before and not is_known else []
    return Planned(code, title, each.valid_from, not known, is_known, tuple(found), refusal, each)


def load_planning(now: datetime) -> list[str]:
    """The planning cards and lanes that ship with the project, where they are not there yet."""
    folder = resources.files("entrepot.domain.logistics") / "data"
    cards, lanes = (folder / "rate_cards" / "planning.csv").read_text(), (folder / "lanes.csv").read_text()
    return publish_cards(actor=SYSTEM, text=cards, now=now) + publish_lanes(actor=SYSTEM, text=lanes, now=now)


def list_cards(*, on: date | None = None, codes: Collection[str] | None = None) -> list[RateCard]:
    """Rate cards by code and day: those that hold on a day, or all. Raises: NotFound for a code that there is not."""
    rows = _rows(models.RateCard, on, codes)
    found = [replace(_read_card(row.digest, row.sheet), valid_until=row.valid_until) for row in rows]
    _check_codes("rate card", codes, {each.card.code for each in found})
    return found


def list_lanes(*, on: date | None = None, codes: Collection[str] | None = None) -> list[Way]:
    """Lanes by code and day: those that are used on a day, or all. Raises: NotFound for a code that there is not."""
    rows = _rows(models.Lane, on, codes)
    found = [replace(_read_lane(row.digest, row.sheet), valid_until=row.valid_until) for row in rows]
    _check_codes("lane", codes, {each.lane.code for each in found})
    return found


def _publish(
    model: type[models.RateCard] | type[models.Lane],
    code: str,
    title: str,
    source: str,
    each: RateCard | Way,
    actor: Actor,
    now: datetime,
) -> bool:
    """Whether it is new."""
    digest = hashlib.sha256(each.sheet.encode()).hexdigest()
    known = model.objects.select_for_update().filter(code=code)
    if known.filter(digest=digest, valid_from=each.valid_from).exists():
        return False
    if known.filter(valid_from__gte=each.valid_from).exists():
        raise AlreadyPublished(field="valid_from", sheet=code, day=each.valid_from.isoformat())
    known.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=each.valid_from)).update(valid_until=each.valid_from)
    row = model(
        id=ids.new_id(now), created_at=now, code=code, title=title, valid_from=each.valid_from,
        valid_until=each.valid_until, source=source, sheet=each.sheet, digest=digest,
    )  # fmt: skip
    row.save(force_insert=True)
    audit.record(
        actor=actor, verb="freight.publish", subject_kind=model._meta.model_name or "", subject_id=row.id, now=now,
        after={"code": code, "from": each.valid_from.isoformat(), "digest": digest},
    )  # fmt: skip
    return True


def _rows(
    model: type[models.RateCard] | type[models.Lane], on: date | None, codes: Collection[str] | None
) -> list[Any]:
    rows = model.objects.order_by("code", "valid_from")
    if on is not None:
        rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=on), valid_from__lte=on)
    if codes is not None:
        rows = rows.filter(code__in=list(codes))
    return list(rows)


def _check_codes(kind: str, wanted: Collection[str] | None, found: Collection[str]) -> None:
    if missing := set(wanted or ()) - set(found):
        raise NotFound("logistics.unknown_sheet", "There is no {kind} {code} on that day.", field="code", kind=kind,
                       code=min(missing))  # fmt: skip


@lru_cache(maxsize=512)
def _read_card(digest: str, sheet: str) -> RateCard:
    """What is published never changes, and so is read once."""
    return read_cards(sheet)[0]


@lru_cache(maxsize=512)
def _read_lane(digest: str, sheet: str) -> Way:
    return read_lanes(sheet)[0]
