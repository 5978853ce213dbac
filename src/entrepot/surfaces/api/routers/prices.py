"""Prices: retail prices with history and consent, the platform's price rules, supply prices negotiated."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.markets import queries as markets
from entrepot.domain.pricing import queries, quoting, services
from entrepot.domain.pricing.models import PriceRule, RetailPrice, RetailProposal, SupplyQuote
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.domain.pricing.services import NewPrice, Priced
from entrepot.flows import listing
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import (
    ROWS_MAX,
    Currency,
    Flag,
    In,
    Minor,
    Money,
    PositiveMinor,
    Price,
    Reason,
    Text,
    money,
)

routes = Routes("Prices")

Share = Annotated[Decimal, Field(max_digits=8, decimal_places=6)]


class PriceOut(Schema):
    """What a shopper is asked for one unit over a half-open period; the open one is today's."""

    amount: Money
    includes_tax: bool
    valid_from: datetime
    valid_until: datetime | None
    set_by_party: str
    rule_id: UUID | None

    @classmethod
    def of(cls, price: RetailPrice) -> "PriceOut":
        """A retail price."""
        return cls(
            amount=money(price.amount_minor, price.currency),
            includes_tax=price.includes_tax,
            valid_from=price.valid_from,
            valid_until=price.valid_until,
            set_by_party=price.set_by_party,
            rule_id=price.rule_id,
        )


class NewPriceIn(In):
    """A retail price of one unit, in the market's currency, with tax where the market shows it.

    It counts at once or from a moment on, and until the moment that is named or the next planned change.
    """

    offer_id: UUID
    amount: Price
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


class PricesIn(In):
    """Retail prices from now on; the note goes to whoever has to consent."""

    prices: Annotated[list[NewPriceIn], Field(min_length=1, max_length=ROWS_MAX)]
    reason: Annotated[str, Field(max_length=200)] = ""
    note: Text = ""


class PricedOut(Schema):
    """The offers whose prices hold from now on, and those whose prices wait for somebody's consent."""

    set: list[UUID]
    waiting: list[UUID]

    @classmethod
    def of(cls, priced: Priced) -> "PricedOut":
        """What became of prices."""
        return cls(set=sorted(priced.set), waiting=sorted(priced.waiting))


class ProposalOut(Schema):
    """A retail price that waits for somebody's consent."""

    id: UUID
    offer_id: UUID
    amount: Money
    proposed_by_party: str
    waits_for_party: str
    note: str
    created_at: datetime

    @classmethod
    def of(cls, proposal: RetailProposal) -> "ProposalOut":
        """A proposal."""
        return cls(
            id=proposal.id,
            offer_id=proposal.offer_id,
            amount=money(proposal.amount_minor, proposal.currency),
            proposed_by_party=proposal.proposed_by_party,
            waits_for_party=proposal.waits_for_party,
            note=proposal.note,
            created_at=proposal.created_at,
        )


class DecisionsIn(In):
    """Whether proposals are approved, and why."""

    proposal_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]
    approve: Flag
    reason: Reason


class RuleOut(Schema):
    """How the platform prices in a market or a category of it: cost × (1 + mark-up), a floor, an ending."""

    id: UUID
    market: str
    category: str
    markup_rate: Decimal
    floor: Money
    ending_minor: int | None
    valid_from: datetime

    @classmethod
    def of(cls, rule: PriceRule) -> "RuleOut":
        """A rule with its market and category."""
        return cls(
            id=rule.id,
            market=rule.market.code,
            category=rule.category.code if rule.category else "",
            markup_rate=rule.markup_rate,
            floor=money(rule.floor_minor, rule.market.currency),
            ending_minor=rule.ending_minor,
            valid_from=rule.valid_from,
        )


class RuleIn(In):
    """A rule from now on; the one before it ends. The mark-up is written as text: `"0.35"`."""

    market: Annotated[str, Field(max_length=8)]
    category: Annotated[str, Field(max_length=60)] = ""
    markup_rate: Share
    floor_minor: Minor = 0
    ending_minor: Annotated[int, Field(strict=True, ge=0, le=999)] | None = None
    reason: Reason


class RepricingIn(In):
    """A market, or some of its offers."""

    market: Annotated[str, Field(max_length=8)]
    offer_ids: Annotated[list[UUID], Field(max_length=ROWS_MAX)] | None = None


