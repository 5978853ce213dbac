"""What a shopper is told of a promise that runs late or was missed: what held it up, who has it, when it comes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entrepot.domain.logistics.keeping import DISPATCH
from entrepot.domain.orders.awaiting import ON_ITS_WAY
from entrepot.domain.orders.promises import PartView, PromiseView
from entrepot.surfaces.shop.words import country, span


@dataclass(frozen=True, slots=True)
class Told:
    """Sentences, and the window in which it is expected by now; none where it has come."""

    sentences: list[str]
    expected: str


def _left(days: int, origin: str) -> str:
    return ngettext("It left {country} {days} day late.", "It left {country} {days} days late.", days).format(
        country=origin, days=days
    )


def _not_left(days: int, origin: str) -> str:
    return ngettext(
        "It has not left {country} yet and will be {days} day late.",
        "It has not left {country} yet and will be {days} days late.",
        days,
    ).format(country=origin, days=days)


def _crossed(days: int, origin: str) -> str:
    return ngettext(
        "Its way out of {country} took {days} day longer.", "Its way out of {country} took {days} days longer.", days
    ).format(country=origin, days=days)


def _cleared(days: int, origin: str) -> str:
    return ngettext("Customs took {days} day longer.", "Customs took {days} days longer.", days).format(days=days)


def _brought(days: int, origin: str) -> str:
    return ngettext(
        "The last stretch to you took {days} day longer.", "The last stretch to you took {days} days longer.", days
    ).format(days=days)


def _somewhere(days: int, origin: str) -> str:
    return ngettext(
        "On its way it lost {days} day; nobody scanned it where.",
        "On its way it lost {days} days; nobody scanned it where.",
        days,
    ).format(days=days)


def _coming(days: int, origin: str) -> str:
    return ngettext(
        "On their way to the warehouse the goods take {days} day longer.",
        "On their way to the warehouse the goods take {days} days longer.",
        days,
    ).format(days=days)


#: What is said of a late part, by the task that it is.
LATE: Mapping[str, Callable[[int, str], str]] = {
    "packaging_and_label": _left,
    "customs": _cleared,
    "last_mile": _brought,
}


def tell(promise: PromiseView | None, origin: str) -> Told | None:
    """What there is to tell of a late promise; nothing where it is in time. `origin`: the country that it leaves."""
    if promise is None or not promise.late_days:
        return None
    place = country(origin)
    dispatch = next(each for each in promise.parts if each.leg != ON_ITS_WAY)
    sentences = [_say(part, place, has_left=dispatch.is_done) for part in promise.late_parts]
    if promise.state != "open":
        return Told(sentences, "")
    if now := _now(promise):
        sentences.append(now)
    return Told(sentences, span(promise.starts_on, promise.ends_on))


def _say(part: PartView, origin: str, *, has_left: bool) -> str:
    if part.is_stretch:
        return _somewhere(part.days, origin)
    if part.leg == ON_ITS_WAY:
        return _coming(part.days, origin)
    if part.task == DISPATCH:
        return (_left if has_left else _not_left)(part.days, origin)
    return LATE.get(part.task, _crossed)(part.days, origin)


def _now(promise: PromiseView) -> str:
    """Who has it, as far as scans say."""
    single = [part for part in promise.parts if not part.is_stretch]
    waiting = next((part for part in single if not part.is_done), None)
    if waiting is None or waiting.leg == ON_ITS_WAY or waiting.task == DISPATCH:
        return ""
    return _("Customs has it now.") if waiting.task == "customs" else _("The carrier has it now.")
