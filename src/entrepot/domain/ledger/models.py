"""Double-entry books. One posting moves a positive amount of one currency from one account to another."""

from django.db import models
from django.db.models import F, Q

from entrepot.kernel.models import Record


class Account(Record):
    """A place where money stands: kind from the chart, owner, currency, and a label that tells siblings apart."""

    kind = models.CharField(max_length=40)
    owner_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    label = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "owner_id", "currency", "label"], name="account_once"),
        ]
        indexes = [models.Index(fields=["owner_id", "kind"], name="account_owner")]


class Journal(Record):
    """The postings of one money event. `occurred_at` is the event's time; one event has one journal of a kind."""

    kind = models.CharField(max_length=40)
    source_type = models.CharField(max_length=40)
    source_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_type", "source_id", "kind"], name="journal_once_per_event")
        ]


class Posting(Record):
    """amount > 0 from source to destination. `subject_id` is the order line (or other thing) that it is about.

    The database refers source and destination to an account *of the posting's currency*, and numbers the rows of this
    table in a column of its own, `sequence`: among the postings of an account with a floor that is the order in which
    they took effect. Indexes lead to the postings of an account in that order.
    """

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    destination = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    part = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="posting_amount_positive"),
            models.CheckConstraint(condition=~Q(source=F("destination")), name="posting_moves_between_two"),
        ]
        indexes = [
            models.Index(fields=["subject_id"], name="posting_subject", condition=Q(subject_id__isnull=False)),
        ]


class Balance(models.Model):
    """in − out of an account that has a floor, kept in the posting's transaction: the floor holds under races."""

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.PROTECT, related_name="+")
    balance_minor = models.BigIntegerField()
    floor_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(balance_minor__gte=F("floor_minor")), name="balance_above_floor")
        ]


class Level(Record):
    """What an account held after so many of its postings, of which `sequence` is the last. Append-only.

    Written as postings are sealed, one every so many postings of an account, so that what an account held at any time
    is a level and the few postings after it.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    postings = models.BigIntegerField()
    sequence = models.BigIntegerField()
    balance_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "sequence"], name="level_once"),
            models.CheckConstraint(condition=Q(postings__gt=0), name="level_of_something"),
        ]


class Seal(models.Model):
    """One link of the chain that seals the postings, by the batch, in the order of their sequence. Append-only."""

    number = models.BigIntegerField(primary_key=True)
    created_at = models.DateTimeField()
    until_sequence = models.BigIntegerField(unique=True)
    postings = models.PositiveIntegerField()
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(number__gt=0, postings__gt=0), name="seal_of_something")]


class Anchor(models.Model):
    """That the head of the chain was made known outside of this database, and what it was. Append-only."""

    number = models.BigIntegerField(primary_key=True)
    published_at = models.DateTimeField()
    hash = models.CharField(max_length=64)
