"""Routing rules."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.logistics.models import Node
from entrepot.domain.markets.models import Market
from entrepot.kernel.models import Record


class RoutingRule(Record):
    """What the operator forbids or prefers where goods leave from, of a market or of all, from a day until another.

    `amount_minor` is in the market's currency. What a rule says never changes; its place, its switch and its end do.
    """

    kind = models.CharField(max_length=20)
    market = models.ForeignKey(Market, null=True, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, null=True, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField(null=True)
    position = models.PositiveIntegerField()
    is_on = models.BooleanField(default=True)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="routing_rule_period"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__gt=0, market__isnull=False),
                name="routing_rule_amount_of_a_market",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["prefer_node", "exclude_node"], node__isnull=False)
                | Q(
                    kind__in=["prefer_local", "one_parcel", "no_split_below", "prefer_ready", "only_ready"],
                    node__isnull=True,
                ),
                name="routing_rule_node",
            ),
            models.CheckConstraint(
                condition=~Q(kind="no_split_below") | Q(amount_minor__isnull=False), name="routing_rule_split_amount"
            ),
        ]


class RuleEdition(Record):
    """What all the rules said after one change of them, whoever made it and why. Never changes.

    The edition of the highest number is what holds; whoever publishes names the one that they changed.
    """

    number = models.PositiveIntegerField(unique=True)
    rules = models.JSONField(default=list)
    reason = models.TextField()
    published_by = models.CharField(max_length=200)
