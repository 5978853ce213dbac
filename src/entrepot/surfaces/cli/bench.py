"""`entrepot bench NAME`: measure what we claim, on a scratch database, beside a baseline in the same run."""

import importlib
import sys
from pathlib import Path

import click

import entrepot
from entrepot.kernel.errors import NotFound

#: The benchmarks lie beside the source, as tests do; an installation without its source has none.
TREE = Path(entrepot.__file__).parents[2]


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("name", required=False)
@click.pass_context
def bench(context: click.Context, name: str | None) -> int:
    """Run the benchmark NAME with its own options (`--json` prints one JSON document), or list what there is."""
    if not (TREE / "benchmarks" / "__main__.py").exists():
        raise NotFound("bench.no_source", "The benchmarks lie in the source tree, and this is installed without it.")
    sys.path.insert(0, str(TREE))
    known = importlib.import_module("benchmarks.__main__").names()
    if name is None:
        print("\n".join(known))
        return 0
    if name not in known:
        raise NotFound("bench.unknown", "There is no benchmark {name}; there are {known}.", field="name",
                       name=name[:40], known=", ".join(known))  # fmt: skip
    sys.argv = [f"entrepot bench {name}", *context.args]
    importlib.import_module(f"benchmarks.{known[name]}").main()
    return 0
