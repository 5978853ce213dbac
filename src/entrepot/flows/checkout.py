"""From carts to placed orders, many at once. What may be changed about them afterwards is in `amending`.

`place_orders` reads, decides in memory, and in one transaction writes by sets; then it asks the payment providers,
outside any transaction; then a transaction records what they said. The same checkout key is the same order.

Stock is decided on as it was read, without a lock, and taken last, under guard: so one batch is decided while another
is written. Where somebody else took meanwhile what was decided on, the batch is decided again under lock.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.rules import SELLABLE
from entrepot.domain.inventory.services import StockRow
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.providers import Answer
from entrepot.domain.promotions import queries as promotions
from entrepot.domain.terms import services as terms
from entrepot.flows import facts, opening, paying
from entrepot.flows.amending import cancel_lines, change_address
from entrepot.flows.drafting import Drafting
from entrepot.flows.drafts import Draft
from entrepot.flows.facts import Facts
from entrepot.flows.opening import Opening, Written
from entrepot.flows.paying import confirm_payment, expire_holds, receive_webhook, sweep_payments
from entrepot.flows.quoting import Quote, QuotedLine, QuotedParcel, quote_carts
from entrepot.flows.requests import CONTACT_LIMITS, CartRequest, OrderRequest, Wanted, check_order, voucher_of
from entrepot.flows.substituting import substitute
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import atomic, fetch_rows, retried
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound, Refused
from entrepot.kernel.kept import asked_along, asked_once
from entrepot.kernel.rounds import Asked, ask, together

__all__ = [
    "CartRequest", "Declined", "OrderRequest", "Placed", "Quote", "QuotedLine", "QuotedParcel", "Waiting", "Wanted",
    "cancel_lines", "change_address", "confirm_payment", "expire_holds", "find_known", "finish_orders", "open_orders",
    "place_orders", "quote_carts", "receive_webhook", "substitute", "sweep_payments",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order and, for a guest, the right to it."""

    order_id: UUID
    number: str
    access_token: str
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Ordered):
    """The payment stands and the goods are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Ordered):
    """The goods are kept for a while; the provider has not said yet what becomes of the payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(Ordered):
    """The payment came to nothing, and so did the order. `reason` is a code."""

    reason: str


Answered = Placed | Waiting | Declined | EntrepotError


class KeyReused(Refused):
    """The checkout key names another order."""

    code = "orders.key_reused"
    message = "This checkout key was used for another order."


def place_orders(*, requests: Sequence[OrderRequest], now: datetime, trusted: bool = False) -> list[Answered]:
    """Place orders and say what became of each, in order; one that is refused is refused alone.

    A key that is known gives the answer of its order, whatever has happened to prices and stock since. `trusted` is
    for those who act for the operator, such as an import: they may name prices that were agreed and payments that were
    made elsewhere.
    """
    return finish_orders(open_orders(requests=requests, now=now, trusted=trusted))


@dataclass(slots=True)
class Opened:
    """Orders that are open, and payments that somebody is about to ask for: between the two halves of a placing."""

    requests: Sequence[OrderRequest]
    answers: list[Answered | None]
    keys: Mapping[str, OrderRequest]
    refused: Mapping[str, EntrepotError]
    written: Written
    orders: Mapping[str, Opening]
    now: datetime


@asked_once()
def open_orders(*, requests: Sequence[OrderRequest], now: datetime, trusted: bool = False) -> Opened:
    """The first half of `place_orders`: everything in one transaction, after which goods are held and nobody waits.

    Whoever opens many batches may open the next one while this one is finished.
    """
    answers: list[Answered | None] = [None] * len(requests)
    first: dict[str, int] = {}
    for place, request in enumerate(requests):
        try:
            check_order(request, trusted=trusted)
            first.setdefault(request.checkout_key, place)
        except EntrepotError as error:
            answers[place] = error
    keys = {key: requests[place] for key, place in first.items()}
    refused, written, orders = _open(keys, now)
    return Opened(requests, answers, keys, refused, written, orders, now)


