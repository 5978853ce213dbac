"""The draft of a programme: edited as a file with every wrong key named, or as a table of duties; then published."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entrepot.domain.terms import changes, checks, documents, phrases, queries, services, writing
from entrepot.domain.terms import words as terms_words
from entrepot.domain.terms.documents import ProgrammeInvalid
from entrepot.domain.terms.grammar import Problem
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.domain.terms.rules import Party, Role, Task, Until
from entrepot.domain.terms.rules import Programme as Wording
from entrepot.domain.terms.tasks import DECISIONS, NONE, OPTIONAL, Cause
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound, Refused
from entrepot.surfaces.desk import duties, programmes
from entrepot.surfaces.desk.acting import ActForm, ReasonForm, attempt, render
from entrepot.surfaces.shared import guards, words
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


class DraftForm(ActForm):
    """What a draft is to say. `base` is what it said when the page was shown."""

    base = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


class FileForm(DraftForm):
    """The draft as a file."""

    text = forms.CharField(
        label=gettext_lazy("Programme file"),
        max_length=documents.BYTES_MAX,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 36, "class": "paste", "spellcheck": "false", "autocomplete": "off"}),
    )


LABELS: Mapping[Party, Any] = {party: words.PARTIES[party.value][0] for party in Party}
PARTY_CHOICES = [(party.value, LABELS[party]) for party in Party]
CAUSE_COLUMNS = [cause for cause in Cause if cause is not Cause.DEFAULT]


class DutiesForm(DraftForm):
    """The duties of a draft, a row a task. Shares are per cent; a liability that is left out is that of the default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for task in Task:
            for column, field in _row_fields(task).items():
                self.fields[f"{task}.{column}"] = field

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The controls of each task for the template; `beside` are those that no column shows."""
        rows = []
        for task in Task:
            columns = {column: self[f"{task}.{column}"] for column in _row_fields(task)}
            beside = [bound for column, bound in columns.items() if column not in SHOWN and "payer" not in column]
            rows.append(
                {
                    "title": phrases.TASKS[task].title,
                    "task": task.value,
                    **{column: columns[column] for column in SHOWN if column in columns},
                    "shares": [columns[f"payer_{party}"] for party in Party],
                    "beside": beside,
                    "said": ", ".join(f"{bound.label}: {_chosen(bound)}" for bound in beside if bound.value()),
                    "is_wrong": any(bound.errors for bound in beside),
                }
            )
        return rows


#: The columns of the table that hold one control.
SHOWN = ("performer", "decider", "liable")


def _chosen(bound: forms.BoundField) -> object:
    """The label of what is chosen."""
    choices = dict(bound.field.choices)  # type: ignore[attr-defined]
    return choices.get(bound.value(), bound.value())


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a key of the file, and the line on which the key stands, where it can be found."""

    key: str
    words: str
    line: int | None = None


@guards.allow("programmes.edit", kind="operator")
@require_http_methods(["GET", "POST"])
def draft(request: ActingRequest, code: str) -> HttpResponse:
    """The draft as a file: check it, save it."""
    version = _draft(code)
    if request.method != "POST":
        text = writing.to_toml(queries.wording_of(version))
        return _page(request, version, "file", FileForm(initial={"text": text, "base": version.content_hash}))
    form = FileForm(request.POST)
    problems: list[Wrong] = []
    wording: Wording | None = None
    if form.is_valid():
        text = form.cleaned_data["text"]
        try:
            wording = documents.parse_toml(text, where=code)
        except ProgrammeInvalid as invalid:
            problems = [Wrong(each.key, _said(each), locate(text, each.key)) for each in invalid.problems]
            form.status = 422
    if wording is not None and request.POST.get("act") != "check":
        answer = _save(request, form, version, wording, "desk:draft")
        if answer:
            return answer
    return _page(request, version, "file", form, problems, wording)


@guards.allow("programmes.edit", kind="operator")
@require_http_methods(["GET", "POST"])
def draft_duties(request: ActingRequest, code: str) -> HttpResponse:
    """The draft as a table of duties."""
    version = _draft(code)
    if request.method != "POST":
        initial = _typed(queries.wording_of(version)) | {"base": version.content_hash}
        return _page(request, version, "duties", DutiesForm(initial=initial))
    form = DutiesForm(request.POST)
    problems: list[Wrong] = []
    if form.is_valid():
        document = version.document | {"duties": _document(form.cleaned_data)}
        try:
            wording = documents.parse(document, where=code)
        except ProgrammeInvalid as invalid:
            problems = [Wrong(each.key, _said(each)) for each in invalid.problems]
            form.status = 422
        else:
            if request.POST.get("act") == "preview":
                return _page(request, version, "duties", form, checked=wording)
            answer = _save(request, form, version, wording, "desk:draft_duties")
            if answer:
                return answer
    return _page(request, version, "duties", form, problems)


