"""What every page of a seller stands in: whose shop it is, what waits in the menu, money and paging."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render as render_template
from django.utils.translation import get_language

from entrepot.domain.aftersales import queries as cases
from entrepot.domain.conversations import queries as conversations
from entrepot.domain.markets.models import Market
from entrepot.domain.orders import work
from entrepot.kernel import clock, money
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.components import Slice
from entrepot.surfaces.shared.guards import ActingRequest

Row = TypeVar("Row")
PAGE = 50


def seller_of(request: ActingRequest) -> UUID:
    """Whose rows the page may show: the organisation that the guard let in."""
    seller_id = request.actor.organisation_id
    assert seller_id is not None, "the guard of a seller's page admits members only"
    return seller_id


def render(request: ActingRequest, template: str, context: Mapping[str, Any], *forms: ActForm) -> HttpResponse:
    """A page of the seller; where one of its forms was refused, the answer says so by its status.

    The context may hold the name of the `organisation` where the page has just changed it.
    """
    seller_id = seller_of(request)
    now = clock.now()
    counts = work.count_work(organisation_id=seller_id, now=now)
    frame = {
        "organisation": context.get("organisation") or request.actor.organisation,
        "navigation_counts": {
            "seller:orders": sum(counts[state] for state in work.OPEN) or None,
            "seller:conversations": conversations.count_waiting(organisation_id=seller_id, now=now).count or None,
            "seller:returns": len(cases.list_cases(operator_id=seller_id, states=cases.OPEN)) or None,
        },
        "work_counts": counts,
    }
    status = max((form.status for form in forms), default=200)
    return render_template(request, f"seller/{template}", frame | dict(context), status=status)


def languages() -> list[str]:
    """In which languages texts of goods are looked for: the page's, then English."""
    return list(dict.fromkeys([(get_language() or "en").lower(), "en"]))


def typed_minor(minor: int | None, currency: str) -> str:
    """An amount as a form shows it to be changed."""
    return "" if minor is None else str(money.decimal_of(minor, currency))


def shown(minor: int, currency: str) -> str:
    """An amount in a sentence."""
    return money.format_minor(minor, currency, get_language() or "en")


def read_cursor(text: str) -> UUID | None:
    """The row that a page starts after; one that cannot be read is the beginning."""
    try:
        return UUID(hex=text) if text else None
    except ValueError:
        return None


def slice_of(rows: Sequence[Any], show: Callable[[Sequence[Any]], Sequence[Row]], limit: int = PAGE) -> Slice[Row]:
    """A page from `limit` + 1 rows; `show` turns those that are shown into what the template reads."""
    kept = rows[:limit]
    return Slice(show(kept), next_cursor=kept[-1].id.hex if len(rows) > limit else "")


class AmountField(forms.CharField):
    """An amount as people write it; which currency it is in, the view knows."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=30, widget=widget, **kwargs)


def market_choices(found: Sequence[Market]) -> list[tuple[str, str]]:
    """Markets to choose from."""
    return [(market.code, market.name) for market in found]
