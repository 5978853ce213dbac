"""Writes of vouchers and redemptions. Limits hold because the voucher's row is locked while they are checked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from entrepot.domain.catalogue.models import Category
from entrepot.domain.markets.models import Market
from entrepot.domain.promotions import models, queries
from entrepot.domain.sellers.models import Seller
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import copy_rows, execute, fetch_rows, unnest
from entrepot.kernel.errors import Denied, Invalid, Refused


@dataclass(frozen=True, slots=True)
class NewRedemption:
    """One use of a voucher by an order; `amount_minor` is what it took off."""

    voucher_id: UUID
    order_id: UUID
    shopper_key: str
    amount_minor: int


@transaction.atomic
def create_voucher(
    *,
    actor: Actor,
    code: str,
    label: str,
    market: Market,
    platform_share: Decimal,
    valid_from: datetime,
    valid_until: datetime,
    now: datetime,
    rate: Decimal | None = None,
    amount_minor: int | None = None,
    minimum_minor: int = 0,
    seller: Seller | None = None,
    category: Category | None = None,
    limit_total: int | None = None,
    limit_per_shopper: int | None = None,
) -> models.Voucher:
    """A voucher of a rate or an amount.

    Of a voucher for one seller's goods the shares follow from the terms of each line; otherwise from `platform_share`.
    Raises: Invalid naming the field, Refused where the code is taken, Denied to a seller for goods of another.
    """
    if actor.verbs.get("promotions.edit") != "all" and (seller is None or actor.organisation_id != seller.pk):
        raise Denied("promotions.not_yours", "You may make vouchers for your own goods.")
    code = queries.plain_code(code)
    _check(code, rate, amount_minor, minimum_minor, platform_share, limit_total, limit_per_shopper)
    if valid_until <= valid_from:
        raise Invalid("promotions.empty_period", "The voucher ends before it begins.", field="valid_until")
    if models.Voucher.objects.filter(code=code).exists():
        raise Refused("promotions.voucher_exists", "There is a voucher {code} already.", field="code", code=code)
    voucher = models.Voucher(
        id=ids.new_id(now),
        created_at=now,
        code=code,
        label=label,
        market=market,
        seller=seller,
        category=category,
        kind="rate" if rate is not None else "amount",
        rate=rate,
        amount_minor=amount_minor,
        minimum_minor=minimum_minor,
        platform_share=platform_share,
        limit_total=limit_total,
        limit_per_shopper=limit_per_shopper,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    voucher.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="promotions.create",
        subject_kind="voucher",
        subject_id=voucher.id,
        now=now,
        after={"code": code, "rate": str(rate), "amount_minor": amount_minor, "platform_share": str(platform_share)},
    )
    return voucher


@transaction.atomic
def end_voucher(*, actor: Actor, voucher_id: UUID, reason: str, now: datetime) -> None:
    """Let a voucher count no longer; what was redeemed stays."""
    reason = audit.require_reason(reason)
    execute(
        "UPDATE promotions_voucher SET valid_until = greatest(%s, valid_from + interval '1 microsecond')"
        " WHERE id = %s AND valid_until > %s",
        [now, voucher_id, now],
    )
    audit.record(
        actor=actor, verb="promotions.end", subject_kind="voucher", subject_id=voucher_id, now=now, reason=reason
    )


def redeem(*, rows: Sequence[NewRedemption], now: datetime) -> None:
    """Write uses of vouchers that are locked and whose limits were checked; in the caller's transaction."""
    if not rows:
        return
    copy_rows(
        "promotions_redemption",
        ("id", "created_at", "voucher_id", "order_id", "shopper_key", "amount_minor"),
        (
            (identity, now, row.voucher_id, row.order_id, row.shopper_key, row.amount_minor)
            for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True)
        ),
    )
    _count([(row.voucher_id, 1) for row in rows])


@transaction.atomic
def release(*, order_ids: Collection[UUID], now: datetime) -> None:
    """Give back the uses of orders that came to nothing, each once."""
    vouchers = fetch_rows(
        "SELECT id FROM promotions_voucher WHERE id IN (SELECT voucher_id FROM promotions_redemption"
        " WHERE order_id = ANY(%s) AND released_at IS NULL) ORDER BY id FOR NO KEY UPDATE",
        [list(order_ids)],
    )
    if vouchers:
        rows = fetch_rows(
            "UPDATE promotions_redemption SET released_at = %s WHERE order_id = ANY(%s) AND released_at IS NULL"
            " RETURNING voucher_id",
            [now, list(order_ids)],
        )
        _count([(row.voucher_id, -1) for row in rows])


def _count(changes: Sequence[tuple[UUID, int]]) -> None:
    source, params = unnest("w", {"id": "uuid", "uses": "int"}, changes)
    execute(
        f"UPDATE promotions_voucher v SET redeemed = v.redeemed + change.uses"
        f" FROM (SELECT id, sum(uses)::int AS uses FROM {source} GROUP BY id) change WHERE v.id = change.id",
        params,
    )


def _check(
    code: str,
    rate: Decimal | None,
    amount_minor: int | None,
    minimum_minor: int,
    platform_share: Decimal,
    limit_total: int | None,
    limit_per_shopper: int | None,
) -> None:
    if not 3 <= len(code) <= 40 or not code.isascii() or not code.isprintable() or " " in code:
        raise Invalid("promotions.bad_code", "A code has 3 to 40 letters or digits.", field="code")
    if (rate is None) == (amount_minor is None):
        raise Invalid("promotions.rate_or_amount", "A voucher has either a rate or an amount.", field="rate")
    for name, share in (("rate", rate), ("platform_share", platform_share)):
        if share is not None and not (share.is_finite() and 0 <= share <= 1 and share == round(share, 6)):
            raise Invalid(
                "promotions.not_a_share", "A share lies between 0 and 1; {share} is not.", field=name, share=str(share)
            )
    for name, number, least in (
        ("amount_minor", amount_minor, 1),
        ("minimum_minor", minimum_minor, 0),
        ("limit_total", limit_total, 1),
        ("limit_per_shopper", limit_per_shopper, 1),
    ):
        if number is not None and not least <= number <= 2_000_000_000:
            raise Invalid("promotions.out_of_range", "{number} is out of range.", field=name, number=number)
    if rate == 0:
        raise Invalid("promotions.not_a_share", "A voucher of nothing is none.", field="rate", share="0")
