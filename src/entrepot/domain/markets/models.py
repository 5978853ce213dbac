"""Markets and their dated reference rates."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from entrepot.kernel.models import Record


class Market(Record):
    """A country in which shoppers buy, in one currency."""

    class TaxDisplay(models.TextChoices):
        INCLUSIVE = "inclusive"
        EXCLUSIVE = "exclusive"

    code = models.CharField(max_length=8, unique=True)
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    tax_display = models.CharField(max_length=10, choices=TaxDisplay.choices)
    time_zone = models.CharField(max_length=60)
    languages = ArrayField(models.CharField(max_length=10))
    archived_at = models.DateTimeField(null=True)

    @property
    def prices_include_tax(self) -> bool:
        """Whether the price on the label is the price with tax."""
        return self.tax_display == self.TaxDisplay.INCLUSIVE


class TaxRate(Record):
    """Sales tax or VAT of a market in force over a period; "standard" or a category's code."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    tax_class = models.CharField(max_length=40, default="standard")
    rate = models.DecimalField(max_digits=8, decimal_places=6)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    source = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "tax_class", "valid_from"], name="tax_rate_one_start"),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lt=1), name="tax_rate_is_a_share"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")), name="tax_rate_period"
            ),
        ]


class ExchangeRate(Record):
    """Units of `quote` for one unit of `base`, published on a day."""

    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    published_on = models.DateField()
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base", "quote", "published_on"], name="exchange_rate_once_a_day"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
        ]