def finish_orders(opened: Opened) -> list[Answered]:
    """The second half: the providers are asked, outside any transaction, and a transaction records what they said."""
    keys, refused, asked, now = opened.keys, opened.refused, opened.written.payments, opened.now
    crash_point("checkout.opened")
    theirs = len(keys) - len(refused) > len(asked)  # whether somebody else opened some of them
    replayed = _waiting({key for key in keys if key not in refused}, {each.id for each in asked}) if theirs else []
    heard: list[tuple[UUID, Answer | None]] = list(payments.ask_for_authorisations(rows=asked, now=now))
    heard += payments.look_up_authorisations(rows=replayed, now=now) if replayed else []
    unheard = {payment_id for payment_id, answer in heard if answer is None}
    heard += payments.ask_for_authorisations(rows=[row for row in replayed if row.id in unheard], now=now)
    crash_point("checkout.asked")
    states = paying.complete(
        answers=[(payment_id, answer) for payment_id, answer in heard if answer is not None],
        now=now,
        known=opened.written.lines,
    )
    crash_point("checkout.completed")
    told = _tell(opened, states)
    answers = opened.answers
    for place, request in enumerate(opened.requests):
        if answers[place] is None:
            answers[place] = refused.get(request.checkout_key) or _answer(told[request.checkout_key], request)
    return [answer for answer in answers if answer is not None]


def find_known(checkout_keys: Collection[str]) -> set[str]:
    """The keys of which there are orders already."""
    return _known(checkout_keys)


#: What is wanted by key: the request, and the name and address that its parcels go to.
Wishes = Mapping[str, tuple[OrderRequest, Mapping[str, str]]]
#: Why not, by key; what was written; and the orders by key.
Outcome = tuple[dict[str, EntrepotError], Written, Mapping[str, Opening]]
NOTHING = Written((), (), ())


class Taken(Exception):
    """Keys or carts of which somebody else has an order now; what was written with them does not count."""

    def __init__(self, keys: AbstractSet[str]) -> None:
        super().__init__(f"{len(keys)} orders")
        self.keys = keys


class Short(Exception):
    """Stock that was decided on without a lock is not all there any more; what was written does not count."""


def _open(keys: Mapping[str, OrderRequest], now: datetime) -> Outcome:
    """Open the orders of keys that are not known yet."""
    if not keys:
        return {}, NOTHING, {}
    requests = list(keys.values())
    with asked_along():
        known_asked = _ask_known(keys)
        asked = facts.ask(requests, now)
        contacts = accounts.ask_contacts(
            contact_ids={each.ship_to for each in requests if isinstance(each.ship_to, UUID)}
        )
        carts = _ask_carts({each.cart_id for each in requests if each.cart_id is not None})
    known = {row.checkout_key for row in known_asked.rows}
    fresh = {key: request for key, request in keys.items() if key not in known}
    if not fresh:
        return {}, NOTHING, {}
    gathered = facts.read(asked, list(fresh.values()), now)
    addresses, refused = _addresses(fresh, gathered, contacts, carts)
    if not addresses:
        return refused, NOTHING, {}
    frozen = {each.terms.digest: each.terms for each in gathered.sellables.values()}
    terms.freeze_ahead(frozen.values(), now=now)
    wanted = {key: (fresh[key], address) for key, address in addresses.items()}
    lock = False
    while True:
        try:
            more, written, orders = retried(partial(_write, wanted, gathered, now, lock=lock))
            return refused | more, written, orders
        except Short:
            lock = True
        except Taken as taken:
            refused |= {
                key: Refused("orders.cart_ordered", "This cart has been ordered.", field="cart_id")
                for key in taken.keys - _known(taken.keys)
            }
            wanted = {key: wish for key, wish in wanted.items() if key not in taken.keys}


