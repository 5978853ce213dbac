"""Some weeks of trade in the demonstration: orders come in, are shipped, delivered, returned, settled and paid out."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from uuid import UUID

from entrepot.demonstration import carriers, working
from entrepot.demonstration.setting import Setting
from entrepot.domain.accounts.models import User
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.orders.models import OrderLine, WorkItem
from entrepot.domain.settlement.models import Payout
from entrepot.flows import checkout, fulfilment, keeping, returns, settling
from entrepot.flows.checkout import OrderRequest
from entrepot.kernel.actors import SYSTEM

#: Orders come in at these hours after noon, so many at once.
HOURS = (1, 4, 7)
ORDERS_AT_ONCE = 4

#: Invented people, by market: given names, family names, and (city, postcode, region).
SHOPPERS: dict[str, tuple[str, str, tuple[tuple[str, str, str], ...]]] = {
    "US": (
        "Avery Blake Casey Drew Emery Finley Harper Jordan Kendall Logan Morgan Parker Quinn Reese Rowan Sawyer",
        "Ashdown Birch Calloway Dunmore Ellery Fairbank Garland Hollis Ives Kestrel Larkin Merriweather",
        (("Springfield", "62701", "IL"), ("Riverton", "84065", "UT"), ("Fairview", "07022", "NJ"),
         ("Lakewood", "44107", "OH"), ("Georgetown", "78626", "TX")),
    ),
    "DE": (
        "Anke Bernd Clara Dieter Elke Frieda Gernot Heike Ingo Jutta Klaus Lena Mareike Nils Petra Ulf",
        "Ahrendt Brinkmann Clasen Dorn Eggers Fuhrmann Gerlach Hansen Jessen Kranz Lorenz Molt",
        (("Kassel", "34117", ""), ("Jena", "07743", ""), ("Husum", "25813", ""), ("Ulm", "89073", ""),
         ("Goslar", "38640", "")),
    ),
    "BR": (
        "Aline Bruno Camila Davi Elisa Fábio Gabriela Hugo Iara João Larissa Mateus Natália Otávio Rafaela Tiago",
        "Alves Barbosa Cardoso Dias Esteves Ferreira Gomes Lima Moreira Nunes Pereira Ramos",
        (("Londrina", "86010-000", "PR"), ("Olinda", "53020-000", "PE"), ("Niterói", "24020-000", "RJ"),
         ("Blumenau", "89010-000", "SC")),
    ),
}  # fmt: skip

#: Goods of which somebody buys more than one parcel takes.
HEAVY = ("shelf", "dumbbell")
ONE_PARCEL_G = 31_750

#: How people pay here, most of them without ado.
INSTRUMENTS = ("approve",) * 24 + ("decline",)


@dataclass(slots=True)
class Trade:
    """The running story: the stage, the dice, and what is on sale in each market."""

    setting: Setting
    chance: random.Random
    offers: dict[str, list[UUID]]
    shopper: User
    count: int = 0

    def next(self, prefix: str) -> str:
        """A key that no other act of this story has."""
        self.count += 1
        return f"{prefix}-{self.count:05d}"


def begin(setting: Setting, chance: random.Random) -> Trade:
    """Trade with everything that is on sale now."""
    offers: dict[str, list[UUID]] = defaultdict(list)
    for market_code, offer_id in Offer.objects.filter(status="live").order_by("id").values_list("market__code", "id"):
        offers[market_code].append(offer_id)
    shopper = User.objects.get(email=setting.script["shoppers"][0]["email"])
    return Trade(setting, chance, dict(offers), shopper)


def play_day(trade: Trade, day: date, is_last: bool) -> None:
    """One day in every market: what is due is shipped and delivered, then new orders come in."""
    morning, noon, evening = (datetime.combine(day, time(hour), tzinfo=UTC) for hour in (7, 12, 20))
    fulfilment.mark_late(now=morning)
    carriers.carry(now=morning)
    keeping.watch(now=morning)
    _ship(trade, noon, keep_back=0.55 if is_last else 0.12)
    _come_back(trade, noon + timedelta(hours=1))
    for hour in HOURS:
        _place(trade, [_order(trade) for _ in range(ORDERS_AT_ONCE)], noon + timedelta(hours=hour, minutes=20))
    _change_minds(trade, evening)
    if day.isoweekday() == 1:
        _settle(trade, evening + timedelta(hours=1))


def leave_open_ends(trade: Trade, now: datetime) -> None:
    """What waits for somebody: an order whose payment is not decided yet, and returns on their way."""
    unpaid = [_request(trade, "DE", 1, instrument="slow"), _request(trade, "US", 2, instrument="decline")]
    _place(trade, unpaid, now)
    for _ in range(4):
        _request_return(trade, now)
    _place(trade, _of_brand(trade, "hearth-home", "US"), now)
    # More than the 70 lb that one parcel may weigh: a brand packs its own, a warehouse packs for another.
    for good in HEAVY:
        _place(trade, _by_weight(trade, good, "US", ONE_PARCEL_G), now)


def _of_brand(trade: Trade, seller_code: str, market: str) -> list[OrderRequest]:
    """Three orders of a brand that ships its own, so that its first morning has something to do."""
    live = Offer.objects.filter(status="live", seller__organisation__code=seller_code, market__code=market)
    there = inventory.available(list(live.order_by("id").values_list("id", flat=True)))
    wanted = [offer_id for offer_id, units in there.items() if units > 1][:2]
    return [
        _bought(trade, market, [(offer_id, 1) for offer_id in lines])
        for lines in (wanted[:1], wanted[1:], wanted)
        if lines
    ]


def _by_weight(trade: Trade, good: str, market: str, grams: int) -> list[OrderRequest]:
    """An order of more of one article than a single parcel may weigh, of which enough is there."""
    live = Offer.objects.filter(status="live", sku__code__contains=f"-{good}", market__code=market)
    weights = dict(live.order_by("id").values_list("id", "sku__weight_g"))
    there = inventory.available(list(weights))
    fits = ((offer_id, grams // weight + 1) for offer_id, weight in weights.items() if weight)
    return [_bought(trade, market, [each]) for each in fits if there[each[0]] >= each[1]][:1]


def buy_ahead(trade: Trade, offer: Offer, now: datetime) -> None:
    """Somebody buys all that is left of an article, and somebody else what is still at sea."""
    [left] = inventory.available([offer.id]).values()
    for units in (left, 2) if left else (2,):
        _place(trade, [_bought(trade, offer.market.code, [(offer.id, units)])], now)


def _bought(trade: Trade, market: str, lines: list[tuple[UUID, int]]) -> OrderRequest:
    """A guest's order of exactly these units, which is paid."""
    return OrderRequest(
        checkout_key=trade.next("demonstration"),
        market_code=market,
        lines=lines,
        email=f"{trade.next('guest')}@shoppers.example",
        language=trade.setting.markets[market].languages[0],
        ship_to=_address(trade, market),
        provider="sandbox",
        instrument="approve",
        attribution={"source": "search"},
    )


