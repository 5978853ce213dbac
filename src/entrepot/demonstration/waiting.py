"""What waits for somebody on the day the demonstration is opened: so that no desk is empty."""

from datetime import datetime, timedelta
from uuid import UUID

from entrepot.demonstration import asking
from entrepot.demonstration.setting import Setting
from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import team
from entrepot.domain.accounts.models import User
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.ledger.rules import AccountKey, NewPosting
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.flows import correcting, listing

#: How many offers of one kind wait.
FEW = 3


def leave_waiting(setting: Setting, now: datetime) -> None:
    """A product that is not complete, supply prices and retail prices that wait for consent, a correction for a second
    person, questions of shoppers, an invitation.
    """
    _draft(setting, now)
    _quotes(setting, now)
    _proposals(setting, now)
    _correction(setting, now)
    asking.leave_questions(setting, now)
    team.invite(
        actor=setting.actor(setting.operator.id),
        organisation_id=setting.operator.id,
        email="newcomer@entrepot.example",
        role="operator.merchandiser",
        now=now,
    )


def _offers(seller_code: str) -> list[Offer]:
    live = Offer.objects.filter(seller__organisation__code=seller_code, status="live", market__code="US")
    return list(live.order_by("id")[:FEW])


def _draft(setting: Setting, now: datetime) -> None:
    offer = _offers("golden-kiln")[0]
    listing.keep_products(
        actor=setting.actor(offer.seller_id),
        organisation_id=offer.seller_id,
        drafts=[
            ProductDraft(
                product_code="new-jug",
                texts={"en": ("Harbour · Water jug", "Measures and customs code will follow.")},
                skus=[SkuDraft(sku_code="new-jug", weight_g=720, origin_country="CN")],
            )
        ],
        now=now,
    )


def _quotes(setting: Setting, now: datetime) -> None:
    """A factory asks for an eighth more."""
    offers = _offers("golden-kiln")
    agreed = prices.supply_prices([offer.id for offer in offers])
    listing.quote_supply_prices(
        actor=setting.actor(offers[0].seller_id),
        rows=[
            NewQuote(offer.id, agreed[offer.id].amount_minor * 9 // 8, note="Clay and gas have become dearer")
            for offer in offers
        ],
        valid_until=now + timedelta(days=14),
        now=now,
    )


def _proposals(setting: Setting, now: datetime) -> None:
    """An importer wants to sell a little cheaper, which the marketplace approves."""
    offers = _offers("hearth-home")
    asked = prices.prices([offer.id for offer in offers], now)
    pricing.set_retail_prices(
        prices=[pricing.NewPrice(offer.id, asked[offer.id].amount_minor - 200) for offer in offers],
        actor=setting.actor(offers[0].seller_id),
        note="Autumn prices",
        now=now,
    )


def _correction(setting: Setting, now: datetime) -> None:
    """Finance found a carrier's invoice that was a little higher than its card."""
    finance = User.objects.get(email=setting.script["operator"]["people"][1]["email"])
    operator: UUID = setting.operator.id
    correcting.propose(
        actor=accounts.get_actor(user_id=finance.id, kinds=("operator",)),
        reason="Fuel surcharge on the carrier's monthly invoice",
        postings=[
            NewPosting(
                AccountKey("cost_carriage", operator, "EUR"),
                AccountKey("carrier_payable", operator, "EUR", "Rhein Paket"),
                1845,
                "correction",
            )
        ],
        now=now,
    )
