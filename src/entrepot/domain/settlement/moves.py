"""What a parcel costs when it is handed over, what a return undoes and moves, what a loss moves: pure, over arrays.

Shape, units and rounding are those of `economics`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from entrepot.domain.settlement.economics import Amounts, Book, sums
from entrepot.domain.settlement.rules import (
    HANDOVER_PARTS,
    PARTIES,
    RETURN_PARTS,
    SPENDINGS,
    VALUE_PARTS,
    OnReturn,
    Part,
    column,
)
from entrepot.domain.terms.arrays import CAUSE, PARTY, PER, TASK, Flags, Small, Whole
from entrepot.domain.terms.rules import Cause, Party, Per, Task
from entrepot.kernel.money import apply_ppm, prorate_array, split_groups


@dataclass(frozen=True, eq=False)
class Parcels:
    """Lines in parcels. Shape: n lines in m parcels. Units: minor units of the market's currency."""

    parcel: Whole  # n: number of the parcel
    first: Whole  # n
    units: Whole  # n
    cost_minor: Whole  # m: what the carrier takes


@dataclass(frozen=True, eq=False)
class Returned:
    """Units of lines that came back. Shape: n. Units: minor units of the market's currency."""

    first: Whole
    units: Whole
    cause: Small  # CAUSE
    is_sellers: Flags  # whether the seller takes returns itself
    is_discarded: Flags
    label_minor: Whole  # what the way back cost
    spent: Whole  # n, SPENDINGS, parties: what the way there cost these units, by who bore it


def hand_over(book: Book, parcels: Parcels) -> Amounts:
    """What carriage, handling, storage and fees a parcel come to, line by line."""
    lines, terms, t, group = book.lines, book.terms, book.t, parcels.parcel
    weights = prorate_array(lines.freight_minor, parcels.first, parcels.units, lines.quantity)
    weightless = sums(weights, group, len(parcels.cost_minor)) == 0
    weights = np.where(weightless[group], parcels.units, weights)
    carriage = split_groups(parcels.cost_minor, weights, group)
    by_seller = terms.performer[t, TASK[Task.LAST_MILE]] == PARTY[Party.SELLER]
    stored = (terms.performer[t, TASK[Task.STORAGE]] == PARTY[Party.PLATFORM]) * parcels.units
    market = {
        **book.by_payers("carriage", Task.LAST_MILE, np.where(by_seller, 0, carriage)),
        **book.by_payers("carriage_shared", Task.LAST_MILE, np.where(by_seller, carriage, 0)),
        **book.by_payers("handling", Task.STORAGE, stored * lines.handling_minor),
        **book.by_payers("storage", Task.STORAGE, stored * lines.storage_minor),
    }
    borne = market["carriage.seller"] + market["carriage_shared.seller"]
    market["label_subsidy"] = apply_ppm(borne, terms.label_subsidy_ppm[t])
    return book.gather(HANDOVER_PARTS, market, _parcel_fees(book, weights, group))


def _parcel_fees(book: Book, weights: Whole, group: Whole) -> Whole:
    """Fees a parcel, divided over its lines. Shape: n, places."""
    fees = book.terms.fees
    order = np.argsort(group, kind="stable")
    running = np.cumsum(weights[order]) - weights[order]
    before = np.empty_like(weights)
    before[order] = running - running[np.searchsorted(group[order], group[order])]
    whole = sums(weights, group, int(group.max(initial=-1)) + 1)[group]
    amount = prorate_array(fees.amount_minor[book.t, :, book.c], before[:, None], weights[:, None], whole[:, None])
    applies = book.fee_covers & (fees.per[book.t] == PER[Per.PARCEL])
    return np.where(applies, amount, 0)


def spent_on(amounts: Amounts) -> Whole:
    """What a hand-over cost, by who bore it. Shape: n, SPENDINGS, parties."""
    spent = np.zeros((len(amounts.market), len(SPENDINGS), len(PARTIES)), dtype=np.int64)
    for number, spending in enumerate(SPENDINGS):
        for party in PARTIES:
            for place, part in enumerate(amounts.parts):
                if part.code in (f"{spending}.{party}", f"{spending}_shared.{party}"):
                    spent[:, number, PARTY[party]] += amounts.market[:, place]
    return spent


def undo(book: Book, returned: Returned) -> tuple[Amounts, Amounts]:
    """What is undone of the accruals of these units, and what moves to whoever is liable for the return."""
    accrued = book.accrue(returned.first, returned.units)
    undone = np.where(_is_undone(book, accrued.parts), -1, 0)
    costs = _return_costs(book, accrued, returned)
    return Amounts(accrued.parts, accrued.market * undone, accrued.seller * undone), costs


