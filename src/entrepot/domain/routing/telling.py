"""Why a group leaves from where it does: every node with its verdict, and what it would cost from there. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.domain.routing.carts import Carts
from entrepot.domain.routing.problem import OBJECTIONS, Problem, Verdict


@dataclass(frozen=True, slots=True)
class Reason:
    """A node as a candidate of a group.

    `available` are units of the group that stood there at first; `cost_minor` is what all of it would cost from there,
    by `option`, None where it cannot all come from there.
    """

    node: int
    verdict: Verdict
    available: int
    option: int | None
    cost_minor: int | None


def explain(problem: Problem, carts: Carts, group: int, chosen: Sequence[int]) -> list[Reason]:
    """The reasons of a group whose parcels go by these options, by node."""
    cart = carts.cart(group)
    leaves = {int(problem.options.node[option]) for option in chosen}
    to_place = {int(each) for each in problem.options.node[problem.options_to(int(problem.place[group]))]}
    by_node: dict[int, list[Any]] = {}
    for source in cart.sources:
        by_node.setdefault(source.node, []).append(source)
    reasons = []
    for node in range(len(problem.nodes)):
        stock = problem.stock[node]
        stands = [
            min(quantity, *(max(0, int(stock[resource])) // per for resource, per in components))
            for quantity, components in zip(cart.quantity, cart.components, strict=True)
        ]
        premium = int(problem.premium_minor[group, node])
        whole = [
            (source.fixed - premium + sum(map(int.__mul__, cart.quantity, source.unit)), source.option)
            for source in by_node.get(node, ())
        ]
        is_whole = tuple(stands) == cart.quantity
        cost, option = min(whole, default=(None, None)) if is_whole else (None, min(whole, default=(0, None))[1])
        objection = OBJECTIONS[int(problem.objection[group, node])]
        if node in leaves:
            verdict = Verdict.CHOSEN
        elif objection is not None:
            verdict = objection
        elif node not in to_place:
            verdict = Verdict.NO_SERVICE
        elif node not in by_node:
            verdict = Verdict.TOO_LATE
        elif not any(stands) or (cart.one_parcel and not is_whole):
            verdict = Verdict.SHORT
        elif problem.node_units[node] < sum(stands):
            verdict = Verdict.FULL
        else:
            verdict = Verdict.NOT_NEEDED if is_whole else Verdict.SHORT
        reasons.append(Reason(node, verdict, sum(stands), option, cost))
    return reasons


def parcels_of(problem: Problem, rows: Sequence[tuple[int, int, int]]) -> Mapping[int, int]:
    """What each parcel of a group costs, by its option."""
    costs: dict[int, int] = {}
    for need, option, units in rows:
        costs.setdefault(option, int(problem.options.fixed_minor[option]))
        costs[option] += units * int(problem.unit_cost(need, option))
    return costs
