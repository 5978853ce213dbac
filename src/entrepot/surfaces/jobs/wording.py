"""What a notice says and where it leads: made when it is read, in the reader's language, from its topic and values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.dateformat import format as format_by
from django.utils.translation import get_language, pgettext

from entrepot.domain.accounts import team
from entrepot.kernel import money
from entrepot.surfaces.jobs.topics import TOPICS, Told


def sentence(topic: str, who: str, values: Mapping[str, Any]) -> str:
    """The notice in words; its topic where the words are no longer known."""
    told = _told(topic, who)
    if told is None:
        return topic
    said = _Values(values)
    try:
        # Words with a plural form ask for the number by its name.
        return (
            str(cast(Any, told.says).format(**UNKNOWN | said)) if "count" in values else str(told.says).format_map(said)
        )
    except (KeyError, ValueError, IndexError, AttributeError):
        return str(told.says)


def path(topic: str, who: str, values: Mapping[str, Any], surface: str) -> str:
    """The page of a surface that it leads to; empty where there is none."""
    told = _told(topic, who)
    if told is None:
        return ""
    route = told.to if isinstance(told.to, str) else told.to.get(surface, "")
    try:
        return reverse(route, args=[values[name] for name in told.by]) if route else ""
    except (NoReverseMatch, KeyError):
        return ""


def invitation_path(invitation_id: UUID) -> str:
    """Where somebody joins who was invited; the address is the right to it."""
    try:
        return reverse("invitation", args=[team.token_of(invitation_id)])
    except NoReverseMatch:
        return ""


def _told(topic: str, who: str) -> Told | None:
    found = TOPICS.get(topic)
    return found.told.get(who) if found else None


#: Values that a sentence with a plural form may name.
UNKNOWN = dict.fromkeys(("seller", "due_at", "number", "amount", "invariants"), "…")


class _Values(dict[str, Any]):
    """Values as a sentence shows them: amounts with their currency, moments in the zone where they count."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        if "amount_minor" in values and "currency" in values:
            self["amount"] = money.format_minor(int(values["amount_minor"]), values["currency"], get_language() or "en")
        if "due_at" in values:
            zone = ZoneInfo(values.get("time_zone") or "UTC")
            local = datetime.fromisoformat(values["due_at"]).astimezone(zone)
            self["due_at"] = format_by(local, pgettext("date format", "j M Y") + ", H:i T")

    def __missing__(self, name: str) -> str:
        return "…"
