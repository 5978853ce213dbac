"""Stock orders, shipments with their cartons, counts, inspections, and the settings that give them their deadlines."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from entrepot.domain.catalogue.models import Offer, Sku
from entrepot.domain.logistics.models import Node
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.kernel.models import Record

ORDER_CLOSED = ["received", "declined", "returned", "void", "cancelled"]


class Setting(Record):
    """What counts for goods on their way in under a programme (blank: under all others), over a half-open period.

    Days are working days of the node. Rows are dated and never overlap; where there is none, `rules.DEFAULTS` counts.
    """

    programme_code = models.CharField(max_length=60, blank=True)
    answer_days = models.PositiveSmallIntegerField(help_text="to answer a stock order")
    ship_days = models.PositiveSmallIntegerField(help_text="to send, where the terms do not say")
    deliver_days = models.PositiveSmallIntegerField(help_text="to deliver, where the terms do not say")
    void_days = models.PositiveSmallIntegerField(help_text="after the deadline until an order that never left is void")
    inspection_level = models.CharField(max_length=3)
    aql = models.DecimalField(max_digits=6, decimal_places=3)
    later_days = models.PositiveSmallIntegerField(
        default=0, help_text="later than promised, that what is short may come from elsewhere"
    )
    sales_days = models.PositiveSmallIntegerField(help_text="recent days whose sales count")
    cover_days = models.PositiveSmallIntegerField(help_text="days that stock is to last")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    source = models.TextField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="inbound_setting_one_at_a_time",
                index_type="gist",
                expressions=[
                    (F("programme_code"), RangeOperators.EQUAL),
                    (Func(F("valid_from"), F("valid_until"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="inbound_setting_period",
            ),
            models.CheckConstraint(condition=Q(sales_days__gt=0, aql__gt=0), name="inbound_setting_positive"),
        ]


class StockOrder(Record):
    """The platform asks a seller for units of its SKUs at a node by a time, at the supply prices agreed then.

    `deliver_by` is what is asked or agreed; `offered_deliver_by` what the seller would keep instead. Units: minor.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        COUNTERED = "countered"
        ACCEPTED = "accepted"
        PACKED = "packed"
        SHIPPED = "shipped"
        ARRIVED = "arrived"
        RECEIVING = "receiving"
        RECEIVED = "received"
        DECLINED = "declined"
        RETURNED = "returned"
        VOID = "void"
        CANCELLED = "cancelled"

    number = models.CharField(max_length=24, unique=True)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    currency = models.CharField(max_length=3)
    asked_minor = models.BigIntegerField()
    agreed_minor = models.BigIntegerField(null=True)
    title_passes_on = models.CharField(max_length=12, blank=True, help_text="when the terms end the seller's ownership")
    answer_by = models.DateTimeField()
    ship_by = models.DateTimeField()
    deliver_by = models.DateTimeField()
    offered_deliver_by = models.DateTimeField(null=True)
    void_at = models.DateTimeField()
    answer_late_at = models.DateTimeField(null=True)
    delivery_late_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(asked_minor__gt=0) & (Q(agreed_minor__isnull=True) | Q(agreed_minor__gt=0)),
                name="stock_order_positive",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "countered", "declined", "void", "cancelled"])
                | Q(agreed_minor__isnull=False),
                name="stock_order_agreed_first",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False, state__in=ORDER_CLOSED)
                | (Q(closed_at__isnull=True) & ~Q(state__in=ORDER_CLOSED)),
                name="stock_order_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "state"], name="stock_order_seller"),
            models.Index(fields=["answer_by"], condition=Q(closed_at__isnull=True), name="stock_order_open"),
        ]


class StockOrderLine(Record):
    """Units of a SKU in a stock order, at the supply price of one version of the offer's quote. Units: minor."""

    stock_order = models.ForeignKey(StockOrder, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    asked_qty = models.PositiveIntegerField()
    offered_qty = models.PositiveIntegerField(null=True)
    agreed_qty = models.PositiveIntegerField(null=True)
    unit_minor = models.BigIntegerField()
    quote_id = models.UUIDField()
    quote_version = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stock_order", "sku"], name="stock_order_line_once"),
            models.CheckConstraint(condition=Q(asked_qty__gt=0, unit_minor__gt=0), name="stock_order_line_positive"),
            models.CheckConstraint(
                condition=(Q(offered_qty__isnull=True) | Q(offered_qty__lte=F("asked_qty")))
                & (Q(agreed_qty__isnull=True) | Q(agreed_qty__lte=F("asked_qty"))),
                name="stock_order_line_within_asked",
            ),
        ]
        indexes = [models.Index(fields=["sku", "seller"], name="stock_order_line_sku")]


