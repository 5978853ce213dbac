"""The sheet of retail prices: an article, where it is sold, what is asked, and from when until when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.queries import OfferKey
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.queries import Price
from entrepot.domain.pricing.services import NewPrice
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import Programme, Task
from entrepot.intake import fields, sheets
from entrepot.intake.grammar import Case
from entrepot.intake.sheets import Change, Column, Doing, Fate, Rows, Sheet
from entrepot.kernel import money
from entrepot.kernel.errors import EntrepotError, Invalid

SKU = Column(
    "sku", fields.CODE, _("Article number"), _("The number of one variant, as in your catalogue."),
    required=True, example="MUG-BLUE", also=("sku_code", "article", "seller_sku"),
)  # fmt: skip
MARKET = Column(
    "market", fields.CODE, _("Market"), _("The code of the market, such as DE; may stay empty where there is one."),
    most=8, example="DE", also=("country", "marketplace"), case=Case.UPPER,
)  # fmt: skip
PROGRAMME = Column(
    "programme", fields.CODE, _("Programme"), _("The programme's code; may stay empty where there is one."),
    most=60, example="", case=Case.LOWER,
)  # fmt: skip
RETAIL_PRICE = Column(
    "retail_price", fields.NUMBER, _("Retail price"),
    _("What a shopper is asked for a unit, in the market's currency, with tax where the market shows it."),
    example="19.99", also=("price",),
)  # fmt: skip
CURRENCY = Column(
    "currency", fields.TEXT, _("Currency"), _("To be sure: it is compared with the market's."),
    most=3, example="EUR", case=Case.UPPER,
)  # fmt: skip
COLUMNS = (
    SKU,
    MARKET,
    PROGRAMME,
    Column(
        RETAIL_PRICE.name, RETAIL_PRICE.kind, RETAIL_PRICE.title, RETAIL_PRICE.says, required=True,
        example=RETAIL_PRICE.example, also=RETAIL_PRICE.also,
    ),
    CURRENCY,
    Column(
        "valid_from", "time", _("From"), _("From when it counts, such as 2026-12-24 18:00 (UTC); empty: at once."),
        example="", also=("from",),
    ),
    Column(
        "valid_until", "time", _("Until"), _("Until when it counts; then the price before it comes back."),
        example="", also=("until",),
    ),
)  # fmt: skip


class Finder:
    """The offers of a seller by what a row says: article, and market and programme where they tell them apart."""

    def __init__(self, seller_id: UUID, sku_codes: Sequence[str]) -> None:
        self.by_sku: dict[str, list[OfferKey]] = defaultdict(list)
        for offer in catalogue.find_offers(seller_id=seller_id, sku_codes=sorted(set(sku_codes))):
            self.by_sku[offer.sku_code].append(offer)

    def find(self, sku_code: str, market: str | None, programme: str | None) -> OfferKey:
        """The one offer that is meant. Raises: Invalid naming the column."""
        found = self.by_sku.get(sku_code, [])
        if not found:
            raise Invalid("sheets.no_offer", "You do not offer the article {sku}.", field="sku", sku=sku_code)
        for column, wanted, of in (("market", market, "market_code"), ("programme", programme, "programme_code")):
            if wanted:
                known = sorted({getattr(each, of) for each in found})
                found = [each for each in found if getattr(each, of) == wanted]
                if not found:
                    raise Invalid(
                        "sheets.not_offered_there",
                        "{sku} is not offered there; it is in {known}.",
                        field=column,
                        sku=sku_code,
                        known=", ".join(known),
                    )
        if len(found) > 1:
            column = "market" if not market else "programme"
            raise Invalid(
                "sheets.several_offers",
                "{sku} is offered several times; say in which market and under which programme.",
                field=column,
                sku=sku_code,
            )
        return found[0]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A price that a row asks for."""

    at: int
    offer: OfferKey
    amount_minor: int
    start: datetime | None
    stop: datetime | None


def in_minor(value: Decimal, currency: str, offer_currency: str, *, field: str) -> int:
    """An amount of a sheet in minor units. Raises: Invalid where the currency is another, or for too many places."""
    if currency and currency != offer_currency:
        raise Invalid(
            "sheets.other_currency", "Prices there are in {currency}.", field="currency", currency=offer_currency
        )
    return money.parse_minor(format(value, "f"), offer_currency, field=field)


def shown(minor: int | None, currency: str) -> str:
    """An amount as a sheet shows it."""
    return "" if minor is None else f"{money.decimal_of(minor, currency)} {currency}"


