"""The life of an upload: brought in and tried, looked at, carried out batch by batch, its bad rows given back.

Trying is doing: the same act in a transaction that is rolled back, so that a preview says what will happen. A batch and
the note of how far the upload came stand in one transaction: each row is carried out once, whoever asks how often.
"""

import csv
import io
import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.uploads import queries, services
from entrepot.domain.uploads.models import Upload
from entrepot.intake import bill_sheet, catalogue_sheet, pricing_sheet, sheets, stock_sheet, tracking_sheet
from entrepot.intake.sheets import Doing, Fate, Form, Problem, Rows, Sheet
from entrepot.kernel import ids, media
from entrepot.kernel.actors import Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.errors import Denied, EntrepotError, Invalid, NotFound
from entrepot.kernel.sheets import cell, write_csv

logger = logging.getLogger(__name__)

#: Every sheet that there is, in the order in which a seller needs them; to name them here makes them known.
KINDS: Sequence[Sheet] = (
    catalogue_sheet.CATALOGUE, stock_sheet.STOCK, pricing_sheet.PRICES, tracking_sheet.TRACKING,
)  # fmt: skip

#: Sheets of the marketplace itself, which its desk brings in.
DESK_KINDS: Sequence[Sheet] = (bill_sheet.BILLS,)

#: Rows of each kind that a preview shows, and problems that the row of an upload keeps; the file has them all.
SAMPLES = 8
PROBLEMS = 200

#: How long one request goes on before it lets its caller say how far it is. Units: seconds.
BUDGET = 5.0

#: An upload that nobody went on with for this long is taken over by the jobs.
HALTED = timedelta(minutes=2)

STATES = ("created", "changed", "same", "refused")


class _Tried(Exception):
    """Ends a trial: everything was done, and nothing stays."""


class Outcome:
    """What became of rows so far, in a form that a row of the table keeps."""

    def __init__(self, kept: dict[str, Any] | None = None) -> None:
        kept = kept or {}
        self.counts: Counter[str] = Counter(kept.get("counts", {}))
        self.samples: dict[str, list[Any]] = {state: list(kept.get("samples", {}).get(state, [])) for state in STATES}
        self.problems: list[list[Any]] = list(kept.get("problems", []))
        self.changes: Counter[str] = Counter(kept.get("changes", {}))

    def note(self, rows: Rows, fates: Sequence[Fate]) -> None:
        """Count what became of the rows of a batch, and of those that could not be read."""
        for at, fate in enumerate(fates):
            number = rows.numbers[at]
            if fate.error is not None:
                self.problem(Problem(number, fate.column, fate.error))
                self.counts["refused"] += 1
                continue
            self.counts[fate.state] += 1
            self.changes.update({change.what for change in fate.changes} if fate.state != "same" else ())
            if len(self.samples[fate.state]) < SAMPLES:
                changes = [[change.what, change.before, change.after] for change in fate.changes]
                self.samples[fate.state].append([number, fate.subject, changes])
        self.counts["refused"] += len({each.row for each in rows.problems})
        for each in rows.problems:
            self.problem(each)

    def problem(self, problem: Problem) -> None:
        """Note one problem, as a sentence."""
        self.problems.append([problem.row, problem.column, sheets.said(problem.error)])

    def as_json(self, *, is_whole: bool = False) -> dict[str, Any]:
        """What the table keeps; the problems in full only while more may come."""
        return {
            "counts": {state: self.counts[state] for state in STATES},
            "samples": self.samples,
            "changes": dict(self.changes),
            "problems": sorted(self.problems)[: None if is_whole else PROBLEMS],
            "problem_count": len(self.problems),
        }


