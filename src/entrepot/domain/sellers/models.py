"""Sellers, their documents and their enrolments."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from entrepot.domain.accounts.models import Organisation
from entrepot.domain.markets.models import Market
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.kernel.models import Record


class Seller(models.Model):
    """The seller side of an organisation; shares its id."""

    class Status(models.TextChoices):
        APPLICANT = "applicant"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    organisation = models.OneToOneField(Organisation, primary_key=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.APPLICANT)
    tier = models.CharField(max_length=20, default="standard")
    settlement_currency = models.CharField(max_length=3)
    applied_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    profile = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="applicant") | Q(admitted_at__isnull=False) | Q(status="closed"),
                name="seller_active_was_admitted",
            )
        ]


class SellerDocument(Record):
    """A document that eligibility may ask for."""

    class Status(models.TextChoices):
        SUBMITTED = "submitted"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    media = models.CharField(max_length=100, blank=True)
    reference = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    valid_until = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["seller", "kind"], name="seller_document_kind")]


class DocumentRequest(Record):
    """A document that the operator asks one seller for, beside those that all are asked for."""

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    note = models.CharField(max_length=200)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "kind"], condition=Q(answered_at__isnull=True), name="document_request_open_once"
            )
        ]


class ReadinessAnswers(Record):
    """What a seller said of its capacity, flexibility and reach; the next answers are the next version."""

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    answers = models.JSONField()
    answered_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "version"], name="readiness_version_once")]


class Enrolment(Record):
    """A seller under one programme version in one market over a half-open period, accepted with a date."""

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    programme_version = models.ForeignKey(ProgrammeVersion, on_delete=models.PROTECT, related_name="+")
    programme_code = models.CharField(max_length=60)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    accepted_by = models.UUIDField()
    accepted_at = models.DateTimeField()
    accepted_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="enrolment_one_version_at_a_time",
                index_type="gist",
                expressions=[
                    (F("seller"), RangeOperators.EQUAL),
                    (F("market"), RangeOperators.EQUAL),
                    (F("programme_code"), RangeOperators.EQUAL),
                    (Func(F("valid_from"), F("valid_until"), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="enrolment_period"
            ),
        ]