def _order(trade: Trade) -> OrderRequest | None:
    market = trade.chance.choices(("US", "DE", "BR"), (5, 4, 3))[0]
    voucher = f"WELCOME{market}" if trade.chance.random() < 0.12 else ""
    return _request(trade, market, trade.chance.choice((1, 1, 1, 2, 2, 3, 4)), voucher=voucher)


def _place(trade: Trade, requests: Sequence[OrderRequest | None], now: datetime) -> None:
    checkout.place_orders(requests=[each for each in requests if each is not None], now=now)


def _request(trade: Trade, market: str, lines: int, instrument: str = "", voucher: str = "") -> OrderRequest | None:
    """An order of what is there; None where nothing of what was wanted is."""
    chance = trade.chance
    wanted = chance.sample(trade.offers[market], lines)
    there = inventory.available(wanted)
    bought = [(offer, min(chance.choice((1, 1, 1, 1, 2, 3)), there[offer])) for offer in wanted if there.get(offer)]
    if not bought:
        return None
    is_known = chance.random() < 0.05 and market == "US"
    return OrderRequest(
        checkout_key=trade.next("demonstration"),
        market_code=market,
        lines=bought,
        voucher_code=voucher,
        user_id=trade.shopper.id if is_known else None,
        email=trade.shopper.email if is_known else f"{trade.next('guest')}@shoppers.example",
        language=trade.setting.markets[market].languages[0],
        ship_to=_address(trade, market),
        provider="sandbox",
        instrument=instrument or chance.choice(INSTRUMENTS),
        attribution={"source": chance.choice(("search", "category", "newsletter"))},
    )


