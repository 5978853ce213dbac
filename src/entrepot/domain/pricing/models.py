"""Supply-price quotes, retail prices and the rules by which the platform prices in bulk."""

from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from entrepot.domain.catalogue.models import Category, Offer
from entrepot.domain.markets.models import Market
from entrepot.kernel.models import Record

_PERIOD = (Func(F("valid_from"), F("valid_until"), function="tstzrange"), RangeOperators.OVERLAPS)


class SupplyQuote(Record):
    """One step of the negotiation of an offer's supply price; versions count up, one is in force at a time.

    An accepted step stays in force until a later one is accepted; `valid_until` bounds how long a step may be accepted.
    """

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
            models.UniqueConstraint(fields=["offer"], condition=Q(status="accepted"), name="supply_quote_one_in_force"),
            models.UniqueConstraint(
                fields=["offer"], condition=Q(status__in=["quoted", "countered"]), name="supply_quote_one_open"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="supply_quote_positive"),
            models.CheckConstraint(
                condition=~Q(status__in=["accepted", "refused", "expired"]) | Q(decided_at__isnull=False),
                name="supply_quote_decided_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["valid_until"], condition=Q(status__in=["quoted", "countered"]), name="supply_quote_open"
            )
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
    batch_id = models.UUIDField(help_text="the act that set it, as the audit trail names it")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offer"], condition=Q(valid_until__isnull=True), name="retail_price_one_open"
            ),
            ExclusionConstraint(
                name="retail_price_one_at_a_time",
                index_type="gist",
                expressions=[(F("offer"), RangeOperators.EQUAL), _PERIOD],
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="retail_price_positive"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="retail_price_period"
            ),
        ]
        indexes = [models.Index(fields=["offer", "valid_from"], name="retail_price_history")]


class RetailProposal(Record):
    """A retail price that waits for whoever has to agree under the terms; one a time for an offer."""

    class Status(models.TextChoices):
        OPEN = "open"
        APPROVED = "approved"
        REFUSED = "refused"
        SUPERSEDED = "superseded"

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    proposed_by_party = models.CharField(max_length=12)
    waits_for_party = models.CharField(max_length=12)
    note = models.CharField(max_length=400, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer"], condition=Q(status="open"), name="retail_proposal_one_open"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="retail_proposal_positive"),
            models.CheckConstraint(
                condition=Q(status="open", decided_at__isnull=True) | (~Q(status="open") & Q(decided_at__isnull=False)),
                name="retail_proposal_decided_has_time",
            ),
        ]


class PriceRule(Record):
    """How the platform prices where the duty is its own: supply price × (1 + mark-up), not under a floor, to an ending.

    The rule of the nearest category above a product counts, else the market's own. Where a market shows prices with
    tax, the mark-up has to cover it.
    """

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, null=True, on_delete=models.PROTECT, related_name="+")
    markup_rate = models.DecimalField(max_digits=8, decimal_places=6)
    floor_minor = models.BigIntegerField(default=0)
    ending_minor = models.PositiveSmallIntegerField(null=True, help_text="e.g. 99: the last digits of the price")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(markup_rate__gte=0, floor_minor__gte=0), name="price_rule_positive"),
            ExclusionConstraint(
                name="price_rule_one_at_a_time",
                index_type="gist",
                expressions=[
                    (F("market"), RangeOperators.EQUAL),
                    (
                        Coalesce(F("category"), Value(UUID(int=0), output_field=models.UUIDField())),
                        RangeOperators.EQUAL,
                    ),
                    _PERIOD,
                ],
            ),
        ]
