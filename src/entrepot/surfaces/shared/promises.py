"""How the promise of a suborder fares, as the desk and a seller see it: whose part was late, by which scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from entrepot.domain.orders.promises import PartView, PromiseView
from entrepot.surfaces.shared.states import Said

#: Whose part it was where that is none of the reader's business.
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Row:
    """A part of the promise. `hours` from its deadline to what showed its end; `href` leads to that scan."""

    name: str
    party: str
    liable: str
    due_on: date | None
    done_on: date | None
    shown_by: str
    href: str
    hours: str
    days: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A promise on a page."""

    said: Said
    sentence: str
    window: tuple[date, date] | None
    rows: Sequence[Row]


def show(promise: PromiseView | None, scans: Any, *, href: str = "") -> Shown | None:
    """The whole of a promise, for who may see all; `scans` says in words what a scan is, `href` leads to them."""
    if promise is None:
        return None
    rows = [_row(each, scans, href) for each in promise.parts]
    causes = [_("{leg} {late}").format(leg=each.leg, late=days(each.days)) for each in promise.late_parts]
    return Shown(state(promise), _sentence(promise, causes), _window(promise), rows)


def show_own(promise: PromiseView | None, scans: Any, *, party: str) -> Shown | None:
    """A promise for one party: its own parts, and in one row what others took or nobody knows."""
    if promise is None:
        return None
    rows = [_row(each, scans, "") for each in promise.parts if each.party == party]
    mine = sum(each.days for each in promise.late_parts if each.party == party)
    rest = promise.late_days - mine
    causes = [_("your part {late}").format(late=days(mine))] if mine else []
    if rest:
        causes.append(_("others on the way {late}").format(late=days(rest)))
        rows.append(Row(_("Others on the way"), OTHERS, "", None, None, "", "", "", days(rest)))
    return Shown(state(promise), _sentence(promise, causes), _window(promise), rows)


def state(promise: PromiseView) -> Said:
    """Where a promise stands."""
    if promise.state == "open":
        return Said(gettext_lazy("Running late"), "warn") if promise.late_days else Said(_("On time so far"), "good")
    return Said(gettext_lazy("Missed"), "bad") if promise.late_days else Said(gettext_lazy("Kept"), "good")


def days(count: int) -> str:
    """So many days."""
    return ngettext("{count} day", "{count} days", count).format(count=count)


def _row(part: PartView, scans: Any, href: str) -> Row:
    kind = scans[part.event_kind].label if part.event_kind in scans else ""
    return Row(
        part.leg,
        part.party,
        part.liable if part.days else "",
        part.due_on,
        part.done_on if part.is_done else None,
        ", ".join(str(each) for each in (kind, part.event_place) if each),
        href if part.event_id else "",
        ngettext("{count} hour", "{count} hours", part.hours_late).format(count=part.hours_late)
        if part.hours_late
        else "",
        days(part.days) if part.days else "",
    )


def _sentence(promise: PromiseView, causes: Sequence[str]) -> str:
    if not promise.late_days:
        return ""
    late = days(promise.late_days)
    if promise.state == "open":
        return _("Running late by {late} because of: {causes}.").format(late=late, causes=", ".join(causes))
    return _("Missed by {late}: {causes}.").format(late=late, causes=", ".join(causes))


def _window(promise: PromiseView) -> tuple[date, date] | None:
    if promise.state == "open" and promise.late_days:
        return promise.starts_on, promise.ends_on
    return None
