"""Run one benchmark, or all of them: `python -m benchmarks [NAME] [OPTIONS]`."""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

#: Modules that only help.
OTHERS = {"__main__", "marketplace", "goods", "lives", "sides", "serving", "bare_settings", "bare_urls"}
#: What is called otherwise than its module.
RENAMED = {"import_rows": "import"}


def names() -> dict[str, str]:
    """The module of each benchmark, by the name of the benchmark."""
    found = {each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)])} - OTHERS
    return {RENAMED.get(module, module.replace("_", "-")): module for module in sorted(found)}


def main() -> None:
    """The named benchmark with its options, or every one with its own defaults and in a process of its own."""
    known = names()
    known |= {module: module for module in known.values()}
    if len(sys.argv) > 1 and sys.argv[1] in known:
        importlib.import_module(f"benchmarks.{known[sys.argv.pop(1)]}").main()
        return
    if len(sys.argv) > 1:
        sys.exit(f"usage: python -m benchmarks [{' | '.join(known)}] [OPTIONS]")
    failed = []
    for name in names():
        print(f"── {name}", flush=True)
        if subprocess.run([sys.executable, "-m", "benchmarks", name], env=os.environ).returncode:
            failed.append(name)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
