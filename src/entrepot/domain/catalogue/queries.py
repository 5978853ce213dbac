"""Reads of products, SKUs and offers. The scope is a seller's organisation; None is for who may see all."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from entrepot.domain.catalogue.models import Category, Offer, Picture, Product, ProductText, Sku
from entrepot.kernel import search
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound
from entrepot.kernel.kept import kept

TEXTS = search.Index(table="catalogue_producttext", thing="product_id")


@dataclass(frozen=True, slots=True)
class Text:
    """What a product is called, in the language that was found for it."""

    language: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What pricing, routing and checkout ask of an offer. Units: grams. `components` is component -> quantity."""

    offer_id: UUID
    status: str
    stock_policy: str
    seller_id: UUID
    seller_status: str
    seller_tier: str
    settlement_currency: str
    market_id: UUID
    market_code: str
    currency: str
    prices_include_tax: bool
    enrolment_id: UUID
    enrolled_at: datetime
    programme_version_id: UUID
    programme_code: str
    product_id: UUID
    product_status: str
    sku_id: UUID
    sku_code: str
    weight_g: int | None
    origin_country: str
    hs_code: str
    category_path: str
    tax_class: str
    components: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Sellable:
    """An offer that shoppers may see."""

    offer_id: UUID
    product_id: UUID
    sku_id: UUID
    seller_id: UUID
    seller_tier: str


def offer_facts(offer_ids: Collection[UUID]) -> dict[UUID, OfferFacts]:
    """The facts of offers, in two statements; offers that are not there are left out."""
    rows = fetch_rows(_FACTS, [list(offer_ids)])
    parts = components({row.sku_id for row in rows})
    return {row.offer_id: OfferFacts(**row._asdict(), components=parts[row.sku_id]) for row in rows}


_FACTS = """
    SELECT o.id AS offer_id, o.status, o.stock_policy, o.seller_id, s.status AS seller_status, s.tier AS seller_tier,
        s.settlement_currency, o.market_id, m.code AS market_code, m.currency,
        m.tax_display = 'inclusive' AS prices_include_tax, o.enrolment_id, e.valid_from AS enrolled_at,
        e.programme_version_id, o.programme_code, p.id AS product_id, p.status AS product_status, k.id AS sku_id,
        k.code AS sku_code, k.weight_g, k.origin_country, k.hs_code, coalesce(c.path, '') AS category_path,
        coalesce(c.tax_class, 'standard') AS tax_class
    FROM catalogue_offer o
    JOIN sellers_seller s ON s.organisation_id = o.seller_id
    JOIN markets_market m ON m.id = o.market_id
    JOIN sellers_enrolment e ON e.id = o.enrolment_id
    JOIN catalogue_sku k ON k.id = o.sku_id
    JOIN catalogue_product p ON p.id = k.product_id
    LEFT JOIN catalogue_category c ON c.id = p.category_id
    WHERE o.id = ANY(%s)
    ORDER BY o.id
"""