class SupplyQuoteOut(Schema):
    """One step of the negotiation of an offer's supply price."""

    id: UUID
    offer_id: UUID
    version: int
    amount: Money
    status: str
    made_by_party: str
    note: str
    valid_until: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, quote: SupplyQuote) -> "SupplyQuoteOut":
        """A step."""
        return cls(
            id=quote.id,
            offer_id=quote.offer_id,
            version=quote.version,
            amount=money(quote.amount_minor, quote.currency),
            status=quote.status,
            made_by_party=quote.made_by_party,
            note=quote.note,
            valid_until=quote.valid_until,
            decided_at=quote.decided_at,
        )


class SupplyIn(In):
    """A supply price of one unit; the currency is the seller's own where it is not said."""

    offer_id: UUID
    minor: PositiveMinor
    currency: Currency | None = None
    note: Text = ""


class SuppliesIn(In):
    """Supply prices, and until when they may be agreed to."""

    quotes: Annotated[list[SupplyIn], Field(min_length=1, max_length=ROWS_MAX)]
    valid_until: AwareDatetime


class CounterIn(In):
    """An answer to a step, in its currency."""

    quote_id: UUID
    minor: PositiveMinor


class CountersIn(In):
    """Answers, and until when they may be agreed to."""

    counters: Annotated[list[CounterIn], Field(min_length=1, max_length=ROWS_MAX)]
    valid_until: AwareDatetime
    note: Text = ""


class QuoteIdsIn(In):
    """Steps of negotiations."""

    quote_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class RefusalIn(QuoteIdsIn):
    """Steps that are refused, and why."""

    reason: Reason


@routes.post("/retail-prices", PricedOut, "prices.set", status=201)
def set_retail_prices(request: HttpRequest, payload: PricesIn) -> PricedOut:
    """Set retail prices from now on.

    What the terms of an offer do not leave to the caller alone waits for whose consent they ask.
    """
    found = catalogue.offer_facts([each.offer_id for each in payload.prices])
    own = scope_of(request, "prices.set")
    for place, each in enumerate(payload.prices):
        offer = found.get(each.offer_id)
        if offer is None or own not in (None, offer.seller_id):
            raise NotFound(kind="offer")
        if offer.currency != each.amount.currency:
            raise Invalid(
                "pricing.other_currency",
                "Prices in {market} are in {currency}.",
                field=f"prices[{place}].amount.currency",
                market=offer.market_code,
                currency=offer.currency,
            )
    priced = services.set_retail_prices(
        prices=[
            NewPrice(each.offer_id, each.amount.minor, valid_from=each.valid_from, valid_until=each.valid_until)
            for each in payload.prices
        ],
        actor=actor_of(request),
        reason=payload.reason,
        note=payload.note,
        now=clock.now(),
    )
    return PricedOut.of(priced)


@routes.get("/retail-prices/{uuid:offer_id}", list[PriceOut], "prices.read")
def list_retail_prices(request: HttpRequest, offer_id: UUID) -> list[PriceOut]:
    """Every retail price that an offer had, the newest first."""
    own = scope_of(request, "prices.read")
    catalogue.get_offer(offer_id=offer_id, seller_id=own)
    return [PriceOut.of(each) for each in queries.price_history(offer_id=offer_id, seller_id=own)]


@routes.get("/proposals", Page[ProposalOut], "prices.read")
def list_proposals(
    request: HttpRequest, paging: Paged, seller_id: UUID | None = None, waits_for_party: str = ""
) -> Any:
    """Retail prices that wait for somebody's consent, oldest first."""
    found = queries.list_proposals(
        seller_id=scope_of(request, "prices.read") or seller_id,
        waits_for_party=waits_for_party,
        after=paging.after,
        limit=paging.more,
    )
    return page(found, paging, ProposalOut.of)


@routes.post("/proposals/decisions", PricedOut, "prices.set")
def decide_proposals(request: HttpRequest, payload: DecisionsIn) -> PricedOut:
    """Approve or refuse retail prices that wait for the caller's side."""
    decided = services.decide_proposals(
        proposal_ids=payload.proposal_ids,
        approve=payload.approve,
        actor=actor_of(request),
        reason=payload.reason,
        now=clock.now(),
    )
    return PricedOut.of(decided)


