"""Reading a mapping file: its grammar, then what must fit together. Every problem names its key."""

import codecs
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from entrepot.domain.terms.grammar import BAD, Report, read, show
from entrepot.intake import fields, grammar
from entrepot.intake.grammar import Act, Document, Field, Table, Test
from entrepot.kernel.errors import Invalid, NotFound

#: The mappings that come along: `--mapping olist` is short for the file.
SHIPPED = Path(__file__).parent / "mappings"

#: What bucket rules may ask beside the fields: the line's value, and the sum of the values of its invoice.
DERIVED = frozenset({"value", "invoice_value"})


class Unreadable(Invalid):
    """The mapping has problems; the message lists them, the values carry them one by one."""

    code = "intake.mapping"
    message = "The mapping {file} cannot be used:\n{lines}"


def load(name: str) -> Document:
    """The mapping of a file, or one that comes along. Raises: NotFound, Unreadable."""
    path = Path(name)
    if not path.suffix and not path.exists():
        path = SHIPPED / f"{name}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise _unreadable(path, [("document", f"not UTF-8 at byte {problem.start}")]) from None
    except OSError as problem:
        raise NotFound(
            "intake.no_mapping",
            "{file} cannot be read: {reason}",
            field="mapping",
            file=str(path),
            reason=str(problem.strerror),
        ) from None
    return parse(text, path)


