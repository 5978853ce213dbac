"""Payments and their captures, refunds and provider events.

A call row is written `about_to` before the provider is asked and says afterwards what came back; `unknown` is what a
cut line leaves, and is resolved by asking again under the same key.
"""

from django.db import models
from django.db.models import F, Q

from entrepot.kernel.models import Record


class CallState(models.TextChoices):
    """Where an outside call stands."""

    ABOUT_TO = "about_to"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Payment(Record):
    """One payment of one order with one provider. The sums are of the calls that are done."""

    class State(models.TextChoices):
        ABOUT_TO = "about_to"
        PENDING = "pending"
        AUTHORISED = "authorised"
        DECLINED = "declined"
        UNKNOWN = "unknown"

    reference_id = models.UUIDField(unique=True)
    provider = models.CharField(max_length=30)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    voided_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=12, choices=State.choices)
    instrument = models.CharField(max_length=60, blank=True)
    provider_reference = models.CharField(max_length=120, blank=True)
    decline_reason = models.CharField(max_length=120, blank=True)
    authorised_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="payment_not_negative"),
            models.CheckConstraint(
                condition=Q(captured_minor__gte=0, voided_minor__gte=0, refunded_minor__gte=0)
                & Q(captured_minor__lte=F("amount_minor") - F("voided_minor")),
                name="payment_captured_within_authorised",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("captured_minor")), name="payment_refunded_within_captured"
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="payment_provider_reference_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state__in=["about_to", "pending", "unknown"]), name="payment_waiting"
            )
        ]


class Capture(Record):
    """Money taken for one parcel (or, where the programme says so, at order)."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="+")
    source_id = models.UUIDField(unique=True)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=CallState.choices, default=CallState.ABOUT_TO)
    provider_reference = models.CharField(max_length=120, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gte=0), name="capture_not_negative")]
        indexes = [
            models.Index(fields=["payment"], name="capture_payment"),
            models.Index(fields=["id"], condition=Q(state__in=["about_to", "unknown"]), name="capture_open"),
        ]


class CaptureLine(Record):
    """The part of a capture that is for so many units of an order line."""

    capture = models.ForeignKey(Capture, on_delete=models.PROTECT, related_name="+")
    line_id = models.UUIDField()
    quantity = models.PositiveIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["capture", "line_id"], name="capture_line_once")]
        indexes = [models.Index(fields=["line_id"], name="capture_line_line")]


class Refund(Record):
    """Money given back, for a return, a cancellation after capture, or goodwill."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="+")
    source_id = models.UUIDField(unique=True)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=CallState.choices, default=CallState.ABOUT_TO)
    provider_reference = models.CharField(max_length=120, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_positive")]
        indexes = [
            models.Index(fields=["payment"], name="refund_payment"),
            models.Index(fields=["id"], condition=Q(state__in=["about_to", "unknown"]), name="refund_open"),
        ]


class RefundLine(Record):
    """The part of a refund that is for so many units of an order line."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="+")
    line_id = models.UUIDField()
    quantity = models.PositiveIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["refund", "line_id"], name="refund_line_once")]
        indexes = [models.Index(fields=["line_id"], name="refund_line_line")]


class Void(Record):
    """Authorised money let go, for what is cancelled before hand-over."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="+")
    source_id = models.UUIDField(unique=True)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=CallState.choices, default=CallState.ABOUT_TO)
    provider_reference = models.CharField(max_length=120, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="void_positive")]
        indexes = [
            models.Index(fields=["payment"], name="void_payment"),
            models.Index(fields=["id"], condition=Q(state__in=["about_to", "unknown"]), name="void_open"),
        ]


class ProviderEvent(Record):
    """The inbox of provider messages: verified before it is stored, effective once."""

    provider = models.CharField(max_length=30)
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="+")
    payload = models.JSONField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once")]


class SandboxCharge(models.Model):
    """The sandbox provider's own book, kept apart from our records so that the two can be compared.

    `state` is how the charge ends; until `settles_at` it is pending.
    """

    key = models.CharField(max_length=120, primary_key=True)
    act = models.CharField(max_length=10)
    reference = models.CharField(max_length=40)
    authorisation = models.CharField(max_length=40, blank=True)
    instrument = models.CharField(max_length=60, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    settles_at = models.DateTimeField()
    is_told = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference"], name="sandbox_reference_once")]
        indexes = [
            models.Index(fields=["authorisation", "act"], name="sandbox_authorisation"),
            models.Index(fields=["settles_at"], condition=Q(act="authorise", is_told=False), name="sandbox_untold"),
        ]
