"""Carts: what shoppers mean to buy, one open cart a market. A guest's right to one is its token.

A change raises the version, so that whoever orders says which state of the cart they saw.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from entrepot.domain.orders.models import Cart, CartLine
from entrepot.domain.pricing import queries as pricing
from entrepot.domain.promotions.queries import plain_code
from entrepot.kernel import ids, walls
from entrepot.kernel.db import atomic, execute, fetch_rows
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: More lines than anybody puts together by hand.
LINES_MAX = 100
UNITS_MAX = 9999


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose carts are meant: a person's, or those of these tokens."""

    user_id: UUID | None = None
    tokens: Collection[str] = ()


def find_cart(*, holder: Holder, market_id: UUID) -> Cart | None:
    """The holder's open cart in a market."""
    if holder.user_id is None and not holder.tokens:
        return None
    return Cart.objects.filter(_held(holder), market_id=market_id).order_by("-id").first()


def list_lines(*, holder: Holder, market_id: UUID) -> list[CartLine]:
    """What is in the holder's open cart in a market, with cart, offer and SKU, in the order in which it came."""
    if holder.user_id is None and not holder.tokens:
        return []
    lines = CartLine.objects.select_related("cart", "offer__sku").filter(
        _held(holder, "cart__"), cart__market_id=market_id
    )
    found = list(lines.order_by("-cart_id", "id"))
    return [line for line in found if line.cart_id == found[0].cart_id]


def count_units(*, holder: Holder, market_id: UUID) -> int:
    """How many units are in the holder's open cart in a market."""
    return sum(line.quantity for line in list_lines(holder=holder, market_id=market_id))


@atomic
def open_cart(*, holder: Holder, market_id: UUID, now: datetime) -> Cart:
    """The holder's open cart in a market, made where there is none."""
    found = find_cart(holder=holder, market_id=market_id)
    if found is None:
        token = secrets.token_urlsafe(32)
        if holder.user_id is None:
            walls.know(token)
        execute(
            "INSERT INTO orders_cart (id, created_at, updated_at, token, user_id, market_id, voucher_code, state,"
            " version, attribution) VALUES (%s, %s, %s, %s, %s, %s, '', 'open', 1, '{}') ON CONFLICT DO NOTHING",
            [ids.new_id(now), now, now, token, holder.user_id, market_id],
        )
        whose = holder if holder.user_id is not None else Holder(tokens=[token])
        found = find_cart(holder=whose, market_id=market_id)
    if found is None:
        raise NotFound("orders.unknown_cart", "There is no such cart.")
    return found


@atomic
def add_units(*, cart: Cart, offer_id: UUID, quantity: int, now: datetime) -> None:
    """So many more units of an offer of the cart's market. Raises: Invalid, NotFound, Refused."""
    _check(quantity, least=1)
    _change(cart, now)
    known = set(CartLine.objects.filter(cart=cart).values_list("offer_id", flat=True))
    if offer_id not in known and len(known) >= LINES_MAX:
        raise Refused("orders.cart_full", "A cart holds at most {most} different things.", most=LINES_MAX)
    written = execute(
        """
        INSERT INTO orders_cartline AS line (id, created_at, cart_id, offer_id, quantity, unit_minor)
        SELECT %(id)s, %(now)s, %(cart)s, offer.id, %(quantity)s, %(unit)s FROM catalogue_offer offer
        WHERE offer.id = %(offer)s AND offer.market_id = %(market)s AND offer.status = 'live'
        ON CONFLICT (cart_id, offer_id) DO UPDATE
        SET quantity = least(line.quantity + EXCLUDED.quantity, %(most)s), unit_minor = EXCLUDED.unit_minor
        """,
        {
            "id": ids.new_id(now),
            "now": now,
            "cart": cart.id,
            "quantity": quantity,
            "unit": _price(offer_id, now),
            "offer": offer_id,
            "market": cart.market_id,
            "most": UNITS_MAX,
        },
    )
    if not written:
        raise NotFound("orders.unknown_offer", "There is no such offer in this market.", field="offer")


@atomic
def set_units(*, cart: Cart, offer_id: UUID, quantity: int, now: datetime) -> None:
    """So many units of an offer that is in the cart; none takes it out. Raises: Invalid, Refused."""
    _check(quantity, least=0)
    lines = CartLine.objects.filter(cart=cart, offer_id=offer_id)
    unit = _price(offer_id, now) if quantity else None
    if not lines.exclude(quantity=quantity, unit_minor=unit).exists():
        return  # sent twice, it counts once
    _change(cart, now)
    if quantity:
        lines.update(quantity=quantity, unit_minor=unit)
    else:
        lines.delete()


