"""What of goods on their way may be sold ahead, by market, programme, node and way of transport."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, UUIDField, Value
from django.db.models.functions import Coalesce

from entrepot.domain.logistics.models import Node
from entrepot.domain.markets.models import Market
from entrepot.kernel.models import Record

_NOBODY = Value("00000000-0000-0000-0000-000000000000", output_field=UUIDField())


class AheadRule(Record):
    """How much of a shipment is kept back from sale while it is on its way, over a half-open period.

    What is blank counts for all; of several rows that fit a shipment the one that names most counts. Without a share
    nothing is sold ahead. `put_away_days` are working days of the node from the arrival until units stand ready.
    """

    market = models.ForeignKey(Market, null=True, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, null=True, on_delete=models.PROTECT, related_name="+")
    programme_code = models.CharField(max_length=60, blank=True)
    mode = models.CharField(max_length=12, blank=True, help_text="sea, air, rail, truck")
    safety_rate = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    put_away_days = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    source = models.TextField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="ahead_rule_one_at_a_time",
                index_type="gist",
                expressions=[
                    (Coalesce(F("market"), _NOBODY), RangeOperators.EQUAL),
                    (Coalesce(F("node"), _NOBODY), RangeOperators.EQUAL),
                    (F("programme_code"), RangeOperators.EQUAL),
                    (F("mode"), RangeOperators.EQUAL),
                    (Func(F("valid_from"), F("valid_until"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="ahead_rule_period"
            ),
            models.CheckConstraint(
                condition=Q(safety_rate__isnull=True) | Q(safety_rate__gte=0, safety_rate__lt=1),
                name="ahead_rule_share",
            ),
        ]