def lose(book: Book, lost: Returned) -> Amounts:
    """What moves when units never arrive: who is liable for a carrier's loss pays the owner, and for the way there.

    Nothing had accrued, so the goods are worth all that the seller would have kept.
    """
    accrued = book.accrue(lost.first, lost.units)
    liable = book.terms.liable[book.t, TASK[Task.LAST_MILE], CAUSE[Cause.CARRIER]]
    market = _nothing(book) | _moved(liable, dict(zip(SPENDINGS, np.moveaxis(lost.spent, 1, 0), strict=True)))
    made = book.gather(RETURN_PARTS, market, None)
    everything = np.ones(accrued.market.shape, dtype=np.bool_)
    _pay_for_goods(book, made, liable, _worth(book, accrued, everything))
    return made


def _return_costs(book: Book, accrued: Amounts, returned: Returned) -> Amounts:
    terms, t = book.terms, book.t
    liable = terms.liable[t, TASK[Task.REFUND_COST], returned.cause]
    spent = dict(zip(SPENDINGS, np.moveaxis(returned.spent, 1, 0), strict=True))
    spent["payment"] = np.stack([accrued.of(f"payment.{party}") for party in PARTIES], axis=1)
    customs = np.sum([accrued.of(f"customs.{party}") for party in PARTIES], axis=0)
    market = _nothing(book) | _moved(liable, spent)
    for party in PARTIES:
        market[f"customs_back.{party}"] = np.where(liable == PARTY[party], customs, 0)
    label_liable = terms.liable[t, TASK[Task.RETURNS_HANDLING], returned.cause]
    for name, handled in (("label", ~returned.is_sellers), ("label_shared", returned.is_sellers)):
        for party in PARTIES:
            if f"{name}.{party}" in market:
                bears = handled & (label_liable == PARTY[party])
                market[f"{name}.{party}"] = np.where(bears, returned.label_minor, 0)
    admin = apply_ppm(accrued.of("commission"), terms.refund_admin_ppm[t])
    admin = np.minimum(admin, terms.refund_admin_cap_minor[t, book.c])
    market["refund_admin"] = np.where(terms.commission_returned[t], admin, 0)
    made = book.gather(RETURN_PARTS, market, None)
    worth = _worth(book, accrued, _is_undone(book, accrued.parts))
    _pay_for_goods(book, made, liable, np.where(returned.is_discarded, worth, 0))
    return made


def _is_undone(book: Book, parts: tuple[Part, ...]) -> Flags:
    """Which parts a return undoes. Shape: n, p."""
    fees = book.terms.fees.returned_on_refund[book.t]
    columns = {
        OnReturn.UNDONE: np.ones(len(book.lines), dtype=np.bool_),
        OnReturn.SPENT: np.zeros(len(book.lines), dtype=np.bool_),
        OnReturn.COMMISSION: book.terms.commission_returned[book.t],
    }
    fixed = [columns[part.on_return] for part in parts if part.on_return in columns]
    return np.concatenate([np.stack(fixed, axis=1), fees, fees], axis=1)


def _nothing(book: Book) -> dict[str, Whole]:
    return {part.code: np.zeros(len(book.lines), dtype=np.int64) for part in RETURN_PARTS}


def _moved(liable: Small, spent: Mapping[str, Whole]) -> dict[str, Whole]:
    """What was spent, from who is liable to who bore it."""
    return {
        f"moved.{spending}.{bearer}.{party}": np.where(liable == PARTY[party], borne[:, PARTY[bearer]], 0)
        for party in PARTIES
        for spending, borne in spent.items()
        for bearer in PARTIES
        if bearer is not party
    }


def _worth(book: Book, accrued: Amounts, counted: Flags) -> Whole:
    """What goods are worth to their owner: what the seller would have kept of them, or what the platform paid for them.

    Units: minor units of the seller's currency.
    """
    worth = np.zeros(len(book.lines), dtype=np.int64)
    for place, part in enumerate(accrued.parts):
        sign = -1 if part.code == "fee" else VALUE_PARTS.get(part.code, 0)
        worth += sign * np.where(counted[:, place], accrued.seller[:, place], 0)
    return np.where(book.is_owned, accrued.seller[:, column(accrued.parts, "stock")], np.maximum(worth, 0))


def _pay_for_goods(book: Book, made: Amounts, liable: Small, worth: Whole) -> None:
    """Let who is liable pay the owner of goods that are lost."""
    for name, mine in (("goods", ~book.is_owned), ("owned_goods", book.is_owned)):
        for party in PARTIES:
            for place, part in enumerate(made.parts):
                if part.code == f"{name}.{party}":
                    made.seller[:, place] = np.where(mine & (liable == PARTY[party]), worth, 0)
                    made.market[:, place] = book.lines.to_market(made.seller[:, place])
