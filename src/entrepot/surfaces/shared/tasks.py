"""What waits for somebody, on every surface: one table of kinds, with words, links and the verbs that they need.

A kind is counted by `flows.waiting`, all of them by one question, or found by a function of the room that it belongs
to, which its line names.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from entrepot.flows import waiting
from entrepot.kernel.actors import Actor
from entrepot.surfaces.shared.components import Text

SHIPPING, GOODS, MONEY, PEOPLE = "shipping", "goods", "money", "people"
GROUPS: Mapping[str, Text] = {
    SHIPPING: _("Orders and returns"),
    GOODS: _("Goods and prices"),
    MONEY: _("Money"),
    PEOPLE: _("Applications, documents and messages"),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks, on which surface ("desk", "seller" or "shop"), and when."""

    actor: Actor
    surface: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits: so much of it, where it is done, and by when the first of it; `late` of it is overdue."""

    words: Text
    count: int
    href: str
    due_at: datetime | None = None
    icon: str = ""
    late: int = 0
    kind: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A kind of task whose tasks a function finds (by its dotted path), for who holds the verb, on these surfaces."""

    kind: str
    group: str
    verb: str
    find: str
    surfaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A kind of task that `flows.waiting` counts; `to` is a route and what follows it, of one surface.

    `everybodys` needs the verb for everybody's rows.
    """

    kind: str
    group: str
    verb: str
    surface: str
    words: Any
    to: str
    icon: str
    query: str = ""
    everybodys: bool = False


_SHIP = ngettext_lazy("{count} order to ship", "{count} orders to ship", "count")
_ARRIVED = ngettext_lazy("{count} return has arrived: check it", "{count} returns have arrived: check them", "count")
_COMING = ngettext_lazy("{count} return is on its way to you", "{count} returns are on their way to you", "count")
_REFUND = ngettext_lazy("{count} return to refund", "{count} returns to refund", "count")
_ANSWER = ngettext_lazy("{count} message to answer", "{count} messages to answer", "count")

COUNTED: Sequence[Counted] = (
    # The desk: the operator's people and its partners'.
    Counted("to_ship", SHIPPING, "work.read", "desk", _SHIP, "desk:warehouse", "truck"),
    Counted("late_elsewhere", SHIPPING, "work.read", "desk",
            ngettext_lazy("{count} order is late with others", "{count} orders are late with others", "count"),
            "desk:warehouse", "warning", "?of=all", everybodys=True),
    Counted("returns_arrived", SHIPPING, "returns.handle", "desk", _ARRIVED, "desk:returns", "return"),
    Counted("returns_to_refund", SHIPPING, "returns.handle", "desk", _REFUND, "desk:returns", "return",
            "?state=received"),
    Counted("returns_to_refund_elsewhere", SHIPPING, "returns.read", "desk",
            ngettext_lazy("{count} return is not refunded by others", "{count} returns are not refunded by others",
                          "count"),
            "desk:returns", "return", "?state=received", everybodys=True),
    Counted("payments_to_confirm", MONEY, "payouts.confirm", "desk",
            ngettext_lazy("{count} bank transfer to confirm", "{count} bank transfers to confirm", "count"),
            "desk:orders", "coins", "?state=pending", everybodys=True),
    Counted("supply_prices_to_decide", GOODS, "quotes.decide", "desk",
            ngettext_lazy("{count} supply price to answer", "{count} supply prices to answer", "count"),
            "desk:quotes", "message"),
    Counted("retail_prices_to_decide", GOODS, "prices.set", "desk",
            ngettext_lazy("{count} retail price to agree to", "{count} retail prices to agree to", "count"),
            "desk:proposals", "tag", everybodys=True),
    Counted("product_drafts", GOODS, "catalogue.edit", "desk",
            ngettext_lazy("{count} product is not published", "{count} products are not published", "count"),
            "desk:catalogue", "catalogue", everybodys=True),
    Counted("applicants", PEOPLE, "sellers.admit", "desk",
            ngettext_lazy("{count} seller asks to be admitted", "{count} sellers ask to be admitted", "count"),
            "desk:sellers", "storefront", "?status=applicant"),
    Counted("documents_to_decide", PEOPLE, "sellers.admit", "desk",
            ngettext_lazy("{count} document to look at", "{count} documents to look at", "count"),
            "desk:sellers", "scroll"),
    Counted("statements_to_pay", MONEY, "settlement.run", "desk",
            ngettext_lazy("{count} statement to pay", "{count} statements to pay", "count"), "desk:payouts", "coins"),
    Counted("payouts_to_confirm", MONEY, "payouts.confirm", "desk",
            ngettext_lazy("{count} payout to confirm", "{count} payouts to confirm", "count"), "desk:payouts",
            "coins"),
    Counted("approvals", MONEY, "approvals.decide", "desk",
            ngettext_lazy("{count} act needs a second person", "{count} acts need a second person", "count"),
            "desk:approvals", "check"),
    Counted("stock_orders_to_decide", GOODS, "stock_orders.ask", "desk",
            ngettext_lazy("{count} answer to a stock order to decide", "{count} answers to stock orders to decide",
                          "count"),
            "desk:stock_orders", "layers", everybodys=True),
    Counted("shipments_to_receive", GOODS, "stock.receive", "desk",
            ngettext_lazy("{count} shipment to receive", "{count} shipments to receive", "count"), "desk:shipments",
            "layers"),
    Counted("shipments_late_here", GOODS, "stock.receive", "desk",
            ngettext_lazy("{count} shipment is late to arrive", "{count} shipments are late to arrive", "count"),
            "desk:shipments", "clock"),
    Counted("messages_to_answer", PEOPLE, "conversations.read", "desk", _ANSWER, "desk:conversations", "message"),
    # Sellers.
    Counted("stock_orders_to_answer", GOODS, "stock_orders.answer", "seller",
            ngettext_lazy("{count} stock order to answer", "{count} stock orders to answer", "count"),
            "seller:stock_orders", "layers"),
    Counted("stock_orders_to_send", GOODS, "shipments.send", "seller",
            ngettext_lazy("{count} stock order to pack and send", "{count} stock orders to pack and send", "count"),
            "seller:stock_orders", "layers"),
    Counted("slots_to_book", GOODS, "shipments.send", "seller",
            ngettext_lazy("{count} shipment needs a time at the dock", "{count} shipments need a time at the dock",
                          "count"),
            "seller:shipments", "clock"),
    Counted("shipments_late", GOODS, "shipments.send", "seller",
            ngettext_lazy("{count} shipment is late to arrive", "{count} shipments are late to arrive", "count"),
            "seller:shipments", "clock"),
    Counted("messages_to_answer", PEOPLE, "conversations.read", "seller", _ANSWER, "seller:conversations", "message"),
    Counted("to_ship", SHIPPING, "work.read", "seller", _SHIP, "seller:orders", "truck"),
    Counted("returns_arrived", SHIPPING, "returns.handle", "seller", _ARRIVED, "seller:returns", "return"),
    Counted("returns_to_refund", SHIPPING, "returns.handle", "seller", _REFUND, "seller:returns", "return",
            "?state=received"),
    Counted("returns_coming", SHIPPING, "returns.read", "seller", _COMING, "seller:returns", "return"),
    Counted("supply_prices_to_answer", GOODS, "quotes.make", "seller",
            ngettext_lazy("{count} supply price to answer", "{count} supply prices to answer", "count"),
            "seller:offers", "message"),
    Counted("retail_prices_to_answer", GOODS, "prices.set", "seller",
            ngettext_lazy("{count} retail price to agree to", "{count} retail prices to agree to", "count"),
            "seller:offers", "tag"),
    Counted("own_product_drafts", GOODS, "catalogue.edit", "seller",
            ngettext_lazy("{count} product lacks something", "{count} products lack something", "count"),
            "seller:offers", "catalogue", "?status=draft"),
    Counted("offer_drafts", GOODS, "offers.edit", "seller",
            ngettext_lazy("{count} offer is not on sale yet", "{count} offers are not on sale yet", "count"),
            "seller:offers", "tag", "?status=draft"),
    Counted("documents_asked", PEOPLE, "sellers.apply", "seller",
            ngettext_lazy("{count} document is asked for", "{count} documents are asked for", "count"),
            "seller:application", "scroll"),
    Counted("not_enrolled", GOODS, "enrolments.read", "seller",
            ngettext_lazy("Choose a programme to sell under", "Choose a programme to sell under", "count"),
            "seller:programmes", "scroll"),
    # Shoppers.
    Counted("returns_to_send", SHIPPING, "", "shop",
            ngettext_lazy("{count} return to hand to the carrier", "{count} returns to hand to the carrier", "count"),
            "shop:orders", "return"),
    Counted("messages_to_read", PEOPLE, "", "shop",
            ngettext_lazy("{count} conversation has something new", "{count} conversations have something new",
                          "count"),
            "shop:orders", "message"),
    Counted("transfers_to_make", MONEY, "", "shop",
            ngettext_lazy("{count} order waits for your bank transfer", "{count} orders wait for your bank transfer",
                          "count"),
            "shop:orders", "coins"),
)  # fmt: skip

#: Kinds that other rooms find by themselves.
PROVIDERS: Sequence[Provider] = (
    Provider("no_stock", GOODS, "stock.read", "entrepot.surfaces.seller.overview.without_stock", ("seller",)),
    Provider("tracking_doubts", SHIPPING, "work.read", "entrepot.surfaces.seller.carriers.tasks", ("seller",)),
    Provider("tracking_doubts", SHIPPING, "work.read", "entrepot.surfaces.desk.carriers.tasks", ("desk",)),
    Provider("claims", SHIPPING, "work.perform", "entrepot.surfaces.desk.claims.tasks", ("desk",)),
)


def list_tasks(actor: Actor, surface: str, now: datetime) -> list[Task]:
    """What waits for an actor on a surface: what is late first, then by deadline, then what has none."""
    asked = [each for each in COUNTED if each.surface == surface and _may(actor, each.verb, each.everybodys)]
    counts = waiting.count_waiting(
        {each.kind for each in asked}, organisation_id=actor.organisation_id, user_id=actor.user_id, now=now
    )
    found = [_counted(each, counts[each.kind]) for each in asked if each.kind in counts]
    ask = Ask(actor, surface, now)
    for provider in PROVIDERS:
        if surface in provider.surfaces and _may(actor, provider.verb):
            found += _found(provider, ask)
    return sorted(found, key=lambda task: (task.due_at is None, task.due_at or now, not task.late))


def grouped(tasks: Sequence[Task]) -> list[tuple[Text, list[Task]]]:
    """Tasks under the headings of their groups; the most urgent group first, and in it the most urgent task."""
    by_group: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_group[task.group].append(task)
    return [(GROUPS[group], members) for group, members in by_group.items()]


def _counted(kind: Counted, found: waiting.Waiting) -> Task:
    words = str(kind.words.format(count=found.count))
    return Task(words, found.count, reverse(kind.to) + kind.query, found.due_at, kind.icon, found.late, kind.kind,
                kind.group)  # fmt: skip


def _found(provider: Provider, ask: Ask) -> Iterator[Task]:
    find: Callable[[Ask], Iterator[Task]] = import_string(provider.find)
    for task in find(ask):
        late = task.late or (task.count if task.due_at is not None and task.due_at < ask.now and task.count == 1 else 0)
        yield Task(task.words, task.count, task.href, task.due_at, task.icon, late, provider.kind, provider.group)


def _may(actor: Actor, verb: str, everybodys: bool = False) -> bool:
    return not verb or (actor.verbs.get(verb) == "all" if everybodys else actor.may(verb))
