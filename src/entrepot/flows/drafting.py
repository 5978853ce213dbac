"""From carts to orders as they would be: vouchers, routes, freight, money. Decided in memory, for a batch.

`Drafting` holds what the batch may take: vouchers, locked by whoever places orders, and stock rows as they were read,
which are taken last and decided on again where they went meanwhile. An order takes from it in turn; one that is refused
gives back what it took, so that a bad order takes nothing from a good one.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from entrepot.domain.inventory import rules
from entrepot.domain.inventory.services import StockRow
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.logistics.rules import start_of_day
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import rules as pricing
from entrepot.domain.promotions import queries as promotions
from entrepot.domain.promotions import rules as vouchers
from entrepot.domain.routing import queries as routing_rules
from entrepot.domain.routing.rules import Rule
from entrepot.domain.terms.rules import Party, Task, Terms
from entrepot.flows import delivering, fares, routing
from entrepot.flows.crossing import Border, Goods
from entrepot.flows.drafts import (
    Bundle,
    Coming,
    CustomsUnknown,
    Draft,
    DraftLine,
    DraftSuborder,
    Drawn,
    LineMoney,
    NoFreight,
)
from entrepot.flows.facts import Facts, Item
from entrepot.flows.requests import CartRequest, OrderRequest, voucher_of
from entrepot.flows.routing import Candidate, Fare, GoodsKey, Group, Need, Router, Verdict, Weighed
from entrepot.kernel.errors import EntrepotError, Refused

MILLION = 1_000_000


class Standing:
    """What is left of a stock row while a batch takes from it. What is on its way has its shipment for a node."""

    __slots__ = ("allotted", "id", "node_id", "shared")

    def __init__(self, row: StockRow, node_id: UUID) -> None:
        self.id, self.node_id = row.id, node_id
        self.shared, self.allotted = row.free(), dict(row.allotments) if row.allotments else None

    def free(self, pool: UUID | None) -> int:
        """Units of the pool, or shared ones."""
        if pool is None:
            return self.shared
        return self.allotted.get(pool, 0) if self.allotted else 0

    def take(self, units: int, pool: UUID | None) -> None:
        """Take units that are free, or give some back."""
        if pool is None:
            self.shared -= units
        elif self.allotted is not None:
            self.allotted[pool] -= units


class Drafting:
    """Drafts carts on what is there. `stock` are rows that stay as they are while this works.

    Carts that are drafted `apart` do not know of each other: what one would take is still there for the next. `rules`
    are those of routing, where it is not those in force; a `twin` on the same rows lends what it has read; `only` says
    of a node whether goods for a market may leave from it at all.
    """

    def __init__(
        self,
        facts: Facts,
        stock: Sequence[StockRow],
        *,
        apart: bool = False,
        rules: Mapping[UUID, Sequence[Rule]] | None = None,
        twin: "Drafting | None" = None,
        only: Callable[[NodeView, Market], bool] | None = None,
    ) -> None:
        self.facts = facts
        self.only = only
        self.barred: frozenset[UUID] = frozenset()
        self.apart = apart
        if twin is None:
            nodes = logistics.list_nodes({row.node_id for row in stock}) if stock else {}
            self.nodes = {node_id: node for node_id, node in nodes.items() if not node.is_archived}
        else:
            self.nodes = twin.nodes
        self.coming: dict[UUID, Coming] = {}
        self.stands: dict[tuple[UUID, UUID], list[Standing]] = defaultdict(list)
        one = {node_id: node_id for node_id in self.nodes}  # the same object for all rows, which is quickly found again
        for row in stock:
            if (node_id := one.get(row.node_id)) is not None:
                self.stands[row.seller_id, row.sku_id].append(Standing(row, row.comes_with or node_id))
                if row.comes_with is not None:
                    self._expect(row, row.comes_with)
        self.crossing: dict[tuple[UUID, UUID], bool] = {}
        self.items: dict[GoodsKey, Item] = {}
        self.candidates: dict[tuple[Any, ...], tuple[Candidate, ...]] = {}
        self.due: dict[tuple[UUID, datetime, int], datetime] = {}
        self.uses: dict[UUID, int] = {each.id: each.redeemed for each in facts.vouchers.values()}
        self.used: dict[tuple[UUID, str], int] = defaultdict(int)
        in_force = routing_rules.find_rules(on=facts.now.date()) if rules is None else rules
        self.router = Router(in_force, self._price)
        self.border: Border = twin.border if twin else Border(facts.now.date())
        if twin is not None:
            self.router.costs |= twin.router.costs

    def draft(self, requests: Sequence[CartRequest], *, barred: Collection[UUID] = ()) -> list[Draft | EntrepotError]:
        """One draft a request, in order; what is refused is refused alone. From `barred` nodes nothing is in time."""
        self.barred = frozenset(barred)
        drafts = [self._read(request) for request in requests]
        waiting = [each for each in drafts if isinstance(each, Draft)]
        self._count_uses(waiting)
        for each in waiting:
            each.bundles = tuple(self._bundle(each))
        self.router.prepare(bundle.group for each in waiting for bundle in each.bundles)
        while waiting:
            sold_out = [each for each in waiting if not self._take(each)]
            routed = [each for each in waiting if each.error is None]
            self._quote_freight(routed)
            self._charge([each for each in routed if each.error is None])
            gone = [each for each in routed if self._check_total(each)]
            for each in gone:
                if not self.apart:
                    self.give_back(each)
                each.suborders = []
            # What a refused order took is there again for those who came after it and found nothing.
            waiting = sold_out if gone and not self.apart else []
            for each in waiting:
                each.error = None
        return [each if isinstance(each, EntrepotError) else each.error or each for each in drafts]

    def put_back(self, *, seller_id: UUID, sku_id: UUID, node_id: UUID, pool: UUID | None, units: int) -> None:
        """Reckon as if units of a SKU were free at a node again, where there is a row for them."""
        for each in self.stands.get((seller_id, sku_id), ()):
            if each.node_id == node_id and (pool is None or pool in (each.allotted or {})):
                each.take(-units, pool)
                return

    def _expect(self, row: StockRow, shipment_id: UUID) -> None:
        """A shipment on its way is as good as a node of its own, which stands where it is going to."""
        assert row.ready_on
        today = self.facts.now.astimezone(ZoneInfo(self.nodes[row.node_id].time_zone)).date()
        known = self.coming.get(shipment_id)
        ready_on = max(row.ready_on, today, known.ready_on if known else today)
        self.coming[shipment_id] = Coming(shipment_id, row.lot, ready_on, row.comes_by)
        self.nodes = self.nodes | {shipment_id: self.nodes[row.node_id]}

    def _read(self, request: CartRequest) -> Draft | EntrepotError:
        try:
            market = self.facts.market(request)
            return Draft(request, market, self.facts.items(request, market))
        except EntrepotError as error:
            return error

    def _count_uses(self, drafts: Iterable[Draft]) -> None:
        """How often the shoppers of these carts have used their vouchers."""
        pairs = set()
        for each in drafts:
            if code := voucher_of(each.request):
                each.voucher = self.facts.vouchers.get(code)
                each.shopper_key = self.facts.shopper_key(each.request)
                if each.voucher is None:
                    each.error = vouchers.refuse("promotions.unknown_voucher", code)
                elif each.voucher.limit_per_shopper is not None and each.shopper_key:
                    pairs.add((each.voucher.id, each.shopper_key))
        self.used |= promotions.count_uses(pairs)

    def _take(self, draft: Draft) -> bool:
        """Take a use of the voucher and the stock; False where another order in the batch may have taken them."""
        if draft.error is not None:
            return True
        draft.error = self._redeem(draft)
        if draft.error is None:
            draft.error = self._route(draft)
            if draft.error is not None or self.apart:
                self.give_back(draft)
            if draft.error is not None:
                draft.suborders = []
        return draft.error is None

    def _redeem(self, draft: Draft) -> EntrepotError | None:
        if draft.voucher is None:
            return None
        key = (draft.voucher.id, draft.shopper_key)
        covered = vouchers.covered_minor(
            draft.voucher,
            [(each.sellable.seller_id, each.sellable.category_path, each.displayed_minor) for each in draft.items],
        )
        objection = vouchers.find_objection(
            draft.voucher,
            market_id=draft.market.id,
            covered_minor=covered,
            now=self.facts.now,
            uses=self.uses[draft.voucher.id],
            used=self.used[key],
            shopper_key=draft.shopper_key,
        )
        if objection is None:
            draft.discount_minor = vouchers.discount(draft.voucher, covered or 0)
            self.uses[draft.voucher.id] += 1
            self.used[key] += 1
        return objection

    def _bundle(self, draft: Draft) -> Iterator[Bundle]:
        """The lines of the cart, seller by seller and programme by programme, with the nodes that have such goods."""
        together: dict[tuple[UUID, str], list[int]] = defaultdict(list)
        for place, item in enumerate(draft.items):
            together[item.sellable.seller_id, item.sellable.programme_code].append(place)
        for (seller_id, programme_code), members in together.items():
            items = [draft.items[place] for place in members]
            terms = items[0].sellable.terms
            needs = tuple(_need(item) for item in items)
            self.items.update({(item.sellable.id, item.unit_minor): item for item in items})
            node_ids = frozenset(
                [
                    each.node_id
                    for need in needs
                    for sku_id, _ in need.components
                    for each in self.stands.get((seller_id, sku_id), ())
                ]
            )
            key = (draft.market.code, seller_id, id(terms), node_ids, self.barred)
            candidates = self.candidates.get(key)
            if candidates is None:
                candidates = self.candidates[key] = self._candidates(draft.market, seller_id, terms, node_ids)
            group = Group(draft.market, needs, candidates, sum(item.displayed_minor for item in items))
            yield Bundle(seller_id, programme_code, terms, tuple(members), group)

    def _route(self, draft: Draft) -> EntrepotError | None:
        """Find the nodes of every item, bundle by bundle, and take the stock there."""
        for bundle in draft.bundles:
            needs, items = bundle.group.needs, [draft.items[place] for place in bundle.members]
            found = self.router.route(bundle.group, self._free(bundle.seller_id, needs))
            if isinstance(found, routing.Shortage):
                return _sold_out(bundle.members[found.need], items[found.need], found)
            suborders: dict[UUID, DraftSuborder] = {}
            for part in found.allocations:
                suborder = suborders.get(part.node_id)
                if suborder is None:
                    suborder = suborders[part.node_id] = DraftSuborder(
                        bundle.seller_id, bundle.programme_code, self.nodes[part.node_id], bundle.terms, why=found.why,
                        is_one_parcel=found.one_parcel,
                        coming=self.coming.get(part.node_id),
                    )  # fmt: skip
                    draft.suborders.append(suborder)
                drawn = self._draw(bundle.seller_id, needs[part.need], part.node_id, part.units)
                suborder.lines.append(DraftLine(items[part.need], part.units, drawn))
        return None

    def _price(self, parcels: Sequence[Weighed]) -> list[Fare]:
        """What parcels would cost by the service that they would take, or why none takes them."""
        return fares.price(parcels, facts=self.facts, border=self.border, items=self.items)

    def _free(self, seller_id: UUID, needs: Iterable[Need]) -> dict[tuple[UUID, UUID | None], dict[UUID, int]]:
        """What is free for these needs by SKU and pool at each node."""
        free: dict[tuple[UUID, UUID | None], dict[UUID, int]] = {}
        for need in needs:
            for sku_id, _ in need.components:
                if (sku_id, need.pool) not in free:
                    at = free[sku_id, need.pool] = {}
                    for each in self.stands.get((seller_id, sku_id), ()):
                        at[each.node_id] = at.get(each.node_id, 0) + each.free(need.pool)
        return free

    def _candidates(
        self, market: Market, seller_id: UUID, terms: Terms, node_ids: Iterable[UUID]
    ) -> tuple[Candidate, ...]:
        found = []
        for node_id in node_ids:
            place = self.nodes[node_id]
            is_local = place.country == market.country
            objection = None
            if not rules.is_theirs(
                terms, operator_kind=place.operator_kind, is_anothers=place.operator_id != seller_id
            ):
                objection = Verdict.NOT_THEIR_NODE
            elif not rules.ships_from(terms, is_local=is_local) or not (self.only is None or self.only(place, market)):
                objection = Verdict.NOT_FROM_THERE
            elif node_id in self.barred:
                objection = Verdict.TOO_LATE
            each = Candidate(node_id, place.code, place.country, is_local, objection)
            if coming := self.coming.get(node_id):
                days = (coming.ready_on - self.facts.now.date()).days
                each = replace(each, coming=coming.number, ready_in=max(days, 1))
            found.append(each)
        if sum(each.objection is None for each in found) < 2:
            return tuple(found)  # nothing to choose from
        return tuple(replace(each, crosses=self._crosses(each.node_id, market)) for each in found)

    def _crosses(self, node_id: UUID, market: Market) -> bool:
        """Whether what leaves a node passes customs on its way into the market."""
        key = (node_id, market.id)
        if key not in self.crossing:
            node = self.nodes[node_id]
            self.crossing[key] = self.border.crosses(kind=node.kind, country=node.country, market=market)
        return self.crossing[key]

    def _draw(self, seller_id: UUID, need: Need, node_id: UUID, units: int) -> list[Drawn]:
        """Take units of the need's components from the rows at the node, in the order of their ids."""
        drawn = []
        for sku_id, per_unit in need.components:
            wanted = units * per_unit
            for each in self.stands[seller_id, sku_id]:
                taken = min(wanted, each.free(need.pool)) if wanted and each.node_id == node_id else 0
                if taken:
                    each.take(taken, need.pool)
                    drawn.append(Drawn(each.id, taken, per_unit, need.pool))
                    wanted -= taken
        return drawn

    def give_back(self, draft: Draft) -> None:
        """Put everything back that the draft took."""
        for line in draft.lines:
            for drawn in line.drawn:
                self._by_id[drawn.stock_id].take(-drawn.quantity, drawn.offer_id)
        if draft.voucher is not None and not isinstance(draft.error, vouchers.VoucherRefused):
            self.uses[draft.voucher.id] -= 1
            self.used[draft.voucher.id, draft.shopper_key] -= 1

    @cached_property
    def _by_id(self) -> dict[UUID, "Standing"]:
        return {each.id: each for found in self.stands.values() for each in found}

    def _quote_freight(self, drafts: Sequence[Draft]) -> None:
        """The service and the dates of every parcel, all parcels at once."""
        parcels: list[tuple[Draft, DraftSuborder]] = []
        for draft in drafts:
            for suborder in draft.suborders:
                try:
                    suborder.ship_by = self._due_at(suborder)
                    parcels.append((draft, suborder))
                except EntrepotError as error:
                    draft.error = error
        if not parcels:
            return
        found = delivering.find_options(
            [suborder.parcel(draft.market, order_minor=draft.displayed_minor) for draft, suborder in parcels],
            on=self.facts.now.date(),
            pieces=lambda place: parcels[place][1].pieces(),
        )
        for (draft, suborder), options in zip(parcels, found, strict=True):
            suborder.options, suborder.service = options, delivering.first_that_goes(options)
            if suborder.service is None:
                draft.error = NoFreight(
                    weight_g=suborder.weight_g, origin=suborder.place.country, market=draft.market.code,
                    why=delivering.objections_of(options),
                )  # fmt: skip

    def _due_at(self, suborder: DraftSuborder) -> datetime:
        """By when it must have left. Raises: NoWorkingDay."""
        key = (suborder.place.id, self._begins_at(suborder), suborder.terms.service.handling_business_days)
        if (found := self.due.get(key)) is None:
            found = self.due[key] = suborder.place.due_at(*key[1:])
        return found

    def _begins_at(self, suborder: DraftSuborder) -> datetime:
        """When work on it can begin: now, or when its goods stand ready."""
        if suborder.coming is None:
            return self.facts.now
        return max(self.facts.now, start_of_day(suborder.coming.ready_on, ZoneInfo(suborder.place.time_zone)))

    def _charge(self, drafts: Sequence[Draft]) -> None:
        """The money of every line of the batch, in one computation."""
        parcels = [(owner, draft, part) for owner, draft in enumerate(drafts) for part in draft.suborders]
        lines = [
            (owner, draft, parcel, line) for parcel, (owner, draft, part) in enumerate(parcels) for line in part.lines
        ]
        if not lines:
            return
        covered = _array(line.displayed_minor if _is_covered(draft, line) else 0 for _, draft, _, line in lines)
        discount = pricing.split_groups(
            _array(draft.discount_minor for draft in drafts), covered, _array(owner for owner, *_ in lines)
        )
        charges = pricing.charge_lines(
            unit_minor=_array(line.item.unit_minor for *_, line in lines),
            quantity=_array(line.units for *_, line in lines),
            discount_minor=discount,
            platform_ppm=_array(_platform_ppm(draft, line) for _, draft, _, line in lines),
            tax_ppm=pricing.ppm([line.item.tax_rate for *_, line in lines]),
            includes_tax=np.array([line.item.includes_tax for *_, line in lines]),
            weight_g=_array(line.item.sellable.weight_g or 0 for *_, line in lines),
            parcel=_array(parcel for _, _, parcel, _ in lines),
            freight_minor=_array(part.service.charge_minor if part.service else 0 for *_, part in parcels),
        )
        charges = replace(charges, customs_duty_minor=self._cross(drafts, charges))
        columns = [getattr(charges, name).tolist() for name in LineMoney._fields]
        for draft in drafts:
            draft.total_minor = 0
        for (_, draft, _, line), amounts in zip(lines, zip(*columns, strict=True), strict=True):
            line.money = LineMoney(*amounts)
            draft.total_minor += line.money.total_minor

    def _cross(self, drafts: Sequence[Draft], charges: pricing.Charges) -> np.ndarray:
        """The customs duty of every line; a draft of which it is not known is refused, and its line named."""
        duty = np.zeros(len(charges.list_minor), dtype=np.int64)
        by_market: dict[UUID, list[tuple[Draft, DraftLine, Goods, int]]] = defaultdict(list)
        place = 0
        for draft in drafts:
            for suborder in draft.suborders:
                is_crossing = self._crosses(suborder.place.id, draft.market)
                for line in suborder.lines:
                    if is_crossing:
                        goods = _goods(suborder, line, charges, place)
                        by_market[draft.market.id].append((draft, line, goods, place))
                    place += 1
        for market_id, rows in by_market.items():
            taxes = {name: rate for (market, name), rate in self.facts.taxes.items() if market == market_id}
            found = self.border.assess([goods for _, _, goods, _ in rows], market=rows[0][0].market, taxes=taxes)
            for (draft, line, _, at), crossed in zip(rows, found, strict=True):
                if crossed.problem:
                    draft.error = draft.error or CustomsUnknown(
                        field=f"lines[{draft.items.index(line.item)}].offer_id", title=line.item.title,
                        offer_id=str(line.item.sellable.id), why=crossed.problem,
                    )  # fmt: skip
                duty[at], line.border = crossed.duty_minor, crossed.document
        return duty

    def _check_total(self, draft: Draft) -> bool:
        """Whether the draft is refused after it was routed: no freight, or another total than the shopper saw."""
        expected = draft.request.expected_total_minor if isinstance(draft.request, OrderRequest) else None
        if draft.error is None and expected not in (None, draft.total_minor):
            draft.error = Refused(
                "orders.total_changed",
                "The total is {total} now, not {expected}.",
                field="expected_total_minor",
                total=draft.total_minor,
                expected=expected,
                currency=draft.market.currency,
            )
        return draft.error is not None


