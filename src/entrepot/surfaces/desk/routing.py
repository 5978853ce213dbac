"""Where goods leave from: the operator's rules, edited as a draft, looked at on past orders, then published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.markets import queries as markets
from entrepot.domain.routing import queries, services
from entrepot.domain.routing.rules import RuleKind
from entrepot.domain.routing.services import Wanted
from entrepot.flows import rerouting
from entrepot.flows.rerouting import Look, Side
from entrepot.kernel import clock
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.kernel.money import decimal_of, parse_minor
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.lanes import tabs
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.routing import CHANGES, KINDS, look_document, read_rules, rules_document, sentence

#: Empty rows below those that are there, and how many changed orders the page names.
BLANK, NAMED = 2, 50


class RuleForm(forms.Form):
    """One rule of the draft; without a kind the row is empty."""

    id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    place = forms.IntegerField(
        label=gettext_lazy("Place"), required=False, min_value=1, max_value=999,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 2}),
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("Rule"), required=False)
    node = forms.ChoiceField(label=gettext_lazy("Node"), required=False)
    market = forms.ChoiceField(label=gettext_lazy("Market"), required=False)
    amount = forms.CharField(
        label=gettext_lazy("Amount"), required=False, max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "size": 6, "autocomplete": "off"}),
    )  # fmt: skip
    is_on = forms.BooleanField(label=gettext_lazy("On"), required=False)
    valid_from = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Any = None, *, choices: "Choices", **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.choices = choices
        for name, rows in (("kind", choices.kinds), ("node", choices.nodes), ("market", choices.markets)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = rows
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = str(field.label)

    def clean_amount(self) -> int | None:
        """The amount in minor units of its market's currency."""
        text = self.cleaned_data.get("amount", "").strip()
        if not text:
            return None
        currency = self.choices.currencies.get(self.cleaned_data.get("market", ""))
        if currency is None:
            raise forms.ValidationError(_("An amount needs a market, whose currency it is in."))
        try:
            return parse_minor(text, currency)
        except EntrepotError as problem:
            raise forms.ValidationError(str(problem).removeprefix("amount: ")) from None


@dataclass(frozen=True, slots=True)
class Choices:
    """What rows may name."""

    kinds: Sequence[tuple[str, Any]]
    nodes: Sequence[tuple[str, Any]]
    markets: Sequence[tuple[str, Any]]
    currencies: Mapping[str, str]


class LookForm(ActForm):
    """On how many of the latest orders a draft is looked at."""

    orders = forms.IntegerField(
        label=gettext_lazy("Orders to look at"), min_value=1, max_value=rerouting.ORDERS_MAX, initial=rerouting.ORDERS
    )
    edition = forms.IntegerField(widget=forms.HiddenInput)


class PublishForm(ReasonForm):
    """The draft that was looked at, and why it is published."""

    draft = forms.CharField(widget=forms.HiddenInput, max_length=100_000)
    edition = forms.IntegerField(widget=forms.HiddenInput)


@allow("routing.read", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: ActingRequest) -> HttpResponse:
    """The rules in their order as a draft to edit; a POST looks at what the draft would change."""
    choices = _choices()
    if request.method != "POST":
        form = LookForm(initial={"edition": queries.current_edition()}, name="look")
        return _page(request, choices, form, _rows(choices, _wanted()))
    form = LookForm(request.POST, name="look")
    rows = _typed(request, choices)
    drafted, looked = [], None
    if form.is_valid() and all(row.is_valid() for row in rows):
        drafted = _draft(rows)
        try:
            looked = rerouting.look(rules=drafted, now=clock.now(), orders=form.cleaned_data["orders"])
        except EntrepotError as problem:
            _refuse(form, rows, problem)
    else:
        form.status = 422
    if looked is None:
        return _page(request, choices, form, rows)
    publish = PublishForm(
        initial={"draft": json.dumps(rules_document(drafted)), "edition": form.cleaned_data["edition"]}, name="publish"
    )
    return _page(request, choices, form, _rows(choices, drafted), looked, publish)


@allow("routing.edit", kind="operator")
@require_http_methods(["POST"])
def editions(request: ActingRequest) -> HttpResponse:
    """Publish a draft that was looked at, as the next edition."""
    form = PublishForm(request.POST, name="publish")

    def publish(typed: Mapping[str, Any]) -> Done:
        made = services.publish_rules(
            rules=_read(typed["draft"]), edition=typed["edition"], actor=request.actor, reason=typed["reason"],
            now=clock.now(),
        )  # fmt: skip
        said = _("Edition {number} holds from now on.").format(number=made.number)
        return Done(said, reverse("desk:routing_rules"))

    answer = attempt(request, form, publish)
    if answer is not None:
        return answer
    choices = _choices()
    try:
        drafted = _read(form.data.get("draft", ""))
    except EntrepotError:
        drafted = _wanted()
    look = LookForm(initial={"edition": queries.current_edition()}, name="look")
    return _page(request, choices, look, _rows(choices, drafted), None, form)


def _read(text: str) -> list[Wanted]:
    try:
        return read_rules(json.loads(text))
    except ValueError:
        raise Invalid("routing.bad_draft", "The draft cannot be read; look at it again.", field="draft") from None


