"""`entrepot programmes …`: the management models of this marketplace, as tables and in plain words."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.cli import tables

if TYPE_CHECKING:
    from rich.console import Console

    from entrepot.domain.terms.rules import Programme

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True, slots=True)
class Entry:
    """A programme as a command shows it; version 0 is one that is not in the database."""

    wording: "Programme"
    version: int
    status: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where programmes were read from, and why not from the database where they were not."""

    source: str
    note: str
    entries: dict[str, Entry]

    def find(self, name: str) -> Entry:
        """The programme of that code, or of a TOML file where the name is a path to one. Raises: NotFound."""
        if name.endswith(".toml"):
            return Entry(_read_file(Path(name)), 0, "file")
        if name not in self.entries:
            raise NotFound(
                "terms.no_programme",
                "There is no programme {name}; there are {known}.",
                name=name,
                known=", ".join(self.entries),
            )
        return self.entries[name]


@click.group()
def programmes() -> None:
    """List, show, compare and check programmes, the management models of this marketplace.

    They are read from the database where one answers, else from the files that come along; the output says which.
    """


@programmes.command("list")
@as_json_option
def list_(as_json: bool) -> None:
    """List every programme with its version and what the seller earns."""
    shelf = _shelf()
    if as_json:
        _print_json({"source": shelf.source, "programmes": [_summary(entry) for entry in shelf.entries.values()]})
        return
    console = tables.console()
    table = _table("code", "name", "version", "seller earns", "tasks of the seller", "modelled on")
    for code, entry in shelf.entries.items():
        summary = _summary(entry)
        table.add_row(
            code,
            summary["label"],
            f"{entry.version or '–'} {entry.status}",
            summary["earns"],
            f"{summary['seller_tasks']} of {summary['tasks']}",
            summary["modelled_on"] or "neutral",
        )
    console.print(table)
    _print_source(console, shelf)


@programmes.command()
@click.argument("code")
@click.option("--currency", default="", metavar="ISO", help="Show amounts in this currency only.")
@click.option("--toml", "as_toml", is_flag=True, help="Print the programme as a file, to copy and change.")
@as_json_option
def show(code: str, currency: str, as_toml: bool, as_json: bool) -> None:
    """Show who does, decides, pays and risks what under a programme, as a table and in plain words.

    CODE is a programme's code or the path of a TOML file.
    """
    from entrepot.domain.terms import documents, words, writing

    shelf = _shelf()
    entry = shelf.find(code)
    chapters = words.tell(entry.wording, currency=currency)
    if as_toml:
        print(writing.to_toml(entry.wording), end="")
    elif as_json:
        _print_json(
            {
                "source": shelf.source,
                **_summary(entry),
                "content_hash": documents.content_hash(entry.wording),
                "document": documents.dump(entry.wording),
                "words": [asdict(chapter) for chapter in chapters],
            }
        )
    else:
        _print_programme(tables.console(), shelf, entry, chapters)


@programmes.command()
@click.argument("a")
@click.argument("b")
@as_json_option
def compare(a: str, b: str, as_json: bool) -> None:
    """Show what changes from one programme to another.

    A and B are codes of programmes or paths of TOML files.
    """
    from entrepot.domain.terms import changes, documents

    shelf = _shelf()
    left, right = shelf.find(a).wording, shelf.find(b).wording
    told = changes.tell(left, right)
    if as_json:
        values = {each.key: {"a": each.a, "b": each.b} for each in documents.compare(left, right)}
        differences = [
            {"key": each.key, "title": each.title, **values[each.key], "words": {"a": each.a, "b": each.b}}
            for each in told
        ]
        _print_json({"source": shelf.source, "a": left.code, "b": right.code, "differences": differences})
        return
    console = tables.console()
    table = _table("what", left.code, right.code)
    for each in told:
        table.add_row(each.title, each.a, each.b)
    console.print(table if told else "No difference.")
    _print_source(console, shelf)


@programmes.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json_option
def check(file: Path, as_json: bool) -> int:
    """Check a programme file. Needs no database.

    Status 0 where it could be published; 1 with every problem and its key where it could not.
    """
    from entrepot.domain.terms import checks, documents

    problems, warnings, programme = [], [], None
    try:
        programme = _read_file(file)
        warnings = checks.find_warnings(programme)
    except documents.ProgrammeInvalid as invalid:
        problems = invalid.problems
    if as_json:
        _print_json(
            {
                "file": str(file),
                "valid": programme is not None,
                "code": programme.code if programme else None,
                "content_hash": documents.content_hash(programme) if programme else None,
                "problems": [_problem(each) for each in problems],
                "warnings": [_problem(each) for each in warnings],
            }
        )
        return int(bool(problems))
    for each in problems:
        print(f"{file}: {each}")
    for each in warnings:
        print(f"{file}: warning: {each}")
    if programme:
        print(f"{file}: {programme.code} is a valid programme.")
    else:
        print(f"{file}: {len(problems)} {'problem' if len(problems) == 1 else 'problems'}.")
    return int(bool(problems))


