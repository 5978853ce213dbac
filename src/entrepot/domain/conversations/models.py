"""Threads, their messages and what was attached."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q

from entrepot.domain.accounts.models import Organisation
from entrepot.domain.orders.models import Order, OrderLine, Suborder
from entrepot.domain.sellers.models import Seller
from entrepot.kernel.models import Record


class Thread(Record):
    """What a shopper and one counterpart have to say about a line of an order.

    `service_party` holds customer service by the line's frozen terms; `party` and `organisation` answer now, which are
    others after a handing on. `due_at` is by when an answer is owed, and nothing where none is. `is_shared` says that
    the seller has been asked at some time and reads along since.
    """

    class Subject(models.TextChoices):
        WHERE_IS_IT = "where_is_it"
        WRONG_ITEM = "wrong_item"
        DAMAGED = "damaged"
        CHANGE = "change"
        INVOICE = "invoice"
        OTHER = "other"

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    number = models.CharField(max_length=24, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    suborder = models.ForeignKey(Suborder, on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=12, choices=Subject.choices)
    service_party = models.CharField(max_length=12)
    party = models.CharField(max_length=12)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    is_shared = models.BooleanField(default=False)
    answer_hours = models.PositiveIntegerField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    due_at = models.DateTimeField(null=True)
    said_at = models.DateTimeField(help_text="when the last message was written")
    unread_shopper = models.PositiveIntegerField(default=0)
    unread_service = models.PositiveIntegerField(default=0)
    has_answer = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state="open") | Q(due_at__isnull=True), name="thread_closed_owes_none")
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="thread_order"),
            models.Index(fields=["seller", "-id"], name="thread_seller"),
            models.Index(fields=["organisation", "-id"], name="thread_organisation"),
            models.Index(fields=["organisation", "due_at"], condition=Q(due_at__isnull=False), name="thread_due"),
        ]


class Message(Record):
    """One thing said, or one thing done to the thread. Append-only.

    `side` is who wrote: the shopper or a party. `party` is whom it was handed on to.
    """

    class Kind(models.TextChoices):
        SAID = "said"
        HANDED_ON = "handed_on"
        CLOSED = "closed"
        REOPENED = "reopened"

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    side = models.CharField(max_length=12)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    user_id = models.UUIDField(null=True)
    party = models.CharField(max_length=12, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["thread", "id"], name="message_thread"),
            # What is said may be in any language: words are found as they were written.
            GinIndex(SearchVector("text", config="simple"), name="message_words"),
        ]


class Attachment(Record):
    """A picture or a paper of a message, kept privately. Append-only. Units: bytes."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="+")
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    media = models.CharField(max_length=80)
    is_picture = models.BooleanField()
    size = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["thread", "id"], name="attachment_thread")]
