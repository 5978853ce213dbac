"""Accruals, statements, reserves, payouts, and the dated rates of what the marketplace itself is charged."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.ledger.models import Journal, Posting
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.sellers.models import Seller
from entrepot.domain.terms.models import TermsSnapshot
from entrepot.kernel.models import Record


class Accrual(Record):
    """One amount that a seller earns (positive) or owes (negative), computed once, with its posting and its inputs.

    Units: `amount_minor` in the seller's settlement currency; `market_minor` in the order's currency.
    `eligible_at` is the earliest close of a statement that may carry it.
    """

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    market_currency = models.CharField(max_length=3)
    market_minor = models.BigIntegerField()
    part = models.CharField(max_length=60)
    line = models.ForeignKey(OrderLine, null=True, on_delete=models.PROTECT, related_name="+")
    terms = models.ForeignKey(TermsSnapshot, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(default=0)
    event_kind = models.CharField(max_length=30)
    event_id = models.UUIDField()
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="+")
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="+", db_constraint=False)
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


class Unstated(models.Model):
    """An accrual that is on no statement yet: written beside it, and gone once it is on one.

    What is due is found here, however much was settled before.
    """

    accrual = models.OneToOneField(
        Accrual, primary_key=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField()
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    eligible_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["seller", "eligible_at", "accrual"], name="unstated_next")]


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

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    release_at = models.DateTimeField()
    released_on = models.ForeignKey(Statement, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reserve_hold_positive"),
            models.UniqueConstraint(fields=["statement", "release_at"], name="reserve_hold_once"),
        ]
        indexes = [
            models.Index(
                fields=["seller", "release_at"], condition=Q(released_on__isnull=True), name="reserve_hold_held"
            )
        ]


class PayoutBatch(Record):
    """Payouts sent to a provider together."""

    number = models.CharField(max_length=24, unique=True)
    provider = models.CharField(max_length=30)
    currency = models.CharField(max_length=3)
    media = models.CharField(max_length=100, blank=True)
    sent_at = models.DateTimeField(null=True)


class Payout(Record):
    """The transfer of one statement's payable amount. One that failed is followed by another."""

    class State(models.TextChoices):
        ABOUT_TO = "about_to"
        IN_TRANSIT = "in_transit"
        DONE = "done"
        FAILED = "failed"

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ABOUT_TO)
    provider_reference = models.CharField(max_length=120, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_positive"),
            models.UniqueConstraint(
                fields=["statement"], condition=~Q(state="failed"), name="payout_one_live_a_statement"
            ),
            models.UniqueConstraint(
                fields=["provider_reference"], condition=~Q(provider_reference=""), name="payout_reference_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="payout_state")]


class CostRate(Record):
    """What the marketplace is charged, dated: payments as a share and an amount an order, handling and storage a unit.

    `code` names a payment provider or a node; blank counts where no other row does. Units: minor.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment"
        HANDLING = "handling"
        STORAGE = "storage"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    code = models.CharField(max_length=60, blank=True)
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=8, decimal_places=6, default=0)
    amount_minor = models.BigIntegerField(default=0)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    source = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "code", "currency", "valid_from"], name="cost_rate_one_start"),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lt=1, amount_minor__gte=0), name="cost_rate_range"),
            models.CheckConstraint(condition=Q(kind="payment") | Q(rate=0), name="cost_rate_share_of_payments_only"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")), name="cost_rate_period"
            ),
        ]
