"""Tariffs as their publishers write them: every row read, every rate parsed or listed, nothing twice.

United States: the Harmonized Tariff Schedule as exported by hts.usitc.gov, and lists of codes by authority. European
Union and United Kingdom: both tariffs side by side, as published with the UK Global Tariff.
"""

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from entrepot.domain.customs import rates, reference, services
from entrepot.domain.customs.rates import Unreadable
from entrepot.domain.customs.rows import GENERAL, SPECIAL, Edition, TariffLine
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid

#: Lists hold from before the first overlay on; what a list is used for is dated by the overlay.
LISTS_FROM = date(2018, 1, 1)

Row = Mapping[str, str]

_CODE = re.compile(r"\d{2,10}", re.ASCII)


class UnknownFile(Invalid):
    """A file that no tariff is made of."""

    code = "intake.unknown_tariff_file"
    message = "{file} is no file that the tariff {tariff} is made of; its columns are {columns}."


class UnreadableFile(Invalid):
    """A file that is not text."""

    code = "intake.unreadable_tariff_file"
    message = "{file} is not readable as CSV in UTF-8: {reason}"


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A rate that a person has to work out."""

    schedule: str
    column: str
    code: str
    rate: str
    reason: str


@dataclass
class Count:
    """What was found in a schedule's column: codes, those that have or inherit a rate, those whose rate is computed."""

    codes: int = 0
    rated: int = 0
    parsed: int = 0

    @property
    def share(self) -> float:
        """Of the codes with a rate those whose rate is computed."""
        return self.parsed / self.rated if self.rated else 0.0


@dataclass
class Report:
    """What a load read and kept."""

    rows: int = 0
    counts: dict[str, Count] = field(default_factory=dict)
    unparsed: list[Unparsed] = field(default_factory=list)
    loaded: list[services.Loaded] = field(default_factory=list)


@dataclass
class _Found:
    """What the files hold so far."""

    codes: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[str, dict[tuple[str, str], TariffLine]] = field(default_factory=lambda: defaultdict(dict))
    lists: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    sources: dict[str, str] = field(default_factory=dict)  # list or schedule -> file
    unparsed: list[Unparsed] = field(default_factory=list)

    def list(self, name: str, code: str, file: str) -> None:
        """A code of a list."""
        self.sources[name] = file
        code = code.replace(".", "").strip()
        if _CODE.fullmatch(code):
            self.lists[name].add(code)
        else:
            self.unparsed.append(Unparsed("us", name, code, "", "not a code of 2 to 10 digits"))

    def add(self, schedule: str, column: str, code: str, text: str, description: str) -> None:
        """A code with its rate, which may stand above it."""
        if not _CODE.fullmatch(code):
            self.unparsed.append(Unparsed(schedule, column, code, text, "not a code of 2 to 10 digits"))
            return
        self.codes[schedule, column].append(code)
        if not text:
            return
        try:
            duty = rates.parse(text, reference.CURRENCIES[schedule])
        except Unreadable as problem:
            duty = None
            self.unparsed.append(Unparsed(schedule, column, code, text, str(problem)))
        self.lines[schedule][column, code] = TariffLine(column, code, text, duty, description[:200])


def load(
    tariff: str,
    paths: Sequence[Path],
    *,
    actor: Actor,
    now: datetime,
    valid_from: date | None = None,
    seen: Callable[[int], None] = lambda rows: None,
) -> Report:
    """Read the files and keep what is new. Raises: UnknownFile, UnreadableFile."""
    found, report = _Found(), Report()
    digest = hashlib.sha256()
    files = []
    for path in paths:
        content = path.read_bytes()
        digest.update(hashlib.sha256(content).digest())
        files.append((path, content))
    for path, content in files:
        header, rows = _rows(path, content)
        take = _reader(tariff, header)
        if take is None:
            raise UnknownFile(file=path.name, tariff=tariff, columns=", ".join(header))
        for number, row in enumerate(rows, 1):
            take(found, row, path.name)
            if number % 1000 == 0:
                seen(1000)
        report.rows += len(rows)
        seen(len(rows) % 1000)
    report.unparsed = found.unparsed
    report.counts = {f"{schedule} {column}": _count(found, schedule, column) for schedule, column in found.codes}
    editions = list(_editions(found, valid_from))
    report.loaded = services.load_editions(
        editions=editions, digests=[_digest(edition) for edition in editions], actor=actor, now=now
    )
    return report


def _digest(edition: Edition) -> str:
    """What the edition says, whatever file it came from."""
    content = hashlib.sha256()
    for line in sorted(edition.lines.values(), key=lambda line: (line.column, line.code)):
        content.update(f"{line.column}|{line.code}|{line.text}\n".encode())
    for code in sorted(edition.codes):
        content.update(f"{code}\n".encode())
    return content.hexdigest()


