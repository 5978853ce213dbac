"""What of a shipment is sold while it is on its way, as its pages show it, and what is typed to allow it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.inbound import ahead, rules
from entrepot.domain.inbound.ahead_rules import DAYS_MAX, MODES
from entrepot.domain.inbound.cost_models import ShipmentLeg
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inventory import coming
from entrepot.domain.orders import awaiting
from entrepot.kernel import clock
from entrepot.surfaces.shared.acting import ActForm, ReasonForm
from entrepot.surfaces.shared.ways import MODES as MODE_WORDS

#: How goods cross a border, in words.
BY: Mapping[str, Any] = {mode: MODE_WORDS[mode] for mode in MODES}


@dataclass(frozen=True, slots=True)
class Row:
    """Units of an article that may be sold ahead, and those that are."""

    title: str
    units: int
    sold: int


@dataclass(frozen=True, slots=True)
class Panel:
    """What a shipment's page says of it; `share` in words, why nothing is where `rows` are empty."""

    share: str
    rows: list[Row]
    ready_on: date | None
    orders: int
    form: "ShipmentForm | None"


def percent_field(label: Any, **more: Any) -> forms.DecimalField:
    """A share that is kept back, in per cent."""
    return forms.DecimalField(label=label, min_value=0, max_value=Decimal("99.99"), decimal_places=2, **more)


class ShipmentForm(ReasonForm):
    """Whether one shipment is sold ahead, and with which share of its own."""

    sale = forms.ChoiceField(
        label=gettext_lazy("This shipment"),
        choices=[
            ("", gettext_lazy("as the rules say")),
            ("own", gettext_lazy("is sold ahead, with a share of its own")),
            ("never", gettext_lazy("is not sold ahead")),
        ],
        required=False,
    )
    kept_back = percent_field(gettext_lazy("Kept back of it"), required=False)
    field_order = ("sale", "kept_back", "reason")

    def change(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """What the service takes."""
        return {
            "is_sold": {"own": True, "never": False}.get(typed["sale"]),
            "safety_rate": rate_of(typed["kept_back"]) if typed["sale"] == "own" else None,
            "reason": typed["reason"],
        }


class LossForm(ActForm):
    """That a shipment will not come."""

    reason = forms.CharField(label=gettext_lazy("What happened"), max_length=200)


def rate_of(percent: Decimal | None) -> Decimal | None:
    """12.5 per cent is 0.125; nothing stays nothing."""
    return None if percent is None else (percent / 100).quantize(Decimal("0.0001"))


def percent_of(rate: Decimal | None) -> str:
    """0.125 is "12.5 %"."""
    return "" if rate is None else _("{rate} %").format(rate=f"{(rate * 100).normalize():f}")


def panel(
    shipment: Shipment,
    titles: Mapping[Any, str],
    refused: Mapping[str, Any],
    *,
    legs: Sequence[ShipmentLeg],
    may_set: bool,
) -> Panel | None:
    """What the page of a shipment that is coming shows of its sale; None where it says nothing any more."""
    if shipment.state not in ("announced", *rules.ON_THE_WAY):
        return None
    has_left = shipment.state in rules.ON_THE_WAY
    found = coming.list_ahead(shipment_ids=[shipment.id])[shipment.id] if has_left else []
    orders = awaiting.count_sold(shipment_ids=[shipment.id]) if any(each.sold for each in found) else {}
    share = ahead.share_of(shipment, ahead.list_shares(on=clock.now().date()), ahead.mode_of(legs))
    initial = {
        "sale": "" if shipment.is_sold_ahead is None else "own" if shipment.is_sold_ahead else "never",
        "kept_back": None if shipment.safety_rate is None else (shipment.safety_rate * 100).normalize(),
    }  # fmt: skip
    form = refused.get("ahead") or ShipmentForm(name="ahead", initial=initial)
    if share is None or share.safety_rate is None:
        said = _("It is not sold before it is put away.")
    elif shipment.state == "announced":
        said = _("It is sold ahead once it has left; {share} of it are kept back.").format(
            share=percent_of(share.safety_rate)
        )
    else:
        said = _("It is sold ahead; {share} of it are kept back.").format(share=percent_of(share.safety_rate))
    return Panel(
        said,
        [Row(titles.get(each.sku_id, each.number), each.units, each.sold) for each in found],
        max((each.ready_on for each in found), default=None),
        orders.get(shipment.id, 0),
        form if may_set else None,
    )


def days_field(label: Any) -> forms.IntegerField:
    """Working days until units stand ready."""
    return forms.IntegerField(label=label, min_value=0, max_value=DAYS_MAX)
