"""Integer minor units with an ISO 4217 currency; rates as Decimal; one rounding, half to even; splits that sum up."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext

import numpy as np
import numpy.typing as npt

from entrepot.kernel.errors import Invalid

Minor = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]

#: Decimal places of the currencies in use. Source: ISO 4217, list one.
EXPONENTS: dict[str, int] = {
    **dict.fromkeys(
        (
            "AED ARS AUD BDT BGN BRL CAD CHF CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR KES LKR MAD MXN MYR NGN "
            "NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD TZS UAH USD UYU ZAR"
        ).split(),
        2,
    ),
    **dict.fromkeys("CLP ISK JPY KRW PYG UGX VND XAF XOF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD OMR TND".split(), 3),
}

#: No single amount may exceed this: far above any order, far below the range of int64 even when a million are summed.
MINOR_MAX = 9_000_000_000_000


class UnknownCurrency(Invalid):
    """The currency is not in the table."""

    code = "money.unknown_currency"
    message = "{currency} is not a currency that this market system knows; use an ISO 4217 code such as EUR."


class AmountOutOfRange(Invalid):
    """The amount is beyond what can be charged."""

    code = "money.out_of_range"
    message = "An amount of {amount} is beyond what can be charged."


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise Invalid(
                "money.currency_mismatch",
                "{left} and {right} cannot be added.",
                left=self.currency,
                right=other.currency,
            )
        return other.minor


def exponent(currency: str) -> int:
    """Decimal places of the currency. Raises: UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency) from None


