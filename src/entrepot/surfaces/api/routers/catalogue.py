"""The catalogue: categories, products with their SKUs and pictures, and what shoppers find."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Schema, UploadedFile
from pydantic import Field

from entrepot.domain.catalogue import queries
from entrepot.domain.catalogue.models import Category, Picture, Product, Sku
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.catalogue.services import NewCategory, PictureRow
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.flows import listing, setting_up, shelf
from entrepot.kernel import clock, media
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.paging import Page, Paged, mark, page, read
from entrepot.surfaces.api.routers.goods import (
    CategoriesIn,
    CategoryOut,
    KeptOut,
    PictureOut,
    ProductIdsIn,
    ProductOut,
    ProductsIn,
    ShelfOut,
    WholeProductOut,
)
from entrepot.surfaces.api.routes import PUBLIC, Routes
from entrepot.surfaces.api.schemas import Done, In, Reason
from entrepot.surfaces.shared.throttle import throttled

routes = Routes("Catalogue")


class ArchivalIn(ProductIdsIn):
    """Products that are taken out of sale for good, and why."""

    reason: Reason


class PictureIn(In):
    """What a picture shows, in a language; with an axis and a value it shows the SKUs of that option only."""

    alt: Annotated[str, Field(max_length=300)] = ""
    language: Annotated[str, Field(max_length=10)] = "en"
    axis: Annotated[str, Field(max_length=40)] = ""
    value: Annotated[str, Field(max_length=80)] = ""


class PlacedPictureIn(In):
    """A picture in its place: its texts by language, and axis to value of the SKUs that it shows; empty is all."""

    id: UUID
    alt: Annotated[dict[Annotated[str, Field(max_length=10)], Annotated[str, Field(max_length=300)]],
                   Field(max_length=20)] = {}  # fmt: skip
    options: Annotated[dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=80)]],
                       Field(max_length=10)] = {}  # fmt: skip


class PicturesIn(In):
    """All pictures of a product, in their order."""

    pictures: Annotated[list[PlacedPictureIn], Field(max_length=200)]


@routes.get("/categories", list[CategoryOut], PUBLIC)
def list_categories(request: HttpRequest) -> list[CategoryOut]:
    """The category tree, parents before children."""
    return [CategoryOut.of(each) for each in queries.list_categories()]


@routes.put("/categories", list[CategoryOut], "catalogue.edit", everybodys=True)
def keep_categories(request: HttpRequest, payload: CategoriesIn) -> list[CategoryOut]:
    """Make categories, parents before children, or rename those that are there."""
    rows = [
        NewCategory(each.code, each.parent, dict(each.names), each.tax_class, each.position)
        for each in payload.categories
    ]
    kept: dict[str, Category] = setting_up.keep_categories(actor=actor_of(request), rows=rows, now=clock.now())
    return [CategoryOut.of(each) for each in kept.values()]


@routes.get("/products", Page[ProductOut], "catalogue.read")
def list_products(
    request: HttpRequest, paging: Paged, organisation_id: UUID | None = None, status: str = "", category: str = ""
) -> Any:
    """Products in the order in which they came; a seller's own."""
    own = scope_of(request, "catalogue.read")
    found = queries.list_products(
        organisation_id=own or organisation_id,
        status=status,
        category_path=queries.get_category(category_code=category).path if category else "",
        after=paging.after,
        limit=paging.more,
    )
    return page(found, paging, ProductOut.of)


@routes.get("/products/{uuid:product_id}", WholeProductOut, "catalogue.read")
def get_product(request: HttpRequest, product_id: UUID) -> WholeProductOut:
    """One product with its texts, pictures and SKUs."""
    own = scope_of(request, "catalogue.read")
    return _whole(queries.get_product(product_id=product_id, organisation_id=own))


@routes.post("/products", list[KeptOut], "catalogue.edit", status=201)
def keep_products(request: HttpRequest, payload: ProductsIn) -> list[KeptOut]:
    """Keep products and SKUs by their codes: what is new is made, what differs is changed.

    Content that shoppers have seen is changed by whoever the terms of the offers name. The operator keeps the common
    catalogue, or a seller's where one is named.
    """
    actor = actor_of(request)
    drafts = [
        ProductDraft(
            each.code,
            each.category,
            each.brand,
            tuple(each.axes),
            "api",
            {language: (text.title, text.description) for language, text in each.texts.items()},
            [SkuDraft(sku.code, **sku.model_dump(exclude={"code"})) for sku in each.skus],
        )
        for each in payload.products
    ]
    kept = listing.keep_products(
        actor=actor,
        organisation_id=payload.organisation_id or actor.organisation_id or UUID(int=0),
        drafts=drafts,
        now=clock.now(),
    )
    return [KeptOut(product_id=each.product_id, state=each.state, sku_ids=dict(each.sku_ids)) for each in kept]


@routes.post("/products/publication", Done, "catalogue.edit")
def publish_products(request: HttpRequest, payload: ProductIdsIn) -> Done:
    """Make complete products active, so that they can be offered."""
    listing.publish_products(actor=actor_of(request), product_ids=payload.product_ids)
    return Done(count=len(set(payload.product_ids)))


