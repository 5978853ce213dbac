"""Supply-price quotes, retail prices and the rules by which the platform prices in bulk."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.catalogue.models import Category, Offer
from entrepot.domain.markets.models import Market
from entrepot.kernel.models import Record


class SupplyQuote(Record):
    """One step of the negotiation of an offer's supply price; versions count up, one is in force at a time."""

    class Status(models.TextChoices):
        QUOTED = "quoted"
        COUNTERED = "countered"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        EXPIRED = "expired"
        SUPERSEDED = "superseded"

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, choices=Status.choices)
    made_by_party = models.CharField(max_length=12)
    note = models.CharField(max_length=400, blank=True)
    valid_until = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "version"], name="supply_quote_version_once"),
            models.UniqueConstraint(
                fields=["offer"], condition=Q(status="accepted"), name="supply_quote_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["offer"], condition=Q(status__in=["quoted", "countered"]), name="supply_quote_one_open"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="supply_quote_positive"),
        ]


class RetailPrice(Record):
    """What the shopper is asked for one unit, over a half-open period; the open row is today's price.

    Units: minor units of the market's currency, with tax where the market shows tax.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    includes_tax = models.BooleanField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    set_by_party = models.CharField(max_length=12)
    rule_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offer"], condition=Q(valid_until__isnull=True), name="retail_price_one_open"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="retail_price_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="retail_price_period"
            ),
        ]
        indexes = [models.Index(fields=["offer", "valid_from"], name="retail_price_history")]


class PriceRule(Record):
    """How the platform prices where the duty is its own: supply price × (1 + mark-up), not under a floor, to an ending."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, null=True, on_delete=models.PROTECT, related_name="+")
    markup_rate = models.DecimalField(max_digits=8, decimal_places=6)
    floor_minor = models.BigIntegerField(default=0)
    ending_minor = models.PositiveSmallIntegerField(null=True, help_text="e.g. 99: the last digits of the price")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(markup_rate__gte=0, floor_minor__gte=0), name="price_rule_positive")
        ]
