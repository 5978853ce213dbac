"""Who is told what: every topic that is appended to the outbox, who hears of it, in which words, and whether by letter.

Everybody who is told is told in the app; a letter goes beside it where the line says so and the reader has not
declined its family. The letter is the template `mail/<topic>.txt`, else the sentence and the way to the page.
A topic that nobody is to be told of has no audience, and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from entrepot.surfaces.shared.components import Text

#: Families of topics, for each of which a person may do without e-mail.
FAMILIES: Mapping[str, Text] = {
    "orders": _("My orders"),
    "shipping": _("Orders to ship"),
    "returns": _("Returns"),
    "prices": _("Prices"),
    "goods": _("Products and offers"),
    "stock": _("Stock orders and deliveries to warehouses"),
    "money": _("Statements and payouts"),
    "messages": _("Messages"),
    "account": _("Account, documents and programmes"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """An audience of a topic: what it reads and where that leads.

    `who` names the organisation of an event, `<who>_id` among its values, of which those who hold `verb` are told;
    "shopper" is a person. `says` has {values}; `to` is a route, or one for each surface; `by` are values that the route
    takes. `family` is the topic's where nothing else is said.
    """

    who: str
    says: Text
    to: str | Mapping[str, str] = ""
    by: tuple[str, ...] = ()
    verb: str = ""
    letter: bool = False
    family: str = ""


class Topic:
    """The family of a topic, and who is told of it."""

    def __init__(self, family: str, *told: Told) -> None:
        self.family = family
        self.told = {each.who: each for each in told}

    def family_of(self, who: str) -> str:
        """The family under which an audience has the topic."""
        told = self.told.get(who)
        return (told.family if told else "") or self.family


NOBODY = Topic("goods")
_ORDER = ("shop:order", ("order_number",))
_STOCK_ORDER = ("seller:stock_order", ("number",), "stock_orders.read")
_SHIPMENT = ("seller:shipment", ("number",), "shipments.read")
_SHIP = {"seller": "seller:order", "desk": "desk:work"}
_RETURN = {"seller": "seller:return", "desk": "desk:return", "shop": "shop:return"}

TOPICS: dict[str, Topic] = {
    # An order, to whoever placed it and to whoever ships it.
    "order.placed": Topic(
        "orders",
        Told("shopper", _("Your order {order_number} is placed"), *_ORDER, letter=True),
        Told("performer", _("Order {suborder_number} is to be shipped by {due_at}"), _SHIP, ("suborder_number",),
             "work.perform", family="shipping"),
    ),
    "order.declined": Topic(
        "orders", Told("shopper", _("Your order {order_number} could not be placed"), *_ORDER, letter=True)
    ),
    "order.address_changed": Topic(
        "orders",
        Told("shopper", _("Your order {order_number} goes to another address"), *_ORDER, letter=True),
        Told("performer", _("Order {suborder_number} goes to another address: make its labels anew"), _SHIP,
             ("suborder_number",), "work.perform", family="shipping"),
    ),
    "order.substituted": Topic(
        "orders",
        Told("shopper", _("An item of your order {order_number} is replaced"), *_ORDER, letter=True),
        Told("performer", _("An item of order {suborder_number} is replaced"), _SHIP, ("suborder_number",),
             "work.perform", family="shipping"),
    ),
    "order.cancelled": Topic(
        "orders",
        Told("shopper", _("Cancelled in your order {order_number}"), *_ORDER, letter=True),
        Told("performer", _("Cancelled in order {suborder_number}: look before you pack"), _SHIP,
             ("suborder_number",), "work.perform", family="shipping"),
    ),
    "order.sent_elsewhere": Topic(
        "shipping",
        Told("performer", _("What was missing leaves from elsewhere: look at {suborder_number} before you pack"), _SHIP,
             ("suborder_number",), "work.perform"),
    ),
    "order.goods_later": Topic(
        "orders",
        Told("shopper", _("Your order {order_number} comes later than promised"), *_ORDER, letter=True),
    ),
    "parcel.handed_over": Topic(
        "orders", Told("shopper", _("A parcel of your order {order_number} is on its way"), *_ORDER, letter=True)
    ),
    "parcel.delivered": Topic(
        "orders", Told("shopper", _("A parcel of your order {order_number} has arrived"), *_ORDER, letter=True)
    ),
    "parcel.lost": Topic(
        "orders",
        Told("shopper", _("A parcel of your order {order_number} is lost; you get your money back"), *_ORDER,
             letter=True),
        Told("seller", _("A parcel of order {suborder_number} is lost"), {"seller": "seller:order"},
             ("suborder_number",), "orders.read"),
    ),
    # Work and its deadlines, to whoever performs it.
    "work.due_soon": Topic(
        "shipping",
        Told("performer",
             ngettext_lazy("{count} order is to leave by {due_at}", "{count} orders are to leave soon, the first by "
                           "{due_at}", "count"),
             {"seller": "seller:orders", "desk": "desk:warehouse"}, (), "work.perform", letter=True),
    ),
    "work.late": Topic(
        "shipping",
        Told("performer", ngettext_lazy("{count} order is late", "{count} orders are late", "count"),
             {"seller": "seller:orders", "desk": "desk:warehouse"}, (), "work.perform", letter=True),
    ),
    # Returns.
    "return.requested": Topic(
        "returns",
        Told("shopper", _("Return {number}: send it with the label"), "shop:return", ("order_number", "number"),
             letter=True),
        Told("seller", _("A return is asked for: {number}"), {"seller": "seller:return"}, ("number",), "returns.read"),
    ),
    "return.arrived": Topic(
        "returns",
        Told("performer", _("Return {number} has arrived: check and receive it"), _RETURN, ("number",),
             "returns.handle"),
    ),
    "return.refunded": Topic(
        "returns",
        Told("shopper", _("Your refund for return {number} is on its way"), "shop:return", ("order_number", "number"),
             letter=True),
        Told("seller", _("Return {number} is refunded"), {"seller": "seller:return"}, ("number",), "returns.read"),
    ),
    # Prices under negotiation.
    "supply_price.quoted": Topic(
        "prices",
        Told("operator", ngettext_lazy("{seller} asks for another supply price for {count} offer",
                                       "{seller} asks for other supply prices for {count} offers", "count"),
             "desk:quotes", (), "quotes.decide"),
    ),
    "supply_price.countered": Topic(
        "prices",
        Told("seller", ngettext_lazy("A counter-offer for {count} supply price waits for your answer",
                                     "Counter-offers for {count} supply prices wait for your answer", "count"),
             "seller:offer", ("offer_id",), "quotes.make", letter=True),
        Told("operator", ngettext_lazy("{seller} answers with a counter-offer for {count} supply price",
                                       "{seller} answers with counter-offers for {count} supply prices", "count"),
             "desk:quotes", (), "quotes.decide"),
    ),
    "supply_price.accepted": Topic(
        "prices",
        Told("seller", ngettext_lazy("Your supply price for {count} offer is agreed",
                                     "Your supply prices for {count} offers are agreed", "count"),
             "seller:offer", ("offer_id",), "quotes.make", letter=True),
        Told("operator", ngettext_lazy("{seller} agrees to {count} supply price",
                                       "{seller} agrees to {count} supply prices", "count"),
             "desk:quotes", (), "quotes.decide"),
    ),
    "supply_price.refused": Topic(
        "prices",
        Told("seller", ngettext_lazy("Your supply price for {count} offer is refused",
                                     "Your supply prices for {count} offers are refused", "count"),
             "seller:offer", ("offer_id",), "quotes.make", letter=True),
        Told("operator", ngettext_lazy("{seller} refuses {count} supply price", "{seller} refuses {count} supply "
                                       "prices", "count"),
             "desk:quotes", (), "quotes.decide"),
    ),
    "proposal.made": Topic(
        "prices",
        Told("operator", ngettext_lazy("{seller} proposes a retail price for {count} offer",
                                       "{seller} proposes retail prices for {count} offers", "count"),
             "desk:proposals", (), "prices.set"),
        Told("seller", ngettext_lazy("A retail price for {count} offer waits for your consent",
                                     "Retail prices for {count} offers wait for your consent", "count"),
             "seller:offer", ("offer_id",), "prices.set"),
    ),
    "proposal.approved": Topic(
        "prices",
        Told("seller", ngettext_lazy("Your retail price for {count} offer is in force",
                                     "Your retail prices for {count} offers are in force", "count"),
             "seller:offer", ("offer_id",), "prices.set", letter=True),
        Told("operator", ngettext_lazy("{seller} agrees to {count} retail price",
                                       "{seller} agrees to {count} retail prices", "count"),
             "desk:proposals", (), "prices.set"),
    ),
    "proposal.refused": Topic(
        "prices",
        Told("seller", ngettext_lazy("Your retail price for {count} offer is refused",
                                     "Your retail prices for {count} offers are refused", "count"),
             "seller:offer", ("offer_id",), "prices.set", letter=True),
        Told("operator", ngettext_lazy("{seller} refuses {count} retail price",
                                       "{seller} refuses {count} retail prices", "count"),
             "desk:proposals", (), "prices.set"),
    ),
    # A seller's standing.
    "seller.applied": Topic(
        "account",
        Told("seller", _("Your application is with us"), "seller:application", (), letter=True),
        Told("operator", _("{seller} asks to be admitted"), "desk:seller", ("code",), "sellers.admit"),
    ),
    "seller.admitted": Topic(
        "account", Told("seller", _("You are admitted as a seller"), "seller:application", (), letter=True)
    ),
    "seller.suspended": Topic(
        "account", Told("seller", _("Your offers are paused"), "seller:application", (), letter=True)
    ),
    "seller.closed": Topic(
        "account", Told("seller", _("Your seller account is closed"), "seller:application", (), letter=True)
    ),
    "seller.document_asked": Topic(
        "account", Told("seller", _("The marketplace asks you for a document"), "seller:application", (), letter=True)
    ),
    "document.submitted": Topic(
        "account", Told("operator", _("{seller} has handed in a document"), "desk:seller", ("code",), "sellers.admit")
    ),
    "document.accepted": Topic(
        "account", Told("seller", _("A document of yours is accepted"), "seller:application", ())
    ),
    "document.refused": Topic(
        "account",
        Told("seller", _("A document of yours is refused: see why, and hand in another"), "seller:application", (),
             letter=True),
    ),
    "enrolment.accepted": Topic(
        "account", Told("seller", _("You sell under the programme {programme}"), "seller:programmes", (), letter=True)
    ),
    "enrolment.ended": Topic(
        "account", Told("seller", _("The programme {programme} ends for you"), "seller:programmes", (), letter=True)
    ),
    # Money.
    "statement.issued": Topic(
        "money",
        Told("seller", _("Statement {number}: {amount}"), "seller:statement", ("number",), "statements.read",
             letter=True),
    ),
    "payout.sent": Topic(
        "money",
        Told("seller", _("{amount} are on their way to your bank"), "seller:statement", ("number",),
             "statements.read", letter=True),
    ),
    "payout.paid": Topic(  # the letter went out with the money
        "money",
        Told("seller", _("Your bank has received {amount}"), "seller:statement", ("number",), "statements.read"),
    ),
    "payout.failed": Topic(
        "money",
        Told("seller", _("A payout of {amount} came back from your bank; it leaves again with the next one"),
             "seller:statement", ("number",), "statements.read", letter=True),
        Told("operator", _("A payout of {amount} to {seller} came back"), "desk:payouts", (), "payouts.confirm"),
    ),
    # The books themselves, to who runs the marketplace.
    "books.disagree": Topic(
        "money",
        Told("operator", ngettext_lazy("The books disagree: {count} invariant does not hold, {invariants}",
                                       "The books disagree: {count} invariants do not hold, {invariants}", "count"),
             "desk:verify", (), "verify.run", letter=True),
    ),
    # What is said on an order, to whoever did not say it, and to whoever is asked to answer now.
    "conversation.message": Topic(
        "messages",
        Told("shopper", _("A message about your order {order_number}"), "shop:conversation", ("order_number", "thread"),
             letter=True),
        Told("seller", _("A message about order {order_number}"), "seller:conversation", ("thread",), letter=True),
        Told("operator", _("A message about order {order_number}"), "desk:conversation", ("thread",)),
        Told("answerer", _("A message about order {order_number}"), "desk:conversation", ("thread",)),
    ),
    "team.invited": Topic("account", Told("invited", "", letter=True)),  # somebody who has no account here yet
    # Goods that the platform asks for, and what is on its way into a warehouse.
    "stock_order.asked": Topic(
        "stock",
        Told("seller", _("The marketplace asks you for goods: {number}"), *_STOCK_ORDER, letter=True),
    ),
    "stock_order.answered": Topic(
        "stock", Told("operator", _("{seller} has answered stock order {number}"), "desk:stock_order", ("number",),
                      "stock_orders.ask")
    ),
    "stock_order.decided": Topic(
        "stock",
        Told("seller", _("Your answer to stock order {number} is decided"), *_STOCK_ORDER, letter=True),
    ),
    "stock_order.cancelled": Topic(
        "stock", Told("seller", _("Stock order {number} is cancelled"), *_STOCK_ORDER, letter=True)
    ),
    "stock_order.late": Topic(
        "stock",
        Told("seller", _("Stock order {number} is late"), *_STOCK_ORDER, letter=True),
        Told("operator", _("{seller} is late with stock order {number}"), "desk:stock_order", ("number",),
             "stock_orders.read"),
    ),
    "stock_order.void": Topic(
        "stock",
        Told("seller", _("Stock order {number} has lapsed: nothing came"), *_STOCK_ORDER, letter=True),
        Told("operator", _("Stock order {number} of {seller} has lapsed"), "desk:stock_order", ("number",),
             "stock_orders.read"),
    ),
    "stock_order.received": Topic(
        "stock", Told("seller", _("Goods of stock order {number} are counted"), *_STOCK_ORDER)
    ),
    "shipment.announced": Topic(
        "stock",
        Told("node_operator", _("Goods are announced: {number}"), "desk:shipment", ("number",), "stock.receive"),
    ),
    "shipment.shipped": Topic(
        "stock",
        Told("node_operator", _("Goods are on their way to you: {number}"), "desk:shipment", ("number",),
             "stock.receive"),
    ),
    "shipment.arrived": Topic(
        "stock", Told("seller", _("Your shipment {number} has arrived"), *_SHIPMENT)
    ),
    "shipment.refused": Topic(
        "stock",
        Told("seller", _("Your shipment {number} was turned away"), *_SHIPMENT, letter=True),
    ),
    "shipment.cancelled": Topic(
        "stock",
        Told("node_operator", _("Shipment {number} does not come"), "desk:shipment", ("number",), "stock.receive"),
    ),
    "shipment.late": Topic(
        "stock",
        Told("seller", _("Your shipment {number} is late"), *_SHIPMENT, letter=True),
        Told("node_operator", _("Shipment {number} is late"), "desk:shipment", ("number",), "stock.receive"),
    ),
    "shipment.slot_missed": Topic(
        "stock",
        Told("seller", _("Shipment {number} missed its time at the dock: book another"), *_SHIPMENT, letter=True),
    ),
    "shipment.received": Topic(
        "stock",
        Told("seller", _("Your shipment {number} is counted and put away"), *_SHIPMENT, letter=True),
    ),
    # Whoever did it sees it on the same page.
    "offer.live": NOBODY,
    "offer.paused": NOBODY,
    "offer.archived": NOBODY,
}  # fmt: skip
