"""`entrepot seed demo`: fill an empty marketplace with the demonstration."""

import os
from typing import TYPE_CHECKING

import click

from entrepot.kernel.errors import Refused
from entrepot.surfaces.cli.first import SIGN_INS, write_sign_ins
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from datetime import datetime

#: The jobs without which a fresh demonstration would not stand as it should.
CATCHING_UP = ("holds", "outbox", "sealing")


@click.group()
def seed() -> None:
    """Fill an empty marketplace."""


@seed.command()
def demo() -> None:
    """Make the demonstration market: three markets, a dozen sellers, three hundred products, weeks of orders.

    Nothing in it is real. It is refused where there is a marketplace already.
    """
    # Before the settings are read: a demonstration pays with test cards and writes its letters to a folder.
    os.environ["ENTREPOT_DEMONSTRATION"] = "1"
    _demo()


def _catch_up(now: "datetime") -> None:
    """What the jobs would have done until now: holds that ran out are released, and those concerned are told."""
    from entrepot.surfaces.jobs import schedule

    for job in schedule.JOBS:
        if job.name in CATCHING_UP:
            schedule.run(job, now=now)


@with_database
def _demo() -> None:
    from django.conf import settings
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from entrepot.demonstration.build import build
    from entrepot.demonstration.clock import begin
    from entrepot.domain.accounts.models import Organisation
    from entrepot.kernel import clock
    from entrepot.kernel.models import SchemaFingerprint

    if Organisation.objects.exists():
        raise Refused("seed.not_empty", "There is a marketplace already; a demonstration needs an empty database.")
    SchemaFingerprint.objects.using("owner").update(demonstration=True)
    columns = (TextColumn("  {task.description:<32}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(highlight=False), transient=True) as progress:
        task = progress.add_task("Demonstration", total=None)

        def tell(what: str, done: int, of: int) -> None:
            progress.update(task, description=what, completed=done, total=of)

        setting = build(clock.now(), tell)
        begin()
        _catch_up(clock.now())
    # Written last: `up` takes a demonstration without it for half made.
    write_sign_ins(settings.DATA_DIR, setting.sign_ins)
    click.echo(f"{len(setting.sign_ins)} sign-ins are in {settings.DATA_DIR / SIGN_INS}.")
