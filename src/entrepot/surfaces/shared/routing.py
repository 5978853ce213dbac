"""Routing rules as documents and sentences, for the command line, the API and the desk alike."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entrepot.domain.routing.rules import RuleKind
from entrepot.domain.routing.services import BadRule, Wanted
from entrepot.flows.rerouting import Look, Rerouted, Routed, Side
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.components import Text

KINDS: Mapping[str, Text] = {
    RuleKind.PREFER_LOCAL: _("Prefer nodes where the shopper is"),
    RuleKind.PREFER_NODE: _("Prefer a node"),
    RuleKind.EXCLUDE_NODE: _("Exclude a node"),
    RuleKind.ONE_PARCEL: _("Keep an order in one parcel"),
    RuleKind.NO_SPLIT_BELOW: _("Do not split below a value"),
    RuleKind.PREFER_READY: _("Prefer what stands ready to what is on its way"),
    RuleKind.ONLY_READY: _("Promise nothing that is on its way"),
}
CHANGES: Mapping[str, Text] = {
    "added": _("added"),
    "ended": _("ended"),
    "switched_on": _("switched on"),
    "switched_off": _("switched off"),
    "dated": _("ends on another day"),
    "moved": _("moved in the order"),
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "id": lambda value: UUID(value) if value else None,
    "kind": str,
    "market": str,
    "node": str,
    "amount_minor": lambda value: None if value in (None, "") else _whole(value),
    "is_on": bool,
    "position": int,
    "valid_from": lambda value: date.fromisoformat(value) if value else None,
    "valid_until": lambda value: date.fromisoformat(value) if value else None,
}


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("no whole number")
    return value


def read_rules(rows: object) -> list[Wanted]:
    """Rules from a document, as `rules_document` writes them. Raises: BadRule naming the rule by its place from 0."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadRule(field="rules", problem="Rules are a list of objects.")
    return [_wanted(place, row) for place, row in enumerate(rows)]


def _wanted(place: int, row: Mapping[str, Any]) -> Wanted:
    read: dict[str, Any] = {}
    for name, value in row.items():
        if name not in _READERS:
            raise BadRule(field=f"rules[{place}].{name}", problem=f"A rule has no “{name[:30]}”.")
        try:
            read[name] = _READERS[name](value)
        except (ValueError, TypeError, AttributeError):
            raise BadRule(field=f"rules[{place}].{name}", problem=f"This cannot be read: {name}.") from None
    return Wanted(
        read.get("kind", ""), read.get("market", ""), read.get("node", ""), read.get("amount_minor"),
        read.get("is_on", True), read.get("valid_from"), read.get("valid_until"), read.get("id"),
    )  # fmt: skip


def rules_document(rules: Sequence[Wanted]) -> list[dict[str, Any]]:
    """Rules as a document, in their order."""
    return [
        {
            "id": str(each.rule_id) if each.rule_id else None, "kind": each.kind, "market": each.market_code,
            "node": each.node_code, "amount_minor": each.amount_minor, "is_on": each.is_on,
            "valid_from": each.valid_from.isoformat() if each.valid_from else None,
            "valid_until": each.valid_until.isoformat() if each.valid_until else None,
        }
        for each in rules
    ]  # fmt: skip


def sentence(row: Mapping[str, Any], currencies: Mapping[str, str]) -> str:
    """A rule in words. `currencies`: by market."""
    said = str(KINDS.get(row["kind"], row["kind"]))
    if row["node"]:
        said = f"{said}: {row['node']}"
    if row["amount_minor"] is not None:
        amount = format_minor(row["amount_minor"], currencies.get(row["market"], "EUR"))
        is_value = row["kind"] == RuleKind.NO_SPLIT_BELOW
        said = f"{said} · {amount if is_value else gettext('worth {amount} a parcel').format(amount=amount)}"
    return f"{said} · {row['market'] or gettext('every market')}"


def look_document(look: Look) -> dict[str, Any]:
    """What a draft would change. Units: minor."""
    return {
        "on": look.on.isoformat(),
        "orders": len(look.orders),
        "changed": len(look.changed),
        "lost": look.lost,
        "gained": look.gained,
        "left_out": look.left_out,
        "later": look.later,
        "sooner": look.sooner,
        "before": _side(look.before),
        "after": _side(look.after),
        "changes": [_rerouted(each) for each in look.changed],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "parcels": side.parcels, "split": side.split, "by_node": dict(side.by_node),
        "cost_minor": dict(side.cost_minor), "total_minor": dict(side.total_minor),
    }  # fmt: skip


def _rerouted(each: Rerouted) -> dict[str, Any]:
    return {
        "number": each.number,
        "currency": each.currency,
        "before": _routed(each.before),
        "after": _routed(each.after),
        "refusal": errors.sentence(each.refusal) if each.refusal else "",
    }


def _routed(each: Routed | None) -> dict[str, Any] | None:
    if each is None:
        return None
    return {
        "nodes": list(each.nodes), "cost_minor": each.cost_minor, "total_minor": each.total_minor,
        "until": each.until.isoformat(),
    }  # fmt: skip
