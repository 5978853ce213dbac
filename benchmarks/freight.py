"""How fast a rate card prices parcels, beside the bare arithmetic of the same card in NumPy.

The baseline is written for this one card by hand: it divides, compares, looks bands up and sums, and rounds nothing
exactly; no zones, families, refusals or checks. Both price the same parcels in this run.
"""

import argparse
import time

import numpy as np

from benchmarks.marketplace import show
from entrepot.domain.logistics.cards import read_cards
from entrepot.domain.logistics.charging import Loads, price
from entrepot.domain.logistics.weighing import volume_of

CARD = """card,currency,mode,carrier,service,valid_from,source,divisor,step,countries,zone,charge,basis,by,above,to,amount,family,triggers,of
x,USD,parcel,Some,ground,2025-01-01,a benchmark,5000,500 g,US CA,near,freight,shipment,billed kg,0,1,4.10,,,
,,,,,,,,,DE FR,far,freight,shipment,billed kg,0,1,6.20,,,
,,,,,,,,,,near,freight,shipment,billed kg,1,5,6.90,,,
,,,,,,,,,,far,freight,shipment,billed kg,1,5,9.30,,,
,,,,,,,,,,near,freight,shipment,billed kg,5,70,14.40,,,
,,,,,,,,,,far,freight,shipment,billed kg,5,70,21.75,,,
,,,,,,,,,,,by weight,kg,,,,0.85,,,
,,,,,,,,,,,long,shipment,,,,9.50,size,longest > 80 cm,
,,,,,,,,,,,heavy,shipment,,,,12.50,size,weight > 20 kg,
,,,,,,,,,,,fuel,percent,,,,12.5,,,freight size
"""  # noqa: E501
COUNTRIES = ("US", "CA", "DE", "FR")


def parcels(count: int) -> Loads:
    """So many parcels, the same every time."""
    draw = np.random.default_rng(7)
    sides = np.sort(draw.integers(40, 900, (count, 3)), axis=1)[:, ::-1].astype(np.int64)
    nothing = np.zeros(count, dtype=np.int64)
    return Loads(
        np.array(COUNTRIES)[draw.integers(0, 4, count)], np.full(count, ""), draw.integers(20, 30_000, count), sides,
        volume_of(sides), nothing + 1, nothing, nothing, nothing,
    )  # fmt: skip


def bare(loads: Loads, is_far: np.ndarray) -> np.ndarray:
    """The same card in floating point, without a check."""
    billed = np.ceil(np.maximum(loads.weight_g, loads.sides_mm.prod(axis=1) / 5000) / 500) * 500
    band = np.searchsorted(np.array([1000, 5000]), billed, side="left")
    freight = np.where(is_far, np.array([620, 930, 2175])[band], np.array([410, 690, 1440])[band])
    size = np.maximum(np.where(loads.sides_mm[:, 0] > 800, 950, 0), np.where(loads.weight_g > 20_000, 1250, 0))
    return np.rint(freight + billed * 0.085 + size + (freight + size) * 0.125)


def main() -> None:
    """Best of several runs of each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=5)
    given = options.parse_args()
    card, loads = read_cards(CARD)[0].card, parcels(given.parcels)
    is_far = np.isin(loads.destination, ["DE", "FR"])
    ours = theirs = float("inf")
    for _ in range(given.runs):
        start = time.perf_counter()
        bill = price(card, loads)
        middle = time.perf_counter()
        plain = bare(loads, is_far)
        ours, theirs = min(ours, middle - start), min(theirs, time.perf_counter() - middle)
    carried = bill.refusals == 0
    off = int(np.abs(bill.totals[carried] - plain[carried]).max())
    show(
        ("a rate card", f"{given.parcels / ours:,.0f} parcels/s ({given.parcels:,}, {carried.sum():,} carried)"),
        ("the same arithmetic by hand", f"{given.parcels / theirs:,.0f} parcels/s"),
        ("ratio", f"{theirs / ours:.3f}"),
        ("largest difference of a bill", f"{off} minor units"),
    )


if __name__ == "__main__":
    main()