def _editions(found: _Found, valid_from: date | None) -> Iterator[Edition]:
    starts = {each.schedule: each.valid_from for each in reference.load().editions if not each.name}
    for schedule, lines in found.lines.items():
        columns = frozenset(column for column, _ in lines)
        source = f"{found.sources[schedule]}, {len(lines):,} rates"
        start = valid_from or starts[schedule]
        yield Edition(schedule, "", True, start, None, source, lines=lines, columns=columns)
    for name, codes in found.lists.items():
        source = f"{found.sources[name]}, {len(codes):,} codes"
        yield Edition("us", name, True, LISTS_FROM, None, source, codes=frozenset(codes))


def _count(found: _Found, schedule: str, column: str) -> Count:
    lines = found.lines[schedule]
    count = Count()
    for code in found.codes[schedule, column]:
        above = (lines.get((column, code[:length])) for length in range(len(code), 1, -1))
        line = next((each for each in above if each is not None), None)
        count.codes += 1
        count.rated += line is not None
        count.parsed += line is not None and line.duty is not None
    return count


def _rows(path: Path, content: bytes) -> tuple[tuple[str, ...], list[Row]]:
    try:
        text = content.decode("utf-8-sig")
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        reader = csv.DictReader(lines, strict=True)
        rows: list[Row] = list(reader)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise UnreadableFile(file=path.name, reason=str(problem)) from None
    return tuple(reader.fieldnames or ()), rows


# What each file is, by its columns.

Take = Callable[[_Found, Row, str], None]


def _reader(tariff: str, header: Sequence[str]) -> Take | None:
    names = set(header)
    return next((take for kind, columns, take in _FILES if kind == tariff and columns <= names), None)


def _take_schedule(found: _Found, row: Row, file: str) -> None:
    code = row["HTS Number"].replace(".", "").strip()
    if not code:  # a heading between codes
        return
    found.sources["us"] = file
    description = _plain(row["Description"])
    for column, name in ((GENERAL, "General Rate of Duty"), (SPECIAL, "Column 2 Rate of Duty")):
        text = row[name].strip()
        found.add("us", column, code, "" if text == "No change" else text, description)


@lru_cache(maxsize=65536)
def _plain(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text).strip()


def _take_s301(found: _Found, row: Row, file: str) -> None:
    if not found.sources.get("s301"):
        found.sources["s301"] = file
        for name in reference.list_names(reference.load().overlays):
            if name.startswith("s301-"):
                found.lists[name], found.sources[name] = set(), file
    found.list(f"s301-{row['ch99_code']}", row["hts8"], file)


def _take_annex(found: _Found, row: Row, file: str) -> None:
    found.list(f"s232-annex-{row['annex']}", row["hts_prefix"], file)


def _take_content(found: _Found, row: Row, file: str) -> None:
    since = "2025-08" if row["effective_date"] >= "2025-08" else "2025-03"
    found.list(f"s232-content-{since}", row["hts_prefix"], file)


def _take_country(found: _Found, row: Row, file: str) -> None:
    if row["ch99_code"] == "9903.01.77" and not row["effective_date_end"]:
        found.list("ieepa-brazil-exempt", row["hts10"], file)


def _take_emergency(found: _Found, row: Row, file: str) -> None:
    found.list("ieepa-exempt", row["hts10"], file)


def _take_surcharge(found: _Found, row: Row, file: str) -> None:
    found.list("s122-exempt", row["hts8"], file)


def _take_both(found: _Found, row: Row, file: str) -> None:
    code = row["commodity"].strip()
    found.sources["eu"] = found.sources["uk"] = file
    for schedule, column in (("eu", "cet_duty_rate"), ("uk", "ukgt_duty_rate")):
        found.add(schedule, GENERAL, code, row[column].strip(), row["description"].strip())


#: Tariff, the columns that tell a file of it, and what takes a row. Narrower sets stand before those that they contain.
_FILES: Sequence[tuple[str, set[str], Take]] = (
    ("us", {"HTS Number", "Description", "General Rate of Duty", "Column 2 Rate of Duty"}, _take_schedule),
    ("us", {"hts8", "list", "ch99_code"}, _take_s301),
    ("us", {"hts_prefix", "annex"}, _take_annex),
    ("us", {"hts_prefix", "ch99_code", "effective_date"}, _take_content),
    ("us", {"ch99_code", "hts10", "effective_date_end"}, _take_country),
    ("us", {"hts10"}, _take_emergency),
    ("us", {"hts8"}, _take_surcharge),
    ("eu", {"commodity", "description", "cet_duty_rate", "ukgt_duty_rate"}, _take_both),
)