class Shipment(Record):
    """What a seller announces to bring to a node (ASN), by itself or as the answer to a stock order."""

    class State(models.TextChoices):
        DRAFT = "draft"
        ANNOUNCED = "announced"
        IN_TRANSIT = "in_transit"
        ARRIVED = "arrived"
        RECEIVING = "receiving"
        CLOSED = "closed"
        REFUSED = "refused"
        CANCELLED = "cancelled"

    number = models.CharField(max_length=24, unique=True)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    stock_order = models.ForeignKey(StockOrder, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    carrier = models.CharField(max_length=40, blank=True)
    tracking_number = models.CharField(max_length=60, blank=True)
    expected_on = models.DateField(null=True)
    due_at = models.DateTimeField(null=True, help_text="the stock order's date, else what was announced")
    late_at = models.DateTimeField(null=True)
    announced_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    is_sold_ahead = models.BooleanField(null=True, help_text="blank: as the rules say")
    safety_rate = models.DecimalField(max_digits=5, decimal_places=4, null=True, help_text="its own, if it has one")
    customs_currency = models.CharField(max_length=3, blank=True)
    customs_values = models.JSONField(default=dict, help_text="SKU -> what a unit is worth at the border, in minor")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_sold_ahead=True, safety_rate__gte=0, safety_rate__lt=1)
                | ((Q(is_sold_ahead__isnull=True) | Q(is_sold_ahead=False)) & Q(safety_rate__isnull=True)),
                name="shipment_sold_ahead_says_share",
            ),
            models.CheckConstraint(
                condition=Q(customs_currency="", customs_values={}) | ~Q(customs_currency="") & ~Q(customs_values={}),
                name="shipment_values_say_currency",
            ),
            models.UniqueConstraint(
                fields=["stock_order"],
                condition=Q(stock_order__isnull=False) & ~Q(state__in=["cancelled", "refused"]),
                name="shipment_one_a_stock_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"])
                | Q(announced_at__isnull=False, expected_on__isnull=False, due_at__isnull=False),
                name="shipment_announced_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["arrived", "receiving", "closed"]) | Q(arrived_at__isnull=False),
                name="shipment_received_has_arrived",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["closed", "refused", "cancelled"], closed_at__isnull=False)
                | (~Q(state__in=["closed", "refused", "cancelled"]) & Q(closed_at__isnull=True)),
                name="shipment_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "state"], name="shipment_seller"),
            models.Index(fields=["node", "state"], name="shipment_node"),
            models.Index(fields=["due_at"], condition=Q(closed_at__isnull=True), name="shipment_open"),
        ]


class Carton(Record):
    """A box of a shipment, with the number on its label. Units: grams, millimetres."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    barcode = models.CharField(max_length=24, unique=True)
    weight_g = models.PositiveIntegerField()
    length_mm = models.PositiveIntegerField()
    width_mm = models.PositiveIntegerField()
    height_mm = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(weight_g__gt=0, length_mm__gt=0, width_mm__gt=0, height_mm__gt=0),
                name="carton_measures_positive",
            )
        ]
        indexes = [models.Index(fields=["shipment"], name="carton_shipment")]


class CartonLine(Record):
    """So many units of a SKU that are said to be in a carton."""

    carton = models.ForeignKey(Carton, on_delete=models.CASCADE, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["carton", "sku"], name="carton_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="carton_line_positive"),
        ]


class Condition(models.TextChoices):
    """How counted units are: as they are sold, or damaged."""

    NEW = "new"
    DAMAGED = "damaged"


class Count(Record):
    """Units that somebody at the node counted; a correction counts less than nothing. Append-only.

    `scan_key` names the act: sent again, it counts once.
    """

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    carton = models.ForeignKey(Carton, null=True, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    condition = models.CharField(max_length=10, choices=Condition.choices)
    quantity = models.IntegerField()
    scan_key = models.CharField(max_length=80)
    counted_by = models.CharField(max_length=200)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "scan_key", "sku", "condition"], name="count_once"),
            models.CheckConstraint(condition=~Q(quantity=0), name="count_counts"),
        ]


class Inspection(Record):
    """A sample of a SKU that was looked at, and what the plan made of it. Append-only; the last one counts."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    lot_size = models.PositiveIntegerField()
    level = models.CharField(max_length=3)
    aql = models.DecimalField(max_digits=6, decimal_places=3)
    plan = models.CharField(max_length=60, help_text="the plan and its code letter")
    sample_size = models.PositiveIntegerField()
    accept_max = models.PositiveIntegerField()
    defects = models.PositiveIntegerField()
    passed = models.BooleanField()
    inspected_by = models.CharField(max_length=200)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(passed=True, defects__lte=F("accept_max")) | Q(passed=False, defects__gt=F("accept_max")),
                name="inspection_follows_its_plan",
            ),
            models.CheckConstraint(
                condition=Q(sample_size__gt=0, sample_size__lte=F("lot_size"), defects__lte=F("sample_size")),
                name="inspection_sample_within_lot",
            ),
        ]
        indexes = [models.Index(fields=["shipment", "sku"], name="inspection_shipment")]