@atomic
def _write(wanted: Wishes, gathered: Facts, now: datetime, *, lock: bool) -> Outcome:
    """Decide and write, with the stock locked from the beginning or only as it is taken.

    Vouchers are locked before stock, each by id, so that batches wait in one order. Raises: Taken, Short.
    """
    gathered.vouchers = promotions.find_vouchers(
        {voucher_of(request) for request, _ in wanted.values()} - {""}, lock=True
    )
    frozen = {each.terms.digest: each.terms for each in gathered.sellables.values()}
    with together():
        asked = inventory.ask_stock(seller_skus=gathered.seller_skus, conditions=SELLABLE, lock=lock)
        # Looked at again: whoever had the same key first may have committed by now, while this waited.
        known_asked = _ask_known(wanted)
        kept = terms.ask_frozen(frozen)
    if lost := frozen.keys() - {row.digest for row in kept.rows}:
        terms.freeze([frozen[digest] for digest in lost], now=now)
    stock = inventory.read_stock(asked)
    if not lock and any(row.comes_with for row in stock):
        raise Short  # the day on which goods arrive may move: it stands still while it is promised
    known = {row.checkout_key for row in known_asked.rows}
    rows = [(key, *pair) for key, pair in wanted.items() if key not in known]
    drafts = _draft(gathered, stock, [request for _, request, _ in rows], lock=lock)
    refused = {key: draft for (key, _, _), draft in zip(rows, drafts, strict=True) if not isinstance(draft, Draft)}
    openings = opening.prepare(
        [
            (request, draft, address)
            for (_, request, address), draft in zip(rows, drafts, strict=True)
            if isinstance(draft, Draft)
        ],
        now,
    )
    if not openings:
        return refused, NOTHING, {}
    crash_point("checkout.decided")
    with together():
        claimed = opening.claim(openings, now)
        written = opening.write(openings, now)
    won = {row.id for row in claimed.rows}
    if gone := {each.request.checkout_key for each in openings if each.order_id not in won}:
        raise Taken(gone)
    try:
        opening.hold(written, now)
    except inventory.NotEnough:
        if lock:
            raise
        raise Short from None
    crash_point("checkout.written")
    return refused, written, {each.request.checkout_key: each for each in openings}


def _draft(
    gathered: Facts, stock: Sequence[StockRow], requests: Sequence[OrderRequest], *, lock: bool
) -> list[Draft | EntrepotError]:
    """Decide on what is there; where that is not enough, once more on what is there now, if locks were waited for.

    Whoever waits for a row that a put-away empties finds its units in another row, which had none when it was read.
    """
    drafts = Drafting(gathered, stock).draft(requests)
    if not lock or not any(isinstance(each, EntrepotError) and each.code == "orders.sold_out" for each in drafts):
        return drafts
    now_there = inventory.lock_stock(seller_skus=gathered.seller_skus, conditions=SELLABLE)
    return drafts if now_there == stock else Drafting(gathered, now_there).draft(requests)


def _known(keys: Collection[str]) -> set[str]:
    return {row.checkout_key for row in _ask_known(keys).rows}


def _ask_known(keys: Collection[str]) -> Asked:
    return ask("SELECT checkout_key FROM orders_order WHERE checkout_key = ANY(%s)", [list(keys)])


def _waiting(keys: Collection[str], asked: Collection[UUID]) -> list[Any]:
    """Payments of these keys that somebody else began and nobody has ended."""
    rows = fetch_rows(
        "SELECT payment.* FROM payments_payment payment JOIN orders_order ordered ON ordered.id = payment.reference_id"
        " WHERE ordered.checkout_key = ANY(%s) AND ordered.state = 'pending' ORDER BY payment.id",
        [list(keys)],
    )
    return [row for row in rows if row.id not in asked]


class Told(NamedTuple):
    """What became of an order."""

    id: UUID
    number: str
    checkout_key: str
    request_hash: str
    access_token: str
    total_minor: int
    currency: str
    state: str
    decline_reason: str