def components(sku_ids: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
    """What each SKU is made of: component -> quantity; a plain one of itself."""
    found: dict[UUID, dict[UUID, int]] = {sku_id: {} for sku_id in sku_ids}
    for row in fetch_rows(
        "SELECT sku_id, component_id, quantity FROM catalogue_skucomponent WHERE sku_id = ANY(%s)"
        " ORDER BY sku_id, component_id",
        [list(sku_ids)],
    ):
        found[row.sku_id][row.component_id] = row.quantity
    return found


def list_categories() -> list[Category]:
    """The tree, parents before children, siblings by their position."""
    return list(_categories())


@kept("categories", states=1)
def _categories() -> tuple[Category, ...]:
    return tuple(Category.objects.select_related("parent").order_by("path", "position"))


def get_category(*, category_code: str) -> Category:
    """A category by its code. Raises: NotFound."""
    category = Category.objects.filter(code=category_code).first()
    if category is None:
        raise NotFound("catalogue.unknown_category", "There is no category {category}.", category=category_code)
    return category


def get_product(*, product_id: UUID, organisation_id: UUID | None = None) -> Product:
    """A product with its category, within the scope. Raises: NotFound."""
    product = _products(organisation_id).filter(id=product_id).first()
    if product is None:
        raise NotFound(kind="product")
    return product


def list_products(
    *,
    organisation_id: UUID | None = None,
    status: str = "",
    category_path: str = "",
    product_ids: Collection[UUID] | None = None,
    lacking: Collection[str] | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Product]:
    """Products in the order in which they came; `lacking` keeps those that lack all of these, or, of none, nothing."""
    products = _products(organisation_id)
    if lacking is not None:
        products = products.filter(missing__contains=list(lacking)) if lacking else products.filter(missing=[])
    if status:
        products = products.filter(status=status)
    if category_path:
        products = products.filter(category_id__in=_branch(category_path))
    if product_ids is not None:
        products = products.filter(id__in=list(product_ids))
    if after is not None:
        products = products.filter(id__gt=after)
    return list(products.order_by("id")[:limit])


def count_products() -> dict[str, int]:
    """How many products there are, by status."""
    return dict(Product.objects.order_by().values_list("status").annotate(count=Count("id")))


def count_lacking() -> dict[str, int]:
    """How many drafts lack what; under the empty word, how many lack nothing."""
    rows = fetch_rows(
        "SELECT lacking, count(*) AS drafts FROM catalogue_product"
        " LEFT JOIN LATERAL unnest(missing) lacking ON true WHERE status = 'draft' GROUP BY lacking"
    )
    return {row.lacking or "": row.drafts for row in rows}


def find_products(*, organisation_id: UUID, product_codes: Collection[str]) -> dict[str, Product]:
    """An organisation's products by their codes."""
    found = Product.objects.filter(organisation_id=organisation_id, code__in=list(product_codes))
    return {product.code: product for product in found}


def texts(product_ids: Collection[UUID], *, languages: Sequence[str]) -> dict[UUID, Text]:
    """What products are called, in the first of the languages that each has, else in any that it has.

    A language matches its region and the reverse: `pt` serves `pt-br`.
    """
    wanted = [language.lower() for language in languages]
    bases = [language.partition("-")[0] for language in wanted]

    def place(language: str) -> tuple[int, int, str]:
        exact = wanted.index(language) if language in wanted else len(wanted)
        base = language.partition("-")[0]
        near = bases.index(base) if base in bases else len(bases)
        return near, exact, language

    found: dict[UUID, list[Text]] = defaultdict(list)
    for row in ProductText.objects.filter(product_id__in=list(product_ids)):
        found[row.product_id].append(Text(row.language, row.title, row.description))
    return {key: min(rows, key=lambda text: place(text.language.lower())) for key, rows in found.items()}


def all_texts(*, product_id: UUID) -> dict[str, Text]:
    """Every text of a product by its language; the caller has checked the product's scope."""
    rows = ProductText.objects.filter(product_id=product_id).order_by("language")
    return {row.language: Text(row.language, row.title, row.description) for row in rows}


def pictures(product_ids: Collection[UUID]) -> dict[UUID, list[Picture]]:
    """The pictures of products in their order."""
    found: dict[UUID, list[Picture]] = defaultdict(list)
    for picture in Picture.objects.filter(product_id__in=list(product_ids)).order_by("product_id", "position"):
        found[picture.product_id].append(picture)
    return found


def list_skus(*, product_ids: Collection[UUID]) -> list[Sku]:
    """The SKUs of products with these, in the order in which they came; the caller has checked the products' scope."""
    skus = Sku.objects.select_related("product__category").filter(product_id__in=list(product_ids))
    return list(skus.order_by("product_id", "id"))


def get_sku(*, sku_id: UUID, organisation_id: UUID | None = None) -> Sku:
    """A SKU with its product, within the scope. Raises: NotFound."""
    skus = Sku.objects.select_related("product__category")
    if organisation_id is not None:
        skus = skus.filter(organisation_id=organisation_id)
    sku = skus.filter(id=sku_id).first()
    if sku is None:
        raise NotFound(kind="SKU")
    return sku


def get_skus(sku_ids: Collection[UUID]) -> dict[UUID, Sku]:
    """SKUs by id; the caller has checked their scope."""
    return Sku.objects.in_bulk(list(sku_ids))


def find_skus(*, organisation_id: UUID, sku_codes: Collection[str]) -> dict[str, Sku]:
    """An organisation's SKUs by their codes."""
    return {sku.code: sku for sku in Sku.objects.filter(organisation_id=organisation_id, code__in=list(sku_codes))}


@dataclass(frozen=True, slots=True)
class Article:
    """A SKU by which somebody looks for it."""

    id: UUID
    code: str
    title: str


def find_articles(*, organisation_id: UUID, text: str, languages: Sequence[str], limit: int) -> list[Article]:
    """An organisation's SKUs, and those of the common catalogue that it offers, by code or title; in order of code."""
    rows = fetch_rows(
        """
        SELECT k.id, k.code, coalesce(t.title, k.code) AS title, k.options
        FROM catalogue_sku k
        JOIN catalogue_product p ON p.id = k.product_id
        LEFT JOIN LATERAL (
            SELECT title FROM catalogue_producttext
            WHERE product_id = k.product_id
            ORDER BY array_position(%s::text[], split_part(lower(language), '-', 1)), language LIMIT 1
        ) t ON true
        WHERE (k.organisation_id = %s OR EXISTS (
                SELECT 1 FROM catalogue_offer o WHERE o.sku_id = k.id AND o.seller_id = %s
            ))
          AND p.status <> 'archived'
          AND (%s = '' OR position(lower(%s) IN lower(k.code)) > 0 OR position(lower(%s) IN lower(t.title)) > 0)
        ORDER BY k.code LIMIT %s
        """,
        [[each.partition("-")[0] for each in languages], organisation_id, organisation_id, text, text, text, limit],
    )
    return [Article(row.id, row.code, ", ".join([row.title, *map(str, row.options.values())])) for row in rows]


def offerable_skus(*, seller_id: UUID, sku_ids: Collection[UUID]) -> list[Sku]:
    """Which of these SKUs a seller may offer: its own and those of the operator's common catalogue."""
    found = Sku.objects.select_related("product__category").filter(
        Q(organisation_id=seller_id) | Q(organisation__kind="operator"), id__in=list(sku_ids)
    )
    return list(found.exclude(product__status=Product.Status.ARCHIVED).order_by("id"))


def own_skus(*, organisation_id: UUID, sku_ids: Collection[UUID]) -> set[UUID]:
    """Which of these SKUs are the organisation's own."""
    found = Sku.objects.filter(organisation_id=organisation_id, id__in=list(sku_ids))
    return set(found.values_list("id", flat=True))


def count_active_skus(*, organisation_id: UUID) -> int:
    """How many SKUs an organisation has on active products."""
    return Sku.objects.filter(organisation_id=organisation_id, product__status=Product.Status.ACTIVE).count()


def get_offer(*, offer_id: UUID, seller_id: UUID | None = None) -> Offer:
    """An offer with SKU, product, market and enrolment, within the scope. Raises: NotFound."""
    offer = _offers(seller_id).filter(id=offer_id).first()
    if offer is None:
        raise NotFound(kind="offer")
    return offer


def list_offers(
    *,
    seller_id: UUID | None = None,
    market_id: UUID | None = None,
    status: str = "",
    sku_ids: Collection[UUID] | None = None,
    offer_ids: Collection[UUID] | None = None,
    programme_code: str = "",
    after: UUID | None = None,
    limit: int = 100,
) -> list[Offer]:
    """Offers in the order in which they came."""
    offers = _offers(seller_id)
    if market_id is not None:
        offers = offers.filter(market_id=market_id)
    if status:
        offers = offers.filter(status=status)
    if sku_ids is not None:
        offers = offers.filter(sku_id__in=list(sku_ids))
    if offer_ids is not None:
        offers = offers.filter(id__in=list(offer_ids))
    if programme_code:
        offers = offers.filter(programme_code=programme_code)
    if after is not None:
        offers = offers.filter(id__gt=after)
    return list(offers.order_by("id")[:limit])


def find_offered_skus(*, seller_id: UUID, sku_codes: Collection[str]) -> dict[str, UUID]:
    """A seller's articles by code: its own, and those of the common catalogue that it offers."""
    rows = fetch_rows(
        "SELECT DISTINCT ON (k.code) k.code, k.id FROM catalogue_sku k"
        " WHERE k.code = ANY(%s) AND (k.organisation_id = %s"
        " OR EXISTS (SELECT 1 FROM catalogue_offer o WHERE o.sku_id = k.id AND o.seller_id = %s))"
        " ORDER BY k.code, k.organisation_id <> %s",
        [list(sku_codes), seller_id, seller_id, seller_id],
    )
    return {row.code: row.id for row in rows}


@dataclass(frozen=True, slots=True)
class OfferKey:
    """An offer as people name it in a sheet: article, market, programme."""

    id: UUID
    sku_id: UUID
    sku_code: str
    product_id: UUID
    market_code: str
    currency: str
    programme_code: str
    enrolment_id: UUID
    status: str


def find_offers(
    *, seller_id: UUID, sku_codes: Collection[str] | None = None, after: str = "", limit: int = 100_000
) -> list[OfferKey]:
    """A seller's offers that are not archived, by article number; `after` is the last one of the page before."""
    rows = fetch_rows(
        "SELECT o.id, k.id AS sku_id, k.code AS sku_code, k.product_id, m.code AS market_code, m.currency,"
        " o.programme_code, o.enrolment_id, o.status FROM catalogue_offer o JOIN catalogue_sku k ON k.id = o.sku_id"
        " JOIN markets_market m ON m.id = o.market_id"
        " WHERE o.seller_id = %s AND o.status <> 'archived' AND (%s::text[] IS NULL OR k.code = ANY(%s::text[]))"
        " AND k.code > %s ORDER BY k.code, m.code, o.programme_code, o.id LIMIT %s",
        [seller_id, *[None if sku_codes is None else list(sku_codes)] * 2, after, limit],
    )
    return [OfferKey(*row) for row in rows]


def open_offers(*, product_ids: Collection[UUID]) -> list[Offer]:
    """Every offer of these products that is not archived."""
    offers = Offer.objects.select_related("sku").filter(sku__product_id__in=list(product_ids))
    return list(offers.exclude(status=Offer.Status.ARCHIVED).order_by("id"))


def list_sellable(*, product_ids: Collection[UUID], market_id: UUID) -> list[Sellable]:
    """The offers of these products that shoppers of a market may see, by id."""
    rows = fetch_rows(
        f"SELECT o.id, k.product_id, o.sku_id, o.seller_id, s.tier FROM {_SELLABLE} AND o.market_id = %s"
        f" AND k.product_id = ANY(%s) ORDER BY o.id",
        [market_id, list(product_ids)],
    )
    return [Sellable(*row) for row in rows]


#: What a shopper may see: a live offer of an active product by an active seller.
_SELLABLE = """
    catalogue_offer o JOIN catalogue_sku k ON k.id = o.sku_id JOIN catalogue_product p ON p.id = k.product_id
    JOIN sellers_seller s ON s.organisation_id = o.seller_id
    WHERE o.status = 'live' AND p.status = 'active' AND s.status = 'active'
"""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What else must hold of one of a product's offers: SQL over `o`, the offer, with its named params."""

    where: str = "true"
    params: Mapping[str, object] = field(default_factory=dict)


def search_products(
    *,
    market_id: UUID,
    languages: Sequence[str],
    text: str,
    category_path: str = "",
    narrowing: Narrowing = Narrowing(),
    after: str = "",
    limit: int = 24,
) -> list[search.Hit]:
    """Products that shoppers of a market may buy and whose text matches, best first. Raises: Invalid (cursor)."""
    narrowed, params = _in_market(market_id, category_path, narrowing)
    return search.find(
        TEXTS,
        text=text,
        languages=languages,
        where=narrowed.format(product="thing.id"),
        params=params,
        after=after,
        limit=limit,
    )


def browse_products(
    *,
    market_id: UUID,
    category_path: str = "",
    narrowing: Narrowing = Narrowing(),
    after: UUID | None = None,
    limit: int = 24,
) -> list[UUID]:
    """Products that shoppers of a market may buy, the newest first."""
    narrowed, params = _in_market(market_id, category_path, narrowing)
    rows = fetch_rows(
        f"SELECT product.id FROM catalogue_product product WHERE {narrowed.format(product='product.id')}"
        f" AND (%(after)s::uuid IS NULL OR product.id < %(after)s) ORDER BY product.id DESC LIMIT %(limit)s",
        params | {"after": after, "limit": limit},
    )
    return [row.id for row in rows]


def narrow_products(
    *, product_ids: Sequence[UUID], market_id: UUID, category_path: str = "", narrowing: Narrowing = Narrowing()
) -> set[UUID]:
    """Which of these products are in a category and have an offer that fits."""
    narrowed, params = _in_market(market_id, category_path, narrowing)
    rows = fetch_rows(
        f"SELECT product.id FROM catalogue_product product WHERE product.id = ANY(%(products)s)"
        f" AND {narrowed.format(product='product.id')}",
        params | {"products": list(product_ids)},
    )
    return {row.id for row in rows}


def _in_market(market_id: UUID, category_path: str, narrowing: Narrowing) -> tuple[str, dict[str, object]]:
    where = f"EXISTS (SELECT 1 FROM {_SELLABLE} AND o.market_id = %(market)s AND p.id = {{product}}"
    where += f" AND ({narrowing.where})"
    params: dict[str, object] = {"market": market_id, **narrowing.params}
    if category_path:
        where += " AND p.category_id IN (SELECT id FROM catalogue_category"
        where += " WHERE path = %(branch)s OR starts_with(path, %(branch)s || '/'))"
        params["branch"] = category_path
    return where + ")", params


def _branch(category_path: str) -> QuerySet[Category]:
    """A category and everything below it."""
    return Category.objects.filter(path=category_path) | Category.objects.filter(path__startswith=f"{category_path}/")


def _products(organisation_id: UUID | None) -> QuerySet[Product]:
    products = Product.objects.select_related("category", "organisation")
    return products if organisation_id is None else products.filter(organisation_id=organisation_id)


def _offers(seller_id: UUID | None) -> QuerySet[Offer]:
    offers = Offer.objects.select_related(
        "sku__product__category", "market", "enrolment__programme_version", "seller__organisation"
    )
    return offers if seller_id is None else offers.filter(seller_id=seller_id)
