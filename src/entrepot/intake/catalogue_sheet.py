"""The sheet of a seller's catalogue: products, their variants, and the offers of them with their prices.

An empty cell leaves what is there. What a new product lacks stays as the to-do of its draft; one that lacks nothing can
be offered. A product's rows are taken together or not at all.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from entrepot.domain.catalogue import queries as reads
from entrepot.domain.catalogue.models import Product, Sku
from entrepot.domain.catalogue.queries import OfferKey, Text
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.queries import Price
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.domain.pricing.services import NewPrice
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment
from entrepot.flows import listing
from entrepot.flows.listing import Wish
from entrepot.intake import fields, sheets
from entrepot.intake.grammar import Case
from entrepot.intake.pricing_sheet import MARKET, PROGRAMME, RETAIL_PRICE, SKU, in_minor, shown
from entrepot.intake.sheets import Change, Column, Doing, Fate, Rows, Sheet
from entrepot.kernel.errors import EntrepotError, Invalid

#: How long a supply price may be agreed to.
QUOTE_DAYS = 14

COLUMNS = (
    Column("product", fields.CODE, _("Product"), _("Rows of one product are its variants; empty: the article number."),
           example="MUG", also=("product_code", "parent_sku", "parent")),
    Column("title", fields.TEXT, _("Title"), _("What shoppers read; on the first row of a product."), most=300,
           example="Stoneware mug", also=("name", "product_name")),
    Column("description", fields.TEXT, _("Description"), _("In sentences; plain text."), most=5000, example=""),
    Column("category", fields.TEXT, _("Category"), _("The category's code or its name."), most=200, example="mugs"),
    Column("brand", fields.TEXT, _("Brand"), _("As it stands on the goods."), most=100, example=""),
    SKU,
    Column("option_1_name", fields.TEXT, _("First option"), _("What tells variants apart, such as Colour."), most=40,
           example="Colour"),
    Column("option_1", fields.TEXT, _("Its value"), _("Such as Blue."), most=60, example="Blue"),
    Column("option_2_name", fields.TEXT, _("Second option"), _("Such as Size."), most=40, example=""),
    Column("option_2", fields.TEXT, _("The value of the second option"), _("Such as M."), most=60, example=""),
    Column("weight_g", fields.WHOLE, _("Weight in grams"), _("With packaging, in whole grams."), example="420",
           also=("weight",)),
    Column("length_mm", fields.WHOLE, _("Length in millimetres"), _("Of the packed article."), example="120"),
    Column("width_mm", fields.WHOLE, _("Width in millimetres"), _("Of the packed article."), example="90"),
    Column("height_mm", fields.WHOLE, _("Height in millimetres"), _("Of the packed article."), example="100"),
    Column("hs_code", "hs_code", _("HS code"), _("6 to 10 digits; customs asks for it."), example="691200",
           also=("hs", "tariff_code", "customs_code")),
    Column("origin", fields.COUNTRY, _("Country of origin"), _("Two letters, such as CN."), example="CN",
           also=("origin_country", "country_of_origin"), case=Case.UPPER),
    Column("barcode", fields.TEXT, _("Barcode"), _("EAN, UPC or your own; a scanner finds the article by it."), most=40,
           example="4006381333931", also=("ean", "upc", "gtin")),
    Column("battery", "flag", _("Holds a battery"), _("yes or no."), example="no"),
    MARKET,
    PROGRAMME,
    Column("supply_price", fields.NUMBER, _("Supply price"),
           _("What you ask for a unit in your own currency, where the platform sells it on."), example=""),
    RETAIL_PRICE,
)  # fmt: skip

#: Fields of a SKU by their columns.
_OF_SKU = {
    "weight_g": "weight_g", "length_mm": "length_mm", "width_mm": "width_mm", "height_mm": "height_mm",
    "hs_code": "hs_code", "origin": "origin_country", "barcode": "barcode", "battery": "has_battery",
}  # fmt: skip

#: The column that a refusal of the services means.
_COLUMN = {
    "sku_code": "sku", "product_code": "product", "origin_country": "origin", "category_code": "category",
    "options": "option_1", "amount": "retail_price",
}  # fmt: skip


@dataclass(slots=True)
class Row:
    """A row with what it means."""

    at: int
    sku_code: str
    enrolment: Enrolment | None = None
    supply_minor: int | None = None
    retail_minor: int | None = None
    offer: OfferKey | None = None


@dataclass(slots=True)
class Group:
    """The rows of one product; `draft` is None for an article of the common catalogue, of which only offers change."""

    code: str
    rows: list[Row] = field(default_factory=list)
    draft: ProductDraft | None = None


def keep_catalogue(rows: Rows, doing: Doing) -> list[Fate]:
    """Keep the products, offers and prices of a batch of rows."""
    return _Catalogue(rows, doing).keep()


class _Catalogue:
    """A batch of rows on its way in."""

    def __init__(self, rows: Rows, doing: Doing) -> None:
        self.rows, self.doing, self.values = rows, doing, rows.values
        seller_id = doing.organisation_id
        self.currency = sellers.get_seller(seller_id=seller_id).settlement_currency
        self.enrolments = sellers.list_enrolments(seller_id=seller_id, at=doing.now)
        codes = sorted(set(self.values["sku"]))
        self.known: Mapping[str, Sku] = reads.find_skus(organisation_id=seller_id, sku_codes=codes)
        self.common = reads.find_offered_skus(seller_id=seller_id, sku_codes=[c for c in codes if c not in self.known])
        self.products = {
            product.id: product
            for product in reads.list_products(
                product_ids={sku.product_id for sku in self.known.values()}, limit=len(codes) + 1
            )
        }
        self.texts: Mapping[UUID, Text] = reads.texts(list(self.products), languages=[doing.language, "en"])
        self.categories = _Categories()
        self.parts = _parts(self.known.values())
        self.offers = {
            (offer.sku_code, offer.market_code, offer.programme_code): offer
            for offer in reads.find_offers(seller_id=seller_id, sku_codes=codes)
        }
        offer_ids = [offer.id for offer in self.offers.values()]
        self.asked: Mapping[UUID, Price] = prices.prices(offer_ids, doing.now)
        self.agreed = prices.supply_prices(offer_ids)
        self.open_retail = prices.open_proposals(offer_ids)
        self.open_supply = {each.offer_id: each for each in prices.open_quotes(offer_ids)}
        self.fates: dict[int, Fate] = {}
        self.made: set[int] = set()

    def keep(self) -> list[Fate]:
        groups = self._groups()
        for group, refusal in sheets.sift(groups, self._act):
            column = _COLUMN.get(refusal.field, refusal.field)
            for row in group.rows:
                self.fates[row.at] = Fate.refused(column if column in self.values else "", refusal)
        for group in groups:
            for row in group.rows:
                self.fates.setdefault(row.at, self._fate(row))
        return [self.fates[at] for at in range(len(self.rows))]

    # what the rows mean

    def _groups(self) -> list[Group]:
        groups: dict[str, Group] = {}
        first: dict[tuple[str, str, str], int] = {}
        bad: set[str] = set()
        for at, sku_code in enumerate(self.values["sku"]):
            code = self._product_of(at, sku_code)
            try:
                row = self._row(at, sku_code)
                named = (
                    sku_code,
                    *((row.enrolment.market.code, row.enrolment.programme_code) if row.enrolment else ("", "")),
                )
                if named in first:
                    raise Invalid("sheets.row_twice", "Row {row} says this already.", field="sku", row=first[named])
                first[named] = self.rows.numbers[at]
                groups.setdefault(code, Group(code)).rows.append(row)
            except EntrepotError as refusal:
                self.fates[at] = Fate.refused(refusal.field, refusal)
                bad.add(code)
        for code in bad & groups.keys():
            # A product comes in whole: its other rows wait until the bad one is mended.
            why = Invalid("sheets.product_together", "Another row of this product cannot be taken.", field="product")
            self.fates |= {row.at: Fate.refused("product", why) for row in groups.pop(code).rows}
        for group in groups.values():
            if group.rows[0].sku_code not in self.common:
                group.draft = self._draft(group)
        return list(groups.values())

    def _product_of(self, at: int, sku_code: str) -> str:
        said = self.values["product"][at]
        if said:
            return str(said)
        known = self.known.get(sku_code)
        return self.products[known.product_id].code if known else sku_code

    def _row(self, at: int, sku_code: str) -> Row:
        """Raises: Invalid naming the column."""
        values, row = self.values, Row(at, sku_code)
        self.categories.find(values["category"][at])
        for number in ("1", "2"):
            if bool(values[f"option_{number}"][at]) != bool(values[f"option_{number}_name"][at]):
                raise Invalid(
                    "sheets.half_an_option", "An option needs its name and its value.", field=f"option_{number}"
                )
        row.enrolment = self._enrolment(values["market"][at], values["programme"][at])
        supply, retail = values["supply_price"][at], values["retail_price"][at]
        if row.enrolment is None:
            if supply is not None or retail is not None:
                raise Invalid(
                    "sheets.price_without_offer", "A price needs the market in which it is sold.", field="market"
                )
            return row
        row.offer = self.offers.get((sku_code, row.enrolment.market.code, row.enrolment.programme_code))
        if supply is not None:
            row.supply_minor = in_minor(supply, "", self.currency, field="supply_price")
        if retail is not None:
            row.retail_minor = in_minor(retail, "", row.enrolment.market.currency, field="retail_price")
        return row

    def _enrolment(self, market: str | None, programme: str | None) -> Enrolment | None:
        if not market and not programme:
            return None
        found = [
            each
            for each in self.enrolments
            if market in (None, "", each.market.code) and programme in (None, "", each.programme_code)
        ]
        if not found:
            known = ", ".join(sorted({f"{each.market.code} {each.programme_code}" for each in self.enrolments})) or "–"
            raise Invalid(
                "sheets.not_enrolled", "You do not trade there; you trade in: {known}.",
                field="market" if market else "programme", known=known,
            )  # fmt: skip
        if len(found) > 1:
            raise Invalid(
                "sheets.several_enrolments", "You trade there in several ways; name market and programme.",
                field="programme" if market else "market",
            )  # fmt: skip
        return found[0]

    def _draft(self, group: Group) -> ProductDraft:
        values, places = self.values, [row.at for row in group.rows]

        def first(name: str) -> Any:
            return next((values[name][at] for at in places if values[name][at]), "")

        known = next((self.known[row.sku_code] for row in group.rows if row.sku_code in self.known), None)
        text = self.texts.get(known.product_id) if known else None
        title = first("title") or (text.title if text and first("description") else "")
        skus: dict[str, SkuDraft] = {}
        for row in group.rows:
            skus.setdefault(row.sku_code, self._sku(row))
        axes = dict.fromkeys(axis for sku in skus.values() for axis in sku.options)
        if known is not None:
            axes = dict.fromkeys([*self.products[known.product_id].axes, *axes])
        return ProductDraft(
            group.code,
            category_code=self.categories.find(first("category") or None),
            brand=first("brand"),
            axes=tuple(axes),
            texts={self.doing.language: (title, first("description"))} if title else {},
            skus=list(skus.values()),
        )

    def _sku(self, row: Row) -> SkuDraft:
        values, at = self.values, row.at
        options = {
            values[f"option_{number}_name"][at]: values[f"option_{number}"][at]
            for number in ("1", "2")
            if values[f"option_{number}"][at]
        }
        known = self.known.get(row.sku_code)
        return SkuDraft(
            row.sku_code,
            options=options or (known.options if known else {}),
            weight_g=values["weight_g"][at],
            length_mm=values["length_mm"][at],
            width_mm=values["width_mm"][at],
            height_mm=values["height_mm"][at],
            hs_code=values["hs_code"][at] or "",
            origin_country=values["origin"][at] or "",
            has_battery=bool(values["battery"][at]),
            barcode=values["barcode"][at] or "",
            components=self.parts.get(known.id, {}) if known else {},
        )

    # what is done

    def _act(self, groups: Sequence[Group]) -> None:
        skus: dict[str, UUID] = dict(self.common)
        drafts = [group.draft for group in groups if group.draft is not None]
        if drafts:
            kept = listing.keep_products(
                actor=self.doing.actor, organisation_id=self.doing.organisation_id, drafts=drafts, now=self.doing.now,
                fill=True,
            )  # fmt: skip
            for each in kept:
                skus |= each.sku_ids
            ready = reads.list_products(
                product_ids=[each.product_id for each in kept], status=Product.Status.DRAFT, lacking=[], limit=len(kept)
            )
            if ready:
                listing.publish_products(actor=self.doing.actor, product_ids=[each.id for each in ready])
        rows = [row for group in groups for row in group.rows if row.enrolment is not None]
        self._offer(rows, skus)
        self._price(rows)

    def _offer(self, rows: Sequence[Row], skus: Mapping[str, UUID]) -> None:
        new = [row for row in rows if row.offer is None or row.at in self.made]
        wishes = [
            Wish(skus[row.sku_code], row.enrolment.market.code, row.enrolment.programme_code)
            for row in new
            if row.enrolment
        ]
        if not new:
            return
        made = listing.create_offers(
            actor=self.doing.actor, seller_id=self.doing.organisation_id, wishes=wishes, now=self.doing.now
        )
        for row, offer_id in zip(new, made, strict=True):
            assert row.enrolment is not None
            market = row.enrolment.market
            row.offer = OfferKey(
                offer_id, skus[row.sku_code], row.sku_code, offer_id, market.code, market.currency,
                row.enrolment.programme_code, row.enrolment.id, "draft",
            )  # fmt: skip
            self.made.add(row.at)

    def _price(self, rows: Sequence[Row]) -> None:
        quotes = [
            NewQuote(row.offer.id, row.supply_minor)
            for row in rows
            if row.offer and row.supply_minor is not None and row.supply_minor != self._supply(row.offer.id)
        ]
        if quotes:
            until = self.doing.now + timedelta(days=QUOTE_DAYS)
            listing.quote_supply_prices(actor=self.doing.actor, rows=quotes, valid_until=until, now=self.doing.now)
        new = [
            NewPrice(row.offer.id, row.retail_minor)
            for row in rows
            if row.offer and row.retail_minor is not None and row.retail_minor != self._retail(row.offer.id)
        ]
        if new:
            pricing.set_retail_prices(prices=new, actor=self.doing.actor, now=self.doing.now, reason=self.doing.name)

    def _supply(self, offer_id: UUID) -> int | None:
        """The supply price that the seller said last: the one that waits, else the one in force."""
        waiting = self.open_supply.get(offer_id)
        if waiting is not None and waiting.made_by_party == "seller":
            return waiting.amount_minor
        return self.agreed[offer_id].amount_minor if offer_id in self.agreed else None

    def _retail(self, offer_id: UUID) -> int | None:
        if offer_id in self.open_retail:
            return self.open_retail[offer_id]
        return self.asked[offer_id].amount_minor if offer_id in self.asked else None

    # what is told

    def _fate(self, row: Row) -> Fate:
        known = self.known.get(row.sku_code)
        changes = [*self._changes(row, known), *self._price_changes(row)]
        subject = row.sku_code
        if row.enrolment is not None:
            subject += f" · {row.enrolment.market.code}"
        if (known is None and row.sku_code not in self.common) or row.at in self.made:
            return Fate("created", subject, tuple(changes))
        return Fate("changed" if changes else "same", subject, tuple(changes))

    def _changes(self, row: Row, known: Sku | None) -> Iterable[Change]:
        if row.sku_code in self.common:
            return
        text = self.texts.get(known.product_id) if known else None
        said: dict[str, tuple[Any, Any]] = {
            "title": (text.title if text else "", self.values["title"][row.at]),
            "description": (text.description if text else "", self.values["description"][row.at]),
        }
        said |= {
            column: (getattr(known, name) if known else None, self.values[column][row.at])
            for column, name in _OF_SKU.items()
        }
        product = self.products.get(known.product_id) if known else None
        there = product.category.code if product and product.category else ""
        said["category"] = (there, self.categories.find(self.values["category"][row.at]))
        said["brand"] = (product.brand if product else "", self.values["brand"][row.at])
        for column, (before, after) in said.items():
            if after not in (None, "", False) and after != before:
                yield Change(column, "" if before is None else str(before)[:80], str(after)[:80])

    def _price_changes(self, row: Row) -> Iterable[Change]:
        if row.offer is None or row.enrolment is None:
            return
        is_new = row.at in self.made
        if row.supply_minor is not None:
            before = None if is_new else self._supply(row.offer.id)
            if before != row.supply_minor:
                yield Change("supply_price", shown(before, self.currency), shown(row.supply_minor, self.currency))
        if row.retail_minor is not None:
            before, currency = None if is_new else self._retail(row.offer.id), row.offer.currency
            if before != row.retail_minor:
                yield Change("retail_price", shown(before, currency), shown(row.retail_minor, currency))


class _Categories:
    """The categories by their codes, paths and names in every language."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}
        found = reads.list_categories()
        for each in found:
            for name in each.names.values():
                self.codes.setdefault(str(name).casefold(), each.code)
        self.codes |= {name.casefold(): each.code for each in found for name in (each.path, each.code)}

    def find(self, text: str | None) -> str:
        """The code of the category that is meant; empty for none. Raises: Invalid."""
        if not text:
            return ""
        code = self.codes.get(text.strip().casefold())
        if code is None:
            near = difflib.get_close_matches(text.casefold(), list(self.codes), n=1)
            if near:
                raise Invalid(
                    "sheets.category_near", "There is no category {text}; did you mean {near}?", field="category",
                    text=text[:60], near=near[0],
                )  # fmt: skip
            raise Invalid("sheets.no_category", "There is no category {text}.", field="category", text=text[:60])
        return code


def _parts(skus: Iterable[Sku]) -> dict[UUID, dict[str, int]]:
    """What kits are made of, by codes; a plain SKU is left out."""
    made_of = reads.components([sku.id for sku in skus])
    kits = {sku_id: parts for sku_id, parts in made_of.items() if set(parts) != {sku_id}}
    codes = dict(
        Sku.objects.filter(id__in={part for parts in kits.values() for part in parts}).values_list("id", "code")
    )
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for sku_id, parts in kits.items():
        found[sku_id] = {codes[part]: count for part, count in parts.items()}
    return found


CATALOGUE = sheets.register(
    Sheet(
        "catalogue", _("Catalogue"), _("Products, their variants, and where they are sold at which price."), COLUMNS,
        keep_catalogue, "catalogue.edit",
    )
)  # fmt: skip
