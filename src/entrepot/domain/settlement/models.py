"""Accruals, statements, reserves and payouts."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.ledger.models import Journal, Posting
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.payments.models import CallState
from entrepot.domain.sellers.models import Seller
from entrepot.kernel.models import Record


class Accrual(Record):
    """One amount that a seller earns (positive) or owes (negative), computed once, with its posting and its inputs.

    Units: `amount_minor` in the seller's settlement currency; `market_minor` in the order's currency.
    """

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    market_currency = models.CharField(max_length=3)
    market_minor = models.BigIntegerField()
    part = models.CharField(max_length=60)
    line = models.ForeignKey(OrderLine, null=True, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(default=0)
    event_kind = models.CharField(max_length=30)
    event_id = models.UUIDField()
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="+")
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=120)
    inputs = models.JSONField(default=dict)
    accrued_at = models.DateTimeField()
    eligible_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_kind", "event_id", "line", "part"], name="accrual_once"),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="accrual_not_zero"),
        ]
        indexes = [
            models.Index(fields=["seller", "eligible_at"], name="accrual_eligible"),
            models.Index(fields=["line"], name="accrual_line"),
        ]


class Statement(Record):
    """What a seller earned over a half-open period, in one currency, down to what is paid and what is carried."""

    class State(models.TextChoices):
        ISSUED = "issued"
        PAID = "paid"

    number = models.CharField(max_length=28, unique=True)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    period_from = models.DateTimeField()
    period_until = models.DateTimeField()
    opening_minor = models.BigIntegerField()
    lines_minor = models.BigIntegerField()
    reserved_minor = models.BigIntegerField(default=0)
    released_minor = models.BigIntegerField(default=0)
    payable_minor = models.BigIntegerField()
    carried_minor = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.ISSUED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "currency", "period_until"], name="statement_once_a_period"),
            models.CheckConstraint(
                condition=Q(
                    payable_minor=F("opening_minor")
                    + F("lines_minor")
                    - F("reserved_minor")
                    + F("released_minor")
                    - F("carried_minor")
                ),
                name="statement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(payable_minor__gte=0, reserved_minor__gte=0, released_minor__gte=0),
                name="statement_pays_nothing_negative",
            ),
            models.CheckConstraint(condition=Q(period_until__gt=F("period_from")), name="statement_period"),
        ]


class StatementLine(Record):
    """An accrual's place on its statement; an accrual stands on one at most."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="+")
    accrual = models.OneToOneField(Accrual, on_delete=models.PROTECT, related_name="+")


class ReserveHold(Record):
    """Money kept back from a statement until a day."""

    statement = models.OneToOneField(Statement, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    release_at = models.DateTimeField()
    released_on = models.ForeignKey(Statement, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reserve_hold_positive")]


class PayoutBatch(Record):
    """Payouts sent to a provider together."""

    number = models.CharField(max_length=24, unique=True)
    provider = models.CharField(max_length=30)
    currency = models.CharField(max_length=3)
    media = models.CharField(max_length=100, blank=True)


class Payout(Record):
    """The transfer of one statement's payable amount."""

    statement = models.OneToOneField(Statement, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(PayoutBatch, null=True, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=CallState.choices, default=CallState.ABOUT_TO)
    provider_reference = models.CharField(max_length=120, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_positive"),
            models.UniqueConstraint(
                fields=["provider_reference"], condition=~Q(provider_reference=""), name="payout_reference_once"
            ),
        ]
