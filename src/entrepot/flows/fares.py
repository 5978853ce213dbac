"""What a parcel would cost from a node, as far as a choice depends on it: carriage, and the duty that differs by node.

A parcel that crosses a border bears duty on what the shopper pays; goods that stand in the shopper's country were
imported in bulk, on what they cost, and whoever takes one has to bring another. Reckoned by list price, before any
voucher, by the functions that quote and charge; what a lane does not carry is refused here as it is there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import numpy as np

from entrepot.domain.pricing import rules as pricing
from entrepot.domain.terms.rules import Party, Task
from entrepot.flows import delivering
from entrepot.flows.crossing import Border, Brought, Crossed, Goods
from entrepot.flows.delivering import Option, Parcel, Piece
from entrepot.flows.drafts import piece_of
from entrepot.flows.facts import Facts, Item
from entrepot.flows.routing import Fare, GoodsKey, Weighed
from entrepot.kernel.money import convert

#: The way in which stock is brought to a node, for the law that asks.
BULK_MODE = "sea"


def price(parcels: Sequence[Weighed], *, facts: Facts, border: Border, items: Mapping[GoodsKey, Item]) -> list[Fare]:
    """The fare of every parcel, all of them at once."""
    on = facts.now.date()
    asked = [_parcel(each, facts, items) for each in parcels]
    options = delivering.find_options(asked, on=on, pieces=lambda place: _pieces(parcels[place], items))
    chosen = [delivering.first_that_goes(each) for each in options]
    duty = _duty(parcels, chosen, facts, border, items)
    brought = _brought(parcels, facts, border, items)
    fares = []
    for place, service in enumerate(chosen):
        if service is None:
            fares.append(Fare(refusal=delivering.objections_of(options[place])))
            continue
        crossed = duty.get(place, Crossed())
        refusal = f"customs: {crossed.problem}" if crossed.problem else ""
        fares.append(Fare(service.cost_minor, crossed.duty_minor, brought.get(place, 0), service.lane, refusal))
    return fares


def _pieces(each: Weighed, items: Mapping[GoodsKey, Item]) -> list[Piece]:
    """What is in it, where it may be divided."""
    return [] if each.one_parcel else [piece_of(items[key], units) for key, units in each.goods]


def _parcel(each: Weighed, facts: Facts, items: Mapping[GoodsKey, Item]) -> Parcel:
    market = facts.markets[each.market]
    goods = [(items[key].sellable, units, key[1]) for key, units in each.goods]
    sides = tuple(max(column) for column in zip(*(sellable.sides_mm for sellable, _, _ in goods), strict=True))
    return Parcel(
        origin=each.origin, market_code=each.market, destination=market.country, currency=market.currency,
        ready_on=facts.now.date(), weight_g=each.weight_g, goods_minor=sum(unit * units for _, units, unit in goods),
        volume_cm3=sum(sellable.volume_cm3 * units for sellable, units, _ in goods),
        sides_mm=sides if goods else (0, 0, 0), units=sum(units for _, units, _ in goods) or 1,
        flags=frozenset(flag for sellable, _, _ in goods for flag in sellable.flags),
    )  # fmt: skip


def _duty(
    parcels: Sequence[Weighed],
    chosen: Sequence[Option | None],
    facts: Facts,
    border: Border,
    items: Mapping[GoodsKey, Item],
) -> dict[int, Crossed]:
    """What the border takes of the parcels that cross one, by place; one of which it cannot be said says why."""
    crossing = [(place, service) for place, service in enumerate(chosen) if service and parcels[place].crosses]
    lines = [
        (number, place, service, items[key], units)
        for number, (place, service) in enumerate(crossing)
        for key, units in parcels[place].goods
    ]
    if not lines:
        return {}
    charges = pricing.charge_lines(
        unit_minor=_array([item.unit_minor for *_, item, _ in lines]), quantity=_array([units for *_, units in lines]),
        discount_minor=_array([0] * len(lines)), platform_ppm=_array([0] * len(lines)),
        tax_ppm=pricing.ppm([item.tax_rate for *_, item, _ in lines]),
        includes_tax=np.array([item.includes_tax for *_, item, _ in lines]),
        weight_g=_array([item.sellable.weight_g or 0 for *_, item, _ in lines]),
        parcel=_array([number for number, *_ in lines]),
        freight_minor=_array([service.charge_minor for _, service in crossing]),
    )  # fmt: skip
    by_market: dict[str, list[tuple[int, Goods]]] = defaultdict(list)
    for at, (number, place, service, item, units) in enumerate(lines):
        offer = item.sellable
        by_market[parcels[place].market].append((
            place,
            Goods(
                parcel=number, hs_code=offer.hs_code, origin=offer.origin_country, tax_class=offer.tax_class,
                mode=service.mode, terms=offer.terms, quantity=units, weight_g=(offer.weight_g or 0) * units,
                goods_net_minor=int(charges.goods_net_minor[at]),
                shipping_net_minor=int(charges.shipping_net_minor[at]),
                taxed_minor=int(charges.goods_tax_minor[at] + charges.shipping_tax_minor[at]),
            ),
        ))  # fmt: skip
    found: dict[int, Crossed] = {}
    for code, rows in by_market.items():
        market = facts.markets[code]
        assessed = border.assess([goods for _, goods in rows], market=market, taxes=_taxes(facts, market.id))
        for (place, _), crossed in zip(rows, assessed, strict=True):
            known = found.get(place, Crossed())
            found[place] = Crossed(known.duty_minor + crossed.duty_minor, problem=known.problem or crossed.problem)
    return found


def _brought(
    parcels: Sequence[Weighed], facts: Facts, border: Border, items: Mapping[GoodsKey, Item]
) -> dict[int, int]:
    """The duty on bringing such goods in bulk, on their cost, by place; nothing where no cost is agreed."""
    by_market: dict[str, list[tuple[int, Brought]]] = defaultdict(list)
    for place, each in enumerate(parcels):
        market = facts.markets[each.market]
        for key, units in () if each.crosses else each.goods:
            item = items[key]
            offer = item.sellable
            if item.supply_minor is None or offer.origin_country in ("", market.country) or not offer.hs_code:
                continue
            cost = convert(item.supply_minor, 1 / item.fx.rate, item.supply_currency, market.currency)
            importer = (offer.terms.performer(Task.CUSTOMS) or Party.SELLER).value
            by_market[each.market].append((
                place,
                Brought(offer.hs_code, offer.origin_country, offer.tax_class, importer, BULK_MODE, units,
                        offer.weight_g or 1, cost),
            ))  # fmt: skip
    found: dict[int, int] = defaultdict(int)
    for code, rows in by_market.items():
        market = facts.markets[code]
        duties = border.on_cost([row for _, row in rows], market=market, taxes=_taxes(facts, market.id))
        for (place, _), amount in zip(rows, duties, strict=True):
            found[place] += amount
    return found


def _taxes(facts: Facts, market_id: UUID) -> dict[str, Decimal]:
    return {name: rate for (market, name), rate in facts.taxes.items() if market == market_id}


def _array(values: Sequence[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)