@guards.allow("programmes.edit", kind="operator")
@require_GET
def draft_words(request: ActingRequest, code: str) -> HttpResponse:
    """The draft as a seller would read it, with what is new marked."""
    version = _draft(code)
    return _page(request, version, "words", DraftForm())


@guards.allow("programmes.edit", kind="operator")
@require_POST
def drafts(request: ActingRequest, code: str) -> HttpResponse:
    """Open the next version of a programme as a draft."""
    form = ActForm(request.POST)
    source = queries.get_current(code)

    def open_draft(typed: Mapping[str, Any]) -> None:
        services.draft_version(actor=request.actor, source=source, now=clock.now())

    answer = attempt(request, form, open_draft, to=reverse("desk:draft", args=[code]))
    return answer or programmes.show(request, code, draft_opening=form)


@guards.allow("programmes.edit", kind="operator")
@require_POST
def disposal(request: ActingRequest, code: str) -> HttpResponse:
    """Throw the draft away."""
    form = ActForm(request.POST)
    version = _draft(code)

    def discard(typed: Mapping[str, Any]) -> None:
        services.discard_draft(actor=request.actor, version_id=version.id, now=clock.now())

    answer = attempt(request, form, discard, said=_("The draft is gone."), to=reverse("desk:programmes"))
    return answer or programmes.show(request, code, draft_opening=form)


@guards.allow("programmes.publish", kind="operator")
@require_POST
def publication(request: ActingRequest, code: str) -> HttpResponse:
    """Publish the draft, for good."""
    form = ReasonForm(request.POST, name="publish")
    version = _draft(code)

    def publish(typed: Mapping[str, Any]) -> None:
        services.publish(actor=request.actor, version_id=version.id, now=clock.now(), **typed)

    said = _("Version {version} is published. It never changes from now on.").format(version=version.version)
    answer = attempt(request, form, publish, said=said, to=reverse("desk:programme", args=[code]))
    return answer or programmes.show(request, code, publish=form)


def _draft(code: str) -> ProgrammeVersion:
    """The open draft of a programme. Raises: NotFound."""
    found = next((each for each in queries.list_versions(code) if each.status == "draft"), None)
    if found is None:
        raise NotFound("terms.no_version", kind="draft")
    return found


def _save(
    request: ActingRequest, form: DraftForm, version: ProgrammeVersion, wording: Wording, route: str
) -> HttpResponse | None:
    def save(typed: Mapping[str, Any]) -> None:
        if typed["base"] and typed["base"] != version.content_hash:
            raise Refused("terms.draft_changed", "Somebody changed this draft while you did; look at it before saving.")
        services.edit_draft(actor=request.actor, version_id=version.id, wording=wording, now=clock.now())

    to = reverse(route, args=[version.programme.code])
    return attempt(request, form, save, said=_("The draft is saved."), to=to)


def _page(
    request: ActingRequest,
    version: ProgrammeVersion,
    view: str,
    form: DraftForm,
    problems: Sequence[Wrong] = (),
    checked: Wording | None = None,
) -> HttpResponse:
    code = version.programme.code
    saved = queries.wording_of(version)
    published = next((each for each in queries.list_versions(code) if each.status == "published"), None)
    shown = checked or saved
    context = {
        "version": version,
        "programme": version.programme,
        "form": form,
        "view": view,
        "problems": problems,
        "is_checked": checked is not None and not problems,
        "warnings": [Wrong(each.key, _said(each)) for each in checks.find_warnings(shown)],
        "published": published,
        "told": changes.tell(queries.wording_of(published), shown) if published else [],
        "discard": ActForm(name="discard"),
        "chapters": _chapters(shown, published) if view == "words" or checked else [],
        "crumbs": [
            Link(_("Programmes"), reverse("desk:programmes")),
            Link(version.programme.label, reverse("desk:programme", args=[code])),
            Link(_("Draft")),
        ],
        "tabs": [
            Link(_("As a file"), reverse("desk:draft", args=[code]), current=view == "file"),
            Link(_("Table of duties"), reverse("desk:draft_duties", args=[code]), current=view == "duties"),
            Link(_("In plain words"), reverse("desk:draft_words", args=[code]), current=view == "words"),
        ],
    }
    return render(request, "programmes/draft.html", context, form)


def _chapters(shown: Wording, published: ProgrammeVersion | None) -> list[dict[str, Any]]:
    """What a draft says in plain words, each line with whether the published version says it too."""
    before: set[str] | None = None
    if published:
        told = terms_words.tell(queries.wording_of(published))
        before = {line.text for chapter in told for group in chapter.groups for line in group.lines}
    return [
        {
            "title": chapter.title,
            "groups": [
                (group.heading, [(line.text, before is not None and line.text not in before) for line in group.lines])
                for group in chapter.groups
            ],
        }
        for chapter in terms_words.tell(shown)
    ]


def _said(problem: Problem) -> str:
    """What is wrong, in the reader's language."""
    return _(problem.template).format(**problem.values)


