"""Reads of vouchers and of how often they were used."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from entrepot.domain.promotions import models
from entrepot.domain.promotions.rules import MILLION, Voucher
from entrepot.kernel.db import fetch_rows, unnest


def plain_code(code: str) -> str:
    """The code as it is kept: whoever types it in small letters means the same."""
    return code.strip().upper()


def find_vouchers(codes: Collection[str], *, lock: bool = False) -> dict[str, Voucher]:
    """The vouchers of these codes; with `lock` their rows are locked, by id, in the caller's transaction."""
    if not codes:
        return {}
    rows = fetch_rows(
        "SELECT voucher.*, coalesce(category.path, '') AS category_path FROM promotions_voucher voucher"
        " LEFT JOIN catalogue_category category ON category.id = voucher.category_id WHERE voucher.code = ANY(%s)"
        " ORDER BY voucher.id" + (" FOR NO KEY UPDATE OF voucher" if lock else ""),
        [list(codes)],
    )
    return {row.code: _read(row) for row in rows}


def count_uses(pairs: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
    """How often each shopper has used each voucher: (voucher, shopper key) -> uses that were not released."""
    if not pairs:
        return {}
    source, params = unnest("w", {"voucher_id": "uuid", "shopper_key": "text"}, sorted(set(pairs)))
    rows = fetch_rows(
        f"SELECT r.voucher_id, r.shopper_key, count(*) AS uses FROM promotions_redemption r JOIN {source}"
        f" ON r.voucher_id = w.voucher_id AND r.shopper_key = w.shopper_key WHERE r.released_at IS NULL"
        f" GROUP BY r.voucher_id, r.shopper_key",
        params,
    )
    return {(row.voucher_id, row.shopper_key): row.uses for row in rows}


def list_vouchers(*, market_id: UUID | None = None, seller_id: UUID | None = None) -> list[models.Voucher]:
    """Vouchers of a market and a seller where these are named, newest first."""
    found = models.Voucher.objects.select_related("market", "seller__organisation", "category").order_by("-id")
    if market_id is not None:
        found = found.filter(market_id=market_id)
    if seller_id is not None:
        found = found.filter(seller_id=seller_id)
    return list(found)


def _read(row: Any) -> Voucher:
    return Voucher(
        id=row.id,
        code=row.code,
        label=row.label,
        market_id=row.market_id,
        seller_id=row.seller_id,
        category_path=row.category_path,
        rate_ppm=int((row.rate or 0) * MILLION),
        amount_minor=row.amount_minor or 0,
        minimum_minor=row.minimum_minor,
        platform_ppm=int(row.platform_share * MILLION),
        limit_total=row.limit_total,
        limit_per_shopper=row.limit_per_shopper,
        redeemed=row.redeemed,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
