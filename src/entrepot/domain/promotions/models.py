"""Vouchers and their redemptions."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.catalogue.models import Category
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers.models import Seller
from entrepot.kernel.models import Record


class Voucher(Record):
    """A code that lowers the lines of a cart; the seller's and the platform's shares of the cost sum to one."""

    class Kind(models.TextChoices):
        RATE = "rate"
        AMOUNT = "amount"

    code = models.CharField(max_length=40, unique=True)
    label = models.CharField(max_length=120)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, null=True, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(Category, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    rate = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    amount_minor = models.BigIntegerField(null=True)
    minimum_minor = models.BigIntegerField(default=0)
    platform_share = models.DecimalField(max_digits=7, decimal_places=6)
    limit_total = models.PositiveIntegerField(null=True)
    limit_per_shopper = models.PositiveIntegerField(null=True)
    redeemed = models.PositiveIntegerField(default=0)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="rate", rate__gt=0, rate__lte=1, amount_minor__isnull=True)
                | Q(kind="amount", amount_minor__gt=0, rate__isnull=True),
                name="voucher_rate_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(platform_share__gte=0, platform_share__lte=1), name="voucher_share_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(limit_total__isnull=True) | Q(redeemed__lte=F("limit_total")), name="voucher_within_limit"
            ),
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="voucher_period"),
        ]


class Redemption(Record):
    """One use of a voucher by one order; released when the order comes to nothing."""

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="+")
    order_id = models.UUIDField(unique=True)
    shopper_key = models.CharField(max_length=100)
    amount_minor = models.BigIntegerField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["voucher", "shopper_key"], condition=Q(released_at__isnull=True), name="redemption_shopper"
            )
        ]
