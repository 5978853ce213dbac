"""What a seller fills in about the parcels of an order."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.orders.queries import LineView
from entrepot.domain.orders.work import WorkLine
from entrepot.surfaces.shared.acting import ActForm, ReasonForm


class HandoverForm(ActForm):
    """Who takes the parcel, and under which number."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40)
    tracking_number = forms.CharField(
        label=gettext_lazy("Tracking number"),
        max_length=60,
        help_text=gettext_lazy("As it stands on the carrier's receipt."),
    )


class PackForm(ActForm):
    """How many units of each line go into the parcel."""

    weight_g = forms.IntegerField(
        label=gettext_lazy("Weight of the parcel"),
        required=False,
        min_value=1,
        max_value=2_000_000,
        help_text=gettext_lazy("Left empty, it is taken from the articles."),
    )

    def __init__(self, data: Any = None, *, lines: Sequence[WorkLine], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.lines = [line for line in lines if line.to_pack > 0]
        for line in self.lines:
            self.fields[f"units-{line.id}"] = forms.IntegerField(
                label=line.title,
                min_value=0,
                max_value=9999,
                initial=line.to_pack,
                help_text=_("{sku} · {left} to pack").format(sku=line.sku_code, left=line.to_pack),
            )

    @property
    def units(self) -> list[forms.BoundField]:
        """The controls of the lines."""
        return [self[f"units-{line.id}"] for line in self.lines]

    def contents(self, typed: Mapping[str, Any]) -> list[tuple[UUID, int]]:
        """(line, units) that were asked for."""
        return [(line.id, units) for line in self.lines if (units := typed.get(f"units-{line.id}"))]


class CancelForm(ReasonForm):
    """Units that cannot be sent, and why."""

    line = forms.ChoiceField(label=gettext_lazy("Article"))
    quantity = forms.IntegerField(label=gettext_lazy("Units"), min_value=1, max_value=9999)
    field_order = ("line", "quantity", "reason")

    def __init__(self, *args: Any, lines: Sequence[LineView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = [  # type: ignore[attr-defined]
            (line.id.hex, _("{title}, {units} to ship").format(title=line.title, units=line.units.to_ship))
            for line in lines
            if line.units.to_ship
        ]
        self.fields["reason"].help_text = _("The shopper and the marketplace are told; it is kept with your name.")


class ClaimForm(ActForm):
    """That a parcel arrived which no carrier scanned, and how that is known."""

    arrived_at = forms.DateTimeField(
        label=gettext_lazy("Arrived"),
        help_text=gettext_lazy("In UTC."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "60"}, format="%Y-%m-%dT%H:%M"),
    )
    proof = forms.CharField(
        label=gettext_lazy("Proof"),
        max_length=200,
        help_text=gettext_lazy("Who took it, and where that is written: the carrier's page, a signature, a photo."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