def _choices() -> Choices:
    found = markets.list_markets()
    nodes = [each for each in logistics.list_nodes().values() if not each.is_archived]
    return Choices(
        [("", "–"), *((kind.value, KINDS[kind]) for kind in RuleKind)],
        [("", "–"), *sorted((each.code, f"{each.code} ({each.country})") for each in nodes)],
        [("", _("all")), *((each.code, f"{each.code} ({each.currency})") for each in found)],
        {each.code: each.currency for each in found},
    )


def _wanted() -> list[Wanted]:
    """The rules as they are."""
    return [
        Wanted(
            row.kind, row.market.code if row.market else "", row.node.code if row.node else "", row.amount_minor,
            row.is_on, row.valid_from, row.valid_until, row.id,
        )
        for row in queries.list_rules(on=clock.now().date())
    ]  # fmt: skip


def _rows(choices: Choices, drafted: Sequence[Wanted]) -> list[RuleForm]:
    """A form for each rule, and some for new ones."""
    rows = []
    for place, each in enumerate([*drafted, *[None] * BLANK]):
        initial: dict[str, Any] = {"is_on": True}
        if each is not None:
            amount = ""
            if each.amount_minor is not None:
                amount = str(decimal_of(each.amount_minor, choices.currencies.get(each.market_code, "EUR")))
            initial = {
                "id": each.rule_id, "place": place + 1, "kind": each.kind, "node": each.node_code,
                "market": each.market_code, "amount": amount, "is_on": each.is_on, "valid_from": each.valid_from,
                "valid_until": each.valid_until,
            }  # fmt: skip
        rows.append(RuleForm(choices=choices, prefix=f"rule-{place}", initial=initial))
    return rows


def _typed(request: ActingRequest, choices: Choices) -> list[RuleForm]:
    """The rows that were sent."""
    count = 0
    while count < services.RULES_MAX + BLANK and f"rule-{count}-kind" in request.POST:
        count += 1
    return [RuleForm(request.POST, choices=choices, prefix=f"rule-{place}") for place in range(count)]


def _draft(rows: Sequence[RuleForm]) -> list[Wanted]:
    """The rules of the rows that say something, in the order of their places; a row without one comes last."""
    filled = [(row.cleaned_data, number) for number, row in enumerate(rows) if row.cleaned_data["kind"]]
    filled.sort(key=lambda each: (each[0]["place"] or len(rows) + 1000, each[1]))
    return [
        Wanted(
            typed["kind"], typed["market"], typed["node"], typed["amount"], typed["is_on"], typed["valid_from"],
            typed["valid_until"], typed["id"],
        )
        for typed, _number in filled
    ]  # fmt: skip


def _refuse(form: LookForm, rows: Sequence[RuleForm], problem: EntrepotError) -> None:
    """Say what is wrong at the row that it names, or above the form."""
    form.status = problem.status
    head, _dot, name = problem.field.partition("].")
    filled = sorted(
        ((row.cleaned_data["place"] or len(rows) + 1000, number) for number, row in enumerate(rows)
         if row.cleaned_data["kind"])
    )  # fmt: skip
    place = head.removeprefix("rules[")
    if place.isdecimal() and int(place) < len(filled):
        row = rows[filled[int(place)][1]]
        row.add_error(name if name in row.fields else None, errors.sentence(problem))
    else:
        form.add_error(None, errors.sentence(problem))


def _page(
    request: ActingRequest,
    choices: Choices,
    form: LookForm,
    rows: Sequence[RuleForm],
    looked: Look | None = None,
    publish: PublishForm | None = None,
) -> HttpResponse:
    kept = queries.list_editions(limit=11)
    context = {
        "form": form,
        "rows": rows,
        "look": _shown(looked) if looked else None,
        "publish": publish,
        "may_edit": request.actor.may("routing.edit"),
        "edition": kept[0] if kept else None,
        "history": _history(kept, choices.currencies),
        "tabs": tabs("routing"),
        "crumbs": [Link(_("Borders"), reverse("desk:borders")), Link(_("Routing"))],
    }
    return render(request, "routing/rules.html", context, *([form] if publish is None else [form, publish]))


def _history(kept: Sequence[Any], currencies: Mapping[str, str]) -> list[tuple[Any, list[tuple[Any, str]]]]:
    """The latest editions, the newest first, each with what it changed."""
    before = [[], *(each.rules for each in kept[::-1])][:-1][::-1] if kept else []
    return [
        (each, [(CHANGES[what], sentence(row, currencies)) for what, row in queries.changes(was, each.rules)])
        for each, was in list(zip(kept, before, strict=True))[:10]
    ]


def _shown(looked: Look) -> dict[str, Any]:
    """A look as the page shows it."""
    found = look_document(looked)
    nodes = sorted({*looked.before.by_node, *looked.after.by_node})
    return {
        **found,
        "changes": found["changes"][:NAMED],
        "more": max(0, found["changed"] - NAMED),
        "nodes": [(code, looked.before.by_node.get(code, 0), looked.after.by_node.get(code, 0)) for code in nodes],
        "sums": [*_sums(looked.before, looked.after)],
        "day": looked.on,
    }


def _sums(before: Side, after: Side) -> list[tuple[str, str, int, int]]:
    """What carriage with duty, and what shoppers pay, come to by currency: before and after."""
    return [
        (what, currency, getattr(before, name).get(currency, 0), getattr(after, name).get(currency, 0))
        for what, name in ((_("Carriage and customs duty"), "cost_minor"), (_("Shoppers pay"), "total_minor"))
        for currency in sorted({*getattr(before, name), *getattr(after, name)})
    ]
