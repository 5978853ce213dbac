"""Places within a node, the units of stock rows that stand at each, and every move of them."""

from django.db import models
from django.db.models import Q

from entrepot.domain.inventory.models import Stock
from entrepot.domain.logistics.models import Node
from entrepot.kernel.models import Record


class Place(Record):
    """Where goods stand within a node: zone, aisle, bay, bin. `walk` is the order in which one passes it.

    New goods are not for sale where it `is_withheld`: in quarantine always, at a dock until they are put away.
    """

    class Kind(models.TextChoices):
        DOCK = "dock"
        STORAGE = "storage"
        QUARANTINE = "quarantine"

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40)
    zone = models.CharField(max_length=9, blank=True)
    aisle = models.CharField(max_length=9, blank=True)
    bay = models.CharField(max_length=9, blank=True)
    bin = models.CharField(max_length=9, blank=True)
    walk = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    is_withheld = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "code"], name="place_code_once"),
            models.UniqueConstraint(fields=["node"], condition=Q(kind="dock"), name="place_one_dock"),
            models.CheckConstraint(
                condition=~Q(kind="quarantine") | Q(is_withheld=True), name="place_quarantine_keeps"
            ),
            models.CheckConstraint(condition=~Q(kind="storage") | Q(is_withheld=False), name="place_storage_sells"),
        ]
        indexes = [models.Index(fields=["node", "walk"], name="place_walk")]


class PlaceUnits(Record):
    """Units of a stock row at a place; of a row whose node has places they come to what is on hand."""

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    quantity = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stock", "place"], name="place_units_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="place_units_not_negative"),
        ]
        indexes = [models.Index(fields=["place"], name="place_units_place")]


class PlaceMove(Record):
    """Units that came to a place, left it, or went from one to another. Append-only; what stands there is their sum."""

    class Kind(models.TextChoices):
        BEGUN = "begun"
        CAME = "came"
        LEFT = "left"
        MOVED = "moved"

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="+")
    from_place = models.ForeignKey(Place, null=True, on_delete=models.PROTECT, related_name="+")
    to_place = models.ForeignKey(Place, null=True, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=6, choices=Kind.choices)
    moved_by = models.CharField(max_length=200, blank=True, help_text="who moved them; blank where stock came or left")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="place_move_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=["begun", "came"], from_place__isnull=True, to_place__isnull=False)
                | Q(kind="left", from_place__isnull=False, to_place__isnull=True)
                | Q(kind="moved", from_place__isnull=False, to_place__isnull=False),
                name="place_move_has_its_ends",
            ),
        ]
        indexes = [models.Index(fields=["stock", "id"], name="place_move_stock")]
