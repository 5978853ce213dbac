"""Stock rows, append-only movements, holds, and the allotment of stock to offers."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.accounts.models import Organisation
from entrepot.domain.catalogue.models import Offer, Sku
from entrepot.domain.logistics.models import Node
from entrepot.domain.sellers.models import Seller
from entrepot.kernel.models import Record


class Stock(Record):
    """How many units stand at a node. `seller` may sell them; `owner` holds the title (the platform after purchase).

    Units that a shipment brings and that may be promised already are a row of their own, `coming`: its lot is the
    shipment's number, its on hand what may be promised ahead. As they are put away, its holds go over to real rows.
    """

    class Condition(models.TextChoices):
        NEW = "new"
        OPENED = "opened"
        DAMAGED = "damaged"
        COMING = "coming"

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=40, blank=True)
    condition = models.CharField(max_length=10, choices=Condition.choices, default=Condition.NEW)
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0, help_text="sum of the active holds")
    allotted = models.BigIntegerField(default=0, help_text="sum of the allotments that are neither sold nor held")
    is_placed = models.BooleanField(default=False, help_text="its node has places, and its units stand at them")
    comes_with = models.UUIDField(null=True, help_text="the shipment that brings them, while they are on their way")
    comes_by = models.CharField(
        max_length=12, blank=True, default="", db_default="", help_text="how they cross the border, if they do"
    )
    ready_on = models.DateField(null=True, help_text="the day on which they are expected to stand ready")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "owner", "node", "sku", "lot", "condition"], name="stock_row_once"
            ),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, allotted__gte=0) & Q(on_hand__gte=F("reserved") + F("allotted")),
                name="stock_promised_within_on_hand",
            ),
            models.CheckConstraint(
                condition=Q(condition="coming", comes_with__isnull=False, ready_on__isnull=False, allotted=0)
                | (~Q(condition="coming") & Q(comes_with__isnull=True, ready_on__isnull=True)),
                name="stock_coming_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["sku", "seller"], name="stock_sku"),
            models.Index(fields=["comes_with"], condition=Q(comes_with__isnull=False), name="stock_coming"),
        ]


class Movement(Record):
    """A signed change of on hand, with its cause. Append-only; on hand is their sum."""

    class Kind(models.TextChoices):
        OPENING = "opening"
        RECEIVED = "received"
        SHIPPED = "shipped"
        RETURNED = "returned"
        DISCARDED = "discarded"
        SENT_BACK = "sent_back"
        ADJUSTED = "adjusted"
        TITLE_OUT = "title_out"
        TITLE_IN = "title_in"
        EXPECTED = "expected"

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    source_type = models.CharField(max_length=40)
    source_id = models.UUIDField()
    subject_id = models.UUIDField(null=True, help_text="the order line that it serves")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="movement_moves")]
        indexes = [
            models.Index(fields=["stock", "id"], name="movement_stock"),
            models.Index(fields=["subject_id"], name="movement_subject", condition=Q(subject_id__isnull=False)),
        ]


class Hold(Record):
    """Units kept for an owner (an order line, or a place where nothing is sold) until shipped, let go or expired.

    A hold that ends in part is split: the ended part becomes a row of its own. `per_unit` says how many of these units
    one unit of what the owner bought takes, so that a kit's holds end in step; `offer` is whose allotment they left.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        CONSUMED = "consumed"
        RELEASED = "released"
        EXPIRED = "expired"

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="+")
    owner_id = models.UUIDField()
    offer = models.ForeignKey(Offer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveBigIntegerField()
    per_unit = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    expires_at = models.DateTimeField(null=True, help_text="while a payment provider takes its time")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0, per_unit__gt=0), name="hold_positive"),
            models.CheckConstraint(
                condition=Q(state="active", ended_at__isnull=True) | (~Q(state="active") & Q(ended_at__isnull=False)),
                name="hold_one_end",
            ),
        ]
        indexes = [
            models.Index(fields=["owner_id"], name="hold_owner"),
            models.Index(fields=["offer"], condition=Q(offer__isnull=False), name="hold_offer"),
            models.Index(fields=["stock"], condition=Q(state="active"), name="hold_active"),
            models.Index(
                fields=["expires_at"], condition=Q(state="active", expires_at__isnull=False), name="hold_expiring"
            ),
        ]


class Allotment(Record):
    """Units of a stock row that are set aside for one offer and neither sold nor held yet.

    A hold of the offer draws from it; a hold that is released puts the units back.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["offer", "stock"], name="allotment_once")]


# What stands where within a node is a room of its own, in the same app.
from entrepot.domain.inventory import place_models  # noqa: E402, F401
