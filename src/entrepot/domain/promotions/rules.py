"""When a voucher counts, what it takes off, and who funds it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.kernel.errors import Refused

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as it stands. Units: minor, as displayed; rates in parts per million."""

    id: UUID
    code: str
    label: str
    market_id: UUID
    seller_id: UUID | None
    category_path: str
    rate_ppm: int
    amount_minor: int
    minimum_minor: int
    platform_ppm: int
    limit_total: int | None
    limit_per_shopper: int | None
    redeemed: int
    valid_from: datetime
    valid_until: datetime

    def covers(self, seller_id: UUID, category_path: str) -> bool:
        """Whether it counts for a line of this seller in this category or one below it."""
        if self.seller_id not in (None, seller_id):
            return False
        scope = self.category_path
        return not scope or category_path == scope or category_path.startswith(f"{scope}/")


class VoucherRefused(Refused):
    """The voucher does not count for this cart. The code says why."""

    message = "The voucher {voucher} does not count here."


REFUSALS = {
    "promotions.unknown_voucher": "There is no voucher {voucher}.",
    "promotions.other_market": "The voucher {voucher} is for another market.",
    "promotions.not_yet_valid": "The voucher {voucher} is not valid yet.",
    "promotions.expired": "The voucher {voucher} has expired.",
    "promotions.nothing_covered": "The voucher {voucher} covers nothing in this cart.",
    "promotions.below_minimum": "The voucher {voucher} asks for goods of {minimum}; it covers {covered} here.",
    "promotions.used_up": "The voucher {voucher} has been used up.",
    "promotions.used_by_shopper": "You have used the voucher {voucher} as often as it allows.",
    "promotions.needs_shopper": "The voucher {voucher} needs your e-mail address.",
}


def refuse(code: str, voucher: str, **values: object) -> VoucherRefused:
    """The refusal of this code."""
    return VoucherRefused(code, REFUSALS[code], field="voucher_code", voucher=voucher, **values)


def find_objection(
    voucher: Voucher,
    *,
    market_id: UUID,
    covered_minor: int | None,
    now: datetime,
    uses: int,
    used: int,
    shopper_key: str,
) -> VoucherRefused | None:
    """Why the voucher does not count for a cart, or None.

    `covered_minor` is the displayed value of the lines that it covers, None where it covers none; `uses` is how often
    it was used, `used` how often by this shopper.
    """
    code, values = "", {}
    if voucher.market_id != market_id:
        code = "promotions.other_market"
    elif now < voucher.valid_from:
        code = "promotions.not_yet_valid"
    elif now >= voucher.valid_until:
        code = "promotions.expired"
    elif covered_minor is None:
        code = "promotions.nothing_covered"
    elif covered_minor < voucher.minimum_minor:
        code, values = "promotions.below_minimum", {"minimum": voucher.minimum_minor, "covered": covered_minor}
    elif voucher.limit_total is not None and uses >= voucher.limit_total:
        code = "promotions.used_up"
    elif voucher.limit_per_shopper is not None and not shopper_key:
        code = "promotions.needs_shopper"
    elif voucher.limit_per_shopper is not None and used >= voucher.limit_per_shopper:
        code = "promotions.used_by_shopper"
    return refuse(code, voucher.code, **values) if code else None


def covered_minor(voucher: Voucher, lines: Sequence[tuple[UUID, str, int]]) -> int | None:
    """The displayed value of the lines (seller, category path, displayed) that it covers; None where it covers none."""
    covered = [displayed for seller_id, path, displayed in lines if voucher.covers(seller_id, path)]
    return sum(covered) if covered else None


def discount(voucher: Voucher, covered: int) -> int:
    """What it takes off goods of this displayed value; never more than they cost. Rounding: half to even."""
    if voucher.amount_minor:
        return min(voucher.amount_minor, covered)
    quotient, remainder = divmod(covered * voucher.rate_ppm, MILLION)
    return quotient + (2 * remainder > MILLION or (2 * remainder == MILLION and quotient % 2))
