"""Nodes, closures, holidays, shipping charges, rate cards, lanes, parcels and tracking events."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Upper

from entrepot.domain.accounts.models import Contact, Organisation
from entrepot.kernel.models import Record


class Node(Record):
    """A place where stock stands and from which parcels leave."""

    class Kind(models.TextChoices):
        SELLER_PREMISES = "seller_premises"
        PLATFORM_CONSOLIDATION = "platform_consolidation"
        THIRD_PARTY_OVERSEAS = "third_party_overseas"
        PLATFORM_OVERSEAS = "platform_overseas"
        BONDED = "bonded"

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    operator = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    address = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="+")
    country = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=60)
    working_days = ArrayField(models.PositiveSmallIntegerField(), help_text="ISO weekdays, Monday is 1")
    cut_off = models.TimeField(help_text="local time after which an order counts as the next working day's")
    keeps_holidays = models.BooleanField(default=True, help_text="public holidays of its country are days off")
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(working_days__len__gt=0, working_days__contained_by=[1, 2, 3, 4, 5, 6, 7]),
                name="node_works_some_day",
            )
        ]
        indexes = [models.Index(fields=["operator", "code"], name="node_operator")]


class NodeClosure(Record):
    """A day on which a node does not work, beside its weekly rest."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    closed_on = models.DateField()
    label = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "closed_on"], name="node_closure_once")]


class Holiday(Record):
    """A public holiday of a country: legs there neither depart nor move on it, and nodes rest that keep it."""

    country = models.CharField(max_length=2)
    day = models.DateField()
    name = models.CharField(max_length=120)
    source = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["country", "day"], name="holiday_once")]
        indexes = [models.Index(fields=["day"], name="holiday_day")]


class ShippingCharge(Record):
    """What a shopper is asked for a parcel from a country (blank: any) to a market, by weight [from, until), dated.

    `flat_minor` and a share of what the carriage costs; nothing for goods from `free_from_minor` on, be they in the
    parcel or in the whole order (`free_by`).
    """

    class FreeBy(models.TextChoices):
        PARCEL = "parcel"
        ORDER = "order"

    market_code = models.CharField(max_length=8)
    origin_country = models.CharField(max_length=2, blank=True)
    weight_from_g = models.PositiveIntegerField()
    weight_until_g = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    flat_minor = models.BigIntegerField()
    cost_rate = models.DecimalField(max_digits=8, decimal_places=6, default=0)
    free_from_minor = models.BigIntegerField(null=True)
    free_by = models.CharField(max_length=6, choices=FreeBy.choices, default=FreeBy.PARCEL)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    source = models.TextField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="shipping_charge_one_a_weight_and_day",
                index_type="gist",
                expressions=[
                    (F("market_code"), RangeOperators.EQUAL),
                    (F("origin_country"), RangeOperators.EQUAL),
                    (Func(F("weight_from_g"), F("weight_until_g"), function="int4range"), RangeOperators.OVERLAPS),
                    (Func(F("valid_from"), F("valid_until"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="shipping_charge_period",
            ),
            models.CheckConstraint(condition=Q(weight_until_g__gt=F("weight_from_g")), name="shipping_charge_band"),
            models.CheckConstraint(
                condition=Q(flat_minor__gte=0, cost_rate__gte=0)
                & (Q(free_from_minor__isnull=True) | Q(free_from_minor__gte=0)),
                name="shipping_charge_positive",
            ),
        ]


class Published(Record):
    """A sheet that is kept as its rows were published and never changes; a later one of the same code ends it."""

    code = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    source = models.TextField()
    sheet = models.TextField()
    digest = models.CharField(max_length=64)

    class Meta:
        abstract = True
        constraints = [
            ExclusionConstraint(
                name="%(class)s_one_a_day",
                index_type="gist",
                expressions=[
                    (F("code"), RangeOperators.EQUAL),
                    (Func(F("valid_from"), F("valid_until"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="%(class)s_period"
            ),
        ]


class RateCard(Published):
    """A carrier's or warehouse's price list for one service."""


class Lane(Published):
    """A way from a country to a country, leg by leg."""


class CarrierAccount(Record):
    """How a carrier is spoken with, and how it fares. One without a row is a price list.

    `code` is what parcels call it; `secret` are its credentials, sealed. `resting_until`: so long it is not asked.
    """

    code = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=12)
    options = models.JSONField(default=dict)
    secret = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    failures = models.PositiveSmallIntegerField(default=0)
    resting_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_error_at = models.DateTimeField(null=True)
    last_answer_at = models.DateTimeField(null=True)


class Manifest(Record):
    """The day of a carrier at a node, closed: what it took over, under the carrier's reference."""

    class State(models.TextChoices):
        ABOUT_TO = "about_to"
        CLOSED = "closed"
        DECLINED = "declined"
        UNKNOWN = "unknown"

    number = models.CharField(max_length=24, unique=True)
    carrier = models.CharField(max_length=40)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ABOUT_TO)
    reference = models.CharField(max_length=80, blank=True)
    media = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["node", "-id"], name="manifest_node")]


class Parcel(Record):
    """A box on its way, for a suborder or a return (`reference_id`)."""

    class Direction(models.TextChoices):
        OUTBOUND = "outbound"
        RETURN = "return"

    class State(models.TextChoices):
        PACKED = "packed"
        HANDED_OVER = "handed_over"
        DELIVERED = "delivered"
        LOST = "lost"
        CANCELLED = "cancelled"

    number = models.CharField(max_length=24, unique=True)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    reference_id = models.UUIDField()
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.PACKED)
    weight_g = models.PositiveIntegerField()
    carrier = models.CharField(max_length=40, blank=True)
    service = models.CharField(max_length=40, blank=True)
    tracking_number = models.CharField(max_length=60, blank=True)
    cost_minor = models.BigIntegerField(default=0)
    cost_currency = models.CharField(max_length=3)
    label_media = models.CharField(max_length=100, blank=True)
    manifest = models.ForeignKey(Manifest, null=True, on_delete=models.PROTECT, related_name="+")
    handed_over_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["packed", "cancelled"]) | Q(handed_over_at__isnull=False),
                name="parcel_moving_was_handed_over",
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False), name="parcel_delivered_has_time"
            ),
            models.UniqueConstraint(
                fields=["carrier", "tracking_number"], condition=~Q(tracking_number=""), name="parcel_tracking_once"
            ),
        ]
        indexes = [
            models.Index(fields=["reference_id"], name="parcel_reference"),
            models.Index(
                Func(
                    Upper("tracking_number"), Value("[^A-Z0-9]"), Value(""), Value("g"), function="regexp_replace",
                    output_field=models.CharField(),
                ),
                condition=~Q(tracking_number=""),
                name="parcel_bare_number",
            ),
        ]  # fmt: skip


