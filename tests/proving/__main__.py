"""Everything that is proven, in two processes at once with databases of their own: see docs/operating/proving.md."""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).parent
#: What takes long by itself, by process.
SHARES = (("test_histories.py",), ("test_crashes.py", "test_races.py", "test_postgres.py", "test_museum.py"))
SIZES = {
    "histories": "random histories", "steps": "steps of each", "rounds": "rounds of each race",
    "kills": "deaths of the database", "crash-rounds": "rounds of deaths at the crash points",
}  # fmt: skip


def main() -> int:
    """Run the shares side by side, and say what they came to."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    for name, meaning in SIZES.items():
        parser.add_argument(f"--{name}", type=int, help=f"how many {meaning}")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="the same choices again")
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        environment = os.environ | {"PROVE_SEED": str(chosen.seed), "PROVE_FIGURES": str(figures)}
        for name in SIZES:
            if (value := getattr(chosen, name.replace("-", "_"))) is not None:
                environment[f"PROVE_{name.replace('-', '_').upper()}"] = str(value)
        print(f"seed {chosen.seed}", flush=True)
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "pytest", "-m", "prove", *(str(FOLDER / name) for name in share
                                                                  if (FOLDER / name).exists())],
                env=environment,
            )
            for share in SHARES
        ]  # fmt: skip
        ends = [each.wait() for each in running]
        if figures.exists():
            print("\n" + figures.read_text(), end="")
    print(f"{time.monotonic() - began:.0f} seconds; " + ("all holds" if not any(ends) else "not all of it holds"))
    return max(ends)


if __name__ == "__main__":
    sys.exit(main())
