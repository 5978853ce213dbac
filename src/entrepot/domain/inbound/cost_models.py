"""What the way of a shipment cost, bill by bill, and its landed cost: versions that share the bills among the units."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.catalogue.models import Sku
from entrepot.domain.inbound.models import Shipment
from entrepot.kernel.models import Record


class ShareBy(models.TextChoices):
    """By what the units of a shipment share a bill."""

    VALUE = "value"
    WEIGHT = "weight"
    VOLUME = "volume"
    QUANTITY = "quantity"


class ShipmentCost(Record):
    """A bill for the way of a shipment, below zero a credit note. Append-only. Units: minor.

    `seller_minor` is what the seller owes of a bill that the marketplace paid, by the terms of that day; `seller_rate`
    what its own currency was worth then, where the bill is in another.
    """

    class Kind(models.TextChoices):
        FREIGHT = "freight"
        TERMINAL_HANDLING = "terminal_handling"
        DRAYAGE = "drayage"
        INSURANCE = "insurance"
        CUSTOMS_DUTY = "customs_duty"
        ENTRY_FEES = "entry_fees"
        BROKERAGE = "brokerage"
        UNLOADING = "unloading"
        OTHER = "other"

    class PaidBy(models.TextChoices):
        PLATFORM = "platform"
        SELLER = "seller"

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    share_by = models.CharField(max_length=8, choices=ShareBy.choices)
    paid_by = models.CharField(max_length=8, choices=PaidBy.choices)
    issuer = models.CharField(max_length=60)
    document_number = models.CharField(max_length=60)
    incurred_on = models.DateField()
    note = models.CharField(max_length=200, blank=True)
    entered_by = models.CharField(max_length=200)
    seller_minor = models.BigIntegerField(default=0)
    seller_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="shipment_cost_not_zero"),
            models.CheckConstraint(
                condition=Q(seller_minor=0)
                | Q(paid_by="platform", seller_minor__gt=0, amount_minor__gte=F("seller_minor"))
                | Q(paid_by="platform", seller_minor__lt=0, amount_minor__lte=F("seller_minor")),
                name="shipment_cost_seller_within",
            ),
            models.UniqueConstraint(
                fields=["shipment", "kind", "issuer", "document_number"], name="shipment_cost_once_a_document"
            ),
        ]


class LandedCost(Record):
    """One version of what the way cost, in one currency; a later one says why it differs. Append-only. Units: minor."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    reason = models.CharField(max_length=400, blank=True)
    made_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "version"], name="landed_cost_version_once"),
            models.CheckConstraint(condition=Q(version__gt=0), name="landed_cost_counts"),
            models.CheckConstraint(condition=Q(version=1) | ~Q(reason=""), name="landed_cost_says_why"),
        ]


class LandedBill(Record):
    """A bill in a version's currency, at the rate of the day on which it was incurred. Append-only. Units: minor."""

    landed_cost = models.ForeignKey(LandedCost, on_delete=models.PROTECT, related_name="+")
    cost = models.ForeignKey(ShipmentCost, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    rate = models.DecimalField(max_digits=24, decimal_places=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["landed_cost", "cost"], name="landed_bill_once")]


class LandedShare(Record):
    """What a bill costs the units of a SKU of this shipment that came into stock. Append-only. Units: minor, pieces."""

    bill = models.ForeignKey(LandedBill, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bill", "sku"], name="landed_share_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="landed_share_has_units"),
        ]


class ShipmentLeg(Record):
    """A part of a shipment's way, as its lane had it when the way was planned: promised, and when it was done.

    Units: kilometres by sea, 0 where no distance is known.
    """

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    lane = models.CharField(max_length=60)
    leg = models.CharField(max_length=60)
    task = models.CharField(max_length=30)
    mode = models.CharField(max_length=12)
    start = models.CharField(max_length=80)
    end = models.CharField(max_length=80)
    distance_km = models.PositiveIntegerField(default=0)
    performer = models.CharField(max_length=12)
    begins_on = models.DateField()
    promised_on = models.DateField()
    done_on = models.DateField(null=True)
    done_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "position"], name="shipment_leg_once"),
            models.CheckConstraint(
                condition=Q(done_on__isnull=True) | ~Q(done_by=""), name="shipment_leg_done_by_somebody"
            ),
        ]
