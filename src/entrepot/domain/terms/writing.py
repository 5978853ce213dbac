"""A programme as the TOML that an operator edits: the short forms where they say the same."""

import json
import re
from decimal import Decimal
from typing import Any

from entrepot.domain.terms import grammar
from entrepot.domain.terms.clauses import Service
from entrepot.domain.terms.grammar import Day, Kind, ListOf, Number, Record, TableOf
from entrepot.domain.terms.rules import Programme
from entrepot.domain.terms.tasks import DECISIONS, NONE, Cause, Decider, Duty, Task

HEAD = ("code", "label", "summary", "modelled_on", "markets", "valid_from", "valid_until")

#: Keys that have a table, or a list of tables, of their own.
TABLES = ("earning", "fees", "incentives", "service", "fulfilment", "settlement", "returns", "exposure", "eligibility")
NOTES = ("sources", "evidence")


def to_toml(programme: Programme) -> str:
    """The file of a programme; `documents.parse_toml` reads it back to an equal one."""
    kinds = grammar.keys(Programme)
    parts = ["\n".join(_pairs(programme, {name: kinds[name] for name in HEAD}))]
    width = max(map(len, Task))
    parts.append("\n".join(["[duties]", *(f"{task:{width}} = {_duty(task, programme.duties[task])}" for task in Task)]))
    for name in (*TABLES, *NOTES):
        parts += _table(name, getattr(programme, name), kinds[name])
    return "\n\n".join(parts) + "\n"


def _table(name: str, value: Any, kind: Kind) -> list[str]:
    """One table, or one for each entry of a list; nothing where there is nothing to say."""
    if isinstance(kind, ListOf):
        return ["\n".join([f"[[{name}]]", *_pairs(entry, grammar.keys(type(entry)))]) for entry in value]
    if isinstance(kind, TableOf):
        pairs = [f"{_key(key)} = {_inline(item, kind.kind)}" for key, item in value.items()]
    else:
        kinds = dict(grammar.keys(type(value)))
        kinds.pop("penalties", None)
        pairs = _pairs(value, kinds)
    table = ["\n".join([f"[{name}]", *pairs])] if pairs else []
    if isinstance(value, Service):
        table += _table(f"{name}.penalties", value.penalties, grammar.keys(Service)["penalties"])
    return table


def _pairs(record: Any, kinds: dict[str, Kind]) -> list[str]:
    """The keys of a record that say more than their defaults."""
    defaults = grammar.defaults(type(record))
    return [
        f"{name} = {_inline(value, kind)}"
        for name, kind in kinds.items()
        if (value := getattr(record, name)) is not None and (name not in defaults or defaults[name] != value)
    ]


def _inline(value: Any, kind: Kind) -> str:
    if isinstance(kind, Number | Day):
        return str(kind.write(value))
    if isinstance(kind, Record):
        return "{ " + ", ".join(_pairs(value, grammar.keys(type(value)))) + " }"
    if isinstance(kind, TableOf):
        pairs = (f"{_key(kind.names.write(name))} = {_inline(item, kind.kind)}" for name, item in value.items())
        return "{ " + ", ".join(pairs) + " }"
    return json.dumps(kind.write(value), ensure_ascii=False)


def _duty(task: Task, duty: Duty) -> str:
    performer = duty.performer
    if performer is None:
        return f'"{NONE}"'
    said: dict[str, str] = {"performer": f'"{performer}"'}
    if duty.decider != (Decider(performer) if task in DECISIONS else None):
        said["decider"] = _inline(duty.decider, grammar.keys(Duty)["decider"])
    if duty.payer != {performer: Decimal(1)}:
        said["payer"] = _inline(duty.payer, grammar.keys(Duty)["payer"])
    liable = {cause: party for cause, party in duty.liable.items() if (cause, party) != (Cause.DEFAULT, performer)}
    if liable:
        said["liable"] = _inline(liable, grammar.keys(Duty)["liable"])
    for name in ("role", "until"):
        if getattr(duty, name) is not None:
            said[name] = f'"{getattr(duty, name)}"'
    if len(said) == 1:
        return said["performer"]
    return "{ " + ", ".join(f"{name} = {value}" for name, value in said.items()) + " }"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