@routes.post("/products/archival", Done, "catalogue.edit")
def archive_products(request: HttpRequest, payload: ArchivalIn) -> Done:
    """Take products out of sale for good, with all their offers."""
    listing.archive_products(
        actor=actor_of(request), product_ids=payload.product_ids, reason=payload.reason, now=clock.now()
    )
    return Done(count=len(set(payload.product_ids)))


@routes.put("/products/{uuid:product_id}/pictures", list[PictureOut], "catalogue.edit")
def arrange_pictures(request: HttpRequest, product_id: UUID, payload: PicturesIn) -> list[PictureOut]:
    """Put all pictures of a product in order, with their texts and the options that they show."""
    rows = [PictureRow(each.id, each.alt, each.options) for each in payload.pictures]
    listing.arrange_pictures(actor=actor_of(request), product_id=product_id, rows=rows)
    return [PictureOut.of(each) for each in queries.pictures([product_id]).get(product_id, [])]


@routes.post("/products/{uuid:product_id}/pictures", PictureOut, "catalogue.edit", status=201)
def upload_picture(
    request: HttpRequest, product_id: UUID, payload: Form[PictureIn], file: File[UploadedFile]
) -> PictureOut:
    """Show one more picture of a product (JPEG, PNG or WebP)."""
    picture = listing.upload_picture(
        actor=actor_of(request),
        product_id=product_id,
        content=file.read(media.PICTURE_BYTES_MAX + 1),
        alt={payload.language: payload.alt} if payload.alt else {},
        options={payload.axis: payload.value} if payload.axis else {},
        now=clock.now(),
    )
    return PictureOut.of(picture)


@routes.delete("/products/{uuid:product_id}/pictures/{uuid:picture_id}", {204: None}, "catalogue.edit")
def remove_picture(request: HttpRequest, product_id: UUID, picture_id: UUID) -> tuple[int, None]:
    """Show a picture no more."""
    listing.remove_picture(actor=actor_of(request), product_id=product_id, picture_id=picture_id)
    return 204, None


class FoundOut(Schema):
    """A product that a shopper may buy, with the offer that is shown first."""

    id: UUID
    title: str
    brand: str
    category: str
    picture: str
    shelf: ShelfOut | None


@routes.get("/search", Page[FoundOut], PUBLIC)
@throttled("search")
def search_products(
    request: HttpRequest,
    paging: Paged,
    market: str,
    q: Annotated[str, Field(max_length=200)] = "",
    category: str = "",
    language: str = "",
    in_stock: bool = False,
) -> Any:
    """What shoppers of a market find: by words the best first, without words the newest first."""
    place = markets.get_market(market)
    path = queries.get_category(category_code=category).path if category else ""
    narrowing = shelf.narrowing(now=clock.now(), in_stock=in_stock)
    languages = [language, *place.languages] if language else list(place.languages)
    if q.strip():
        hits = queries.search_products(
            market_id=place.id,
            languages=languages,
            text=q,
            category_path=path,
            narrowing=narrowing,
            after=read(paging.cursor) if paging.cursor else "",
            limit=paging.more,
        )
        found = [hit.thing_id for hit in hits]
        stands_at = {hit.thing_id: str(hit.cursor) for hit in hits}
    else:
        found = queries.browse_products(
            market_id=place.id, category_path=path, narrowing=narrowing, after=paging.after, limit=paging.more
        )
        stands_at = {product_id: str(product_id) for product_id in found}
    shown = _found(found[: paging.limit], place, languages)
    more = len(found) > paging.limit
    return {"items": shown, "next": mark(stands_at[found[paging.limit - 1]]) if more else ""}


@routes.get("/shelf/{uuid:product_id}", ShelfOut, PUBLIC)
def get_shelf(request: HttpRequest, product_id: UUID, market: str) -> ShelfOut:
    """The offers of a product as a shopper of the market sees them, the first one in front, and why it is the first."""
    place = markets.get_market(market)
    shelves = shelf.stock_shelves(product_ids=[product_id], market=place, language=place.languages[0], now=clock.now())
    if product_id not in shelves:
        raise NotFound(kind="product")
    return ShelfOut.of(shelves[product_id], place.currency)


def _found(product_ids: list[UUID], market: Market, languages: list[str]) -> list[FoundOut]:
    products = {each.id: each for each in queries.list_products(product_ids=product_ids, limit=len(product_ids))}
    texts = queries.texts(product_ids, languages=languages)
    pictures = queries.pictures(product_ids)
    shelves = shelf.stock_shelves(product_ids=product_ids, market=market, language=languages[0], now=clock.now())
    return [
        FoundOut(
            id=product_id,
            title=texts[product_id].title if product_id in texts else "",
            brand=products[product_id].brand,
            category=found.code if (found := products[product_id].category) else "",
            picture=f"/media/{pictures[product_id][0].media}" if pictures.get(product_id) else "",
            shelf=ShelfOut.of(shelves[product_id], market.currency) if product_id in shelves else None,
        )
        for product_id in product_ids
    ]


def _whole(product: Product) -> WholeProductOut:
    pictures: list[Picture] = queries.pictures([product.id]).get(product.id, [])
    skus: list[Sku] = queries.list_skus(product_ids=[product.id])
    parts = queries.components([sku.id for sku in skus])
    return WholeProductOut.whole(product, queries.all_texts(product_id=product.id), pictures, skus, parts)
