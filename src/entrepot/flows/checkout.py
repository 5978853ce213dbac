"""From carts to placed orders, many at once. What may be changed about them afterwards is in `amending`.

`place_orders` reads, then in one transaction locks, decides in memory and writes by sets; then it asks the payment
providers, outside any transaction; then a transaction records what they said. The same checkout key is the same order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.accounts.models import Contact
from entrepot.domain.inventory import services as inventory
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.providers import Answer
from entrepot.domain.payments.services import NewPayment
from entrepot.domain.promotions import queries as promotions
from entrepot.domain.terms import services as terms
from entrepot.flows import facts, opening, paying
from entrepot.flows.amending import cancel_lines, change_address
from entrepot.flows.drafting import Drafting
from entrepot.flows.drafts import Draft
from entrepot.flows.facts import Facts
from entrepot.flows.paying import confirm_payment, expire_holds, receive_webhook, sweep_payments
from entrepot.flows.quoting import Quote, QuotedLine, QuotedParcel, quote_carts
from entrepot.flows.requests import CONTACT_LIMITS, CartRequest, OrderRequest, Wanted, check_order, voucher_of
from entrepot.flows.substituting import substitute
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import atomic, fetch_rows, retried
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound, Refused
from entrepot.kernel.kept import asked_once

__all__ = [
    "CartRequest", "Declined", "OrderRequest", "Placed", "Quote", "QuotedLine", "QuotedParcel", "Waiting", "Wanted",
    "cancel_lines", "change_address", "confirm_payment", "expire_holds", "finish_orders", "is_known", "open_orders",
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
    asked: Sequence[NewPayment]
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
    refused, asked = _open(keys, now)
    return Opened(requests, answers, keys, refused, asked, now)


def finish_orders(opened: Opened) -> list[Answered]:
    """The second half: the providers are asked, outside any transaction, and a transaction records what they said."""
    keys, refused, asked, now = opened.keys, opened.refused, opened.asked, opened.now
    crash_point("checkout.opened")
    theirs = len(keys) - len(refused) > len(asked)  # whether somebody else opened some of them
    replayed = _waiting({key for key in keys if key not in refused}, {each.id for each in asked}) if theirs else []
    heard: list[tuple[UUID, Answer | None]] = list(payments.ask_for_authorisations(rows=asked, now=now))
    heard += payments.look_up_authorisations(rows=replayed, now=now) if replayed else []
    unheard = {payment_id for payment_id, answer in heard if answer is None}
    heard += payments.ask_for_authorisations(rows=[row for row in replayed if row.id in unheard], now=now)
    crash_point("checkout.asked")
    paying.complete(answers=[(payment_id, answer) for payment_id, answer in heard if answer is not None], now=now)
    crash_point("checkout.completed")
    told = _tell(keys)
    answers = opened.answers
    for place, request in enumerate(opened.requests):
        if answers[place] is None:
            answers[place] = refused.get(request.checkout_key) or _answer(told[request.checkout_key], request)
    return [answer for answer in answers if answer is not None]


def is_known(checkout_key: str) -> bool:
    """Whether there is an order of this key already."""
    return bool(_known([checkout_key]))


def _open(keys: Mapping[str, OrderRequest], now: datetime) -> tuple[dict[str, EntrepotError], list[NewPayment]]:
    """Open the orders of keys that are not known yet: why not, by key, and the payments that are about to be asked."""
    known = _known(keys)
    fresh = {key: request for key, request in keys.items() if key not in known}
    if not fresh:
        return {}, []
    gathered = facts.gather(list(fresh.values()), now)
    addresses, refused = _addresses(fresh, gathered)
    if not addresses:
        return refused, []
    terms.freeze({each.terms.digest: each.terms for each in gathered.sellables.values()}.values(), now=now)
    wanted = {key: (fresh[key], address) for key, address in addresses.items()}
    more, asked = retried(lambda: _write(wanted, gathered, now))
    return refused | more, asked


@atomic
def _write(
    wanted: Mapping[str, tuple[OrderRequest, Mapping[str, str]]], gathered: Facts, now: datetime
) -> tuple[dict[str, EntrepotError], list[NewPayment]]:
    """Lock, decide, write. Vouchers are locked before stock, each by id, so that batches wait in one order."""
    gathered.vouchers = promotions.find_vouchers(
        {voucher_of(request) for request, _ in wanted.values()} - {""}, lock=True
    )
    stock = inventory.lock_stock(seller_skus=gathered.seller_skus) if gathered.seller_skus else []
    # Looked at again under lock: whoever had the same key first has committed by now, or holds other rows.
    known = _known(wanted)
    rows = [(key, *pair) for key, pair in wanted.items() if key not in known]
    drafts = Drafting(gathered, stock).draft([request for _, request, _ in rows])
    refused = {key: draft for (key, _, _), draft in zip(rows, drafts, strict=True) if not isinstance(draft, Draft)}
    openings = opening.prepare(
        [
            (request, draft, address)
            for (_, request, address), draft in zip(rows, drafts, strict=True)
            if isinstance(draft, Draft)
        ],
        now,
    )
    claimed = opening.claim(openings, now)
    won = {each.order_id for each in claimed}
    if lost := {each.request.checkout_key for each in openings if each.order_id not in won}:
        refused |= {
            key: Refused("orders.cart_ordered", "This cart has been ordered.", field="cart_id")
            for key in lost - _known(lost)
        }
    asked = opening.write(claimed, now)
    crash_point("checkout.written")
    return refused, asked


def _known(keys: Collection[str]) -> set[str]:
    rows = fetch_rows("SELECT checkout_key FROM orders_order WHERE checkout_key = ANY(%s)", [list(keys)])
    return {row.checkout_key for row in rows}


def _waiting(keys: Collection[str], asked: Collection[UUID]) -> list[Any]:
    """Payments of these keys that somebody else began and nobody has ended."""
    rows = fetch_rows(
        "SELECT payment.* FROM payments_payment payment JOIN orders_order ordered ON ordered.id = payment.reference_id"
        " WHERE ordered.checkout_key = ANY(%s) AND ordered.state = 'pending' ORDER BY payment.id",
        [list(keys)],
    )
    return [row for row in rows if row.id not in asked]


def _tell(keys: Mapping[str, OrderRequest]) -> dict[str, Any]:
    """What became of the orders of these keys, by key."""
    rows = fetch_rows(
        "SELECT ordered.id, ordered.number, ordered.checkout_key, ordered.request_hash, ordered.access_token,"
        " ordered.total_minor, ordered.currency, ordered.state, payment.decline_reason FROM orders_order ordered"
        " JOIN payments_payment payment ON payment.reference_id = ordered.id WHERE ordered.checkout_key = ANY(%s)",
        [list(keys)],
    )
    return {row.checkout_key: row for row in rows}


def _answer(row: Any, request: OrderRequest) -> Answered:
    if request.fingerprint != row.request_hash:
        return KeyReused(field="checkout_key")
    common = {
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
    requests: Mapping[str, OrderRequest], gathered: Facts
) -> tuple[dict[str, dict[str, str]], dict[str, EntrepotError]]:
    """The name and address of each order, copied from the vault where it names one; and why not, by key."""
    named = {request.ship_to for request in requests.values() if isinstance(request.ship_to, UUID)}
    kept = {row.id: row for row in Contact.objects.filter(id__in=named, erased_at__isnull=True)} if named else {}
    carts = _carts({request.cart_id for request in requests.values() if request.cart_id is not None})
    found, refused = {}, {}
    for key, request in requests.items():
        try:
            found[key] = _address(request, gathered, kept)
            _check_cart(request, gathered, carts)
        except EntrepotError as error:
            found.pop(key, None)
            refused[key] = error
    return found, refused


def _address(request: OrderRequest, gathered: Facts, kept: Mapping[UUID, Contact]) -> dict[str, str]:
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


def _carts(cart_ids: Collection[UUID]) -> dict[UUID, Any]:
    if not cart_ids:
        return {}
    rows = fetch_rows("SELECT id, user_id, market_id, state FROM orders_cart WHERE id = ANY(%s)", [list(cart_ids)])
    return {row.id: row for row in rows}


def _check_cart(request: OrderRequest, gathered: Facts, carts: Mapping[UUID, Any]) -> None:
    if request.cart_id is None:
        return
    cart = carts.get(request.cart_id)
    if cart is None or cart.user_id not in (None, request.user_id) or cart.market_id != gathered.market(request).id:
        raise NotFound("orders.unknown_cart", "There is no such cart.", field="cart_id")
    if cart.state != "open":
        raise Refused("orders.cart_ordered", "This cart has been ordered.", field="cart_id")
