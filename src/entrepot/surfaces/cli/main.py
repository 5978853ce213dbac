"""`entrepot …`: one table of commands, each imported when it is called."""

import importlib
import importlib.util
import json
import os
import signal
import sys
from typing import Any

import click

from entrepot.kernel.errors import EntrepotError, Unavailable

#: name → (module:function, one line for the list)
COMMANDS = {
    "up": ("entrepot.surfaces.cli.up:up", "Start the marketplace on this machine."),
    "doctor": ("entrepot.surfaces.cli.doctor:doctor", "Say what this installation has and lacks."),
    "programmes": ("entrepot.surfaces.cli.programmes:programmes", "List, show, compare and check programmes."),
    "import": ("entrepot.surfaces.cli.imports:imports", "Bring in a catalogue from a file."),
    "replay": ("entrepot.surfaces.cli.replay:replay", "Play an order history through the marketplace."),
    "settle": ("entrepot.surfaces.cli.settle:settle", "Settle and pay out what is due."),
    "verify": ("entrepot.surfaces.cli.verify:verify", "Prove the books."),
    "seed": ("entrepot.surfaces.cli.seed:seed", "Fill an empty marketplace."),
    "quote": ("entrepot.surfaces.cli.quote:quote", "Price a cart, landed."),
    "route": ("entrepot.surfaces.cli.route:route", "Choose nodes, services and parcels for lines."),
    "ahead": ("entrepot.surfaces.cli.ahead:ahead", "Say what is sold while it is on its way."),
    "routing-rules": ("entrepot.surfaces.cli.routing_rules:routing_rules", "Say what routing forbids and prefers."),
    "compare": ("entrepot.surfaces.cli.compare:compare", "Compare programmes for a seller's goods."),
    "tariff": ("entrepot.surfaces.cli.tariff:tariff", "Look up customs duty."),
    "lanes": ("entrepot.surfaces.cli.lanes:lanes", "List lanes, services and rates."),
    "promises": ("entrepot.surfaces.cli.promises:promises", "Say what is late, and on whose part."),
    "rates": ("entrepot.surfaces.cli.rates:rates", "List and show rate cards."),
    "bench": ("entrepot.surfaces.cli.bench:bench", "Measure this installation."),
}


class Lazy(click.Group):
    """A group that imports a command's module when that command is called, and lists those that exist."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for name, (place, _) in COMMANDS.items() if importlib.util.find_spec(place.split(":")[0])]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        module, function = COMMANDS[name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), function)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(context)])


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="entrepot")
def entrepot() -> None:
    """A cross-border marketplace whose sellers trade under any management model.

    ENTREPOT_DATA_DIR names the folder that holds everything; ENTREPOT_DATABASE_URL names a PostgreSQL to use instead of
    the one that comes along.
    """


def main() -> None:
    """Run a command. Status 0: done; 1: refused or a finding; 2: wrong usage."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entrepot.config.settings")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        status = entrepot.main(standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except EntrepotError as refusal:
        _tell(refusal)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as problem:
        if not _is_unreachable(problem):
            raise
        lines = str(problem).strip().splitlines()
        _tell(Unavailable("database.unreachable", "The database does not answer: {reason}", reason=lines[0]))


def _end(number: int, frame: object) -> None:
    """A signal ends the command the orderly way, so that what it started is stopped."""
    sys.exit(128 + number)


def _tell(refusal: EntrepotError) -> None:
    """One clear line on stderr; with --json the problem as JSON on stdout too."""
    if "--json" in sys.argv:
        print(json.dumps(problem(refusal), ensure_ascii=False, default=str))
    print(f"entrepot: {refusal} [{refusal.code}]", file=sys.stderr)
    sys.exit(1)


def problem(refusal: EntrepotError) -> dict[str, Any]:
    """The refusal as a problem document. Source: RFC 9457."""
    return {
        "type": f"/api/v1/errors#{refusal.code}",
        "title": str(refusal),
        "status": refusal.status,
        "code": refusal.code,
        **({"field": refusal.field} if refusal.field else {}),
        "values": refusal.values,
    }


def _is_unreachable(problem: BaseException) -> bool:
    """Whether this is the database that does not answer."""
    django_db = sys.modules.get("django.db")
    psycopg = sys.modules.get("psycopg")
    return isinstance(problem, tuple(module.OperationalError for module in (django_db, psycopg) if module is not None))
