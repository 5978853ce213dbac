"""Everything that is proven, in parts with databases of their own, several at once: see docs/operating/proving.md."""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).parent
#: The histories are cut into so many parts; every part begins by loading all there is.
PARTS = 2
#: What is done, each in a process with a database of its own, what takes longest first.
FILES = ("test_postgres.py", "test_crashes.py", "test_races.py", "test_museum.py", *["test_histories.py"] * PARTS)
SIZES = {
    "histories": "random histories", "steps": "steps of each", "rounds": "rounds of each race",
    "kills": "deaths of the database", "crash-rounds": "rounds of deaths at the crash points",
}  # fmt: skip


def main() -> int:
    """Run the parts, as many at once as there are cores, and say what they came to."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    for name, meaning in SIZES.items():
        parser.add_argument(f"--{name}", type=int, help=f"how many {meaning}")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="the same choices again")
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        environment = os.environ | {"PROVE_FIGURES": str(figures)}
        for name in SIZES:
            if (value := getattr(chosen, name.replace("-", "_"))) is not None:
                environment[f"PROVE_{name.replace('-', '_').upper()}"] = str(value)
        print(f"seed {chosen.seed}", flush=True)
        histories = int(environment.get("PROVE_HISTORIES", 500))

        def carry_out(number: int) -> int:
            mine = {"PROVE_SEED": str(chosen.seed + number)}
            if number < PARTS:
                mine["PROVE_HISTORIES"] = str((histories + number) // PARTS)
            if mine.get("PROVE_HISTORIES") == "0":
                return 0
            command = [sys.executable, "-m", "pytest", "-m", "prove", str(FOLDER / FILES[-1 - number])]
            return subprocess.run(command, env=environment | mine).returncode

        with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            ends = list(pool.map(carry_out, reversed(range(len(FILES)))))
        if figures.exists():
            print("\n" + figures.read_text(), end="")
    print(f"{time.monotonic() - began:.0f} seconds; " + ("all holds" if not any(ends) else "not all of it holds"))
    return max(ends)


if __name__ == "__main__":
    sys.exit(main())
