"""Which money goes where: every part of an accrual, of a hand-over and of a return with its two accounts, as data.

An amount below zero walks its route backwards, and so does what is undone. What parts come to is in `economics`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from entrepot.domain.terms.rules import Party

PARTIES = tuple(Party)

#: Accounts that are kept in the seller's currency; all others in the market's.
SELLER_SIDE = frozenset({"seller_payable", "seller_reserve", "stock_owned"})

#: Accounts that belong to the seller; all others to the operator.
SELLER_OWNED = frozenset({"seller_payable", "seller_reserve"})


class OnReturn(StrEnum):
    """What becomes of a part when the units that it was for come back."""

    UNDONE = "undone"
    COMMISSION = "commission"  # undone where the terms return the commission
    FEE = "fee"  # undone where the fee is returned on refund
    SPENT = "spent"  # spent for good: it moves to who is liable


@dataclass(frozen=True, slots=True)
class Part:
    """A share of the money of a line: from which account to which, by which key of the terms.

    Without accounts it is borne outside these books, by a party that pays its own carrier; it counts on a return.
    """

    code: str
    source: str
    destination: str
    rule: str
    on_return: OnReturn = OnReturn.UNDONE

    @property
    def is_booked(self) -> bool:
        """Whether it is posted."""
        return bool(self.source)

    @property
    def is_sellers(self) -> bool:
        """Whether one of its accounts is in the seller's currency."""
        return self.source in SELLER_SIDE or self.destination in SELLER_SIDE


def _by_party(code: str, routes: Mapping[Party, tuple[str, str]], rule: str, on_return: OnReturn) -> tuple[Part, ...]:
    return tuple(Part(f"{code}.{party}", *route, rule, on_return) for party, route in routes.items())


#: What accrues for units that were delivered. Parts of one name by party divide an amount among collectors or payers.
ACCRUAL_PARTS: tuple[Part, ...] = (
    Part("sale", "shopper_funds", "revenue_sales", "earning.basis"),
    Part("earning", "shopper_funds", "seller_payable", "earning.basis"),
    Part("supply", "cost_goods", "seller_payable", "earning.basis"),
    Part("stock", "cost_goods", "stock_owned", "duties.stock_ownership.until"),
    *_by_party(
        "tax",
        {
            Party.PLATFORM: ("shopper_funds", "tax_payable"),
            Party.SELLER: ("shopper_funds", "seller_payable"),
            Party.THIRD_PARTY: ("shopper_funds", "carrier_payable"),
        },
        "duties.tax_collection",
        OnReturn.UNDONE,
    ),
    *_by_party(
        "shipping",
        {
            Party.PLATFORM: ("shopper_funds", "revenue_shipping"),
            Party.SELLER: ("shopper_funds", "seller_payable"),
            Party.THIRD_PARTY: ("shopper_funds", "carrier_payable"),
        },
        "duties.last_mile.payer",
        OnReturn.UNDONE,
    ),
    *_by_party(
        "customs",
        {
            Party.PLATFORM: ("shopper_funds", "customs_payable"),
            Party.SELLER: ("shopper_funds", "seller_payable"),
            Party.THIRD_PARTY: ("shopper_funds", "carrier_payable"),
        },
        "duties.duty_and_tax.payer",
        OnReturn.SPENT,
    ),
    Part("subsidy_earning", "cost_subsidy", "seller_payable", "duties.promotion.payer"),
    Part("subsidy_sale", "cost_subsidy", "revenue_sales", "duties.promotion.payer"),
    Part("promotion", "seller_payable", "revenue_sales", "duties.promotion.payer"),
    Part("commission", "seller_payable", "revenue_commission", "earning.commission", OnReturn.COMMISSION),
    Part("cash", "cost_incentive", "seller_payable", "incentives.cash_per_order"),
    *_by_party(
        "payment",
        {
            Party.PLATFORM: ("cost_payment", "provider"),
            Party.SELLER: ("seller_payable", "provider"),
            Party.THIRD_PARTY: ("carrier_payable", "provider"),
        },
        "duties.payment_collection.payer",
        OnReturn.SPENT,
    ),
)

