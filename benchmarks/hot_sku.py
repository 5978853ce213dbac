"""How many orders of one unit of one SKU are placed a second, beside the same rows one order per transaction."""

from collections.abc import Sequence

from benchmarks.intake import loop, run
from benchmarks.sides import Result


def main(argv: Sequence[str] | None = None) -> Result:
    """All shoppers want the same: the baseline updates its stock row last, and waits for it all the same."""
    return run("hot-sku", "≥ 4", loop, argv, hot=True)


if __name__ == "__main__":
    main()