@routes.get("/price-rules", list[RuleOut], "prices.read", everybodys=True)
def list_price_rules(request: HttpRequest, market: str) -> list[RuleOut]:
    """The price rules of a market in force, the market's own first."""
    place = markets.get_market(market)
    return [RuleOut.of(each) for each in queries.list_rules(market_id=place.id, at=clock.now())]


@routes.post("/price-rules", RuleOut, "prices.set", status=201, everybodys=True)
def set_price_rule(request: HttpRequest, payload: RuleIn) -> RuleOut:
    """Say how the platform prices in a market, or in a category of it, from now on."""
    rule = services.set_price_rule(
        actor=actor_of(request),
        market=markets.get_market(payload.market),
        category=catalogue.get_category(category_code=payload.category) if payload.category else None,
        markup_rate=payload.markup_rate,
        floor_minor=payload.floor_minor,
        ending_minor=payload.ending_minor,
        reason=payload.reason,
        now=clock.now(),
    )
    return RuleOut.of(rule)


@routes.post("/repricing", PricedOut, "prices.set", everybodys=True)
def reprice(request: HttpRequest, payload: RepricingIn) -> PricedOut:
    """Price by the market's rules every offer whose retail price is the platform's to set."""
    priced = services.reprice(
        market=markets.get_market(payload.market),
        actor=actor_of(request),
        offer_ids=payload.offer_ids,
        now=clock.now(),
    )
    return PricedOut.of(priced)


@routes.get("/supply-quotes", Page[SupplyQuoteOut], "prices.read")
def list_supply_quotes(
    request: HttpRequest,
    paging: Paged,
    seller_id: UUID | None = None,
    offer_id: UUID | None = None,
    is_open: bool | None = None,
) -> Any:
    """Steps of the negotiations of supply prices, oldest first."""
    found = queries.list_quotes(
        seller_id=scope_of(request, "prices.read") or seller_id,
        offer_id=offer_id,
        is_open=is_open,
        after=paging.after,
        limit=paging.more,
    )
    return page(found, paging, SupplyQuoteOut.of)


@routes.post("/supply-quotes", list[SupplyQuoteOut], "quotes.make", "quotes.decide", status=201)
def quote_supply_prices(request: HttpRequest, payload: SuppliesIn) -> list[SupplyQuoteOut]:
    """Offer supply prices; those that need nobody's consent are in force at once."""
    steps = listing.quote_supply_prices(
        actor=actor_of(request),
        rows=[NewQuote(each.offer_id, each.minor, each.currency or "", each.note) for each in payload.quotes],
        valid_until=payload.valid_until,
        now=clock.now(),
    )
    return [SupplyQuoteOut.of(each) for each in steps]


@routes.post("/supply-quotes/counters", list[SupplyQuoteOut], "quotes.make", "quotes.decide", status=201)
def counter_supply_prices(request: HttpRequest, payload: CountersIn) -> list[SupplyQuoteOut]:
    """Answer waiting steps of the other side with amounts of one's own."""
    steps = quoting.counter(
        rows=[(each.quote_id, each.minor) for each in payload.counters],
        valid_until=payload.valid_until,
        actor=actor_of(request),
        note=payload.note,
        now=clock.now(),
    )
    return [SupplyQuoteOut.of(each) for each in steps]


@routes.post("/supply-quotes/acceptance", list[SupplyQuoteOut], "quotes.make", "quotes.decide")
def accept_supply_prices(request: HttpRequest, payload: QuoteIdsIn) -> list[SupplyQuoteOut]:
    """Agree to waiting steps of the other side."""
    steps = listing.accept_supply_prices(actor=actor_of(request), quote_ids=payload.quote_ids, now=clock.now())
    return [SupplyQuoteOut.of(each) for each in steps]


@routes.post("/supply-quotes/refusal", list[SupplyQuoteOut], "quotes.make", "quotes.decide")
def refuse_supply_prices(request: HttpRequest, payload: RefusalIn) -> list[SupplyQuoteOut]:
    """End waiting steps of the other side without a price."""
    steps = quoting.refuse(quote_ids=payload.quote_ids, actor=actor_of(request), reason=payload.reason, now=clock.now())
    return [SupplyQuoteOut.of(each) for each in steps]