def locate(text: str, key: str) -> int | None:
    """The line of a TOML file on which a key stands, or the nearest one above it that does; from 1."""
    places: dict[str, int] = {}
    tables: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            name = found.group(1)
            tables[name] = tables.get(name, -1) + 1
            table = f"{name}[{tables[name]}]"
            places[table] = number
        elif found := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            table = found.group(1)
            places.setdefault(table, number)
        elif found := re.match(r"\s*([\w.-]+|\"[^\"]+\")\s*=", line):
            name = found.group(1).strip('"')
            places.setdefault(f"{table}.{name}" if table else name, number)
    while key:
        if key in places:
            return places[key]
        key = re.sub(r"(\.[^.\[]+|\[\d+\])$", "", key) if re.search(r"[.\[]", key) else ""
    return None


# The table of duties


def liable_if(cause: Cause) -> Any:
    """The label of who answers for a cause."""
    return format_lazy(gettext_lazy("Liable, {cause}"), cause=duties.CAUSES[cause])


def _row_fields(task: Task) -> dict[str, forms.Field]:
    """The controls of a task."""
    performers = [*PARTY_CHOICES, (NONE, gettext_lazy("nobody"))] if task in OPTIONAL else PARTY_CHOICES
    nobody = [("", "–"), *PARTY_CHOICES]
    fields: dict[str, forms.Field] = {
        "performer": forms.ChoiceField(choices=performers, label=gettext_lazy("Does it")),
    }
    if task in DECISIONS:
        fields |= {
            "decider": forms.ChoiceField(choices=nobody, required=False, label=gettext_lazy("Decides it")),
            "proposer": forms.ChoiceField(choices=nobody, required=False, label=gettext_lazy("May suggest it")),
            "approver": forms.ChoiceField(choices=nobody, required=False, label=gettext_lazy("Has to agree")),
        }
    for party in Party:
        fields[f"payer_{party}"] = forms.DecimalField(
            required=False,
            min_value=0,
            max_value=100,
            max_digits=7,
            decimal_places=4,
            label=LABELS[party],
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )
    fields["liable"] = forms.ChoiceField(choices=nobody, required=False, label=gettext_lazy("Bears the risk"))
    for cause in CAUSE_COLUMNS:
        fields[f"liable_{cause}"] = forms.ChoiceField(choices=nobody, required=False, label=liable_if(cause))
    roles = [("", "–"), *((role.value, phrases.ROLES[role]) for role in Role)]
    fields["role"] = forms.ChoiceField(choices=roles, required=False, label=gettext_lazy("Third party"))
    if task is Task.STOCK_OWNERSHIP:
        untils = [(until.value, phrases.UNTIL[until]) for until in Until]
        fields["until"] = forms.ChoiceField(choices=untils, label=gettext_lazy("Owned until"))
    return fields


def _typed(wording: Wording) -> dict[str, Any]:
    """A programme's duties as the table shows them."""
    typed: dict[str, Any] = {}
    for task, duty in wording.duties.items():
        decider = duty.decider
        row: dict[str, Any] = {
            "performer": duty.performer or NONE,
            "decider": decider.party if decider else "",
            "proposer": (decider.proposer or "") if decider else "",
            "approver": (decider.approver or "") if decider else "",
            "liable": duty.liable.get(Cause.DEFAULT, ""),
            "role": duty.role or "",
            "until": duty.until or "",
        }
        row |= {f"payer_{party}": _percent(share) for party, share in duty.payer.items()}
        row |= {f"liable_{cause}": party for cause, party in duty.liable.items() if cause is not Cause.DEFAULT}
        typed |= {f"{task}.{column}": value for column, value in row.items()}
    return typed


def _percent(share: Decimal) -> str:
    return format((share * 100).normalize(), "f")


def _document(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The table of duties as a document; the grammar reads it and says what is wrong."""
    table: dict[str, Any] = {}
    for task in Task:
        row = {column: typed.get(f"{task}.{column}") for column in _row_fields(task)}
        if row["performer"] == NONE:
            table[task.value] = NONE
            continue
        duty: dict[str, Any] = {"performer": row["performer"]}
        decider = {name: row[column] for name, column in _DECIDER.items() if row.get(column)}
        if decider:
            duty["decider"] = decider
        payer = {
            party.value: share / 100 for party in Party if (share := row[f"payer_{party}"]) is not None and share != 0
        }
        if payer:
            duty["payer"] = payer
        liable = {cause.value: row[f"liable_{cause}"] for cause in CAUSE_COLUMNS if row[f"liable_{cause}"]}
        if row["liable"]:
            liable = {Cause.DEFAULT.value: row["liable"]} | liable
        if liable:
            duty["liable"] = liable
        duty |= {name: row[name] for name in ("role", "until") if row.get(name)}
        table[task.value] = duty
    return table


_DECIDER = {"party": "decider", "proposer": "proposer", "approver": "approver"}
