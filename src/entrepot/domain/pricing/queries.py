"""Reads of prices and of the negotiation of supply prices. The scope is the seller; None is for who may see all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from entrepot.domain.pricing.models import PriceRule, RetailPrice, RetailProposal, SupplyQuote
from entrepot.kernel.rounds import Asked, ask


@dataclass(frozen=True, slots=True)
class Price:
    """What a unit of an offer costs the shopper and, where one is agreed, the supply price. Units: minor."""

    amount_minor: int
    currency: str
    includes_tax: bool
    supply_minor: int | None
    supply_currency: str


def prices(offer_ids: Collection[UUID], at: datetime) -> dict[UUID, Price]:
    """The prices in force at an instant; an offer without a retail price then is left out."""
    return read_prices(ask_prices(offer_ids, at))


def ask_prices(offer_ids: Collection[UUID], at: datetime) -> Asked:
    """Ask for everything that `read_prices` reads."""
    return ask(
        """
        SELECT r.offer_id, r.amount_minor, r.currency, r.includes_tax, q.amount_minor AS supply_minor,
            coalesce(q.currency, '') AS supply_currency
        FROM pricing_retailprice r
        LEFT JOIN LATERAL (
            SELECT amount_minor, currency FROM pricing_supplyquote
            WHERE offer_id = r.offer_id AND status IN ('accepted', 'superseded') AND decided_at <= %s
            ORDER BY version DESC LIMIT 1
        ) q ON true
        WHERE r.offer_id = ANY(%s) AND r.valid_from <= %s AND (r.valid_until IS NULL OR r.valid_until > %s)
        """,
        [at, list(offer_ids), at, at],
    )


def read_prices(asked: Asked) -> dict[UUID, Price]:
    """The prices that were asked for."""
    return {row[0]: Price(*row[1:]) for row in asked.rows}


def supply_prices(offer_ids: Collection[UUID]) -> dict[UUID, SupplyQuote]:
    """The accepted supply price of each offer that has one."""
    found = SupplyQuote.objects.filter(offer_id__in=list(offer_ids), status=SupplyQuote.Status.ACCEPTED)
    return {quote.offer_id: quote for quote in found}


def list_quotes(
    *,
    seller_id: UUID | None = None,
    offer_id: UUID | None = None,
    is_open: bool | None = None,
    made_by_party: str = "",
    after: UUID | None = None,
    limit: int = 100,
) -> list[SupplyQuote]:
    """Steps of negotiations with their offers, oldest first."""
    quotes = SupplyQuote.objects.select_related("offer__sku__product", "offer__market", "offer__seller__organisation")
    if seller_id is not None:
        quotes = quotes.filter(offer__seller_id=seller_id)
    if offer_id is not None:
        quotes = quotes.filter(offer_id=offer_id)
    if is_open is not None:
        waiting = Q(status__in=["quoted", "countered"])
        quotes = quotes.filter(waiting if is_open else ~waiting)
    if made_by_party:
        quotes = quotes.filter(made_by_party=made_by_party)
    if after is not None:
        quotes = quotes.filter(id__gt=after)
    return list(quotes.order_by("id")[:limit])


def open_quotes(offer_ids: Collection[UUID]) -> list[SupplyQuote]:
    """The steps of these offers that wait for an answer."""
    return list(SupplyQuote.objects.filter(offer_id__in=list(offer_ids), status__in=["quoted", "countered"]))


def price_history(*, offer_id: UUID, seller_id: UUID | None = None) -> list[RetailPrice]:
    """Every retail price that an offer had, the newest first."""
    history = RetailPrice.objects.filter(offer_id=offer_id)
    if seller_id is not None:
        history = history.filter(offer__seller_id=seller_id)
    return list(history.order_by("-valid_from", "-id"))


def open_proposals(offer_ids: Collection[UUID]) -> dict[UUID, int]:
    """The retail price that waits for somebody's consent, of each offer that has one. Units: minor."""
    found = RetailProposal.objects.filter(offer_id__in=list(offer_ids), status=RetailProposal.Status.OPEN)
    return dict(found.values_list("offer_id", "amount_minor"))


def list_proposals(
    *, seller_id: UUID | None = None, waits_for_party: str = "", after: UUID | None = None, limit: int = 100
) -> list[RetailProposal]:
    """Retail prices that wait for somebody's consent, oldest first."""
    proposals = RetailProposal.objects.select_related(
        "offer__sku__product", "offer__market", "offer__seller__organisation"
    ).filter(status=RetailProposal.Status.OPEN)
    if seller_id is not None:
        proposals = proposals.filter(offer__seller_id=seller_id)
    if waits_for_party:
        proposals = proposals.filter(waits_for_party=waits_for_party)
    if after is not None:
        proposals = proposals.filter(id__gt=after)
    return list(proposals.order_by("id")[:limit])


def list_rules(*, market_id: UUID, at: datetime) -> list[PriceRule]:
    """The price rules of a market in force at an instant, the market's own first, then by category."""
    rules = PriceRule.objects.select_related("category").filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=at), market_id=market_id, valid_from__lte=at
    )
    return sorted(rules, key=lambda rule: rule.category.path if rule.category else "")
