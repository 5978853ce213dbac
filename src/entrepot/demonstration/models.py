"""The demonstration's clock, and how far it was asked to go. Only `seed demo` writes the clock; elsewhere none is."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from entrepot.kernel.models import Record


class Clock(models.Model):
    """The one row that makes an installation a demonstration, and how far its time runs ahead of real time.

    The database lets it go forward only. While `others_work`, the demonstration does the work of every organisation
    but those in `left_alone`.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    ahead = models.DurationField(default=timedelta)
    others_work = models.BooleanField(default=True)
    left_alone = ArrayField(models.UUIDField(), default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="demonstration_clock_single"),
            models.CheckConstraint(condition=Q(ahead__gte=timedelta()), name="demonstration_clock_ahead"),
        ]


class Advance(Record):
    """One journey of the clock: from where to where, how far it is, and what has happened on the way, by kind."""

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        FAILED = "failed"

    asked_by = models.UUIDField(null=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    reached_at = models.DateTimeField()
    happened = models.JSONField(default=dict)
    failure = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="open"), name="demonstration_one_advance"),
            models.CheckConstraint(
                condition=Q(until_at__gt=F("from_at"), reached_at__gte=F("from_at")),
                name="demonstration_advance_goes_on",
            ),
        ]
