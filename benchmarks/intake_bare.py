"""How many orders a second are placed, beside a bare batched COPY of the same rows that decides nothing."""

from collections.abc import Sequence

from benchmarks.intake import bare, run
from benchmarks.sides import Result


def main(argv: Sequence[str] | None = None) -> Result:
    """Place, then copy the same rows in batches of the same size."""
    return run("intake-bare", "≥ 0.5", bare, argv)


if __name__ == "__main__":
    main()
