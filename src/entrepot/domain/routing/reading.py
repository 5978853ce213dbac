"""A routing question as rows: lines, stock, nodes, options and rules; and its answer as a document. Pure.

docs/rules/routing.md explains every column.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from entrepot.domain.routing import rules, telling
from entrepot.domain.routing.carts import Carts
from entrepot.domain.routing.problem import OBJECTIONS, UNLIMITED, Answer, Options, Problem, Verdict
from entrepot.domain.routing.rules import OF_NODES, Rule, RuleKind
from entrepot.kernel.errors import Invalid
from entrepot.kernel.money import parse_minor
from entrepot.kernel.sheets import Unreadable

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "line": ("order", "sku", "quantity", "to", "line", "seller", "weight_g", "within_days", "value", "pool", "from"),
    "stock": ("node", "sku", "quantity", "pool"),
    "option": ("node", "to", "currency", "service", "fixed", "per_unit", "per_kg", "days", "parcels"),
    "node": ("node", "to", "units"),
    "rule": ("rule", "node", "amount"),
}
#: How many columns of each, from the first, cannot be left out.
_NEEDED = {"line": 4, "stock": 3, "option": 3, "node": 1, "rule": 1}
_COMPONENT = re.compile(r"(?:(\d{1,6})\s*\*\s*)?(\S.*)", re.ASCII)
WHOLE_MAX = 10**9


@dataclass(frozen=True)
class Question:
    """A problem with the names of what is in it."""

    problem: Problem
    currency: str
    groups: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]


class _Row:
    """One row, whose cells are read with its number and column at hand."""

    def __init__(self, number: object, kind: str, cells: Mapping[str, Any]) -> None:
        self.number, self.kind = number, kind
        self.cells = {key: "" if value is None else str(value).strip() for key, value in cells.items()}
        for column, text in self.cells.items():
            if text and column not in ("row", "number") and column not in COLUMNS[kind]:
                self.fail(column, f"a {kind} has no such column; it has {', '.join(COLUMNS[kind])}")
        for column in COLUMNS[kind][: _NEEDED[kind]]:
            if not self.text(column):
                self.fail(column, f"a {kind} needs this")

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def fail(self, column: str, problem: str) -> NoReturn:
        raise Unreadable(field="file", row=self.number, column=column, problem=problem)

    def whole(self, column: str, blank: int, least: int = 0) -> int:
        text = self.text(column)
        if not text:
            return blank
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= WHOLE_MAX:
            self.fail(column, f"write a whole number from {least} to {WHOLE_MAX}")
        return int(text)

    def amount(self, column: str, currency: str) -> int:
        text = self.text(column)
        if not text:
            return 0
        try:
            minor = parse_minor(text, currency)
        except Invalid as refusal:
            self.fail(column, str(refusal).removeprefix("amount: "))
        if minor < 0:
            self.fail(column, "an amount is not below 0")
        return minor

    def components(self) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        for part in self.text("sku").split("+"):
            match = _COMPONENT.fullmatch(part.strip())
            if not match or int(match[1] or 1) < 1 or match[2].strip() in found:
                self.fail("sku", "write a SKU, or what one consists of as 2*MUG + PLATE, each SKU once")
            found[match[2].strip()] = int(match[1] or 1)
        return list(found.items())


class _Numbers(dict[Any, int]):
    """A number for each name, in the order in which they come."""

    def __missing__(self, name: Any) -> int:
        self[name] = len(self)
        return self[name]


def read(given: Sequence[Mapping[str, Any]]) -> Question:
    """The question that rows ask; `row` says what each is, a line where that is blank. Raises: Unreadable, Invalid."""
    kinds: dict[str, list[_Row]] = {kind: [] for kind in COLUMNS}
    for place, cells in enumerate(given, 1):
        number = cells.get("number", place)
        kind = str(cells.get("row") or "line").strip().lower()
        if kind not in COLUMNS:
            raise Unreadable(
                field="file", row=number, column="row", problem=f"{kind[:30]!r} is none of {', '.join(COLUMNS)}"
            )
        kinds[kind].append(_Row(number, kind, cells))
    if not kinds["line"]:
        raise Invalid("routing.no_lines", "There is no line to route.", field="file")
    return _Reading(kinds).question()


class _Reading:
    """Rows on their way to arrays."""

    def __init__(self, kinds: Mapping[str, Sequence[_Row]]) -> None:
        self.kinds = kinds
        self.nodes = _Numbers()
        self.places, self.resources = _Numbers(), _Numbers()
        self.limits: list[int] = []
        for code in sorted({row.text("node") for kind in ("node", "stock", "option") for row in kinds[kind]}):
            self.nodes[code]
        self.currency = self._one_currency(kinds["option"])

    def _one_currency(self, options: Sequence[_Row]) -> str:
        first = options[0].text("currency") if options else ""
        for row in options:
            if row.text("currency") != first:
                row.fail("currency", f"all amounts of a file are in one currency, and this one began in {first}")
            row.amount("fixed", first)
        return first

    def question(self) -> Question:
        options = self._options()
        groups = self._groups()
        firsts = [rows[0] for rows in groups.values()]
        needs = [(number, row) for number, rows in enumerate(groups.values()) for row in rows]
        parts = [row.components() for _, row in needs]
        resources = [
            self.resources[sku, row.text("pool")]
            for (_, row), each in zip(needs, parts, strict=True)
            for sku, _ in each
        ]
        policies = self._policies(groups)
        count, nodes = len(groups), len(self.nodes)
        tiers = len(policies[0].tiers)
        problem = Problem(
            nodes=tuple(self.nodes),
            place=_array(self.places[row.text("to")] for row in firsts),
            due=_array(
                min(row.whole("within_days", UNLIMITED) for row in rows) for rows in groups.values()
            ),
            one_parcel=np.array([each.one_parcel for each in policies], dtype=bool),
            group=_array(number for number, _ in needs),
            quantity=_array(row.whole("quantity", 0, 1) for _, row in needs),
            weight_g=_array(row.whole("weight_g", 0) for _, row in needs),
            start=_array([0, *np.cumsum([len(each) for each in parts]).tolist()]),
            resource=_array(resources),
            per_unit=_array(per_unit for each in parts for _, per_unit in each),
            stock=self._stock(),
            objection=self._objections(groups, policies),
            options=options,
            node_units=self._room(),
            service_parcels=_array(self.limits),
            tiers=np.array([each.tiers for each in policies], dtype=np.int64)
            .reshape(count, tiers, nodes).transpose(1, 0, 2),
            premium_minor=_array(value for each in policies for value in each.premium_minor).reshape(count, nodes),
        )  # fmt: skip
        lines = tuple((row.text("line") or str(place), row.text("sku")) for place, (_, row) in enumerate(needs, 1))
        return Question(problem, self.currency, tuple(groups), lines)

    def _groups(self) -> dict[tuple[str, str], list[_Row]]:
        groups: dict[tuple[str, str], list[_Row]] = {}
        for row in self.kinds["line"]:
            rows = groups.setdefault((row.text("order"), row.text("seller")), [])
            if rows and rows[0].text("to") != row.text("to"):
                row.fail("to", f"the lines of an order go to one place, and this one began with {rows[0].text('to')}")
            rows.append(row)
        return groups

    def _options(self) -> Options:
        rows = []
        for row in self.kinds["option"]:
            limit = -1
            if row.text("parcels"):
                limit = len(self.limits)
                self.limits.append(row.whole("parcels", 0))
            rows.append(
                (
                    self.nodes[row.text("node")], self.places[row.text("to")], row.amount("fixed", self.currency),
                    row.amount("per_unit", self.currency), row.amount("per_kg", self.currency),
                    row.whole("days", 0), limit,
                )
            )  # fmt: skip
        table = np.array(rows, dtype=np.int64).reshape(-1, 7)
        names = tuple(row.text("service") for row in self.kinds["option"])
        node, place, fixed, unit, kilo, last, limits = table.T
        return Options(node, place, fixed, unit, kilo, last, limits, names)

    def _stock(self) -> np.ndarray:
        rows = [
            (self.nodes[row.text("node")], self.resources[row.text("sku"), row.text("pool")], row.whole("quantity", 0))
            for row in self.kinds["stock"]
        ]
        stock = np.zeros((len(self.nodes), len(self.resources)), dtype=np.int64)
        for node, resource, quantity in rows:
            stock[node, resource] += quantity
        return stock

    def _room(self) -> np.ndarray:
        room = np.full(len(self.nodes), UNLIMITED, dtype=np.int64)
        for row in self.kinds["node"]:
            room[self.nodes[row.text("node")]] = row.whole("units", UNLIMITED)
        return room

    def _policies(self, groups: Mapping[Any, Sequence[_Row]]) -> list[rules.Policy]:
        given = [self._rule(row) for row in self.kinds["rule"]]
        local = {row.text("node"): set(row.text("to").split()) for row in self.kinds["node"]}
        nodes = list(self.nodes)
        known: dict[tuple[str, int], rules.Policy] = {}
        found = []
        for rows in groups.values():
            place = rows[0].text("to")
            value = sum(row.amount("value", self.currency) for row in rows if row.text("value"))
            key = (place, value)
            if key not in known:
                known[key] = rules.apply(given, nodes, [place in local.get(node, ()) for node in nodes], value)
            found.append(known[key])
        return found

    def _rule(self, row: _Row) -> Rule:
        kind = row.text("rule")
        if kind not in set(RuleKind):
            row.fail("rule", f"{kind[:30]!r} is none of {', '.join(RuleKind)}")
        if (kind in OF_NODES) != bool(row.text("node")):
            row.fail("node", "this rule needs a node" if kind in OF_NODES else "this rule speaks of no node")
        if row.text("node") and row.text("node") not in self.nodes:
            row.fail("node", "no row of stock, node or option has this node")
        if kind == RuleKind.NO_SPLIT_BELOW and not row.text("amount"):
            row.fail("amount", "this rule needs an amount")
        amount = row.amount("amount", self.currency) if row.text("amount") else None
        return Rule(RuleKind(kind), row.text("node"), amount)

    def _objections(self, groups: Mapping[Any, Sequence[_Row]], policies: Sequence[rules.Policy]) -> np.ndarray:
        objection = np.zeros((len(groups), len(self.nodes)), dtype=np.int64)
        for number, (rows, policy) in enumerate(zip(groups.values(), policies, strict=True)):
            objection[number, list(policy.excluded)] = OBJECTIONS.index(Verdict.EXCLUDED)
            for row in rows:
                allowed = row.text("from").split()
                for code in allowed:
                    if code not in self.nodes:
                        row.fail("from", f"no row of stock, node or option has the node {code[:30]!r}")
                if allowed:
                    forbidden = [code not in allowed for code in self.nodes]
                    objection[number, forbidden] = OBJECTIONS.index(Verdict.NOT_THEIR_NODE)
        return objection


def _array(values: Any) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def as_document(question: Question, answer: Answer, *, has_reasons: bool = True) -> dict[str, Any]:
    """The answer with the names of the file, and why."""
    problem, carts = question.problem, Carts(question.problem)
    by_group: dict[int, list[tuple[int, int, int]]] = {}
    plan = answer.plan
    for row in zip(plan.need.tolist(), plan.option.tolist(), plan.units.tolist(), strict=True):
        by_group.setdefault(int(problem.group[row[0]]), []).append(row)
    tell = _telling(question, carts, has_reasons)
    score = answer.assessment.score
    return {
        "currency": question.currency,
        "cost_minor": answer.assessment.cost_minor,
        "parcels": answer.assessment.parcels,
        "short": score.short,
        "exact": bool(answer.is_exact.all()),
        "bound_minor": answer.bound_minor,
        "one_by_one": {
            "cost_minor": answer.greedy.cost_minor,
            "parcels": answer.greedy.parcels,
            "short": answer.greedy.score.short,
        },
        "orders": [
            tell(number, by_group.get(number, [])) | {"method": answer.method[number], "exact": bool(exact)}
            for number, exact in enumerate(answer.is_exact.tolist())
        ],
    }


def _telling(question: Question, carts: Carts, has_reasons: bool) -> Callable[[int, list], dict[str, Any]]:
    problem = question.problem
    options, nodes = problem.options, problem.nodes

    def tell(number: int, rows: list[tuple[int, int, int]]) -> dict[str, Any]:
        order, seller = question.groups[number]
        costs = telling.parcels_of(problem, rows)
        asked = sum(carts.quantity[carts.first[number] : carts.first[number + 1]])
        found: dict[str, Any] = {
            "order": order,
            "seller": seller,
            "cost_minor": sum(costs.values()),
            "short": asked - sum(units for *_, units in rows),
            "parcels": [
                {
                    "node": nodes[options.node[option]],
                    "service": options.names[option],
                    "days": int(options.last[option]),
                    "cost_minor": cost,
                    "lines": [
                        {"line": question.lines[need][0], "sku": question.lines[need][1], "units": units}
                        for need, by, units in rows
                        if by == option
                    ],
                }
                for option, cost in costs.items()
            ],
        }
        if has_reasons:
            found["why"] = [
                {
                    "node": nodes[each.node],
                    "verdict": str(each.verdict),
                    "available": each.available,
                    "service": None if each.option is None else options.names[each.option],
                    "days": None if each.option is None else int(options.last[each.option]),
                    "cost_minor": each.cost_minor,
                }
                for each in telling.explain(problem, carts, number, list(costs))
            ]
        return found

    return tell
