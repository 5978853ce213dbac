"""Programmes, their versions, and the terms snapshots that order lines carry."""

from django.db import models
from django.db.models import F, Q

from entrepot.kernel.models import Record


class Programme(Record):
    """A management model of this marketplace; what it says stands in its versions."""

    code = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=120)
    modelled_on = models.CharField(max_length=120, blank=True, help_text="the market's model that a preset follows")
    is_preset = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True)


class ProgrammeVersion(Record):
    """One wording of a programme; frozen from the day it is published."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        ARCHIVED = "archived"

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    document = models.JSONField(help_text="the canonical document, see docs/rules/programmes.md")
    content_hash = models.CharField(max_length=64)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme", "version"], name="programme_version_once"),
            models.UniqueConstraint(
                fields=["programme"], condition=Q(status="draft"), name="programme_version_one_draft"
            ),
            models.CheckConstraint(condition=Q(version__gt=0), name="programme_version_positive"),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(published_at__isnull=False), name="programme_version_published_has_time"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="programme_version_period",
            ),
        ]


class TermsSnapshot(models.Model):
    """The terms of order lines, addressed by their content and shared by all lines with equal terms."""

    digest = models.CharField(max_length=64, primary_key=True)
    body = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="terms_digest_shape")]
