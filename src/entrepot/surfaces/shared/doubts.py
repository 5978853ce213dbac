"""Parcels whose tracking is in doubt, on whichever surface; what the facts of a doubt say in words."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entrepot.domain.logistics import doubts
from entrepot.domain.logistics.models import TrackingDoubt
from entrepot.flows import doubting
from entrepot.kernel import clock
from entrepot.surfaces.shared.carriage import DOUBTS
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.tasks import Ask, Task

SHOWN_MAX = 60


def page(
    request: ActingRequest, *, organisation_id: UUID | None, work_url: Callable[[str], str], crumbs: Sequence[Link]
) -> dict[str, Any]:
    """What a page of doubts shows."""
    now = clock.now()
    upheld = request.GET.get("view") == "upheld"
    found = doubting.list_doubted(organisation_id=organisation_id, now=now, upheld=upheld, limit=SHOWN_MAX)
    standard = doubts.standard_on(now.date())
    return {
        "rows": [
            {
                "parcel": each,
                "href": f"{work_url(each.suborder_number)}#{each.number}",
                "doubts": [{"doubt": row, "words": DOUBTS[row.kind], "told": told(row)} for row in each.doubts],
            }
            for each in found
        ],
        "standard": standard,
        "tabs": [
            Link(
                _("To look at"), "?", current=not upheld, count=doubting.count_doubted(organisation_id=organisation_id)
            ),
            Link(_("Found to be so"), "?view=upheld", current=upheld),
        ],
        "crumbs": crumbs,
    }


def told(row: TrackingDoubt) -> str:
    """What shows it, in words."""
    facts = row.facts
    if row.kind == "unscanned":
        return _("expected within {hours} hours, by {at}").format(hours=facts["hours"], at=_moment(facts["due"]))
    if row.kind == "silent":
        return _("last scanned {at}").format(at=_moment(facts["since"]))
    if row.kind == "repeated":
        parcels = ", ".join(facts["parcels"])
        if facts.get("refused"):
            return _("{number} was given again and refused; it is on {parcels}").format(
                number=facts["number"], parcels=parcels
            )
        return _("{number} is also on {parcels}").format(number=facts["number"], parcels=parcels)
    if row.kind == "older":
        return _("scanned {at}, handed over {left}").format(at=_moment(facts["at"]), left=_moment(facts["left"]))
    if row.kind == "check_digit":
        return _("{number} looks like a number of the form {form}").format(number=facts["number"], form=facts["form"])
    return _moment(facts["at"])


def tasks(ask: Ask, href: str) -> Iterator[Task]:
    """Parcels in doubt that wait for whoever asks."""
    everybodys = ask.actor.verbs.get("work.read") == "all"
    count = doubting.count_doubted(organisation_id=None if everybodys else ask.actor.organisation_id)
    if count:
        text = ngettext("{count} parcel with tracking in doubt", "{count} parcels with tracking in doubt", count)
        yield Task(text.format(count=count), count, href, icon="warning")


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
