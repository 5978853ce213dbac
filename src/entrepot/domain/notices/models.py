"""Notices to people, and what they do not want by e-mail."""

from django.db import models
from django.db.models import Q

from entrepot.domain.accounts.models import Organisation, User
from entrepot.kernel.models import Record


class Notice(Record):
    """One person is told of one event, as a member of an organisation or, without one, for themselves.

    The text is made when it is read, from topic, audience (`who`) and values, in the reader's language.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    event_id = models.UUIDField()
    topic = models.CharField(max_length=60)
    who = models.CharField(max_length=20)
    about_id = models.UUIDField(help_text="the row of the event that this person has to do with")
    values = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "user", "who", "about_id"], name="notice_once"),
        ]
        indexes = [
            models.Index(fields=["user", "organisation", "-id"], name="notice_reader"),
            models.Index(fields=["user", "organisation"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]


class Silence(Record):
    """A person does not want e-mail about a family of topics. In the app they are told all the same."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    family = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "family"], name="silence_once")]