class PutAway(Record):
    """Counted units that became stock, with the movement that says so. Append-only."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    condition = models.CharField(max_length=10, choices=Condition.choices)
    quantity = models.PositiveIntegerField()
    movement_id = models.UUIDField(unique=True)
    is_bought = models.BooleanField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="put_away_positive")]
        indexes = [models.Index(fields=["shipment"], name="put_away_shipment")]


class Discrepancy(Record):
    """How what came differs from what was announced, as both sides see it, and what became of it. Append-only."""

    class Kind(models.TextChoices):
        SHORT = "short"
        OVER = "over"
        WRONG_ITEM = "wrong_item"
        DAMAGED = "damaged"
        FAILED = "failed"

    class Outcome(models.TextChoices):
        MISSING = "missing"
        TAKEN = "taken"
        GOES_BACK = "goes_back"

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    declared_qty = models.PositiveIntegerField()
    counted_qty = models.PositiveIntegerField()
    quantity = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "sku", "kind", "outcome"], name="discrepancy_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="discrepancy_positive"),
        ]


class Clock(models.TextChoices):
    """What runs out: the answer to a stock order, its departure, its arrival, the time of a dock slot."""

    ANSWER = "answer"
    SHIP = "ship"
    ARRIVE = "arrive"
    SLOT = "slot"


class Lateness(Record):
    """A clock that ran out: what was due when, whose turn it was, and who answers for it by the terms. Append-only."""

    stock_order = models.ForeignKey(StockOrder, null=True, on_delete=models.PROTECT, related_name="+")
    shipment = models.ForeignKey(Shipment, null=True, on_delete=models.PROTECT, related_name="+")
    clock = models.CharField(max_length=8, choices=Clock.choices)
    due_at = models.DateTimeField()
    party = models.CharField(max_length=12)
    liable = models.CharField(max_length=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stock_order", "clock", "due_at"], name="lateness_once_an_order"),
            models.UniqueConstraint(fields=["shipment", "clock", "due_at"], name="lateness_once_a_shipment"),
            models.CheckConstraint(
                condition=Q(stock_order__isnull=False) | Q(shipment__isnull=False), name="lateness_about_something"
            ),
        ]


class DockHours(Record):
    """When a node takes deliveries: hours of its working days, cut into slots, over a half-open period.

    Rows never overlap. Times are those of the node's zone. Without a row a node takes what comes when it comes.
    """

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    opens_at = models.TimeField()
    closes_at = models.TimeField()
    slot_minutes = models.PositiveSmallIntegerField()
    at_once = models.PositiveSmallIntegerField(help_text="vehicles in one slot")
    day_max = models.PositiveSmallIntegerField(null=True, help_text="vehicles a day; blank: as many as slots hold")
    grace_minutes = models.PositiveSmallIntegerField(help_text="after which a vehicle is late, and its slot is missed")
    is_required = models.BooleanField(help_text="who has no slot is not let in")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="dock_hours_one_at_a_time",
                index_type="gist",
                expressions=[
                    (F("node"), RangeOperators.EQUAL),
                    (Func(F("valid_from"), F("valid_until"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at"), slot_minutes__gt=0, at_once__gt=0)
                & (Q(day_max__isnull=True) | Q(day_max__gt=0)),
                name="dock_hours_hold_something",
            ),
        ]


class DockSlot(Record):
    """A shipment's time at the dock. One of a shipment is live; each place of a time is given to one shipment."""

    class State(models.TextChoices):
        BOOKED = "booked"
        MOVED = "moved"
        GIVEN_BACK = "given_back"
        KEPT = "kept"
        LATE = "late"
        MISSED = "missed"

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.BOOKED)
    booked_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment"], condition=Q(state="booked"), name="dock_slot_one_live"),
            models.UniqueConstraint(
                fields=["node", "starts_at", "place"],
                condition=Q(state__in=["booked", "kept", "late"]),
                name="dock_slot_one_a_place",
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at"), place__gt=0), name="dock_slot_lasts"),
            models.CheckConstraint(
                condition=Q(state="booked", ended_at__isnull=True) | (~Q(state="booked") & Q(ended_at__isnull=False)),
                name="dock_slot_ended_has_time",
            ),
        ]
        indexes = [models.Index(fields=["node", "starts_at"], name="dock_slot_day")]


class InboundEvent(Record):
    """What happened to a stock order or a shipment, and who did it. Append-only."""

    stock_order = models.ForeignKey(StockOrder, null=True, on_delete=models.PROTECT, related_name="+")
    shipment = models.ForeignKey(Shipment, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24)
    party = models.CharField(max_length=12)
    actor_label = models.CharField(max_length=200)
    note = models.CharField(max_length=400, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stock_order__isnull=False) | Q(shipment__isnull=False), name="inbound_event_about_something"
            )
        ]
        indexes = [
            models.Index(fields=["stock_order", "id"], name="inbound_event_stock_order"),
            models.Index(fields=["shipment", "id"], name="inbound_event_shipment"),
        ]


# Django finds models through this module.
from entrepot.domain.inbound import ahead_models, cost_models, return_models  # noqa: E402, F401
