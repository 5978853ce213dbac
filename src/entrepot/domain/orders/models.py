"""Carts, orders, suborders, lines, adjustments, events, work items, and how promises fared."""

from django.db import models
from django.db.models import F, Q

from entrepot.domain.accounts.models import Contact, Organisation, User
from entrepot.domain.catalogue.models import Offer, Sku
from entrepot.domain.logistics.models import Node, TrackingEvent
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.domain.terms.models import TermsSnapshot
from entrepot.kernel.models import Record


class Cart(Record):
    """What a shopper means to buy: one market, one currency. The token is the guest's right to it."""

    class State(models.TextChoices):
        OPEN = "open"
        ORDERED = "ordered"

    token = models.CharField(max_length=43, unique=True)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    voucher_code = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    version = models.PositiveIntegerField(default=1)
    attribution = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "market"], condition=Q(state="open", user__isnull=False), name="cart_one_open"
            )
        ]


class CartLine(Record):
    """So many units of an offer in a cart; `unit_minor` is what one cost when the shopper last decided on it."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="+")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    unit_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cart", "offer"], name="cart_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0, quantity__lte=9999), name="cart_line_quantity"),
        ]


class Order(Record):
    """One purchase: one total, one payment. What people are told of it follows from its state and its lines' units.

    `total_minor` is the sum of the lines that were ordered, whatever became of them. `request_hash` tells a replay
    from a reused key. Every order is written twice, open and then placed: no index has a column that changes with
    that, and pages have room for it.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        PLACED = "placed"
        DECLINED = "declined"

    number = models.CharField(max_length=24)
    checkout_key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64)
    cart = models.ForeignKey(Cart, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    keeps_cart = models.BooleanField(default=True, help_text="unless it was declined: then the cart is open again")
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=10)
    ship_to = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    access_token = models.CharField(max_length=43)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    total_minor = models.BigIntegerField()
    placed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(total_minor__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=~Q(state="placed") | Q(placed_at__isnull=False), name="order_placed_has_time"
            ),
            models.UniqueConstraint(fields=["number"], name="order_number_once"),
            models.UniqueConstraint(fields=["checkout_key"], name="order_checkout_key_once"),
            models.UniqueConstraint(fields=["access_token"], name="order_access_token_once"),
            models.UniqueConstraint(fields=["cart"], condition=Q(keeps_cart=True), name="order_one_of_a_cart"),
            models.CheckConstraint(
                condition=Q(state="declined", keeps_cart=False) | (~Q(state="declined") & Q(keeps_cart=True)),
                name="order_keeps_its_cart",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], condition=Q(user__isnull=False), name="order_user"),
            models.Index(fields=["cart"], condition=Q(cart__isnull=False), name="order_cart"),
        ]


class Suborder(Record):
    """The part of an order from one seller, one node, one performer, under one programme.

    `routing` says why it leaves from that node: every node with its verdict, and the rules that held.
    It arrives between `promised_from` and `promised_until` as often as `confidence` says. `segments` are the parts of
    that promise: leg, task, the party that performs it by the terms, and the day by which it must be done.
    `instead_of` is the part that it takes over where goods were missing.
    `carriage` says how what was asked for carriage came about: weights, table, and the bill of each rate card.
    """

    class State(models.TextChoices):
        OPEN = "open"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        LOST = "lost"
        CANCELLED = "cancelled"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.CharField(max_length=28)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+", db_index=False)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    performer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    performer_party = models.CharField(max_length=12)
    programme_code = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    carrier = models.CharField(max_length=40)
    service = models.CharField(max_length=40)
    lane_code = models.CharField(max_length=60)
    freight_cost_minor = models.BigIntegerField()
    ship_by = models.DateTimeField()
    promised_from = models.DateField()
    promised_until = models.DateField()
    routing = models.JSONField(default=dict)
    confidence = models.DecimalField(max_digits=4, decimal_places=3)
    segments = models.JSONField(default=list)
    carriage = models.JSONField(default=dict)
    comes_with = models.UUIDField(null=True, help_text="the shipment whose goods it waited for, or waits for")
    awaited_on = models.DateField(null=True, help_text="when these are expected to stand ready, by what is known")
    goods_came_at = models.DateTimeField(null=True, help_text="when nothing of it was on its way to the node any more")
    instead_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="suborder_number_once"),
            models.UniqueConstraint(
                fields=["order", "seller", "node", "programme_code", "comes_with"],
                name="suborder_once",
                condition=Q(instead_of__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(comes_with__isnull=False, awaited_on__isnull=False)
                | Q(comes_with__isnull=True, awaited_on__isnull=True, goods_came_at__isnull=True),
                name="suborder_awaits_a_day",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "-id"], name="suborder_seller"),
            models.Index(fields=["performer", "state", "ship_by"], name="suborder_work"),
            models.Index(fields=["ship_by"], condition=Q(state__in=["open", "shipped"]), name="suborder_running"),
            models.Index(fields=["comes_with"], condition=Q(comes_with__isnull=False), name="suborder_awaiting"),
        ]


