"""The tree of categories: one by hand, many from a table."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.catalogue import queries
from entrepot.domain.catalogue.services import NewCategory
from entrepot.flows import setting_up
from entrepot.kernel import clock
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.setup import sheets
from entrepot.surfaces.desk.setup.fields import CodeField
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

EXAMPLE = """code,parent,name,tax_class
home,,Home,
kitchen,home,Kitchen,
toys,,Toys,
books,,Books,reduced"""


def _code(cell: str) -> str:
    if not cell or not all((sign.isalnum() and sign.isascii()) or sign in "-_" for sign in cell) or len(cell) > 60:
        raise ValueError(_("letters, digits and hyphens only"))
    return cell


READERS = {
    "code": _code,
    "parent": sheets.optional(_code, ""),
    "name": sheets.text(1, 100),
    "tax_class": sheets.optional(_code, "standard"),
}


class CategoryForm(ActForm):
    """One category."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    code = CodeField()
    parent = forms.ChoiceField(label=gettext_lazy("Within"), required=False)
    tax_class = CodeField(
        label=gettext_lazy("Tax class"),
        max_length=40,
        initial="standard",
        help_text=gettext_lazy("“standard”, or one for which your markets have a rate of its own."),
    )

    def __init__(self, *args: Any, parents: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].choices = [("", _("at the top")), *parents]  # type: ignore[attr-defined]


@guards.allow("setup.edit", kind="operator")
@require_GET
def categories(request: ActingRequest) -> HttpResponse:
    """The tree."""
    return _show(request)


@guards.allow("setup.edit", kind="operator")
@require_POST
def category(request: ActingRequest) -> HttpResponse:
    """Make one, or call it otherwise."""
    form = CategoryForm(request.POST, name="category", parents=_parents())

    def keep(typed: Mapping[str, Any]) -> None:
        _keep(request, [dict(typed)])

    said, to = _("The category is kept."), reverse("desk:setup_categories")
    return attempt(request, form, keep, said=said, to=to) or _show(request, category=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def table(request: ActingRequest) -> HttpResponse:
    """Make many."""
    form = sheets.SheetForm(request.POST, request.FILES, name="categories")

    def keep(typed: Mapping[str, Any]) -> Done:
        count = _keep(request, sheets.table(typed, READERS))
        return Done(ngettext("{count} category is kept.", "{count} categories are kept.", count).format(count=count))

    return attempt(request, form, keep, to=reverse("desk:setup_categories")) or _show(request, categories=form)


def _keep(request: ActingRequest, rows: list[dict[str, Any]]) -> int:
    known = {each.code: each for each in queries.list_categories()}
    places = [
        NewCategory(
            row["code"],
            row["parent"],
            {**(known[row["code"]].names if row["code"] in known else {}), "en": row["name"]},
            row["tax_class"],
            known[row["code"]].position if row["code"] in known else place,
        )
        for place, row in enumerate(rows, start=len(known))
    ]
    return len(setting_up.keep_categories(actor=request.actor, rows=places, now=clock.now()))


def _parents() -> list[tuple[str, str]]:
    return [(each.code, _name(each)) for each in queries.list_categories()]


def _name(category: Any) -> str:
    names = category.names
    return next((names[each] for each in words.languages() if each in names), category.code)


def _show(request: ActingRequest, **refused: ActForm) -> HttpResponse:
    found = queries.list_categories()
    parents = [(each.code, _name(each)) for each in found]
    context = {
        "rows": [(each, _name(each), each.path.count("/")) for each in found],
        "category": refused.get("category") or CategoryForm(name="category", parents=parents),
        "categories": refused.get("categories")
        or sheets.SheetForm(name="categories", initial={} if found else {"sheet": EXAMPLE}),
        "example": EXAMPLE.partition("\n")[0],
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Categories"))],
    }
    return render(request, "setup/categories.html", context, *refused.values())
