"""Terms as arrays of whole numbers, for the economics that price, post and predict many lines at once.

`compiled = compile_terms(list_of_terms, categories=…, currencies=…)`; a line then carries three small numbers: its
terms' number `t` (the position in that list), its category's `k` and its currency's `c`, and every question about
any number of lines is one indexing: `compiled.commission_ppm[t, k]`, `compiled.payer_ppm[t, TASK[Task.LAST_MILE]]`,
`compiled.performer[t, TASK[Task.TAX_COLLECTION]] == PARTY[Party.PLATFORM]`. A base over the lines' components, an
array of shape (lines, components) in the order of `bases.COMPONENTS`, is
`evaluate(compiled.commission_base[t], amounts)`.

Rates and shares are parts per million, exact because the grammar allows six decimal places.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from entrepot.domain.terms import bases
from entrepot.domain.terms.clauses import (
    Accrual,
    Capture,
    EarningBasis,
    Fee,
    Incentive,
    IncentiveKind,
    Per,
)
from entrepot.domain.terms.rules import Terms, missing_amounts
from entrepot.domain.terms.tasks import Cause, Party, Task
from entrepot.kernel.errors import Refused
from entrepot.kernel.money import MINOR_MAX

Whole = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]

PPM = 1_000_000
NOBODY = -1

#: The number of each word in the arrays.
TASK: Mapping[Task, int] = {task: index for index, task in enumerate(Task)}
PARTY: Mapping[Party, int] = {party: index for index, party in enumerate(Party)}
CAUSE: Mapping[Cause, int] = {cause: index for index, cause in enumerate(Cause)}
PER: Mapping[Per, int] = {per: index for index, per in enumerate(Per)}
ACCRUAL: Mapping[Accrual, int] = {accrual: index for index, accrual in enumerate(Accrual)}


class AmountMissing(Refused):
    """A fee or incentive has no amount in a currency in which it is to be charged."""

    code = "terms.amount_missing"
    message = "{programme}: {keys} has no amount in {currency}."


@dataclass(frozen=True, eq=False)
class FeeArrays:
    """The fees of each terms side by side; a place without a fee has rate, amount and base zero and covers nothing.

    Shape: n terms, f places, then components, currencies or categories. Units: minor, ppm.
    """

    codes: tuple[tuple[str, ...], ...]
    rate_ppm: Whole  # n, f
    base: Whole  # n, f, components
    amount_minor: Whole  # n, f, currencies
    per: Small  # n, f: PER, or NOBODY for a rate
    floor_minor: Whole  # n, f, currencies
    cap_minor: Whole  # n, f, currencies; MINOR_MAX where there is no cap
    covers: Flags  # n, f, categories
    charged_to: Small  # n, f: PARTY
    returned_on_refund: Flags  # n, f

    @property
    def places(self) -> int:
        """How many fees the terms with the most have."""
        return int(self.rate_ppm.shape[1])


@dataclass(frozen=True, eq=False)
class TermsArrays:
    """What the economics ask of terms. Shape: n terms first, then as each line says. Units: minor, ppm, days."""

    terms: tuple[Terms, ...]
    categories: tuple[str, ...]
    currencies: tuple[str, ...]
    performer: Small  # n, tasks: PARTY or NOBODY
    decider: Small  # n, tasks: PARTY or NOBODY
    payer_ppm: Whole  # n, tasks, parties; a row sums to PPM, or to zero where the programme does without
    liable: Small  # n, tasks, causes: PARTY or NOBODY
    supply_price: Flags  # n: the seller earns the supply price, else retail minus commission
    accrues_on: Small  # n: ACCRUAL
    commission_ppm: Whole  # n, categories, with a holiday where one was in force
    commission_base: Whole  # n, components
    capture_at_order: Flags  # n
    commission_returned: Flags  # n
    refund_admin_ppm: Whole  # n, of the commission that is returned
    refund_admin_cap_minor: Whole  # n, currencies
    reserve_ppm: Whole  # n
    reserve_cap_minor: Whole  # n, currencies
    reserve_days: Whole  # n
    label_subsidy_ppm: Whole  # n
    cash_per_order_minor: Whole  # n, currencies
    cash_first_orders: Whole  # n; MINOR_MAX where every order counts
    fees: FeeArrays


def evaluate(coefficients: Whole, amounts: Whole) -> Whole:
    """A base per line. Shape: both (lines, components), coefficients may be one row. Units: minor."""
    result: Whole = (coefficients * amounts).sum(axis=-1, dtype=np.int64)
    return result


def ppm(rate: Decimal | None) -> int:
    """A rate in parts per million; none is zero."""
    return int((rate or Decimal(0)) * PPM)


def compile_terms(
    terms: Sequence[Terms],
    *,
    categories: Sequence[str] = ("",),
    currencies: Sequence[str] = (),
    pairs: Collection[tuple[int, int]] | None = None,
) -> TermsArrays:
    """Gather terms into arrays. `categories` are the distinct category paths of the lines, `currencies` theirs.

    `pairs` are the terms and currencies that meet on a line, by number; where not said, any may meet any.
    Raises: AmountMissing where a fee or incentive has no amount in a currency that it meets.
    """
    for place, each in enumerate(terms):
        for number, currency in enumerate(currencies):
            if pairs is not None and (place, number) not in pairs:
                continue
            if keys := missing_amounts(each, currency):
                raise AmountMissing(programme=each.programme, keys=", ".join(keys), currency=currency)
    cash = [_incentive(each, IncentiveKind.CASH_PER_ORDER) for each in terms]
    labels = [_incentive(each, IncentiveKind.LABEL_SUBSIDY) for each in terms]
    reserves = [each.settlement.reserve for each in terms]
    admins = [each.returns.refund_admin for each in terms]
    supply = bases.parse("supply_price")
    return TermsArrays(
        terms=tuple(terms),
        categories=tuple(categories),
        currencies=tuple(currencies),
        performer=_small([[_number(PARTY, each.performer(task)) for task in Task] for each in terms], len(TASK)),
        decider=_small([[_number(PARTY, each.decider(task)) for task in Task] for each in terms], len(TASK)),
        payer_ppm=_whole(
            [[[ppm(each.payer(task).get(party)) for party in Party] for task in Task] for each in terms],
            len(TASK), len(PARTY),
        ),
        liable=_small(
            [[[_number(PARTY, each.liable(task, cause)) for cause in Cause] for task in Task] for each in terms],
            len(TASK), len(CAUSE),
        ),
        supply_price=_flags([each.earning.basis is EarningBasis.SUPPLY_PRICE for each in terms]),
        accrues_on=_small([ACCRUAL[each.earning.accrues_on] for each in terms]),
        commission_ppm=_whole(
            [[ppm(each.commission_rate(path)) for path in categories] for each in terms], len(categories)
        ),
        commission_base=_whole([(each.earning.base or supply).coefficients for each in terms], len(bases.COMPONENTS)),
        capture_at_order=_flags([each.fulfilment.capture is Capture.ORDER for each in terms]),
        commission_returned=_flags([each.returns.commission_returned for each in terms]),
        refund_admin_ppm=_whole([ppm(each.rate if each else None) for each in admins]),
        refund_admin_cap_minor=_caps([each.cap_minor if each else {} for each in admins], currencies),
        reserve_ppm=_whole([ppm(each.rate if each else None) for each in reserves]),
        reserve_cap_minor=_caps([each.cap_minor if each else {} for each in reserves], currencies),
        reserve_days=_whole([each.release_days if each else 0 for each in reserves]),
        label_subsidy_ppm=_whole([ppm(each.rate if each else None) for each in labels]),
        cash_per_order_minor=_amounts([each.amount_minor if each else {} for each in cash], currencies),
        cash_first_orders=_whole([each.first_orders or MINOR_MAX if each else 0 for each in cash]),
        fees=_fees(terms, categories, currencies),
    )  # fmt: skip


def _fees(terms: Sequence[Terms], categories: Sequence[str], currencies: Sequence[str]) -> FeeArrays:
    places = max((len(each.fees) for each in terms), default=0)
    rows: list[list[Fee | None]] = [[*each.fees, *[None] * (places - len(each.fees))] for each in terms]
    nothing = (0,) * len(bases.COMPONENTS)
    return FeeArrays(
        codes=tuple(tuple(fee.code for fee in each.fees) for each in terms),
        rate_ppm=_whole([[ppm(fee.rate if fee else None) for fee in row] for row in rows], places),
        base=_whole(
            [[fee.base.coefficients if fee and fee.base else nothing for fee in row] for row in rows],
            places, len(bases.COMPONENTS),
        ),
        amount_minor=_amounts([[fee.amount_minor if fee else {} for fee in row] for row in rows], currencies, places),
        per=_small([[_number(PER, fee.per if fee else None) for fee in row] for row in rows], places),
        floor_minor=_amounts([[fee.floor_minor if fee else {} for fee in row] for row in rows], currencies, places),
        cap_minor=_caps([[fee.cap_minor if fee else {} for fee in row] for row in rows], currencies, places),
        covers=_flags(
            [[[bool(fee and fee.covers(path)) for path in categories] for fee in row] for row in rows],
            places, len(categories),
        ),
        charged_to=_small([[_number(PARTY, fee.charged_to if fee else None) for fee in row] for row in rows], places),
        returned_on_refund=_flags([[bool(fee and fee.returned_on_refund) for fee in row] for row in rows], places),
    )  # fmt: skip


def _incentive(terms: Terms, kind: IncentiveKind) -> Incentive | None:
    """The one incentive of the kind that was in force."""
    return next((each for each in terms.incentives if each.kind is kind), None)


def _number(numbers: Mapping[Any, int], word: StrEnum | None) -> int:
    return NOBODY if word is None else numbers[word]


def _whole(rows: Sequence[Any], *shape: int) -> Whole:
    return np.array(rows, dtype=np.int64).reshape(len(rows), *shape)


def _small(rows: Sequence[Any], *shape: int) -> Small:
    return np.array(rows, dtype=np.int8).reshape(len(rows), *shape)


def _flags(rows: Sequence[Any], *shape: int) -> Flags:
    return np.array(rows, dtype=np.bool_).reshape(len(rows), *shape)


def _amounts(rows: Sequence[Any], currencies: Sequence[str], *shape: int, default: int = 0) -> Whole:
    def spread(row: Any) -> Any:
        if isinstance(row, Mapping):
            return [row.get(currency, default) for currency in currencies]
        return [spread(each) for each in row]

    return _whole([spread(row) for row in rows], *shape, len(currencies))


def _caps(rows: Sequence[Any], currencies: Sequence[str], *shape: int) -> Whole:
    return _amounts(rows, currencies, *shape, default=MINOR_MAX)
