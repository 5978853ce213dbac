"""Every programme by every lane for goods, as a page asks for it and shows it: for sellers and operators alike.

Three ways to say which goods: chosen from one's own articles, typed, or pasted as a table. All come to the same rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entrepot.domain.markets.models import Market
from entrepot.domain.settlement import words as settlement
from entrepot.flows import comparing, plans
from entrepot.flows.comparing import Compared, Option
from entrepot.flows.plans import Unreadable
from entrepot.kernel import money
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import EntrepotError
from entrepot.kernel.sheets import cells_of
from entrepot.surfaces.shared import access, errors, sides
from entrepot.surfaces.shared.components import Explanation, Part, Text, Trace
from entrepot.surfaces.shared.sides import Sides

#: More goods than one looks at together; the command line and the API take more.
GOODS_MAX = 12
BEGINNING: Mapping[str, str] = {"units": "500", "stock_days": "60", "supplier_days": "30"}

#: What goes off beside the parts that settlement knows.
BESIDE: Mapping[str, Text] = {
    "owed": gettext_lazy("Tax and customs duty to be handed on"),
    "own_carriage": gettext_lazy("The seller's own carrier"),
    "goods": gettext_lazy("The goods themselves"),
    "inbound.line_haul": gettext_lazy("The way into the market, a unit's share"),
    "inbound.customs_duty": gettext_lazy("Customs duty on the stock, a unit's share"),
    "inbound.storage": gettext_lazy("Storage until it sells"),
}
PAID: Mapping[str, Text] = {
    "goods": gettext_lazy("Goods"),
    "shipping": gettext_lazy("Delivery"),
    "tax": gettext_lazy("Tax"),
    "customs": gettext_lazy("Customs duty"),
}


COLUMNS: Mapping[str, Text] = {
    "cost": gettext_lazy("one unit costs"),
    "supply": gettext_lazy("supply price"),
    "retail": gettext_lazy("a shopper would pay"),
    "weight_g": gettext_lazy("weight"),
}


class CommonForm(forms.Form):
    """What holds for all goods that are compared. It is asked for by GET."""

    market = forms.ChoiceField(label=gettext_lazy("Sold in"))
    home_country = forms.RegexField(
        r"^[A-Z]{2}$", label=gettext_lazy("Made in"), help_text=gettext_lazy("Two letters, such as CN.")
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$", label=gettext_lazy("The seller's currency"), help_text=gettext_lazy("Such as CNY.")
    )
    units = forms.IntegerField(label=gettext_lazy("Units together"), min_value=1, max_value=10_000_000)
    stock_days = forms.IntegerField(label=gettext_lazy("Sold within"), min_value=0, max_value=3_650)
    supplier_days = forms.IntegerField(label=gettext_lazy("Supplier paid after"), min_value=0, max_value=3_650)

    def __init__(self, data: Any = None, *, markets: Sequence[tuple[str, str]], initial: Mapping[str, str]) -> None:
        super().__init__(data, initial=dict(BEGINNING) | dict(initial), auto_id="common-%s")
        self.fields["market"].choices = markets  # type: ignore[attr-defined]


class TypedForm(forms.Form):
    """One article that is not in the catalogue."""

    sku = forms.CharField(label=gettext_lazy("What it is"), max_length=80)
    cost = forms.CharField(label=gettext_lazy("One unit costs"), max_length=30)
    supply = forms.CharField(label=gettext_lazy("Supply price asked"), max_length=30, required=False)
    retail = forms.CharField(label=gettext_lazy("A shopper would pay"), max_length=30)
    weight_g = forms.IntegerField(label=gettext_lazy("Weight, packed"), min_value=1, max_value=10_000_000)
    length_mm = forms.IntegerField(label=gettext_lazy("Length"), required=False, min_value=0, max_value=10_000_000)
    width_mm = forms.IntegerField(label=gettext_lazy("Width"), required=False, min_value=0, max_value=10_000_000)
    height_mm = forms.IntegerField(label=gettext_lazy("Height"), required=False, min_value=0, max_value=10_000_000)
    hs_code = forms.CharField(label=gettext_lazy("HS code"), max_length=10, required=False)
    has_battery = forms.BooleanField(label=gettext_lazy("With a battery"), required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="typed-%s")

    def row(self) -> dict[str, Any]:
        """The article as a row of a plan."""
        typed = dict(self.cleaned_data)
        flags = "battery" if typed.pop("has_battery") else ""
        return {name: value for name, value in typed.items() if value not in (None, "")} | {"flags": flags}


class PastedForm(forms.Form):
    """A table, as copied from a spreadsheet."""

    rows = forms.CharField(
        label=gettext_lazy("The table"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 7, "class": "paste", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="pasted-%s")

    def table(self) -> list[dict[str, Any]]:
        """The rows by the names in the first one."""
        cells = cells_of(self.cleaned_data["rows"])
        names = [each.strip().lower().replace(" ", "_") for each in cells[0]]
        return [dict(zip(names, (cell.strip() for cell in row), strict=False)) for row in cells[1:] if any(row)]


@dataclass(frozen=True, slots=True)
class Shown:
    """An option as a page draws it."""

    option: Option
    way: str
    lane: Text
    lane_code: str
    net: Explanation | None
    landed: Explanation | None
    promise: str
    lacks: tuple[str, ...]

    @property
    def must_sell(self) -> Decimal | None:
        """The share of the units that must sell, in whole per cent; nothing where the platform buys them."""
        return None if self.option.break_even is None else round(self.option.break_even, 2)


@dataclass(frozen=True, slots=True)
class Good:
    """One article with its options: those that can be reckoned, and those of which nothing can be said."""

    found: Compared
    title: str
    options: list[Shown]
    unsaid: list[Shown]
    sides: Sides | None = None
    pictures: tuple[SafeString, SafeString] | None = None

    @property
    def open(self) -> list[Shown]:
        """What the seller may enter."""
        return [each for each in self.options if not each.lacks]

    @property
    def closed(self) -> list[Shown]:
        """What it may not enter yet."""
        return [each for each in self.options if each.lacks]

    @property
    def best(self) -> Shown | None:
        """The option that leaves most and may be entered, else that leaves most."""
        return next((each for each in self.options if not each.lacks), self.options[0] if self.options else None)


@dataclass(frozen=True, slots=True)
class Who:
    """A programme: who does what, and why it may not be entered."""

    label: str
    first: list[tuple[Text, str]]
    chapters: Sequence[Any]
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What the comparison of a page came to."""

    goods: list[Good] = field(default_factory=list)
    who: list[Who] = field(default_factory=list)
    problem: str = ""


