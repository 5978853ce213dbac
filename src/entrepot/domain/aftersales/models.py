"""Return cases and their lines."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from entrepot.domain.accounts.models import Contact
from entrepot.domain.logistics.models import Node
from entrepot.domain.orders.models import Order, OrderLine, Suborder
from entrepot.domain.sellers.models import Seller
from entrepot.kernel.models import Record


class ReturnCase(Record):
    """Units of one suborder on their way back, why, and who answers for it by the line's terms."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        IN_TRANSIT = "in_transit"
        RECEIVED = "received"
        REFUNDED = "refunded"
        CANCELLED = "cancelled"

    class Reason(models.TextChoices):
        CHANGED_MIND = "changed_mind"
        DAMAGED = "damaged"
        DEFECTIVE = "defective"
        NOT_AS_DESCRIBED = "not_as_described"
        WRONG_ITEM = "wrong_item"
        ARRIVED_LATE = "arrived_late"

    number = models.CharField(max_length=24, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    suborder = models.ForeignKey(Suborder, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=Reason.choices)
    cause = models.CharField(max_length=20)
    liable_party = models.CharField(max_length=12)
    note = models.CharField(max_length=1000, blank=True)
    photos = ArrayField(models.CharField(max_length=80), default=list, help_text="private media names, by the shopper")
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    return_to = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    handler_party = models.CharField(max_length=12)
    freight_party = models.CharField(max_length=12, help_text="who bears the way back by the line's terms")
    freight_cost_minor = models.BigIntegerField(default=0)
    received_at = models.DateTimeField(null=True)
    refunded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="return_case_seller"),
            models.Index(fields=["order"], name="return_case_order"),
        ]


class ReturnLine(Record):
    """So many units of an order line in a return case, from the place `first_unit` on, and what became of them."""

    class Disposition(models.TextChoices):
        RESTOCK = "restock"
        DISCARD = "discard"
        TO_OWNER = "to_owner"
        KEPT = "kept"

    case = models.ForeignKey(ReturnCase, on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    first_unit = models.PositiveIntegerField()
    quantity = models.PositiveIntegerField()
    received_qty = models.PositiveIntegerField(default=0)
    disposition = models.CharField(max_length=10, choices=Disposition.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "line", "first_unit"], name="return_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(received_qty__lte=F("quantity")), name="return_line_quantity"
            ),
        ]
        indexes = [models.Index(fields=["line"], name="return_line_line")]