def set_prices(rows: Rows, doing: Doing) -> list[Fate]:
    """Set or suggest the prices of a batch of rows."""
    fates: dict[int, Fate] = {}
    wanted = _wanted(rows, doing, fates)
    asked = prices.prices([each.offer.id for each in wanted], doing.now)
    open_ones = prices.open_proposals([each.offer.id for each in wanted])
    waiting: set[UUID] = set()

    def act(items: Sequence[Wanted]) -> None:
        done = pricing.set_retail_prices(
            prices=[
                NewPrice(each.offer.id, each.amount_minor, valid_from=each.start, valid_until=each.stop)
                for each in items
            ],
            actor=doing.actor,
            now=doing.now,
            reason=doing.name,
        )
        waiting.update(done.waiting)

    new = [each for each in wanted if not _holds(each, asked, open_ones)]
    for item, refusal in sheets.sift(new, act):
        fates[item.at] = Fate.refused(_column(refusal), refusal)
    for each in wanted:
        fates.setdefault(each.at, _fate(each, asked, is_new=each in new, is_waiting=each.offer.id in waiting))
    return [fates[at] for at in range(len(rows))]


def _wanted(rows: Rows, doing: Doing, fates: dict[int, Fate]) -> list[Wanted]:
    """What the rows ask for; of those that cannot be, the fate."""
    values = rows.values
    finder = Finder(doing.organisation_id, values["sku"])
    rights = Rights(doing, [offer for group in finder.by_sku.values() for offer in group])
    taken: dict[tuple[UUID, datetime | None], int] = {}
    wanted = []
    for at, sku_code in enumerate(values["sku"]):
        try:
            offer = finder.find(sku_code, values["market"][at], values["programme"][at])
            rights.demand(offer)
            start = values["valid_from"][at]
            if (offer.id, start) in taken:
                raise Invalid("sheets.row_twice", "Row {row} says this already.", field="sku",
                              row=rows.numbers[taken[offer.id, start]])  # fmt: skip
            amount = in_minor(
                values["retail_price"][at], values["currency"][at] or "", offer.currency, field="retail_price"
            )
            taken[offer.id, start] = at
            wanted.append(Wanted(at, offer, amount, start, values["valid_until"][at]))
        except EntrepotError as refusal:
            fates[at] = Fate.refused(_column(refusal), refusal)
    return wanted


class Rights:
    """Whether the actor may set or suggest retail prices, enrolment by enrolment."""

    def __init__(self, doing: Doing, offers: Sequence[OfferKey]) -> None:
        self.party = party_of(doing.actor)
        self.conditions: Mapping[UUID, Programme] = sellers.list_conditions({each.enrolment_id for each in offers})

    def demand(self, offer: OfferKey) -> None:
        """Raises: NotYours."""
        terms.demand(self.conditions[offer.enrolment_id], Task.RETAIL_PRICE, self.party, terms.may_propose)


def _holds(each: Wanted, asked: Mapping[UUID, Price], open_ones: Mapping[UUID, int]) -> bool:
    """Whether a price at once is what is asked or suggested already."""
    if each.start is not None or each.stop is not None:
        return False
    if each.offer.id in open_ones:
        return open_ones[each.offer.id] == each.amount_minor
    return each.offer.id in asked and asked[each.offer.id].amount_minor == each.amount_minor


def _fate(each: Wanted, asked: Mapping[UUID, Price], *, is_new: bool, is_waiting: bool) -> Fate:
    if not is_new:
        return Fate("same", each.offer.sku_code)
    before = asked.get(each.offer.id)
    currency = each.offer.currency
    after = shown(each.amount_minor, currency)
    if each.start is not None:
        after += f" ({each.start:%Y-%m-%d %H:%M})"
    what = "proposed_price" if is_waiting else "planned_price" if each.start else "retail_price"
    change = Change(what, shown(before.amount_minor if before else None, currency), after)
    return Fate("changed" if before else "created", f"{each.offer.sku_code} · {each.offer.market_code}", (change,))


def _column(refusal: EntrepotError) -> str:
    return "retail_price" if refusal.field in ("", "amount") else refusal.field


PRICES = sheets.register(
    Sheet(
        "prices", _("Retail prices"), _("Change what shoppers are asked, for many articles at once."), COLUMNS,
        set_prices, "prices.set",
    )
)  # fmt: skip
