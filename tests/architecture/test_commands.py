"""Every command answers --help, and the list of commands costs nothing."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from entrepot.surfaces.cli.main import COMMANDS, entrepot


def every_command():
    context = click.Context(entrepot)

    def walk(command, path):
        yield path
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                assert child is not None
                yield from walk(child, [*path, name])

    return list(walk(entrepot, []))


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_help(path):
    result = CliRunner().invoke(entrepot, [*path, "--help"])
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.output.splitlines() if line.strip()]
    assert lines[0].startswith("Usage:") and len(lines) > 2, "a command says in one line what it does"


def test_the_list_imports_neither_django_nor_a_command():
    code = (
        "import sys; from entrepot.surfaces.cli.main import entrepot\n"
        "try: entrepot.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'rich', 'polars', 'psycopg'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_every_command_module_is_in_the_table():
    from entrepot.surfaces import cli

    folder = Path(cli.__file__).parent
    listed = {place.split(":")[0].rsplit(".", 1)[1] for place, _ in COMMANDS.values()}
    commands = {path.stem for path in folder.glob("*.py") if "@click.command" in path.read_text()} - {"main"}
    assert commands <= listed