def bring(
    *,
    actor: Actor,
    organisation_id: UUID,
    sheet: str,
    content: bytes | str,
    name: str,
    now: datetime,
    decimal: str = "",
    language: str = "",
) -> Upload:
    """Read a sheet and try it; nothing but the upload itself is kept.

    Raises: NotFound for a sheet that there is not, Denied, Invalid naming `file` where it is no such sheet.
    """
    kind = sheets.get(sheet)
    if not actor.reaches(kind.verb, organisation_id):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=kind.verb)
    text, form = sheets.understand(content, kind, decimal=decimal)
    language = (language or translation.get_language() or "en").partition("-")[0]
    doing = Doing(organisation_id, actor, now, ids.new_id(now), language, name)
    outcome, rows, unread, adds = Outcome(), 0, 0, False
    with sheets.on_disk(text) as path, suppress(_Tried), transaction.atomic():
        for batch in sheets.read(path, kind, form):
            rows += len(batch)
            unread += len({each.row for each in batch.problems} - set(batch.numbers))
            if rows + unread > sheets.ROWS_MAX:
                raise sheets.too_many_rows()
            adds = adds or kind.adds(batch)
            _carry(kind, batch, doing, outcome, kind.plan or kind.act)
        raise _Tried
    if not rows and not outcome.problems:
        raise Invalid("sheets.no_rows", "There are no rows below the names of the columns.", field="file")
    return services.keep(
        actor=actor,
        organisation_id=organisation_id,
        sheet=sheet,
        name=name or gettext("Pasted rows"),
        media=media.keep(text.encode(), "csv", room="papers"),
        form=form.as_json() | {"language": language, "adds": adds},
        rows=rows,
        planned=outcome.as_json(),
        rejects_media=_rejects(kind, form, text, outcome),
        now=now,
    )


def carry_out(*, upload_id: UUID, actor: Actor, now: datetime, budget: float = BUDGET) -> Upload:
    """Let an upload run and go on with it for a while; called again it goes on where it stands.

    Raises: NotFound, Denied, Refused once dropped.
    """
    organisation_id = actor.organisation_id
    if organisation_id is None:
        raise NotFound(kind="upload")
    found = queries.get_upload(upload_id=upload_id, organisation_id=organisation_id)
    kind = sheets.get(found.sheet)
    if not actor.reaches(kind.verb, organisation_id):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=kind.verb)
    upload = services.start(upload_id=upload_id, organisation_id=organisation_id, actor=actor, now=now)
    return _go_on(upload, kind, actor, now, budget)


def carry_on_halted(*, now: datetime) -> int:
    """Go on with uploads whose caller went away, as whoever started them and may still; how many."""
    halted = queries.list_halted(before=now - HALTED)
    for upload in halted:
        assert upload.user_id is not None, "an upload runs once somebody says so"
        actor = accounts.get_actor(user_id=upload.user_id, preferred=upload.organisation_id.hex)
        kind = sheets.get(upload.sheet)
        if actor.organisation_id != upload.organisation_id or not actor.may(kind.verb):
            continue
        try:
            with translation.override(upload.form.get("language", "en")):
                _go_on(upload, kind, actor, now, budget=60.0)
        except Exception:
            # One sheet that cannot be carried out is no reason to leave the others.
            logger.exception("upload %s", upload.id)
    return len(halted)


def _go_on(upload: Upload, kind: Sheet, actor: Actor, now: datetime, budget: float) -> Upload:
    if upload.state != Upload.State.RUNNING:
        return upload
    form = Form.of(upload)
    text = media.read(upload.media).decode()
    doing = Doing(upload.organisation_id, actor, now, upload.id, upload.form.get("language", "en"), upload.name)
    until = time.monotonic() + budget
    with sheets.on_disk(text) as path:
        for batch in sheets.read(path, kind, form, start=upload.rows_done):
            if not _step(upload, kind, batch, doing, now):
                return Upload.objects.get(id=upload.id)
            crash_point("import.advanced")
            if time.monotonic() > until and upload.rows_done < upload.rows:
                return upload
    _finish(upload, kind, form, text, actor, now)
    return Upload.objects.get(id=upload.id)


def _step(upload: Upload, kind: Sheet, batch: Rows, doing: Doing, now: datetime) -> bool:
    """Carry out a batch and note it, once; False where somebody else goes on with the upload."""
    if kind.plan is not None:
        return _step_outside(upload, kind, batch, doing, now)
    with transaction.atomic():
        locked = services.lock(upload_id=upload.id)
        if locked.state != Upload.State.RUNNING or locked.rows_done != upload.rows_done:
            return False
        outcome = Outcome(locked.done)
        _carry(kind, batch, doing, outcome, kind.act)
        crash_point("import.carried")
        services.advance(
            upload=locked, rows_done=locked.rows_done + len(batch), done=outcome.as_json(is_whole=True), now=now
        )
    upload.rows_done, upload.done = locked.rows_done, locked.done
    return True


