"""Writes of retail prices, by hand and by rule. Who may set one is what the terms of the offer's enrolment say."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F

from entrepot.domain.catalogue.models import Category
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import markup, offers, queries, telling
from entrepot.domain.pricing.models import PriceRule, RetailPrice, RetailProposal
from entrepot.domain.pricing.offers import PricedOffer
from entrepot.domain.pricing.periods import Laid, Period, lay
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import NotYours, Party, Task
from entrepot.kernel import audit, ids, money
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import execute, fetch_rows, unnest
from entrepot.kernel.errors import Invalid, NotFound, Refused


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A retail price of one unit. Units: minor units of the market's currency, with tax where the market shows it.

    It holds from now on, or from the moment that is named, and until the one that is named or the next planned change.
    """

    offer_id: UUID
    amount_minor: int
    rule_id: UUID | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """What became of new prices: those that hold from now on, and those that wait for somebody's consent."""

    set: frozenset[UUID]
    waiting: frozenset[UUID]


@transaction.atomic
def set_retail_prices(
    *, prices: Sequence[NewPrice], actor: Actor, now: datetime, reason: str = "", note: str = ""
) -> Priced:
    """Set retail prices from now on or as planned. What the terms do not leave to the actor alone waits.

    An amount that holds already stays. Raises: Invalid, NotFound, NotYours, Refused for a time before the last price,
    or a plan where somebody else has to agree.
    """
    wanted = {price.offer_id: price for price in prices}
    for price in prices:
        _check_amount(price.amount_minor)
        _check_period(price, now)
    found = offers.locked(wanted, actor=actor, verb="prices.set")
    party = offers.demand(found, Task.RETAIL_PRICE, actor, terms.may_propose)
    waiting = {
        offer_id: consent
        for offer_id, offer in found.items()
        if (consent := offers.waits_for(offer.conditions, Task.RETAIL_PRICE, party)) is not None
    }
    if any(price.valid_from or price.valid_until for price in wanted.values() if price.offer_id in waiting):
        raise Refused("pricing.plan_needs_no_consent", "A price that somebody has to agree to cannot be planned ahead.")
    direct = [price for price in wanted.values() if price.offer_id not in waiting]
    batch = _write(direct, found, party, now)
    _propose([wanted[offer_id] for offer_id in waiting], found, waiting, party, note, now)
    telling.ask("proposal.made", waiting, found, actor=actor, now=now)
    if direct:
        _record(actor, "prices.set", batch, direct, found, reason, now)
    return Priced(frozenset(price.offer_id for price in direct), frozenset(waiting))


@transaction.atomic
def decide_proposals(
    *, proposal_ids: Sequence[UUID], approve: bool, actor: Actor, reason: str, now: datetime
) -> Priced:
    """Approve or refuse prices that wait for the actor's party. Raises: NotFound, NotYours, Refused once decided.

    Where the decider agreed and the terms name an approver beside, the price then waits for that one.
    """
    reason = audit.require_reason(reason)
    proposals = list(RetailProposal.objects.select_for_update().filter(id__in=proposal_ids).order_by("id"))
    if len(proposals) < len(set(proposal_ids)):
        raise NotFound(kind="proposal")
    found = offers.locked([each.offer_id for each in proposals], actor=actor, verb="prices.set")
    party = party_of(actor)
    approved: list[NewPrice] = []
    onward: dict[UUID, Party] = {}
    for each in proposals:
        if each.status != RetailProposal.Status.OPEN:
            raise Refused("pricing.proposal_decided", "This price was decided before.")
        if each.waits_for_party != party:
            raise NotYours(task=Task.RETAIL_PRICE.value, party=party.value, decider=each.waits_for_party)
        further = _further_consent(found[each.offer_id], each, party)
        if approve and further is not None:
            onward[each.offer_id] = further
        elif approve:
            approved.append(NewPrice(each.offer_id, each.amount_minor))
    RetailProposal.objects.filter(id__in=[each.id for each in proposals]).update(
        status=RetailProposal.Status.APPROVED if approve else RetailProposal.Status.REFUSED, decided_at=now
    )
    passed_on = [NewPrice(each.offer_id, each.amount_minor) for each in proposals if each.offer_id in onward]
    _propose(passed_on, found, onward, party, "", now)
    telling.ask("proposal.made", onward, found, actor=actor, now=now)
    telling.tell(
        "proposal.approved" if approve else "proposal.refused",
        [each.offer_id for each in proposals if each.offer_id not in onward],
        found,
        party=party,
        actor=actor,
        now=now,
    )
    batch = _write(approved, found, party, now)
    decided = [NewPrice(each.offer_id, each.amount_minor) for each in proposals]
    _record(actor, "prices.approve" if approve else "prices.refuse", batch, decided, found, reason, now)
    return Priced(frozenset(price.offer_id for price in approved), frozenset(onward))