def parse(text: str, path: Path = Path("mapping")) -> Document:
    """The document of a mapping's text. Raises: Unreadable."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as problem:
        raise _unreadable(path, [("document", f"not TOML: {problem}")]) from None
    report = Report(grammar.WORDS)
    document = read(Document, raw, "", report)
    if document is not BAD:
        _check(document, report)
    if report.problems:
        raise _unreadable(path, [(each.key, str(each).removeprefix(f"{each.key}: ")) for each in report.problems])
    return document


def _unreadable(path: Path, problems: Iterable[tuple[str, str]]) -> Unreadable:
    found = [{"key": key, "problem": problem} for key, problem in problems]
    lines = "\n".join(f"  {each['key']}: {each['problem']}" for each in found)
    return Unreadable(file=path.name, lines=lines, problems=found)


def _check(document: Document, report: Report) -> None:
    """What the grammar of single keys cannot see."""
    for name, file in document.files.items():
        try:
            codecs.lookup(file.encoding)
        except LookupError:
            report.add(f"files.{name}.encoding", "unknown_encoding", found=show(file.encoding))
    tables = {name: table for name in fields.TABLES if (table := getattr(document, name)) is not None}
    if not tables:
        report.add("document", "nothing_to_do")
    for name, table in tables.items():
        _check_table(document, name, table, report)
    if document.lines is not None:
        _check_history(document, document.lines, report)


def _check_table(document: Document, name: str, table: Table, report: Report) -> None:
    known = ", ".join(document.files)
    if table.file not in document.files:
        report.add(f"{name}.file", "unknown_file", found=show(table.file), known=known)
    for label, join in table.join.items():
        if join.file not in document.files:
            report.add(f"{name}.join.{label}.file", "unknown_file", found=show(join.file), known=known)
    for each, known_aim in fields.TABLES[name].items():
        if known_aim.required and each not in table.fields:
            report.add(f"{name}.fields.{each}", "missing_field", table=name)
    for each, spec in table.fields.items():
        aim = fields.target(name, each)
        if aim is None:
            _unknown_field(f"{name}.fields.{each}", each, name, fields.TABLES[name], report)
        else:
            _check_field(f"{name}.fields.{each}", spec, aim, report)
    for index, rule in enumerate(table.leave_out):
        _check_when(f"{name}.leave_out[{index}].when", name, table, rule.when, frozenset(), report)


def _unknown_field(key: str, found: str, table: str, known: Iterable[str], report: Report) -> None:
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)
    if near:
        report.add(key, "unknown_field_near", found=show(found), table=table, near=near[0])
    else:
        report.add(key, "unknown_field", found=show(found), table=table, known=", ".join(known))


def _check_field(key: str, spec: Field, aim: fields.Target, report: Report) -> None:
    if not spec.column and spec.constant is None:
        report.add(key, "no_value")
    if spec.column and spec.constant is not None:
        report.add(key, "two_values")
    _check_units(key, spec, aim, report)
    priced = aim.kind in {fields.MONEY, "exact amount"}
    if priced and not spec.currency and not spec.currency_column:
        report.add(f"{key}.currency", "needs_currency")
    for name, given, belongs in (
        ("currency", spec.currency, priced),
        ("currency_column", spec.currency_column, priced),
        ("format", spec.format, aim.kind == "time"),
        ("zone", spec.zone != "UTC", aim.kind == "time"),
    ):
        if given and not belongs:
            report.add(f"{key}.{name}", "not_here", kind=aim.kind)
    if spec.decimal not in {".", ","}:
        report.add(f"{key}.decimal", "decimal_sign", found=show(spec.decimal))
    if spec.unlisted is not None and not spec.values:
        report.add(f"{key}.values", "needs_values")
    _check_zone(f"{key}.zone", spec.zone, report)
    if spec.format and spec.format != "unix":
        try:
            datetime.strptime(datetime(2026, 1, 31, 12, 30).strftime(spec.format), spec.format)  # noqa: DTZ001, DTZ007
            bad = "%" not in spec.format
        except ValueError:
            bad = True
        if bad:
            report.add(f"{key}.format", "bad_format", found=show(spec.format))


def _check_units(key: str, spec: Field, aim: fields.Target, report: Report) -> None:
    units = fields.UNITS.get(aim.kind)
    if units is None:
        if spec.unit:
            report.add(f"{key}.unit", "not_here", kind=aim.kind)
    elif not spec.unit:
        report.add(f"{key}.unit", "needs_unit", measure=aim.kind, known=", ".join(units))
    elif spec.unit not in units:
        report.add(f"{key}.unit", "unknown_unit", found=show(spec.unit), measure=aim.kind, known=", ".join(units))


def _check_zone(key: str, zone: str, report: Report) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        report.add(key, "unknown_zone", found=show(zone))


def _check_when(
    key: str, name: str, table: Table, when: Mapping[str, Test], derived: frozenset[str], report: Report
) -> None:
    known = [*table.fields, *sorted(derived)]
    for each in when:
        if each not in known:
            _unknown_field(f"{key}.{each}", each, f"the fields of {name}", known, report)


def _check_history(document: Document, lines: Table, report: Report) -> None:
    for name in ("market", "seller", "assumed"):
        if getattr(document, name) is None:
            report.add(name, "needs_table")
    if document.market is not None:
        _check_zone("market.time_zone", document.market.time_zone, report)
    if not any(bucket.act is Act.SALE for bucket in document.buckets):
        report.add("buckets", "needs_buckets")
    names: set[str] = set()
    for index, bucket in enumerate(document.buckets):
        key = f"buckets[{index}]"
        if bucket.name in names:
            report.add(f"{key}.name", "bucket_name_twice", found=show(bucket.name))
        names.add(bucket.name)
        for other in ("apart", "partly"):
            given = bool(getattr(bucket, other))
            if bucket.act is Act.CANCELLATION and not given:
                report.add(f"{key}.{other}", "missing", expected="the name of a bucket")
            elif bucket.act is not Act.CANCELLATION and given:
                report.add(f"{key}.{other}", "not_here", kind=f"{bucket.act} bucket")
        if bucket.sign == 0:
            report.add(f"{key}.sign", "sign_zero")
        _check_when(f"{key}.when", "lines", lines, bucket.when, DERIVED, report)


def describe(document: Document) -> dict[str, Any]:
    """What a mapping brings in: for messages."""
    return {
        "name": document.name,
        "title": document.title,
        "brings": [name for name in fields.TABLES if getattr(document, name) is not None],
    }