#: What a parcel costs when it is handed over.
HANDOVER_PARTS: tuple[Part, ...] = (
    # Where the platform or a third party performs, the carrier is owed; a third party that pays has paid itself.
    *_by_party(
        "carriage",
        {
            Party.PLATFORM: ("cost_carriage", "carrier_payable"),
            Party.SELLER: ("seller_payable", "carrier_payable"),
            Party.THIRD_PARTY: ("", ""),
        },
        "duties.last_mile.payer",
        OnReturn.SPENT,
    ),
    # Where the seller performs, it has paid its carrier, and those who share the cost owe it to the seller.
    *_by_party(
        "carriage_shared",
        {
            Party.PLATFORM: ("cost_carriage", "seller_payable"),
            Party.SELLER: ("", ""),
            Party.THIRD_PARTY: ("carrier_payable", "seller_payable"),
        },
        "duties.last_mile.payer",
        OnReturn.SPENT,
    ),
    *_by_party(
        "handling",
        {
            Party.PLATFORM: ("cost_handling", "carrier_payable"),
            Party.SELLER: ("seller_payable", "carrier_payable"),
            Party.THIRD_PARTY: ("", ""),
        },
        "duties.storage.payer",
        OnReturn.SPENT,
    ),
    *_by_party(
        "storage",
        {
            Party.PLATFORM: ("cost_storage", "carrier_payable"),
            Party.SELLER: ("seller_payable", "carrier_payable"),
            Party.THIRD_PARTY: ("", ""),
        },
        "duties.storage.payer",
        OnReturn.SPENT,
    ),
    Part("label_subsidy", "cost_incentive", "seller_payable", "incentives.label_subsidy", OnReturn.SPENT),
)

#: What a carrier bills beyond what was planned, below zero what it bills less. A third party's share is the platform's:
#: the carrier bills the marketplace.
BILL_PARTS: tuple[Part, ...] = tuple(
    Part(f"{code}.{party}", source, "carrier_billed", rule, OnReturn.SPENT)
    for code, rule in (("billed", "duties.last_mile.payer"), ("billed_weight", "duties.last_mile.liable"))
    for party, source in ((Party.PLATFORM, "cost_carriage"), (Party.SELLER, "seller_payable"))
)

#: A fee of the terms; its code follows the part's: `fee.customer_service`. The platform charges itself nothing.
FEE_PARTS: Mapping[Party, Part] = {
    Party.SELLER: Part("fee", "seller_payable", "revenue_fee", "fees", OnReturn.FEE),
    Party.THIRD_PARTY: Part("fee", "carrier_payable", "revenue_fee", "fees", OnReturn.FEE),
}

#: Where a liable party pays from, and where a party that bore something gets it back.
LIABLE: Mapping[Party, str] = {
    Party.PLATFORM: "cost_refund",
    Party.SELLER: "seller_payable",
    Party.THIRD_PARTY: "carrier_payable",
}
SPENDINGS: Mapping[str, str] = {
    "payment": "cost_payment",
    "carriage": "cost_carriage",
    "handling": "cost_handling",
    "storage": "cost_storage",
}


def bearer_account(spending: str, bearer: Party) -> str:
    """Where the bearer of a spending gets it back."""
    return SPENDINGS[spending] if bearer is Party.PLATFORM else LIABLE[bearer]


#: What a return costs beside what it undoes, by who answers for it.
RETURN_PARTS: tuple[Part, ...] = (
    *(
        Part(f"moved.{spending}.{bearer}.{liable}", LIABLE[liable], bearer_account(spending, bearer),
             "duties.refund_cost.liable")
        for spending in SPENDINGS for bearer in PARTIES for liable in PARTIES if bearer is not liable
    ),
    # Customs duty is spent; the shopper gets it back from who is liable.
    Part("customs_back.platform", "cost_customs_duty", "shopper_funds", "duties.refund_cost.liable"),
    Part("customs_back.seller", "seller_payable", "shopper_funds", "duties.refund_cost.liable"),
    Part("customs_back.third_party", "carrier_payable", "shopper_funds", "duties.refund_cost.liable"),
    # The way back, where the platform or a third party takes returns, and where the seller does.
    Part("label.platform", "cost_carriage", "carrier_payable", "duties.returns_handling.liable"),
    Part("label.seller", "seller_payable", "carrier_payable", "duties.returns_handling.liable"),
    Part("label_shared.platform", "cost_refund", "seller_payable", "duties.returns_handling.liable"),
    Part("label_shared.third_party", "carrier_payable", "seller_payable", "duties.returns_handling.liable"),
    # Goods that are lost to their owner: the seller, or the platform where the title passed on receipt.
    Part("goods.platform", "cost_refund", "seller_payable", "duties.refund_cost.liable"),
    Part("goods.third_party", "carrier_payable", "seller_payable", "duties.refund_cost.liable"),
    *(Part(f"owned_goods.{liable}", LIABLE[liable], "stock_owned", "duties.refund_cost.liable")
      for liable in PARTIES),
    Part("refund_admin", "seller_payable", "revenue_fee", "returns.refund_admin"),
)  # fmt: skip

#: What goods are worth to the seller who owns them: what it would have kept of them.
VALUE_PARTS: Mapping[str, int] = {"earning": 1, "supply": 1, "subsidy_earning": 1, "promotion": -1, "commission": -1}


def column(parts: tuple[Part, ...], code: str) -> int:
    """The place of a part among its kind."""
    return next(place for place, part in enumerate(parts) if part.code == code)