def _address(trade: Trade, market: str) -> dict[str, str]:
    given, family, places = SHOPPERS[market]
    city, postcode, region = trade.chance.choice(places)
    return {
        "name": f"{trade.chance.choice(given.split())} {trade.chance.choice(family.split())}",
        "line1": f"{trade.chance.choice(('Station', 'Mill', 'Garden', 'Harbour'))} {trade.chance.randint(1, 90)}",
        "city": city,
        "postcode": postcode,
        "region": region,
        "country": market,
    }


def _change_minds(trade: Trade, now: datetime) -> None:
    """Now and then somebody cancels before anything has left."""
    if trade.chance.random() > 0.5:
        return
    recent = OrderLine.objects.filter(order__state="placed", shipped_qty=0, cancelled_qty=0).order_by("-id")
    lines = list(recent[:20])
    if lines:
        line = trade.chance.choice(lines)
        checkout.cancel_lines(rows=[(line.id, line.quantity)], actor=SYSTEM, reason="Changed my mind", now=now)


def _ship(trade: Trade, now: datetime, keep_back: float) -> None:
    """Performers work off what was ordered before today, and leave a little for tomorrow."""
    items = list(WorkItem.objects.filter(state__in=["waiting", "accepted", "packed"]).order_by("due_at", "id"))
    ready = []
    for item in items:
        draw = trade.chance.random()
        if draw < keep_back:
            if draw < keep_back / 2 and item.state == "waiting":
                fulfilment.accept_work(
                    work_item_ids=[item.id], actor=trade.setting.actor(item.organisation_id), now=now
                )
            continue
        ready.append(item)

    def number(parcel_id: UUID) -> str:
        return trade.next("TRK")

    leaves_at = now + working.LOADING
    working.ship(ready, actor_of=trade.setting.actor, number=number, now=now, leaves_at=leaves_at)


def _come_back(trade: Trade, now: datetime) -> None:
    """A return is asked for now and then; those on their way are received and refunded."""
    if trade.chance.random() < 0.35:
        _request_return(trade, now)
    for case in ReturnCase.objects.filter(state__in=["requested", "in_transit"]).select_related("node").order_by("id"):
        if now - case.created_at < timedelta(days=5):
            continue
        actor = trade.setting.actor(case.node.operator_id)
        disposition = partial(trade.chance.choice, ("restock", "restock", "discard"))
        working.receive(case, actor=actor, disposition=disposition, now=now)


def _request_return(trade: Trade, now: datetime) -> None:
    lines = list(
        OrderLine.objects.select_related("order")
        .filter(delivered_qty__gt=0, returned_qty=0)
        .exclude(id__in=ReturnLine.objects.values("line_id"))
        .order_by("-id")[:30]
    )
    if not lines:
        return
    line = trade.chance.choice(lines)
    cases = returns.request_return(
        order_id=line.order_id,
        lines=[(line.id, 1)],
        reason=trade.chance.choice(("changed_mind", "changed_mind", "defective", "not_as_described", "damaged")),
        actor=SYSTEM,
        access_token=line.order.access_token,
        note="",
        now=now,
    )
    for case in cases:
        returns.send_label(case_id=case.id, actor=SYSTEM, access_token=line.order.access_token, now=now)


def _settle(trade: Trade, now: datetime) -> None:
    """Monday evening: statements, and the bank confirms what left the week before."""
    actor = trade.setting.actor(trade.setting.operator.id)
    sent = list(Payout.objects.exclude(state="done").values_list("id", flat=True))
    if sent:
        settling.confirm_payouts(payout_ids=sent, now=now, actor=actor)
    settling.settle(until=now, now=now, actor=actor)
    settling.pay_out(now=now, actor=actor)
