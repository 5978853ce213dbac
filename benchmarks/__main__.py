"""Run one benchmark, or all of them: `python -m benchmarks [NAME] [OPTIONS]`."""

import importlib
import pkgutil
import sys
from pathlib import Path

#: Modules that only help.
OTHERS = {"__main__", "marketplace"}


def main() -> None:
    """The named benchmark with its options, or every one with its own defaults."""
    known = sorted({each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)])} - OTHERS)
    names = [sys.argv.pop(1)] if len(sys.argv) > 1 and sys.argv[1] in known else known
    if len(sys.argv) > 1 and len(names) > 1:
        sys.exit(f"usage: python -m benchmarks [{' | '.join(known)}] [OPTIONS]")
    for name in names:
        print(f"── {name}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