def _step_outside(upload: Upload, kind: Sheet, batch: Rows, doing: Doing, now: datetime) -> bool:
    """The same for acts that call outside parties: they come first, and are repeat-safe by themselves."""
    outcome = Outcome(upload.done)
    _carry(kind, batch, doing, outcome, kind.act)
    with transaction.atomic():
        locked = services.lock(upload_id=upload.id)
        if locked.state != Upload.State.RUNNING or locked.rows_done != upload.rows_done:
            return False
        done = outcome.as_json(is_whole=True)
        services.advance(upload=locked, rows_done=locked.rows_done + len(batch), done=done, now=now)
    upload.rows_done, upload.done = locked.rows_done, locked.done
    return True


def _carry(kind: Sheet, batch: Rows, doing: Doing, outcome: Outcome, act: sheets.Act) -> None:
    """Do what the rows say that could be read."""
    bad = {problem.row for problem in batch.problems}
    good = batch.pick([at for at, number in enumerate(batch.numbers) if number not in bad])
    fates = act(good, doing) if len(good) else []
    good.problems = batch.problems
    outcome.note(good, fates)


def _finish(upload: Upload, kind: Sheet, form: Form, text: str, actor: Actor, now: datetime) -> None:
    outcome = Outcome(upload.done)
    rejects = _rejects(kind, form, text, outcome)
    with transaction.atomic():
        locked = services.lock(upload_id=upload.id)
        if locked.state == Upload.State.RUNNING:
            done = outcome.as_json()
            services.finish(
                upload=locked, done=done, counts=done["counts"], rejects_media=rejects, actor=actor, now=now
            )


def _rejects(kind: Sheet, form: Form, text: str, outcome: Outcome) -> str:
    """The rows that were not taken as a file of the same form, each with what is wrong with it; its media name."""
    if not outcome.problems:
        return ""
    wrong: dict[int, list[str]] = {}
    for row, column, sentence in sorted(outcome.problems):
        wrong.setdefault(row, []).append(f"{column}: {sentence}" if column else sentence)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=form.delimiter, lineterminator="\r\n")
    told = [at for at, header in enumerate(form.headers) if header.strip().casefold() in sheets.TOLD]
    writer.writerow([*(cell(header) for at, header in enumerate(form.headers) if at not in told), *sheets.TOLD])
    with sheets.on_disk(text) as path:
        for batch in sheets.read(path, kind, form):
            for number, cells in sorted(batch.cells.items()):
                if number in wrong:
                    kept = [cell(value) for at, value in enumerate(cells[: len(form.headers)]) if at not in told]
                    kept += [""] * (len(form.headers) - len(told) - len(kept))
                    writer.writerow([*kept, cell("; ".join(wrong[number]))])
    return media.keep(b"\xef\xbb\xbf" + out.getvalue().encode(), "csv", room="papers")


def template(code: str) -> bytes:
    """An empty sheet: the names of its columns, what belongs in each, and an example; remarks that are passed over."""
    kind = sheets.get(code)
    explained = [f"{each.says} ({gettext('required')})" if each.required else str(each.says) for each in kind.columns]
    examples = [each.example for each in kind.columns]
    explained[0], examples[0] = f"{sheets.REMARK} {explained[0]}", f"{sheets.REMARK} {examples[0]}"
    return in_spreadsheets([each.name for each in kind.columns], [explained, examples])


def in_spreadsheets(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """A CSV file that a spreadsheet of the reader's language opens in columns: where people write a decimal comma,
    semicolons stand between; every file says that it is UTF-8."""
    comma = decimal_comma()
    return b"\xef\xbb\xbf" + write_csv(header, rows, delimiter=";" if comma else ",")


def decimal_comma() -> bool:
    """Whether people of the present language write 1,5."""
    from django.utils.formats import get_format

    return str(get_format("DECIMAL_SEPARATOR")) == ","


__all__ = [
    "EntrepotError", "Outcome", "bring", "carry_on_halted", "carry_out", "decimal_comma", "in_spreadsheets", "template",
]  # fmt: skip
