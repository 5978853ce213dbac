"""Goods that go back from a node to their seller: what, why, by when, on whose account, and what became of it."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.catalogue.models import Sku
from entrepot.domain.inbound.models import Discrepancy
from entrepot.domain.inventory.models import Stock
from entrepot.domain.inventory.place_models import Place
from entrepot.domain.logistics.models import Node
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.kernel.models import Record

CLOSED = ["handed_over", "disposed", "cancelled"]


class VendorReturn(Record):
    """Goods that go back to their seller, asked by either side. `collect_by` is when they may be disposed of else.

    `seller_share` of the carriage, and of the value of what the marketplace owns, is the seller's by the terms; 1 where
    the goods were faulty and the seller answers for that, or the seller asked for its own. Units: minor.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        ACCEPTED = "accepted"
        HANDED_OVER = "handed_over"
        DISPOSED = "disposed"
        CANCELLED = "cancelled"

    class Cause(models.TextChoices):
        FAULTY = "faulty"
        DAMAGED = "damaged"
        SURPLUS = "surplus"

    class AskedBy(models.TextChoices):
        NODE = "node"
        SELLER = "seller"

    number = models.CharField(max_length=24, unique=True)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASKED)
    asked_by = models.CharField(max_length=8, choices=AskedBy.choices)
    cause = models.CharField(max_length=8, choices=Cause.choices)
    seller_share = models.DecimalField(max_digits=9, decimal_places=8)
    collect_by = models.DateTimeField()
    given_up_at = models.DateTimeField(null=True, help_text="the seller lets the goods be disposed of before")
    note = models.CharField(max_length=400, blank=True)
    carrier = models.CharField(max_length=40, blank=True)
    tracking_number = models.CharField(max_length=60, blank=True)
    cartons = models.PositiveSmallIntegerField(default=0)
    cost_currency = models.CharField(max_length=3, blank=True)
    cost_minor = models.BigIntegerField(default=0)
    seller_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(seller_share__gte=0, seller_share__lte=1), name="vendor_return_share"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False, state__in=CLOSED)
                | (Q(closed_at__isnull=True) & ~Q(state__in=CLOSED)),
                name="vendor_return_closed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(cost_minor=0) | Q(cost_minor__gt=0, state="handed_over"), name="vendor_return_cost"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "state"], name="vendor_return_seller"),
            models.Index(fields=["node", "state"], name="vendor_return_node"),
        ]


class VendorReturnLine(Record):
    """Units that go back: of a stock row (at a place, where that is known), or such as never came into stock."""

    vendor_return = models.ForeignKey(VendorReturn, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    stock = models.ForeignKey(Stock, null=True, on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey(Place, null=True, on_delete=models.PROTECT, related_name="+")
    discrepancy = models.ForeignKey(Discrepancy, null=True, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    movement_id = models.UUIDField(null=True, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="vendor_return_line_positive"),
            models.CheckConstraint(
                condition=Q(stock__isnull=False, discrepancy__isnull=True)
                | Q(stock__isnull=True, discrepancy__isnull=False, place__isnull=True, movement_id__isnull=True),
                name="vendor_return_line_of_one_kind",
            ),
            models.UniqueConstraint(
                F("vendor_return"), F("stock"), F("place"), F("discrepancy"), name="vendor_return_line_once"
            ),
        ]
        indexes = [
            models.Index(fields=["stock"], name="vendor_return_line_stock"),
            models.Index(fields=["discrepancy"], name="vendor_return_line_differs"),
        ]