@atomic
def set_voucher(*, cart: Cart, code: str, now: datetime) -> None:
    """The voucher of a cart; no code takes it away. Whether it counts is for the quote to say. Raises: Refused."""
    wanted = plain_code(code)[:40]
    if wanted != cart.voucher_code:
        _change(cart, now)
        Cart.objects.filter(id=cart.id).update(voucher_code=wanted)


@atomic
def close(*, cart: Cart, now: datetime) -> None:
    """The cart has become an order, whose payment may still be under way."""
    Cart.objects.filter(id=cart.id, state=Cart.State.OPEN).update(state=Cart.State.ORDERED, updated_at=now)


@atomic
def renew(*, cart: Cart, now: datetime) -> None:
    """The order that was made of the cart came to nothing: what is ordered next is another one."""
    _change(cart, now)


@atomic
def adopt(*, tokens: Collection[str], user_id: UUID, now: datetime) -> None:
    """What a guest put together becomes the person's own: added to the open cart of the same market, if there is one.

    Units of an offer that is in both are added up; the person's own voucher goes before the guest's.
    """
    theirs = Cart.objects.select_for_update(no_key=True).filter(
        token__in=list(tokens), user__isnull=True, state=Cart.State.OPEN
    )
    for cart in theirs.order_by("id"):
        execute(
            "INSERT INTO orders_cart (id, created_at, updated_at, token, user_id, market_id, voucher_code, state,"
            " version, attribution) SELECT %s, %s, %s, %s, %s, market_id, voucher_code, 'open', 1, attribution"
            " FROM orders_cart WHERE id = %s ON CONFLICT DO NOTHING",
            [ids.new_id(now), now, now, secrets.token_urlsafe(32), user_id, cart.id],
        )
        own = Cart.objects.get(user_id=user_id, market_id=cart.market_id, state=Cart.State.OPEN)
        _change(own, now)
        lines = fetch_rows(
            "SELECT offer_id, quantity, unit_minor FROM orders_cartline WHERE cart_id = %s ORDER BY id", [cart.id]
        )
        room = LINES_MAX - CartLine.objects.filter(cart=own).count()
        execute(
            """
            INSERT INTO orders_cartline AS line (id, created_at, cart_id, offer_id, quantity, unit_minor)
            SELECT unnest(%s::uuid[]), %s, %s, unnest(%s::uuid[]), unnest(%s::int[]), unnest(%s::bigint[])
            ON CONFLICT (cart_id, offer_id) DO UPDATE SET quantity = least(line.quantity + EXCLUDED.quantity, %s)
            """,
            [
                ids.new_ids(now, len(lines[:room])),
                now,
                own.id,
                [line.offer_id for line in lines[:room]],
                [line.quantity for line in lines[:room]],
                [line.unit_minor for line in lines[:room]],
                UNITS_MAX,
            ],
        )
        if cart.voucher_code and not own.voucher_code:
            Cart.objects.filter(id=own.id).update(voucher_code=cart.voucher_code)
        # Not deleted, for an order that was declined may name it.
        Cart.objects.filter(id=cart.id).update(state=Cart.State.ORDERED, updated_at=now)


def _held(holder: Holder, prefix: str = "") -> Q:
    """Open carts of the holder; a guest holds only carts that are nobody's."""
    whose = {"user_id": holder.user_id} if holder.user_id else {"user_id": None, "token__in": list(holder.tokens)}
    return Q(**{prefix + name: value for name, value in ({"state": Cart.State.OPEN} | whose).items()})


def _check(quantity: int, *, least: int) -> None:
    if type(quantity) is not int or not least <= quantity <= UNITS_MAX:
        raise Invalid(
            "orders.bad_quantity",
            "A quantity is a whole number from 1 to {most}; {found} is not.",
            field="quantity",
            most=UNITS_MAX,
            found=str(quantity)[:40],
        )


def _price(offer_id: UUID, now: datetime) -> int | None:
    """What a unit costs now, where it has a price."""
    found = pricing.prices([offer_id], now).get(offer_id)
    return found.amount_minor if found else None


def _change(cart: Cart, now: datetime) -> None:
    """Take the cart for a change, under lock. Raises: Refused once it is ordered."""
    if not execute(
        "UPDATE orders_cart SET version = version + 1, updated_at = %s WHERE id = %s AND state = 'open'",
        [now, cart.id],
    ):
        raise Refused("orders.cart_ordered", "This cart has been ordered.")
