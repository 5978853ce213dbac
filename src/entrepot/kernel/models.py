"""Rows that every room uses: what was asked before, what must be told, who did what, what needs a second person."""

from django.db import models
from django.db.models import F, Q


class Record(models.Model):
    """A row with a time-ordered key that the caller makes from its `now`."""

    id = models.UUIDField(primary_key=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class IdempotencyKey(Record):
    """One answered or running request of one principal."""

    principal = models.CharField(max_length=100)
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "key"], name="idempotency_key_once"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, response_status__isnull=True)
                | Q(finished_at__isnull=False, response_status__isnull=False),
                name="idempotency_key_finished_has_answer",
            ),
        ]


class OutboxEvent(Record):
    """Something that must be told: appended in the transaction that made it true, drained by the relay."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    topic = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    payload = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], condition=Q(status="pending"), name="outbox_pending"),
            models.Index(fields=["id"], condition=Q(status="dead"), name="outbox_dead"),
            models.Index(fields=["subject_id", "id"], name="outbox_subject"),
        ]


class AuditEntry(Record):
    """One privileged act, chained to the one before it so that a removed or edited row shows."""

    sequence = models.BigIntegerField(unique=True)
    actor_user_id = models.UUIDField(null=True)
    actor_organisation_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=60)
    verb = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "sequence"], name="audit_subject"),
            models.Index(fields=["actor_organisation_id", "sequence"], name="audit_organisation"),
            models.Index(fields=["verb", "sequence"], name="audit_verb"),
        ]


class Approval(Record):
    """An act that waits for a second person."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REFUSED = "refused"

    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    organisation_id = models.UUIDField(null=True)
    payload = models.JSONField(default=dict)
    reason = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    requested_by = models.UUIDField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="approval_needs_second_person",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", decided_by__isnull=True)
                | (~Q(status="pending") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="approval_decided_by_someone",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(status="pending"), name="approval_one_pending"
            ),
        ]


class SchemaFingerprint(models.Model):
    """Which schema this database was made with; `up` compares it with the code's."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    fingerprint = models.CharField(max_length=64)
    demonstration = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="schema_fingerprint_single")]


class Version(models.Model):
    """The present state of a subject of reference data; a trigger writes it, see `kernel.kept`."""

    subject = models.CharField(primary_key=True, max_length=40)
    version = models.UUIDField()


class ProcessHeartbeat(models.Model):
    """When a long-running process was last seen at work."""

    name = models.CharField(primary_key=True, max_length=40)
    seen_at = models.DateTimeField()
