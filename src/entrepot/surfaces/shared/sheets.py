"""How an upload is shown, on whichever surface: what it would do or did, and what is wrong with which row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from entrepot.domain.uploads.models import Upload
from entrepot.intake import sheets
from entrepot.intake.sheets import Sheet
from entrepot.surfaces.shared.components import Text

STATES: Mapping[str, tuple[Text, str]] = {
    "tried": (_("To be confirmed"), "info"),
    "running": (_("Being carried out"), "warn"),
    "done": (_("Done"), "good"),
    "dropped": (_("Dropped"), "neutral"),
}
#: What rows come to: before, afterwards, and the tone.
FATES: Mapping[str, tuple[Text, Text, str]] = {
    "created": (_("To be made"), _("Made"), "good"),
    "changed": (_("To be changed"), _("Changed"), "info"),
    "same": (_("Left as they are"), _("Left as they were"), "neutral"),
    "refused": (_("Cannot be taken"), _("Not taken"), "bad"),
}
WHAT: Mapping[str, Text] = {
    "proposed_price": _("Suggested price"),
    "planned_price": _("Planned price"),
    "packed": _("Packed whole"),
    "amount": _("Amount"),
}
DELIMITERS: Mapping[str, Text] = {"\t": _("tabs"), ";": _("semicolons"), ",": _("commas"), "|": _("bars")}
SIGNS: Mapping[str, Text] = {".": _("point"), ",": _("comma")}
ENCODINGS: Mapping[str, Text] = {
    "text": _("pasted text"),
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": _("Windows, Western Europe"),
    "gb2312": _("Windows, simplified Chinese"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """An upload in a list."""

    upload: Upload
    title: Text
    state: Text
    tone: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Some of the rows that come to the same thing."""

    title: Text
    tone: str
    count: int
    rows: Sequence[tuple[int, str, Sequence[tuple[Text, str, str]]]]


@dataclass(frozen=True, slots=True)
class Shown:
    """An upload on its page."""

    upload: Upload
    sheet: Sheet
    state: Text
    tone: str
    is_over: bool
    counts: Sequence[tuple[Text, int, str]]
    samples: Sequence[Sampled]
    problems: Sequence[tuple[int, Text, str]]
    problem_count: int
    facts: Sequence[tuple[Text, Any]]
    unknown: Sequence[str]
    to_take: int


def told(upload: Upload) -> Told:
    """An upload for a list."""
    state, tone = STATES[upload.state]
    kept = upload.done if upload.state in ("running", "done") and upload.done else upload.planned
    title = sheets.SHEETS[upload.sheet].title if upload.sheet in sheets.SHEETS else upload.sheet
    return Told(upload, title, state, tone, kept["counts"])


def show_upload(upload: Upload, sheet: Sheet) -> Shown:
    """An upload for its page: what it did once it is over, else what it would do."""
    is_over = upload.state == Upload.State.DONE
    kept = upload.done if is_over else upload.planned
    names = {column.name: column.title for column in sheet.columns}
    state, tone = STATES[upload.state]
    counts = kept["counts"]
    form = upload.form
    return Shown(
        upload,
        sheet,
        state,
        tone,
        is_over,
        [(said[is_over], counts[fate], said[2] if counts[fate] else "") for fate, said in FATES.items()],
        [
            Sampled(said[is_over], said[2], counts[fate], [_sample(row, names) for row in kept["samples"][fate]])
            for fate, said in FATES.items()
            if fate in ("created", "changed") and kept["samples"][fate]
        ],
        [(row, names.get(column, column), sentence) for row, column, sentence in kept["problems"]],
        kept.get("problem_count", len(kept["problems"])),
        [
            (_("Written in"), ENCODINGS.get(form["encoding"], form["encoding"])),
            (_("Between the columns"), DELIMITERS.get(form["delimiter"], form["delimiter"])),
            (_("Decimal sign"), SIGNS[form["decimal"]]),
            (_("Columns found"), ", ".join(str(each.title) for each in sheet.columns if each.name in form["found"])),
        ],
        form["unknown"],
        counts["created"] + counts["changed"],
    )


def _sample(row: Sequence[Any], names: Mapping[str, Text]) -> tuple[int, str, Sequence[tuple[Text, str, str]]]:
    number, subject, changes = row
    return (
        number,
        subject,
        [(names.get(what) or WHAT.get(what, what), before, after) for what, before, after in changes],
    )
