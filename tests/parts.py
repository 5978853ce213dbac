"""`make test`: every test but those of `make check`, in parts with databases of their own, the longest first.

As many go at once as there are cores; whichever ends takes the next, so that no core waits for another. With arguments
it is pytest with these.
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

FOLDER = Path(__file__).parent
#: What `make check` runs, and nobody twice.
CHECKED = "architecture"
#: Folders that are parts of their own, each with what it leaves to others; "" is all that is left.
PARTS: dict[str, tuple[str, ...]] = {
    "walks": (),
    "surfaces": ("surfaces/shop",),
    "": ("walks", "surfaces", "flows", CHECKED),
    "flows": (),
    "surfaces/shop": (),
}
#: Parts at once; each has a browser, a database and a program.
AT_ONCE_MAX = 4


def main() -> int:
    """Carry out the parts, tell each when it has ended, and say what they came to."""
    if sys.argv[1:]:
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *sys.argv[1:]])
    began, telling = time.monotonic(), Lock()

    def carry_out(part: str) -> int:
        started = time.monotonic()
        ignored = [f"--ignore={FOLDER / other}" for other in PARTS[part]]
        with tempfile.TemporaryFile() as log:
            command = [sys.executable, "-m", "pytest", str(FOLDER / part), *ignored]
            end = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode
            log.seek(0)
            with telling:
                print(f"\ntests/{part}: {time.monotonic() - started:.0f} seconds", flush=True)
                sys.stdout.buffer.write(log.read())
                sys.stdout.flush()
        return end

    with ThreadPoolExecutor(min(os.cpu_count() or 1, AT_ONCE_MAX)) as pool:
        ends = list(pool.map(carry_out, PARTS))
    failed = [f"tests/{part}" for part, end in zip(PARTS, ends, strict=True) if end]
    print(f"\n{time.monotonic() - began:.0f} seconds; " + (f"failed: {', '.join(failed)}" if failed else "all pass"))
    return max(ends)


if __name__ == "__main__":
    sys.exit(main())