@transaction.atomic
def set_price_rule(
    *,
    actor: Actor,
    market: Market,
    markup_rate: Decimal,
    now: datetime,
    reason: str,
    category: Category | None = None,
    floor_minor: int = 0,
    ending_minor: int | None = None,
) -> PriceRule:
    """How the platform prices in a market, or in a category of it, from now on; the rule before it ends.

    Raises: Invalid for a mark-up outside 0 to 99, a floor below zero or an ending of more than three digits.
    """
    rule = draft_rule(
        market=market,
        markup_rate=markup_rate,
        now=now,
        category=category,
        floor_minor=floor_minor,
        ending_minor=ending_minor,
    )
    PriceRule.objects.filter(market=market, category=category, valid_until__isnull=True).update(valid_until=now)
    rule.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="prices.rule",
        subject_kind="price_rule",
        subject_id=rule.id,
        now=now,
        reason=audit.require_reason(reason),
        after={
            "market": market.code,
            "category": category.path if category else "",
            "markup": str(markup_rate),
            "floor": floor_minor,
            "ending": ending_minor,
        },
    )
    return rule


def draft_rule(
    *,
    market: Market,
    markup_rate: Decimal,
    now: datetime,
    category: Category | None = None,
    floor_minor: int = 0,
    ending_minor: int | None = None,
) -> PriceRule:
    """A price rule that is not kept yet, to be tried. Raises: Invalid as `set_price_rule`."""
    if not (markup_rate.is_finite() and 0 <= markup_rate < 100 and markup_rate == round(markup_rate, 6)):
        raise Invalid(
            "pricing.bad_markup",
            "A mark-up lies between 0 and 99, with six decimal places at most.",
            field="markup_rate",
        )
    if not 0 <= floor_minor <= money.MINOR_MAX:
        raise Invalid("pricing.bad_floor", "A floor is zero or above.", field="floor_minor")
    if ending_minor is not None and not 0 <= ending_minor <= 999:
        raise Invalid(
            "pricing.bad_ending", "An ending is the last one to three digits of a price.", field="ending_minor"
        )
    return PriceRule(
        id=ids.new_id(now),
        created_at=now,
        market=market,
        category=category,
        markup_rate=markup_rate,
        floor_minor=floor_minor,
        ending_minor=ending_minor,
        valid_from=now,
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """What the rules make of an offer's price; `before_minor` is what is asked now, where anything is. Units: minor."""

    offer_id: UUID
    amount_minor: int
    before_minor: int | None
    rule_id: UUID


@transaction.atomic
def plan_prices(
    *,
    market: Market,
    actor: Actor,
    now: datetime,
    offer_ids: Sequence[UUID] | None = None,
    tried: PriceRule | None = None,
) -> list[Planned]:
    """What the market's rules make of every offer whose retail price is the platform's to set and whose cost is agreed.

    The cost is the accepted supply price at today's exchange rate. Offers that no rule covers are left out. A rule that
    is `tried` counts in the place of the one that it would end. Raises: Unavailable without an exchange rate.
    """
    in_force = queries.list_rules(market_id=market.id, at=now)
    rules = {rule.category.path if rule.category else "": rule for rule in [*in_force, *([tried] if tried else [])]}
    rows = fetch_rows(
        "SELECT o.id FROM catalogue_offer o WHERE o.market_id = %s AND o.status <> 'archived'"
        " AND (%s::uuid[] IS NULL OR o.id = ANY(%s::uuid[]))"
        " AND EXISTS (SELECT 1 FROM pricing_supplyquote q WHERE q.offer_id = o.id AND q.status = 'accepted')",
        [market.id, *[None if offer_ids is None else list(offer_ids)] * 2],
    )
    found = offers.locked([row.id for row in rows], actor=actor, verb="prices.set")
    covered = [
        (offer, rule)
        for offer in found.values()
        if terms.may_set(offer.conditions, Task.RETAIL_PRICE, Party.PLATFORM)
        and (rule := nearest(rules, offer.category_path)) is not None
    ]
    if not covered:
        return []
    amounts = _by_rule([offer.id for offer, _ in covered], [rule for _, rule in covered], market, now)
    asked = queries.prices([offer.id for offer, _ in covered], now)
    return [
        Planned(offer.id, amount, asked[offer.id].amount_minor if offer.id in asked else None, rule.id)
        for (offer, rule), amount in zip(covered, amounts, strict=True)
    ]


@transaction.atomic
def reprice(*, market: Market, actor: Actor, now: datetime, offer_ids: Sequence[UUID] | None = None) -> Priced:
    """Set what the market's rules make of its offers' prices. Raises as `plan_prices`."""
    planned = plan_prices(market=market, actor=actor, now=now, offer_ids=offer_ids)
    if not planned:
        return Priced(frozenset(), frozenset())
    new = [NewPrice(each.offer_id, each.amount_minor, each.rule_id) for each in planned]
    return set_retail_prices(prices=new, actor=actor, now=now, reason="by rule")


def nearest(rules: Mapping[str, PriceRule], category_path: str) -> PriceRule | None:
    """The rule of the nearest category at or above the path, else the market's own."""
    path = category_path
    while path and path not in rules:
        path = path.rpartition("/")[0]
    return rules.get(path)


def _by_rule(offer_ids: Sequence[UUID], rules: Sequence[PriceRule], market: Market, now: datetime) -> list[int]:
    quotes = queries.supply_prices(offer_ids)
    rates = markets.exchange_rates({(quote.currency, market.currency) for quote in quotes.values()}, now.date())
    costs = [
        money.convert(quote.amount_minor, rates[quote.currency, market.currency].rate, quote.currency, market.currency)
        for quote in (quotes[offer_id] for offer_id in offer_ids)
    ]
    amounts = markup.prices(
        np.array(costs, dtype=np.int64),
        np.array([int(rule.markup_rate * 1_000_000) for rule in rules], dtype=np.int64),
        np.array([rule.floor_minor for rule in rules], dtype=np.int64),
        np.array(
            [markup.NO_ENDING if rule.ending_minor is None else rule.ending_minor for rule in rules], dtype=np.int64
        ),
    )
    # A cost of a fraction of the smallest coin still has a price.
    return [max(1, int(amount)) for amount in amounts]


def _write(prices: Sequence[NewPrice], found: Mapping[UUID, PricedOffer], party: Party, now: datetime) -> UUID:
    """Lay prices into those that the offers have; the id that ties them together."""
    batch = ids.new_id(now)
    present: dict[UUID, list[Period]] = defaultdict(list)
    for row in fetch_rows(
        "SELECT id, offer_id, amount_minor, valid_from, valid_until, valid_from > created_at AS is_planned"
        " FROM pricing_retailprice WHERE offer_id = ANY(%s) AND (valid_until IS NULL OR valid_until > %s)",
        [[price.offer_id for price in prices], now],
    ):
        if row.valid_from > now and not row.is_planned:
            raise Refused(
                "pricing.out_of_order", "This offer has a price of a later time already.", offer_id=str(row.offer_id)
            )
        present[row.offer_id].append(Period(row.id, row.amount_minor, row.valid_from, row.valid_until))
    if any(price.valid_until is not None and price.offer_id not in present for price in prices):
        raise Invalid("pricing.first_price_ends", "The first price of an offer has no end.", field="valid_until")
    laid = {
        price.offer_id: lay(present[price.offer_id], price.amount_minor, price.valid_from or now, price.valid_until)
        for price in prices
    }
    rules = {price.offer_id: price.rule_id for price in prices}
    _relay(laid.values(), now)
    new = [(offer_id, period) for offer_id, each in laid.items() for period in each.new]
    RetailPrice.objects.bulk_create(
        [
            RetailPrice(
                id=identity,
                created_at=now,
                offer_id=offer_id,
                amount_minor=period.amount_minor,
                currency=found[offer_id].currency,
                includes_tax=found[offer_id].includes_tax,
                valid_from=period.start,
                valid_until=period.stop,
                set_by_party=party.value,
                rule_id=rules[offer_id],
                batch_id=batch,
            )
            for identity, (offer_id, period) in zip(ids.new_ids(now, len(new)), new, strict=True)
        ],
        batch_size=2000,
    )
    return batch


def _relay(laid: Iterable[Laid], now: datetime) -> None:
    """End rows sooner, begin them later, and take out those that would never hold."""
    laid = list(laid)
    for column, moves in (
        ("valid_until", [pair for each in laid for pair in each.ends.items()]),
        ("valid_from", [pair for each in laid for pair in each.starts.items()]),
    ):
        if moves:
            source, params = unnest("w", {"id": "uuid", "at": "timestamptz"}, moves)
            execute(f"UPDATE pricing_retailprice r SET {column} = w.at FROM {source} WHERE r.id = w.id", params)
    gone = [identity for each in laid for identity in (*each.gone, *each.ends)]
    if gone:
        RetailPrice.objects.filter(id__in=[identity for each in laid for identity in each.gone]).delete()
        RetailPrice.objects.filter(id__in=gone, valid_from__gt=now, valid_until=F("valid_from")).delete()


@transaction.atomic
def drop_plans(*, offer_ids: Collection[UUID], actor: Actor, now: datetime) -> int:
    """Let today's prices go on: whatever is planned after them is taken back; how many prices that were.

    Raises: NotFound, NotYours.
    """
    found = offers.locked(offer_ids, actor=actor, verb="prices.set")
    offers.demand(found, Task.RETAIL_PRICE, actor)
    planned, _ = RetailPrice.objects.filter(offer_id__in=list(found), valid_from__gt=now).delete()
    RetailPrice.objects.filter(offer_id__in=list(found), valid_from__lte=now, valid_until__gt=now).update(
        valid_until=None
    )
    if planned:
        _record(actor, "prices.drop_plans", ids.new_id(now), [], found, "", now)
    return planned


def _propose(
    prices: Sequence[NewPrice],
    found: Mapping[UUID, PricedOffer],
    waits_for: Mapping[UUID, Party],
    party: Party,
    note: str,
    now: datetime,
) -> None:
    if not prices:
        return
    RetailProposal.objects.filter(
        offer_id__in=[price.offer_id for price in prices], status=RetailProposal.Status.OPEN
    ).update(status=RetailProposal.Status.SUPERSEDED, decided_at=now)
    RetailProposal.objects.bulk_create(
        RetailProposal(
            id=identity,
            created_at=now,
            offer_id=price.offer_id,
            amount_minor=price.amount_minor,
            currency=found[price.offer_id].currency,
            proposed_by_party=party.value,
            waits_for_party=waits_for[price.offer_id].value,
            note=note[:400],
        )
        for identity, price in zip(ids.new_ids(now, len(prices)), prices, strict=True)
    )


def _further_consent(offer: PricedOffer, proposal: RetailProposal, party: Party) -> Party | None:
    """Whoever still has to agree after the decider did; the one who proposed it has agreed."""
    further = offers.waits_for(offer.conditions, Task.RETAIL_PRICE, party)
    if offer.conditions.approver(Task.RETAIL_PRICE) is party or further == proposal.proposed_by_party:
        return None
    return further


def _record(
    actor: Actor,
    verb: str,
    batch: UUID,
    prices: Iterable[NewPrice],
    found: Mapping[UUID, PricedOffer],
    reason: str,
    now: datetime,
) -> None:
    set_to = {str(price.offer_id): f"{price.amount_minor} {found[price.offer_id].currency}" for price in prices}
    audit.record(
        actor=actor,
        verb=verb,
        subject_kind="price_batch",
        subject_id=batch,
        now=now,
        reason=reason,
        after={"prices": set_to},
    )


def _check_period(price: NewPrice, now: datetime) -> None:
    if price.valid_from is not None and price.valid_from < now:
        raise Invalid("pricing.plan_in_the_past", "A price can be planned from now on.", field="valid_from")
    if price.valid_until is not None and price.valid_until <= (price.valid_from or now):
        raise Invalid("pricing.plan_ends_first", "The end has to come after the beginning.", field="valid_until")


def _check_amount(amount_minor: int) -> None:
    if not 0 < amount_minor <= money.MINOR_MAX:
        raise Invalid(
            "pricing.amount_out_of_range",
            "A price is above zero and can be charged; {amount} is not.",
            field="amount",
            amount=amount_minor,
        )
