"""What carriers bill: invoices and credit notes, line by line, and how far a line may differ from what was planned."""

from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from entrepot.domain.logistics.bill_rules import Kind, Verdict
from entrepot.domain.logistics.models import Booking, Parcel
from entrepot.kernel.models import Record


def _choices(kinds: type[StrEnum]) -> list[tuple[str, str]]:
    return [(each.value, each.value) for each in kinds]


class CarrierBill(Record):
    """An invoice or a credit note of a carrier for a period. `stated_minor` is the total that its paper says."""

    carrier = models.CharField(max_length=40)
    number = models.CharField(max_length=60)
    issued_on = models.DateField()
    period_from = models.DateField()
    period_until = models.DateField()
    currency = models.CharField(max_length=3)
    stated_minor = models.BigIntegerField(null=True)
    entered_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["carrier", "number"], name="carrier_bill_once"),
            models.CheckConstraint(condition=Q(period_until__gt=F("period_from")), name="carrier_bill_period"),
        ]


class CarrierPayment(Record):
    """What a carrier was paid for accepted lines, less its credit notes."""

    number = models.CharField(max_length=24, unique=True)
    carrier = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reference = models.CharField(max_length=80)
    paid_by = models.CharField(max_length=200)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="carrier_payment_positive")]
        indexes = [models.Index(fields=["carrier", "-id"], name="carrier_payment_carrier")]


class CarrierBillLine(Record):
    """A line of a bill, below zero a credit; what was found of it, and what was decided. Units: minor, grams.

    `number` is the carrier's, or the row of the file. `planned_minor` is what the books already hold for the parcel;
    the difference is the sum of `rate_minor`, `weight_minor` and `surcharge_minor`. A line in another currency than its
    parcel's is reckoned at the rate of the bill's day.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DISPUTED = "disputed"
        CREDITED = "credited"

    bill = models.ForeignKey(CarrierBill, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    tracking_number = models.CharField(max_length=60, blank=True)
    service = models.CharField(max_length=40, blank=True)
    weight_g = models.PositiveIntegerField(null=True)
    amount_minor = models.BigIntegerField()
    is_carriage = models.BooleanField()
    parcel = models.ForeignKey(Parcel, null=True, on_delete=models.PROTECT, related_name="+")
    booking = models.ForeignKey(Booking, null=True, on_delete=models.PROTECT, related_name="+")
    credits = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    planned_minor = models.BigIntegerField(default=0)
    planned_label = models.CharField(max_length=60, blank=True)
    planned_weight_g = models.PositiveIntegerField(null=True)
    own_currency = models.CharField(max_length=3, blank=True, help_text="in which it was planned, where not the bill's")
    own_minor = models.BigIntegerField(default=0, help_text="what was planned, in that currency")
    fx_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True, help_text="of one unit of the bill's")
    fx_on = models.DateField(null=True)
    fx_source = models.CharField(max_length=200, blank=True)
    card_minor = models.BigIntegerField(null=True, help_text="what the card asks for the weight that is billed")
    rate_minor = models.BigIntegerField(default=0)
    weight_minor = models.BigIntegerField(default=0)
    surcharge_minor = models.BigIntegerField(default=0)
    verdict = models.CharField(max_length=10, choices=_choices(Verdict), default=Verdict.UNKNOWN.value)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)
    payment = models.ForeignKey(CarrierPayment, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bill", "number"], name="carrier_bill_line_once"),
            models.UniqueConstraint(
                fields=["parcel"],
                condition=Q(state="accepted", is_carriage=True, amount_minor__gt=0),
                name="carrier_bill_parcel_accepted_once",
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(decided_at__isnull=False), name="carrier_bill_line_decided"
            ),
            models.CheckConstraint(
                condition=Q(payment__isnull=True) | Q(state="accepted"), name="carrier_bill_line_paid_is_accepted"
            ),
            models.CheckConstraint(
                condition=Q(own_currency="", own_minor=0, fx_rate__isnull=True)
                | ~Q(own_currency="") & Q(fx_rate__gt=0, fx_on__isnull=False),
                name="carrier_bill_line_exchanged",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted")
                | Q(amount_minor=F("planned_minor") + F("rate_minor") + F("weight_minor") + F("surcharge_minor")),
                name="carrier_bill_line_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["tracking_number"], name="carrier_bill_line_number"),
            models.Index(fields=["parcel"], name="carrier_bill_line_parcel"),
        ]


class CarrierBillCharge(Record):
    """A part of a line, by what it is for. Units: minor."""

    line = models.ForeignKey(CarrierBillLine, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=_choices(Kind))
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "kind"], name="carrier_bill_charge_once")]


class BillTolerance(Record):
    """How far a line may differ and still count as agreed, of a carrier (blank: any), from a day on.

    Of the two amounts the larger counts; a weight is taken for the same within the larger of its two bounds.
    """

    carrier = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveIntegerField()
    rate = models.DecimalField(max_digits=8, decimal_places=6)
    weight_g = models.PositiveIntegerField()
    weight_rate = models.DecimalField(max_digits=8, decimal_places=6)
    valid_from = models.DateField()
    source = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["carrier", "currency", "valid_from"], name="bill_tolerance_one_start"),
            models.CheckConstraint(
                condition=Q(rate__gte=0, rate__lt=1, weight_rate__gte=0, weight_rate__lt=1),
                name="bill_tolerance_share",
            ),
        ]