class ParcelLine(Record):
    """So many units of an order line in a parcel.

    `first_unit` is the place of the first of them among the line's units, given at hand-over; money for the parcel is
    the share of those places.
    """

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="+")
    line_id = models.UUIDField()
    quantity = models.PositiveIntegerField()
    first_unit = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel", "line_id"], name="parcel_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="parcel_line_positive"),
        ]
        indexes = [models.Index(fields=["line_id"], name="parcel_line_line")]


class TrackingEvent(Record):
    """What was said of a parcel, by whom. A carrier's scan is evidence; a claim is not."""

    class Kind(models.TextChoices):
        LABEL_MADE = "label_made"
        HANDED_OVER = "handed_over"
        IN_TRANSIT = "in_transit"
        CUSTOMS = "customs"
        OUT_FOR_DELIVERY = "out_for_delivery"
        DELIVERED = "delivered"
        EXCEPTION = "exception"
        LOST = "lost"

    class Origin(models.TextChoices):
        CARRIER = "carrier"
        CLAIM = "claim"

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    origin = models.CharField(max_length=8, choices=Origin.choices)
    occurred_at = models.DateTimeField()
    place = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=200, blank=True)
    event_key = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["parcel", "event_key"], name="tracking_event_once")]


class Booking(Record):
    """A parcel that a carrier was asked to carry: *about to* before the call, then what came back.

    Its id is the key under which the carrier is asked.
    """

    class State(models.TextChoices):
        ABOUT_TO = "about_to"
        UNKNOWN = "unknown"
        BOOKED = "booked"
        DECLINED = "declined"
        CANCELLING = "cancelling"
        CANCELLED = "cancelled"

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="+")
    carrier = models.CharField(max_length=40)
    service = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ABOUT_TO)
    reference = models.CharField(max_length=80, blank=True)
    tracking_number = models.CharField(max_length=60, blank=True)
    cost_minor = models.BigIntegerField(null=True)
    cost_currency = models.CharField(max_length=3, blank=True)
    label_media = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parcel"], condition=~Q(state__in=["declined", "cancelled"]), name="booking_one_a_parcel"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state__in=["about_to", "unknown", "cancelling"]), name="booking_open"
            ),
            models.Index(
                Func(
                    Upper("tracking_number"), Value("[^A-Z0-9]"), Value(""), Value("g"), function="regexp_replace",
                    output_field=models.CharField(),
                ),
                condition=~Q(tracking_number=""),
                name="booking_bare_number",
            ),
        ]  # fmt: skip


class SandboxConsignment(Record):
    """The sandbox carrier's own book; our records never read it."""

    key = models.CharField(max_length=120, unique=True)
    account = models.CharField(max_length=40)
    reference = models.CharField(max_length=40, unique=True)
    tracking_number = models.CharField(max_length=40)
    cost_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    facts = models.JSONField()
    cancelled_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "tracking_number"], name="sandbox_consignment_number")]


class TrackingStandard(Record):
    """What is expected of tracking from a day on: a first scan, and a further one, within so many hours."""

    first_scan_hours = models.PositiveSmallIntegerField()
    silent_hours = models.PositiveSmallIntegerField()
    fraud_score = models.PositiveSmallIntegerField()
    valid_from = models.DateField(unique=True)
    source = models.TextField()


class TrackingDoubt(Record):
    """A reason not to believe what is said of a parcel, with its points; one of each kind a parcel."""

    class State(models.TextChoices):
        OPEN = "open"
        CLEARED = "cleared"
        UPHELD = "upheld"

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    points = models.PositiveSmallIntegerField()
    facts = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["parcel", "kind"], name="tracking_doubt_once")]
        indexes = [models.Index(fields=["-id"], condition=Q(state="open"), name="tracking_doubt_open")]


# Django finds models through this module.
from entrepot.domain.logistics import bill_models  # noqa: E402, F401
