"""The market that some histories share: its world, and a stall for each history, all of them made at once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import shopping
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.places import make_places
from entrepot.domain.inventory.placing import NewPlace
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import RetailPrice, RetailProposal
from entrepot.domain.promotions.models import Voucher
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Seller
from entrepot.domain.terms import queries as wordings
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.kernel import ids, money
from entrepot.kernel.actors import SYSTEM
from proving.model import PLACED
from worlds import World

#: What a stall sells: at what price, so many units of it, and whether its seller is the one who is paid at order.
GOODS = {"a": ("19.99", 6, False), "b": ("3.35", 9, False), "c": ("7.01", 5, True)}

#: Places of the warehouse beside its dock.
SHELVES = ("A-01-1", "A-02-1")


@dataclass(frozen=True, slots=True)
class Stall:
    """What one history has of its own."""

    name: str
    seller: Seller
    offers: Mapping[str, Offer]
    voucher: Voucher


@dataclass(frozen=True, slots=True)
class _Place:
    """An offer that is to be: whose, of what, and in which stall."""

    stall: int
    goods: str
    seller: Seller
    product_id: UUID
    sku_id: UUID


class Market:
    """A world, programmes in three wordings, and stalls; two threads for two actors."""

    def __init__(self, now: datetime, stalls: int) -> None:
        self.world = World(now)
        no_papers = {"documents": [], "stock_in_market": False}
        self.wordings: list[ProgrammeVersion] = [
            shopping.publish_variant(
                self.world, "semi-managed-local-stock", "proven", eligibility=no_papers,
                earning={"commission": f"0.{10 + number}"},
            )
            for number in range(3)
        ]  # fmt: skip
        shopping.publish_variant(
            self.world, "semi-managed-local-stock", "proven-early", fulfilment={"capture": "order"}
        )
        self.early = self.world.seller("early", programme="proven-early")
        self.stalls = self._stalls(stalls)
        self.threads = ThreadPoolExecutor(2)

    def close(self) -> None:
        """End the threads, and with them their connections."""
        from django.db import connection

        for _ in range(8):
            self.threads.submit(lambda: connection.close()).result()
        self.threads.shutdown()

    def _stalls(self, count: int) -> list[Stall]:
        """Sellers under the first wording, their goods, and vouchers."""
        world = self.world
        world.programmes["proven"] = self.wordings[0]
        sold_by = [world.seller(f"stall-{number}", programme="proven") for number in range(count)]
        places = [place for seller in [self.early, *sold_by] for place in self._goods(seller, sold_by)]
        catalogue.publish_products(product_ids=[place.product_id for place in places])
        enrolments = {each.seller_id: each for each in world.enrolments}
        offer_ids = catalogue.create_offers(
            rows=[
                catalogue.NewOffer(place.seller.pk, place.sku_id, held.market_id, held.id, held.programme_code)
                for place in places
                for held in [enrolments[place.seller.pk]]
            ],
            now=world.now,
        )
        self._price(places, offer_ids)
        self._fill(places)
        catalogue.move_offers(offer_ids=offer_ids, status="live")
        offers: list[dict[str, Offer]] = [{} for _ in range(count)]
        found = Offer.objects.select_related("market", "enrolment__programme_version").in_bulk(offer_ids)
        for place, offer_id in zip(places, offer_ids, strict=True):
            offers[place.stall][place.goods] = found[offer_id]
        clerk = world.operator_actor()
        return [
            Stall(
                f"h{number}", sold_by[number], offers[number],
                # Longer than any history waits: that vouchers end is none of what is played here.
                shopping.voucher(world, f"tenth-{number}", actor=clerk, limit_total=2,
                                 valid_until=world.now + timedelta(days=3650)),
            )
            for number in range(count)
        ]  # fmt: skip

    def _goods(self, seller: Seller, sold_by: Sequence[Seller]) -> list[_Place]:
        """The products of a seller, as drafts."""
        world, early = self.world, seller is self.early
        wanted = [
            (number, goods)
            for number, stall in enumerate(sold_by)
            for goods, (_, _, paid_early) in GOODS.items()
            if early == paid_early and (early or stall is seller)
        ]
        drafts = [world.product() for _ in wanted]
        kept = catalogue.keep_products(organisation_id=seller.pk, drafts=drafts, now=world.now)
        return [
            _Place(number, goods, seller, each.product_id, sku_id)
            for (number, goods), each in zip(wanted, kept, strict=True)
            for sku_id in each.sku_ids.values()
        ]

    def _price(self, places: Sequence[_Place], offer_ids: Sequence[UUID]) -> None:
        """Every seller proposes its prices, and the platform agrees."""
        by_seller: dict[UUID, list[pricing.NewPrice]] = {}
        for place, offer_id in zip(places, offer_ids, strict=True):
            amount = money.parse_minor(GOODS[place.goods][0], "EUR")
            by_seller.setdefault(place.seller.pk, []).append(pricing.NewPrice(offer_id, amount))
        for seller_id, prices in by_seller.items():
            actor = sellers.get_system_actor(seller_id=seller_id)
            pricing.set_retail_prices(prices=prices, actor=actor, now=self.world.now)
        waiting = RetailProposal.objects.filter(status="open", waits_for_party="platform").values_list("id", flat=True)
        pricing.decide_proposals(
            proposal_ids=list(waiting), approve=True, reason="as proposed", actor=SYSTEM, now=self.world.now
        )
        assert RetailPrice.objects.filter(offer_id__in=offer_ids).count() == len(offer_ids)

    def _fill(self, places: Sequence[_Place]) -> None:
        """Goods come to each seller's premises, and what has places to a warehouse."""
        world, terms = self.world, wordings.wording_of(self.wordings[0])
        premises = {
            seller.pk: world.node_of(seller, terms, world.market("DE"))
            for seller in {each.seller.pk: each.seller for each in places}.values()
        }
        house = world.node("house", operator=world.partner(), kind="third_party_overseas", country="DE")
        make_places(
            node_id=house.id, places=[NewPlace(code, "storage") for code in SHELVES], actor=SYSTEM, now=world.now
        )
        nodes = [house if place.goods == PLACED else premises[place.seller.pk] for place in places]
        inventory.receive(
            rows=[
                inventory.Receipt(
                    place.seller.pk, place.seller.pk, node.id, place.sku_id, GOODS[place.goods][1],
                    "received", "test", ids.new_id(world.now),
                )
                for place, node in zip(places, nodes, strict=True)
            ],
            now=world.now,
        )  # fmt: skip
