"""Programmes: what each says as a table and in plain words, where it is known from, how two differ, its versions."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.markets import queries as markets
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms import changes, queries, services, words, writing
from entrepot.domain.terms.models import Programme, ProgrammeVersion
from entrepot.domain.terms.rules import Party, Task
from entrepot.domain.terms.rules import Programme as Wording
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk import duties
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.words import CONFIDENCE, VERSIONS
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

#: The views of one programme, by the last part of their address.
VIEWS: Mapping[str, Any] = {
    "": gettext_lazy("Duties"),
    "words": gettext_lazy("In plain words"),
    "sources": gettext_lazy("Sources"),
    "versions": gettext_lazy("Versions"),
}


class CopyForm(ActForm):
    """What a copy of a programme is called."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=60, help_text=gettext_lazy("Small letters and hyphens, for good.")
    )


class CompareForm(forms.Form):
    """Which two programmes, or versions of one, are held side by side."""

    a = forms.ChoiceField(label=gettext_lazy("From"))
    b = forms.ChoiceField(label=gettext_lazy("To"))

    def __init__(self, *args: Any, choices: Sequence[tuple[Any, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("a", "b"):
            self.fields[name] = forms.ChoiceField(label=self.fields[name].label, choices=choices)


@dataclass(frozen=True, slots=True)
class Row:
    """A programme in the list."""

    programme: Programme
    version: ProgrammeVersion
    is_current: bool
    has_draft: bool
    label: str
    earns: str
    shares: list[tuple[str, int]]
    enrolled: int
    url: str


@guards.allow("programmes.read", kind="operator")
@require_GET
def programmes(request: ActingRequest) -> HttpResponse:
    """Every programme, with what its sellers earn and how its tasks are spread."""
    listed = queries.list_programmes(archived="archived" in request.GET)
    enrolled = sellers.count_enrolments(at=clock.now())
    rows = [_row(each, enrolled) for each in listed if each.current or each.draft]
    kinds = {
        "own": [row for row in rows if not row.programme.is_preset],
        "neutral": [row for row in rows if row.programme.is_preset and not row.programme.modelled_on],
        "modelled": [row for row in rows if row.programme.is_preset and row.programme.modelled_on],
    }
    groups = [
        (_("Your own"), kinds["own"]),
        (_("Neutral models"), kinds["neutral"]),
        (_("Modelled on other marketplaces"), kinds["modelled"]),
    ]
    context = {
        "groups": [(title, group) for title, group in groups if group],
        "compare": CompareForm(choices=_choices(listed)) if len(rows) > 1 else None,
        "archived": "archived" in request.GET,
    }
    return render(request, "programmes/programmes.html", context)


@guards.allow("programmes.read", kind="operator")
@require_GET
def programme(request: ActingRequest, code: str, view: str = "") -> HttpResponse:
    """One programme, in the version asked for or the one that counts."""
    return show(request, code, view)


def show(
    request: ActingRequest,
    code: str,
    view: str = "",
    *,
    copy: ActForm | None = None,
    publish: ActForm | None = None,
    archive: ActForm | None = None,
    archive_version: Mapping[int, ActForm] | None = None,
    draft_opening: ActForm | None = None,
) -> HttpResponse:
    """The page of a programme; forms that were refused come along and open again."""
    if view not in VIEWS:
        raise NotFound(kind="page")
    versions = queries.list_versions(code)
    if not versions:
        raise NotFound("terms.no_programme", kind="programme")
    version = _chosen(versions, request.GET.get("version", ""))
    wording = queries.wording_of(version)
    current = next((each for each in versions if each.status == "published"), None)
    draft = next((each for each in versions if each.status == "draft"), None)
    given = {
        "copy": copy
        or CopyForm(name="copy", initial={"label": _("{name}, copy").format(name=version.programme.label)}),
        "publish": publish or ReasonForm(name="publish"),
        "archive": archive or ReasonForm(name="archive"),
        "draft_opening": draft_opening or ActForm(name="draft"),
    }
    context = {
        **given,
        "programme": version.programme,
        "version": version,
        "state": VERSIONS[version.status],
        "wording": wording,
        "label": words.label(wording.label),
        "summary": words.label(wording.summary),
        "current": current,
        "draft": draft,
        "may_edit": request.actor.may("programmes.edit"),
        "may_publish": request.actor.may("programmes.publish"),
        "crumbs": [Link(_("Programmes"), reverse("desk:programmes")), Link(version.programme.label)],
        "tabs": _tabs(request, code, view, len(versions)),
        "view": view,
        "copy_url": reverse("desk:copies", args=[code]) + f"?version={version.version}",
        "archive_url": reverse("desk:archival", args=[code]),
        **_view(request, view, wording, versions, archive_version or {}),
    }
    return render(request, "programmes/programme.html", context, *given.values(), *(archive_version or {}).values())


@guards.allow("programmes.read", kind="operator")
@require_GET
def file(request: ActingRequest, code: str) -> HttpResponse:
    """The programme as a TOML file."""
    version = _chosen(queries.list_versions(code), request.GET.get("version", ""))
    content = writing.to_toml(queries.wording_of(version))
    return HttpResponse(
        content,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{code}-{version.version}.toml"'},
    )


@guards.allow("programmes.read", kind="operator")
@require_GET
def comparison(request: ActingRequest) -> HttpResponse:
    """What changes from one programme, or version, to another."""
    form = CompareForm(request.GET or None, choices=version_choices(queries.list_every_version()))
    context: dict[str, Any] = {
        "form": form,
        "crumbs": [Link(_("Programmes"), reverse("desk:programmes")), Link(_("Comparison"))],
    }
    # An address may name a programme without a version; the page's own form names both.
    if all(request.GET.get(name) for name in ("a", "b")):
        a, b = (_find(request.GET[name]) for name in ("a", "b"))
        context["form"] = CompareForm(
            {"a": reference(a), "b": reference(b)}, choices=version_choices(queries.list_every_version())
        )
        left, right = queries.wording_of(a), queries.wording_of(b)
        told = changes.tell(left, right)
        context |= {
            "a": a,
            "b": b,
            "groups": _grouped(told),
            "count": len(told),
            "matrix": duties.matrix(right, changed=_changed_tasks(told)),
        }
    return render(request, "programmes/comparison.html", context)


@guards.allow("programmes.edit", kind="operator")
@require_POST
def copies(request: ActingRequest, code: str) -> HttpResponse:
    """Begin a programme of one's own as a copy of this one."""
    form = CopyForm(request.POST, name="copy")
    source = _chosen(queries.list_versions(code), request.GET.get("version", ""))

    def copy(typed: Mapping[str, Any]) -> Done:
        made = services.copy_programme(actor=request.actor, source=source, now=clock.now(), **typed)
        return Done(to=reverse("desk:draft", args=[made.programme.code]))

    answer = attempt(request, form, copy, said=_("The copy is a draft: change it, then publish it."))
    return answer or show(request, code, copy=form)


@guards.allow("programmes.publish", kind="operator")
@require_POST
def archival(request: ActingRequest, code: str) -> HttpResponse:
    """Take a programme out of offer."""
    form = ReasonForm(request.POST, name="archive")
    found = queries.get_programme(code)

    def archive(typed: Mapping[str, Any]) -> None:
        services.archive_programme(actor=request.actor, programme_id=found.id, now=clock.now(), **typed)

    said = _("{name} is archived. Sellers who accepted it keep it.").format(name=found.label)
    answer = attempt(request, form, archive, said=said, to=reverse("desk:programmes"))
    return answer or show(request, code, "versions", archive=form)


@guards.allow("programmes.publish", kind="operator")
@require_POST
def version_archival(request: ActingRequest, code: str, number: int) -> HttpResponse:
    """Take one published version out of offer."""
    form = ReasonForm(request.POST, name=f"archive-{number}")
    version = _chosen(queries.list_versions(code), str(number))

    def archive(typed: Mapping[str, Any]) -> None:
        services.archive_version(actor=request.actor, version_id=version.id, now=clock.now(), **typed)

    said = _("Version {version} is archived. Sellers who accepted it keep it.").format(version=number)
    answer = attempt(request, form, archive, said=said, to=reverse("desk:programme", args=[code, "versions"]))
    return answer or show(request, code, "versions", archive_version={number: form})


def _row(listed: queries.Listed, enrolled: Mapping[str, int]) -> Row:
    version = listed.current or listed.draft
    assert version is not None
    wording = queries.wording_of(version)
    performers = Counter(duty.performer for duty in wording.duties.values())
    return Row(
        programme=listed.programme,
        version=version,
        is_current=listed.current is not None,
        has_draft=listed.draft is not None,
        label=words.label(wording.label),
        earns=earns(wording),
        shares=[(party.value, performers[party]) for party in Party if performers[party]],
        enrolled=enrolled.get(listed.programme.code, 0),
        url=reverse("desk:programme", args=[listed.programme.code]),
    )


def earns(wording: Wording) -> str:
    """What sellers earn, in a few words."""
    commission = wording.earning.commission
    if commission is None:
        return _("supply price")
    return _("retail less {rate}").format(rate=words.percent(commission.default))


def _choices(listed: Sequence[queries.Listed]) -> list[tuple[str, str]]:
    """Each programme's current version and its draft, as a comparison names them."""
    choices = []
    for each in listed:
        if each.current:
            choices.append((reference(each.current), each.programme.label))
        if each.draft:
            choices.append((reference(each.draft), _("{name} (draft)").format(name=each.programme.label)))
    return choices


def version_choices(versions: Sequence[ProgrammeVersion]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every version to choose from, under the programme that it is one of."""
    return [
        (label, [(reference(each), _version_name(each)) for each in found])
        for label, found in groupby(versions, key=lambda each: each.programme.label)
    ]


def _version_name(version: ProgrammeVersion) -> str:
    names = {"label": version.programme.label, "number": version.version, "state": VERSIONS[version.status].label}
    if version.status == "published":
        return _("{label}, version {number}").format(**names)
    return _("{label}, version {number} ({state})").format(**names)


def reference(version: ProgrammeVersion) -> str:
    """How an address names a version."""
    return f"{version.programme.code}:{version.version}"


def _find(named: str) -> ProgrammeVersion:
    code, _colon, number = named.partition(":")
    return _chosen(queries.list_versions(code), number)


def _chosen(versions: Sequence[ProgrammeVersion], number: str) -> ProgrammeVersion:
    """The version of that number; without one the latest published, else the latest. Raises: NotFound."""
    if number:
        found = [each for each in versions if str(each.version) == number]
    else:
        found = [each for each in versions if each.status == "published"] or list(versions)
    if not found:
        raise NotFound("terms.no_version", kind="programme version")
    return found[0]


def _tabs(request: ActingRequest, code: str, view: str, versions: int) -> list[Link]:
    number = request.GET.get("version", "")
    query = f"?version={number}" if number.isdecimal() else ""
    return [
        Link(
            label,
            reverse("desk:programme", args=[code, name] if name else [code]) + query,
            current=name == view,
            count=versions if name == "versions" else None,
        )
        for name, label in VIEWS.items()
    ]


def _view(
    request: ActingRequest,
    view: str,
    wording: Wording,
    versions: Sequence[ProgrammeVersion],
    refused: Mapping[int, ActForm],
) -> dict[str, Any]:
    """What the chosen view reads beside the rest."""
    if view == "words":
        known = {market.currency for market in markets.list_markets()}
        currency = request.GET.get("currency", "")
        return {
            "currencies": sorted(known),
            "currency": currency if currency in known else "",
            "chapters": words.tell(wording, currency=currency if currency in known else ""),
        }
    if view == "sources":
        return {"evidence": _evidence(wording)}
    if view == "versions":
        two = {"a": reference(versions[-1]), "b": reference(versions[0])}
        compare = CompareForm(initial=two, choices=version_choices(versions)) if len(versions) > 1 else None
        return {"versions": _versions(versions, refused), "compare": compare}
    facts = _facts(wording)
    return {
        "matrix": duties.matrix(wording, note=lambda task: _known(wording, task)),
        "facts": (facts[:3], facts[3:]),
    }


def _facts(wording: Wording) -> list[tuple[Any, Any]]:
    choices = changes.CHOICES
    earning, settlement = wording.earning, wording.settlement
    until = date_format(wording.valid_until) if wording.valid_until else _("until replaced")
    return [
        (_("The seller earns"), earns(wording)),
        (_("Earned"), choices[type(earning.accrues_on)][earning.accrues_on]),
        (_("Statements"), choices[type(settlement.cadence)][settlement.cadence]),
        (_("Returns"), words.days(wording.returns.window_days)),
        (_("Markets"), _("all") if "*" in wording.markets else ", ".join(wording.markets)),
        (_("In force"), _("{start} – {end}").format(start=date_format(wording.valid_from), end=until)),
    ]


def _known(wording: Wording, task: Task) -> str:
    """Where a duty of a modelled programme is known from."""
    confidence = wording.confidence(f"duties.{task}")
    if confidence is None:
        return ""
    entry = wording.evidence_for(f"duties.{task}")
    return " ".join([f"[{confidence}", *(entry.sources if entry else ())]) + "]"


def _evidence(wording: Wording) -> list[dict[str, Any]]:
    """What is known of the keys, the best first."""
    order = list(CONFIDENCE)
    found = sorted(wording.evidence, key=lambda each: order.index(each.confidence))
    return [
        {
            "state": CONFIDENCE[each.confidence],
            "keys": [title(key, wording) for key in each.keys],
            "sources": [(name, wording.sources[name]) for name in each.sources],
            "note": each.note or "",
        }
        for each in found
    ]


def title(key: str, wording: Wording) -> str:
    """What a key is about, in words where there are some."""
    if place := re.match(r"(fees|incentives)\[(\d+)\]", key):
        entry = getattr(wording, place[1])[int(place[2])]
        return f"{changes.CLAUSES[place[1]]}: {words.label(entry.label)}"
    try:
        return changes.title(key)
    except (KeyError, ValueError, IndexError):
        return key


def _versions(versions: Sequence[ProgrammeVersion], refused: Mapping[int, ActForm]) -> list[dict[str, Any]]:
    """The versions, each with the way to what changed from the one before."""
    published_by = accounts.list_user_names({each.published_by for each in versions if each.published_by})
    rows = []
    for place, version in enumerate(versions):
        before = versions[place + 1] if place + 1 < len(versions) else None
        query = f"?a={reference(before)}&b={reference(version)}" if before else ""
        rows.append(
            {
                "version": version,
                "state": VERSIONS[version.status],
                "by": published_by.get(version.published_by, "") if version.published_by else "",
                "changes": reverse("desk:comparison") + query if query else "",
                "url": reverse("desk:programme", args=[version.programme.code]) + f"?version={version.version}",
                "dialog": f"archive-{version.version}",
                "form": refused.get(version.version) or ReasonForm(name=f"archive-{version.version}"),
                "archive_url": reverse("desk:version_archival", args=[version.programme.code, version.version]),
            }
        )
    return rows


def _grouped(told: Sequence[changes.Change]) -> list[tuple[Any, list[changes.Change]]]:
    """Differences under the clause that they belong to."""
    groups: dict[str, list[changes.Change]] = {}
    for change in told:
        first = change.key.partition(".")[0]
        groups.setdefault(first if first in changes.CLAUSES or first == "duties" else "", []).append(change)
    named = {"duties": _("Duties"), "": _("General")} | dict(changes.CLAUSES)
    return [(named[first], rows) for first, rows in groups.items()]


def _changed_tasks(told: Sequence[changes.Change]) -> set[str]:
    return {change.key.split(".")[1] for change in told if change.key.startswith("duties.")}
