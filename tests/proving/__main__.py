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
#: What each process does, and its part of the histories, in sixths.
SHARES = (
    (4, ("test_histories.py",)),
    (2, ("test_crashes.py", "test_races.py", "test_postgres.py", "test_museum.py", "test_histories.py")),
)
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
        histories = int(environment.get("PROVE_HISTORIES", 500))
        running = []
        for number, (sixths, files) in enumerate(SHARES):
            mine = {"PROVE_HISTORIES": str(histories * sixths // 6), "PROVE_SEED": str(chosen.seed + number)}
            command = [sys.executable, "-m", "pytest", "-m", "prove", *(str(FOLDER / name) for name in files)]
            running.append(subprocess.Popen(command, env=environment | mine))
        ends = [each.wait() for each in running]
        if figures.exists():
            print("\n" + figures.read_text(), end="")
    print(f"{time.monotonic() - began:.0f} seconds; " + ("all holds" if not any(ends) else "not all of it holds"))
    return max(ends)


if __name__ == "__main__":
    sys.exit(main())