class OrderLine(Record):
    """So many units of one offer, with all their money frozen. Amounts are for the whole line.

    Units: minor units of the order's currency, but `supply_minor`, in `supply_currency`.
    `list_minor` is as displayed (with tax where the market shows tax); `discount_minor` likewise. `fx_rate` is units of
    `supply_currency`, which is the seller's where there is no supply price, for one unit of the order's currency.
    `border` says what the customs duty consists of, by which rule of which day.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    suborder = models.ForeignKey(Suborder, on_delete=models.PROTECT, related_name="+", db_index=False)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+", db_index=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+", db_index=False)
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    terms = models.ForeignKey(TermsSnapshot, on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.PositiveSmallIntegerField()
    category_path = models.CharField(max_length=400)
    title = models.CharField(max_length=300)
    quantity = models.PositiveIntegerField()
    cancelled_qty = models.PositiveIntegerField(default=0)
    shipped_qty = models.PositiveIntegerField(default=0)
    delivered_qty = models.PositiveIntegerField(default=0)
    lost_qty = models.PositiveIntegerField(default=0)
    returned_qty = models.PositiveIntegerField(default=0)

    list_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    goods_net_minor = models.BigIntegerField()
    goods_tax_minor = models.BigIntegerField()
    shipping_net_minor = models.BigIntegerField()
    shipping_tax_minor = models.BigIntegerField()
    customs_duty_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    tax_rate = models.DecimalField(max_digits=8, decimal_places=6)
    tax_collector = models.CharField(max_length=12)
    freight_cost_minor = models.BigIntegerField()
    supply_minor = models.BigIntegerField(null=True)
    supply_currency = models.CharField(max_length=3)
    fx_rate = models.DecimalField(max_digits=20, decimal_places=10)
    fx_on = models.DateField(null=True)
    fx_source = models.CharField(max_length=200, blank=True)
    border = models.JSONField(default=dict)
    attribution = models.JSONField(default=dict)
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    snapshot_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity"),
            models.CheckConstraint(
                condition=Q(shipped_qty__lte=F("quantity") - F("cancelled_qty"))
                & Q(delivered_qty__lte=F("shipped_qty") - F("lost_qty"))
                & Q(returned_qty__lte=F("delivered_qty")),
                name="order_line_quantities",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("goods_net_minor")
                    + F("goods_tax_minor")
                    + F("shipping_net_minor")
                    + F("shipping_tax_minor")
                    + F("customs_duty_minor")
                ),
                name="order_line_total_is_sum",
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=0) & Q(discount_minor__lte=F("list_minor")),
                name="order_line_discount_within_list",
            ),
        ]
        indexes = [
            models.Index(fields=["suborder"], name="order_line_suborder"),
            models.Index(fields=["seller", "-id"], name="order_line_seller"),
            models.Index(fields=["enrolment", "order"], name="order_line_enrolment"),
            models.Index(fields=["replaces"], condition=Q(replaces__isnull=False), name="order_line_replaces"),
        ]


class Adjustment(Record):
    """A part of a line's discount, with who funds it. Units: as displayed."""

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    source_id = models.UUIDField()
    label = models.CharField(max_length=120)
    funder = models.CharField(max_length=12)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "kind", "source_id", "funder"], name="adjustment_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="adjustment_positive"),
        ]


class OrderEvent(Record):
    """What happened to an order, suborder or line, in order; append-only. States are folds of these."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    suborder = models.ForeignKey(Suborder, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=30)
    quantity = models.IntegerField(null=True)
    occurred_at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["order", "id"], name="order_event_order"),
            models.Index(fields=["suborder", "id"], condition=Q(suborder__isnull=False), name="order_event_suborder"),
            models.Index(fields=["line"], condition=Q(line__isnull=False), name="order_event_line"),
        ]


class WorkItem(Record):
    """The fulfilment task of a suborder, for the organisation that performs it, with its deadline."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        PACKED = "packed"
        DONE = "done"
        CANCELLED = "cancelled"

    suborder = models.OneToOneField(Suborder, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    late_party = models.CharField(max_length=12, blank=True, help_text="who was liable for the lateness, once late")
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "due_at"],
                condition=Q(state__in=["waiting", "accepted", "packed"]),
                name="work_item_open",
            )
        ]


class Promise(Record):
    """How the promise of a suborder fares, as it was last looked at: open, or kept or missed once all has arrived.

    `ends_on` is the day on which it was kept or missed, and until then the one that is expected; `late_days` are the
    days beyond the promise. The days of its parts sum to them.
    """

    class State(models.TextChoices):
        OPEN = "open"
        KEPT = "kept"
        MISSED = "missed"

    suborder = models.OneToOneField(Suborder, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    ends_on = models.DateField()
    late_days = models.PositiveSmallIntegerField(default=0)
    parcel_id = models.UUIDField(null=True, help_text="the parcel that comes last")
    judged_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(state="kept", late_days__gt=0), name="promise_kept_is_not_late"),
            models.CheckConstraint(condition=~Q(state="missed", late_days=0), name="promise_missed_is_late"),
        ]
        indexes = [
            models.Index(fields=["-ends_on", "-id"], condition=Q(late_days__gt=0), name="promise_late"),
            models.Index(fields=["judged_at"], condition=Q(state="open"), name="promise_open"),
        ]


class PromisePart(Record):
    """A leg's part of a promise and what became of it, or a stretch of legs between two scans (`position` < `until`).

    `days` are those that it adds to the whole delay. `party` does it by the terms and `liable` answers for its
    lateness; both are blank for a stretch of several. It ended between `first_on` and `done_on`; `done_at` and `event`
    are what showed it.
    """

    promise = models.ForeignKey(Promise, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()
    until = models.PositiveSmallIntegerField()
    leg = models.CharField(max_length=120)
    task = models.CharField(max_length=30)
    party = models.CharField(max_length=12, blank=True)
    liable = models.CharField(max_length=12, blank=True)
    due_on = models.DateField()
    due_at = models.DateTimeField()
    first_on = models.DateField(null=True)
    done_on = models.DateField(null=True)
    done_at = models.DateTimeField(null=True)
    event = models.ForeignKey(TrackingEvent, null=True, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promise", "position", "until"], name="promise_part_once"),
            models.CheckConstraint(condition=Q(until__gte=F("position")), name="promise_part_runs_on"),
        ]
        indexes = [
            models.Index(fields=["party", "done_on"], condition=Q(days__gt=0), name="promise_part_late"),
        ]