def round_half_even(value: Decimal) -> int:
    """The nearest whole number, ties to even."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def parse_minor(text: str, currency: str, *, field: str = "amount") -> int:
    """Read a decimal amount as people write it ("12.50"); more places than the currency has are refused.

    Raises: Invalid, UnknownCurrency, AmountOutOfRange.
    """
    places = exponent(currency)
    cleaned = text.strip()
    try:
        if not cleaned.isascii():
            raise InvalidOperation
        value = Decimal(cleaned)
        if not value.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise Invalid(
            "money.unreadable", "{text!r} is not an amount; write digits such as 12.50.", field=field, text=text[:40]
        ) from None
    with localcontext() as context:
        context.prec = 40
        if abs(value) > MINOR_MAX:
            raise AmountOutOfRange(field=field, amount=text[:40])
        scaled = value.scaleb(places)
        if scaled != scaled.to_integral_value():
            raise Invalid(
                "money.too_precise",
                "{text} has more decimal places than {currency} has ({places}).",
                field=field,
                text=cleaned,
                currency=currency,
                places=places,
            )
    if abs(scaled) > MINOR_MAX:
        raise AmountOutOfRange(field=field, amount=text[:40])
    return int(scaled)


def decimal_of(minor: int, currency: str) -> Decimal:
    """The amount in major units."""
    return Decimal(minor).scaleb(-exponent(currency))


def format_minor(minor: int, currency: str, language: str = "en") -> str:
    """The amount as text with grouping and the currency's sign or code, in the habits of the language."""
    places = exponent(currency)
    major, rest = divmod(abs(minor), 10**places)
    group, point = {"de": (".", ","), "pt": (".", ",")}.get(language[:2], (",", "."))
    digits = f"{major:,}".replace(",", group) + (f"{point}{rest:0{places}d}" if places else "")
    sign = "\u2212" if minor < 0 else ""
    symbol = {"EUR": "€", "USD": "$", "GBP": "£", "BRL": "R$", "CNY": "CN¥", "JPY": "¥"}.get(currency, currency)
    if language[:2] == "de":
        return f"{sign}{digits}\u00a0{symbol}"
    space = "\u00a0" if len(symbol) > 1 else ""
    return f"{sign}{symbol}{space}{digits}"


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split a whole amount by weights; the parts sum to it exactly.

    Rounding: largest remainder, ties to the earlier part; a split of nothing by no weight falls on the first part.
    """
    if not weights:
        raise ValueError("a split needs at least one part")
    whole = sum(weights)
    if whole == 0 or len(weights) == 1:
        return [total] + [0] * (len(weights) - 1)
    sign = -1 if total < 0 else 1
    exact = [divmod(abs(total) * weight, whole) for weight in weights]
    parts = [quotient for quotient, _ in exact]
    left = abs(total) - sum(parts)
    for index in sorted(range(len(weights)), key=lambda i: (-exact[i][1], i))[:left]:
        parts[index] += 1
    return [sign * part for part in parts]


def split_groups(totals: Minor, weights: Minor, group: Indices) -> Minor:
    """`split` for many wholes at once: each total over the members of its group, by weight, summing to it.

    Shape: `totals` has one entry a group, `weights` and `group` one a member; every group has a member.
    Rounding: largest remainder, ties to the earlier member; where no member has weight, all falls on the first.
    """
    if not len(group):
        return np.zeros(0, dtype=np.int64)
    first = np.full(len(totals), len(group), dtype=np.int64)
    np.minimum.at(first, group, np.arange(len(group)))
    weightless = sum_groups(weights, group, len(totals)) == 0
    weights = weights.copy()
    weights[first[weightless]] = 1
    whole = sum_groups(weights, group, len(totals))[group]
    total = totals[group]
    if float(np.max(total)) * float(np.max(weights)) > 9.0e18:
        total, weights, whole = total.astype(object), weights.astype(object), whole.astype(object)
    product = total * weights
    part = np.asarray(product // whole, dtype=np.int64)
    rest = np.asarray(product % whole, dtype=np.int64)
    return part + hand_out(totals - sum_groups(part, group, len(totals)), rest, group)


def hand_out(left: Minor, rest: Minor, group: Indices) -> Minor:
    """One more for so many members of each group as are left over: those with the largest rests, then the earlier.

    Shape: `left` has one entry a group, `rest` and `group` one a member. Returns noughts and ones.
    """
    more = np.zeros(len(group), dtype=np.int64)
    waiting = np.flatnonzero(left[group] > 0)
    if len(waiting):
        mine = group[waiting]
        order = np.lexsort((waiting, -rest[waiting], mine))
        ordered = mine[order]
        rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
        more[waiting[order[rank < left[ordered]]]] = 1
    return more


def sum_groups(values: Minor, group: Indices, groups: int) -> Minor:
    """The sum over the members of each group. Shape: `groups`."""
    total = np.zeros(groups, dtype=np.int64)
    np.add.at(total, group, values)
    return total


def prorate(total: int, done: int, quantity: int, of: int) -> int:
    """The share of `total` for the next `quantity` of `of` units when `done` units had theirs before.

    Rounding: cumulative, half to even, so that the shares of all units sum to the total whatever the steps.
    """
    if not 0 <= done <= done + quantity <= of:
        raise ValueError(f"{done} + {quantity} of {of}")
    return _share(total, done + quantity, of) - _share(total, done, of)


def prorate_array(total: Minor, done: Minor, quantity: Minor, of: Minor) -> Minor:
    """`prorate` over arrays. Shape: all alike. Units: minor units and pieces."""
    return share_array(total, done + quantity, of) - share_array(total, done, of)


def share_array(total: Minor, part: Minor, of: Minor) -> Minor:
    """total × part / of, rounded half to even. Raises: OverflowError where the product leaves int64."""
    return divide_half_even(checked_multiply(total, part), of)


def apply_ppm(amount: Minor, rate_ppm: Minor) -> Minor:
    """amount × rate, the rate in parts per million, rounded half to even."""
    return divide_half_even(checked_multiply(amount, rate_ppm), np.int64(1_000_000))


def divide_half_even(numerator: Minor, denominator: Minor | np.int64) -> Minor:
    """Integer division rounded half to even; the denominator is positive."""
    quotient, remainder = np.divmod(numerator, denominator)
    twice = 2 * remainder
    up = (twice > denominator) | ((twice == denominator) & (quotient % 2 != 0))
    return np.asarray(quotient + up, dtype=np.int64)


def checked_multiply(left: Minor, right: Minor | np.int64) -> Minor:
    """left × right. Raises: OverflowError where a product leaves int64."""
    product = np.multiply(left, right, dtype=np.int64)
    if np.any(np.abs(np.multiply(left, right, dtype=np.float64)) > 9.0e18):
        raise OverflowError("a product of amounts leaves the range of 64 bits")
    return product


def scale_array(amount: Minor, numerator: Minor, denominator: Minor) -> Minor:
    """amount × numerator / denominator, exact whatever the size of the product, rounded half to even.

    Shape: all alike; the denominator is positive.
    """
    result = np.zeros(np.broadcast(amount, numerator, denominator).shape, dtype=np.int64)
    amount, numerator, denominator = (np.broadcast_to(each, result.shape) for each in (amount, numerator, denominator))
    large = np.abs(np.multiply(amount, numerator, dtype=np.float64)) > 4.0e18
    small = ~large
    result[small] = divide_half_even(amount[small] * numerator[small], denominator[small])
    if large.any():  # Python's integers have no bounds, and such amounts are rare
        result[large] = [
            _share(int(each), int(above), int(below))
            for each, above, below in zip(amount[large], numerator[large], denominator[large], strict=True)
        ]
    return result


def exchange_fraction(rate: Decimal, source: str, target: str) -> tuple[int, int]:
    """A rate (units of target per unit of source) as numerator and denominator between minor units, for arrays."""
    with localcontext() as context:
        context.prec = 40
        exact = rate.scaleb(exponent(target) - exponent(source))
        return exact.as_integer_ratio()


def convert(minor: int, rate: Decimal, source: str, target: str) -> int:
    """An amount exchanged at a rate (units of target per unit of source). Rounding: once, half to even."""
    if source == target:
        return minor
    with localcontext() as context:
        context.prec = 40
        return round_half_even(Decimal(minor).scaleb(exponent(target) - exponent(source)) * rate)


def _share(total: int, part: int, of: int) -> int:
    quotient, remainder = divmod(total * part, of)
    if 2 * remainder > of or (2 * remainder == of and quotient % 2):
        quotient += 1
    return quotient