def _need(item: Item) -> Need:
    offer = item.sellable
    pool = offer.id if offer.is_allotted else None
    return Need(offer.components, item.quantity, pool, offer.weight_g or 0, (offer.id, item.unit_minor))


def _sold_out(place: int, item: Item, shortage: routing.Shortage) -> Refused:
    return Refused(
        "orders.sold_out",
        "Of “{title}” {available} are left; {asked} were asked for.",
        field=f"lines[{place}].quantity",
        title=item.title,
        offer_id=str(item.sellable.id),
        available=shortage.available,
        asked=item.quantity,
        nodes={code: str(verdict) for code, verdict in shortage.verdicts.items()},
    )


def _is_covered(draft: Draft, line: DraftLine) -> bool:
    offer = line.item.sellable
    return draft.voucher is not None and draft.voucher.covers(offer.seller_id, offer.category_path)


def _platform_ppm(draft: Draft, line: DraftLine) -> int:
    """The platform's share of a discount: by the voucher, or by the line's terms where it is one seller's voucher."""
    if draft.voucher is None:
        return 0
    if draft.voucher.seller_id is None:
        return draft.voucher.platform_ppm
    return int(line.item.sellable.terms.payer(Task.PROMOTION).get(Party.PLATFORM, Decimal(0)) * MILLION)


def _goods(suborder: DraftSuborder, line: DraftLine, charges: pricing.Charges, at: int) -> Goods:
    """A line as customs see it."""
    offer, service = line.item.sellable, suborder.service
    return Goods(
        parcel=id(suborder), hs_code=offer.hs_code, origin=offer.origin_country, tax_class=offer.tax_class,
        mode=service.mode if service else "", terms=offer.terms, quantity=line.units,
        weight_g=(offer.weight_g or 0) * line.units, goods_net_minor=int(charges.goods_net_minor[at]),
        shipping_net_minor=int(charges.shipping_net_minor[at]),
        taxed_minor=int(charges.goods_tax_minor[at] + charges.shipping_tax_minor[at]),
    )  # fmt: skip


def _array(values: Iterable[int]) -> np.ndarray:
    return np.fromiter(values, dtype=np.int64)
