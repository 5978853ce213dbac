"""Goods that were missing: the form of whoever did not find them, and where an order's pages say they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entrepot.domain.orders.queries import OrderView
from entrepot.domain.orders.work import WorkLine
from entrepot.flows.missing import Served
from entrepot.surfaces.shared.acting import ReasonForm
from entrepot.surfaces.shared.components import Explanation, Part


class MissingForm(ReasonForm):
    """How many units of each line were not found where they should stand."""

    def __init__(self, *args: Any, lines: Sequence[WorkLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = [line for line in lines if line.to_pack > 0]
        for line in self.lines:
            self.fields[f"missing-{line.id}"] = forms.IntegerField(
                label=line.title,
                min_value=0,
                max_value=1_000_000,
                required=False,
                help_text=_("{sku} · {left} to pack").format(sku=line.sku_code, left=line.to_pack),
            )
        self.order_fields([f"missing-{line.id}" for line in self.lines])

    def units(self, typed: Mapping[str, Any]) -> dict[UUID, int]:
        """Units by line, of those that miss any."""
        return {line.id: count for line in self.lines if (count := typed.get(f"missing-{line.id}"))}


def tell(served: Served) -> str:
    """What became of units that were not found."""
    said = [
        (served.here, ngettext("{count} unit from stock here", "{count} units from stock here", served.here)),
        (
            served.elsewhere,
            ngettext("{count} unit from another node", "{count} units from another node", served.elsewhere),
        ),
        (served.cancelled, ngettext("{count} unit cancelled", "{count} units cancelled", served.cancelled)),
    ]
    told = "; ".join(text.format(count=count) for count, text in said if count)
    return _("The stock is put right: {told}.").format(told=told)


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a part of an order takes the place of another: of which, missing where, promised until when."""

    number: str
    missing_at: str
    was: date
    until: date
    carriage: Explanation

    @property
    def is_later(self) -> bool:
        """Whether it arrives after the day that was promised first."""
        return self.until > self.was

    @property
    def more_minor(self) -> int:
        """What its carriage costs beyond what was planned. Units: minor of the order's currency."""
        return sum(part.amount_minor for part in self.carriage.parts)


def list_moved(order: OrderView) -> dict[UUID, Moved]:
    """By the new part of an order: whose place it takes, and what that changed."""
    found: dict[UUID, Moved] = {}
    for event in order.events:
        if event.kind != "sent_elsewhere" or event.suborder_id is None:
            continue
        said, known = event.data, found.get(event.suborder_id)
        now, was = int(said["carriage_minor"]), int(said["carriage_was_minor"])
        if known is not None:
            before = [part.amount_minor for part in known.carriage.parts]
            now, was = now + before[0], was - before[1]
        parts = [Part(_("Carriage from here"), now), Part(_("Carriage that was planned"), -was)]
        found[event.suborder_id] = Moved(
            said["number"], said["from"], date.fromisoformat(said["was"]), date.fromisoformat(said["until"]),
            Explanation(_("What the other way costs"), parts),
        )  # fmt: skip
    return found