def asked(form: CommonForm, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of plans: what was said of each article, else what holds for all."""
    common = {name: form.cleaned_data[name] for name in form.fields}
    return [common | {name: value for name, value in row.items() if value not in (None, "")} for row in given]


def compare(
    rows: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    actor: Actor,
    seller_id: UUID | None,
    titles: Mapping[str, str] | None = None,
    drawn: int = 0,
    known: Sequence[Market] = (),
) -> Page:
    """The rows compared; `drawn` is the place of the article whose picture is drawn. Raises: Unreadable."""
    if not rows:
        return Page(problem=_("Name at least one article."))
    if len(rows) > GOODS_MAX:
        return Page(problem=_("A page compares {most} articles at most.").format(most=GOODS_MAX))
    try:
        found = comparing.compare(
            plans=plans.read_plans(rows, known=known), now=now, actor=actor, seller_id=seller_id, known=known
        )
    except Unreadable:
        raise
    except EntrepotError as problem:
        return Page(problem=errors.sentence(problem))
    goods = [good(each, (titles or {}).get(each.plan.sku, ""), place == drawn) for place, each in enumerate(found)]
    return Page(goods, _who(found[0]))


def good(found: Compared, title: str = "", is_drawn: bool = False) -> Good:
    """An article's options in words."""
    shown = [_shown(each, found) for each in found.options]
    both = sides.of(found) if is_drawn else None
    return Good(
        found,
        title or found.plan.sku,
        [each for each in shown if not each.option.problem],
        [each for each in shown if each.option.problem],
        both,
        sides.on_page(both) if both else None,
    )


def _shown(option: Option, found: Compared) -> Shown:
    lane = found.lanes.get(option.lane)
    return Shown(
        option,
        sides.way_in_words(option, found.lanes),
        lane.title if lane else "",
        option.lane,
        _net(option) if not option.problem else None,
        _landed(option, found) if not option.problem else None,
        sides.promise_in_words(option.promise_days),
        tuple(access.lacks(each) for each in option.unmet),
    )


def _net(option: Option) -> Explanation:
    parts = [Part(part_in_words(each.code), each.amount_minor) for each in option.parts]
    traces = [
        Trace(_("Terms"), _("{programme}, version {version}").format(programme=option.label, version=option.version))
    ]
    if option.example is not None and option.example.currency != option.example.market_currency:
        rate = option.example.rate
        said = _("{rate} {own} for 1 {market}, {day}").format(
            rate=f"{rate.rate.normalize():f}", own=option.example.currency, market=option.example.market_currency,
            day=rate.published_on.isoformat(),
        )  # fmt: skip
        traces.append(Trace(_("Exchange rate"), said))
    return Explanation(_("What stays of one unit"), parts, traces)


def part_in_words(code: str) -> str:
    """A part of what a unit leaves."""
    return str(BESIDE[code]) if code in BESIDE else settlement.part(code)


def _landed(option: Option, found: Compared) -> Explanation:
    paid = option.example.paid_parts if option.example else ()
    return Explanation(
        _("What the shopper pays for one unit"),
        [Part(PAID.get(each.code, each.code), each.amount_minor) for each in paid],
        [Trace(_("In the seller's currency"), _own(option))] if option.example else [],
    )


def _own(option: Option) -> str:
    whole = sum(each.amount_minor for each in option.spread)
    assert option.example is not None
    return money.format_minor(whole, option.example.currency, get_language() or "en")


def _who(found: Compared) -> list[Who]:
    lacking = {each.programme: tuple(access.lacks(one) for one in each.unmet) for each in found.options}
    return [
        Who(wording.label["en"], access.first_asked(wording), found.who.get(code, ()), lacking.get(code, ()))
        for code, wording in found.programmes.items()
    ]


def without(query: QueryDict, *names: str) -> str:
    """The address's query without some of its names, to which one may be added."""
    kept = query.copy()
    for name in names:
        kept.pop(name, None)
    return kept.urlencode()


def named(problem: Unreadable, codes: Sequence[str] = ()) -> str:
    """What is wrong with a row: which article, in which column."""
    row, column = int(problem.values["row"]), str(problem.values["column"])
    article = codes[row - 1] if row <= len(codes) else _("Row {row}").format(row=row)
    label = COLUMNS.get(column, column)
    return _("{article}, {column}: {problem}").format(article=article, column=label, problem=problem.values["problem"])