def _tell(opened: Opened, states: Mapping[UUID, tuple[str, str]]) -> dict[str, Told]:
    """What became of the orders of these keys, by key: those that this completed are known, the others looked up."""
    told = {}
    for key, each in opened.orders.items():
        if (state := states.get(each.payment_id)) is not None:
            told[key] = Told(
                each.order_id, each.number, key, each.request.fingerprint, each.access_token, each.draft.total_minor,
                each.draft.market.currency, *state,
            )  # fmt: skip
    if not (others := [key for key in opened.keys if key not in told and key not in opened.refused]):
        return told
    rows = fetch_rows(
        "SELECT ordered.id, ordered.number, ordered.checkout_key, ordered.request_hash, ordered.access_token,"
        " ordered.total_minor, ordered.currency, ordered.state, payment.decline_reason FROM orders_order ordered"
        " JOIN payments_payment payment ON payment.reference_id = ordered.id WHERE ordered.checkout_key = ANY(%s)",
        [others],
        into=Told,
    )
    return told | {row.checkout_key: row for row in rows}


def _answer(row: Told, request: OrderRequest) -> Answered:
    if request.fingerprint != row.request_hash:
        return KeyReused(field="checkout_key")
    common: dict[str, Any] = {
        "order_id": row.id,
        "number": row.number,
        "access_token": row.access_token,
        "total_minor": row.total_minor,
        "currency": row.currency,
    }
    match row.state:
        case "placed":
            return Placed(**common)
        case "declined":
            return Declined(**common, reason=row.decline_reason)
        case _:
            return Waiting(**common)


def _addresses(
    requests: Mapping[str, OrderRequest], gathered: Facts, contacts: Asked, carts_asked: Asked
) -> tuple[dict[str, dict[str, str]], dict[str, EntrepotError]]:
    """The name and address of each order, copied from the vault where it names one; and why not, by key."""
    kept = {row.id: row for row in contacts.rows}
    carts = {row.id: row for row in carts_asked.rows}
    found, refused = {}, {}
    for key, request in requests.items():
        try:
            found[key] = _address(request, gathered, kept)
            _check_cart(request, gathered, carts)
        except EntrepotError as error:
            found.pop(key, None)
            refused[key] = error
    return found, refused


def _address(request: OrderRequest, gathered: Facts, kept: Mapping[UUID, Any]) -> dict[str, str]:
    if isinstance(request.ship_to, UUID):
        contact = kept.get(request.ship_to)
        if contact is None or request.user_id is None or contact.owner_user_id != request.user_id:
            raise NotFound("orders.unknown_address", "There is no such address.", field="ship_to")
        address = {name: getattr(contact, name) for name in CONTACT_LIMITS}
    else:
        address = dict(request.ship_to)
    market = gathered.market(request)
    if address["country"] != market.country:
        raise Invalid(
            "orders.other_country",
            "This market delivers to {country} only.",
            field="ship_to.country",
            country=market.country,
        )
    email = request.email or (gathered.emails.get(request.user_id, "") if request.user_id else "")
    return {**address, "email": address.get("email") or email}


def _ask_carts(cart_ids: Collection[UUID]) -> Asked:
    if not cart_ids:
        return Asked()
    return ask("SELECT id, user_id, market_id, state FROM orders_cart WHERE id = ANY(%s)", [list(cart_ids)])


def _check_cart(request: OrderRequest, gathered: Facts, carts: Mapping[UUID, Any]) -> None:
    if request.cart_id is None:
        return
    cart = carts.get(request.cart_id)
    if cart is None or cart.user_id not in (None, request.user_id) or cart.market_id != gathered.market(request).id:
        raise NotFound("orders.unknown_cart", "There is no such cart.", field="cart_id")
    if cart.state != "open":
        raise Refused("orders.cart_ordered", "This cart has been ordered.", field="cart_id")