def _read_file(path: Path) -> "Programme":
    from entrepot.domain.terms import documents

    try:
        text = path.read_bytes()
    except OSError as problem:
        raise NotFound(
            "terms.no_file", "{path} cannot be read: {reason}", path=str(path), reason=problem.strerror
        ) from None
    return documents.parse_toml(text, where=str(path))


def _shelf() -> Shelf:
    """The programmes of the database where one answers and has some, else the shipped ones."""
    import django
    from django.conf import settings

    django.setup()
    from django.db import DatabaseError, connections

    server = settings.DATABASE_SERVER
    if server.embedded and not server.is_made():
        return _shipped("no marketplace was started on this machine yet")
    try:
        with ExitStack() as stack:
            stack.enter_context(server.hold())
            stack.callback(connections.close_all)
            entries = _stored()
    except (DatabaseError, EntrepotError) as problem:
        return _shipped(str(problem).strip().splitlines()[0])
    if not entries:
        return _shipped("the database has no programmes yet")
    return Shelf("database", "", entries)


def _stored() -> dict[str, Entry]:
    from entrepot.domain.terms import queries

    entries = {}
    for listed in queries.list_programmes():
        version = listed.current or listed.draft
        if version is not None:
            entries[listed.programme.code] = Entry(queries.wording_of(version), version.version, version.status)
    return entries


def _shipped(note: str) -> Shelf:
    from entrepot.domain.terms import presets

    return Shelf("presets", note, {code: Entry(wording, 0, "shipped") for code, wording in presets.load().items()})


def _summary(entry: Entry) -> dict[str, Any]:
    """What a list says of a programme."""
    from entrepot.domain.terms import words
    from entrepot.domain.terms.rules import Party

    wording = entry.wording
    performers = [duty.performer for duty in wording.duties.values()]
    commission = wording.earning.commission
    return {
        "code": wording.code,
        "label": words.label(wording.label),
        "version": entry.version,
        "status": entry.status,
        "earns": f"retail less {words.percent(commission.default)}" if commission else "supply price",
        "earning_basis": wording.earning.basis.value,
        "accrues_on": wording.earning.accrues_on.value,
        "seller_tasks": performers.count(Party.SELLER),
        "tasks": len(performers) - performers.count(None),
        "markets": list(wording.markets),
        "valid_from": wording.valid_from.isoformat(),
        "valid_until": wording.valid_until.isoformat() if wording.valid_until else None,
        "neutral": wording.is_neutral,
        "modelled_on": wording.modelled_on,
    }


def _print_programme(console: "Console", shelf: Shelf, entry: Entry, chapters: list[Any]) -> None:
    from entrepot.domain.terms import words

    wording = entry.wording
    console.print(f"\n{words.label(wording.label)}", style="bold")
    console.print(words.label(wording.summary))
    if wording.modelled_on:
        console.print(f"Modelled on: {wording.modelled_on}", style="dim")
    console.print()
    console.print(_duties(wording))
    for chapter in chapters:
        console.print(f"\n{chapter.title}", style="bold")
        for group in chapter.groups:
            if len(chapter.groups) > 1 or group.heading != chapter.title:
                console.print(f"  {group.heading}", style="italic")
            for line in group.lines:
                console.print(f"    • {line.text}", soft_wrap=True)
    console.print()
    _print_source(console, shelf)


def _duties(wording: "Programme") -> Any:
    """The duty table: a row a task, and how far each row is known where the programme is modelled on another's."""
    from entrepot.domain.terms import phrases, words

    columns = ["task", "does it", "decides", "pays", "bears the loss"]
    table = _table(*columns, *([] if wording.is_neutral else ["known from"]))
    for task, duty in wording.duties.items():
        exceptions = [f"{phrases.PARTIES[party]} {phrases.CAUSES[cause]}" for cause, party in duty.liable.items()]
        performer = phrases.PARTIES[duty.performer] if duty.performer else "–"
        row = [
            phrases.TASKS[task].title,
            f"{performer} ({phrases.ROLES[duty.role]})" if duty.role else performer,
            words.decision(duty.decider) if duty.decider else "",
            words.shares(duty.payer) if duty.payer else "",
            "; ".join([str(phrases.PARTIES[next(iter(duty.liable.values()))]), *exceptions[1:]]) if duty.liable else "",
        ]
        if not wording.is_neutral:
            row.append(_known(wording, f"duties.{task}"))
        table.add_row(*map(str, row))
    return table


def _known(wording: "Programme", key: str) -> str:
    evidence = wording.evidence_for(key)
    if evidence is None:
        return str(wording.confidence(key) or "")
    return f"{evidence.confidence} {', '.join(evidence.sources)}".strip()


def _problem(problem: Any) -> dict[str, Any]:
    return {"key": problem.key, "code": problem.code, "message": str(problem)}


def _print_source(console: "Console", shelf: Shelf) -> None:
    where = "this marketplace's database" if shelf.source == "database" else f"the shipped files ({shelf.note})"
    console.print(f"Read from {where}.", style="dim")


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def _table(*columns: str) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=position == 0)
    return table
