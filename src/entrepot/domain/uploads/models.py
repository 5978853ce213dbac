"""Uploads: one row a sheet that was brought in."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.accounts.models import Organisation
from entrepot.kernel.models import Record


class Upload(Record):
    """A sheet of an organisation: tried first, then carried out row by row, each row once.

    `planned` and `done` hold counts, samples and problems; `rows_done` is how far it came.
    """

    class State(models.TextChoices):
        TRIED = "tried"
        RUNNING = "running"
        DONE = "done"
        DROPPED = "dropped"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    user_id = models.UUIDField(null=True)
    sheet = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    media = models.CharField(max_length=100, help_text="the sheet as text in UTF-8")
    form = models.JSONField(default=dict, help_text="how it is written: encoding, delimiter, decimal sign, columns")
    state = models.CharField(max_length=8, choices=State.choices, default=State.TRIED)
    rows = models.PositiveIntegerField()
    rows_done = models.PositiveIntegerField(default=0)
    planned = models.JSONField(default=dict)
    done = models.JSONField(default=dict)
    rejects_media = models.CharField(max_length=100, blank=True)
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rows_done__lte=F("rows")), name="upload_within_rows"),
            models.CheckConstraint(
                condition=Q(state="done", finished_at__isnull=False) | (~Q(state="done") & Q(finished_at__isnull=True)),
                name="upload_done_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "sheet", "id"], name="upload_organisation"),
            models.Index(fields=["touched_at"], condition=Q(state="running"), name="upload_running"),
        ]
