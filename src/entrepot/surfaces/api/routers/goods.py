"""What the catalogue takes in and shows."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from entrepot.domain.catalogue.models import Category, Picture, Product, Sku
from entrepot.domain.catalogue.queries import Text
from entrepot.flows.shelf import Shelf, Shown
from entrepot.surfaces.api.schemas import ROWS_MAX, Code, Flag, In, Money, Short, money, perhaps

Language = Annotated[str, Field(min_length=2, max_length=10)]
ThingCode = Annotated[str, Field(min_length=1, max_length=80)]
Measure = Annotated[int, Field(strict=True, ge=1, le=40_000_000)]


class CategoryOut(Schema):
    """A node of the category tree; `names` is language to name."""

    id: UUID
    code: str
    path: str
    parent_id: UUID | None
    names: dict[str, str]
    tax_class: str
    position: int

    @classmethod
    def of(cls, category: Category) -> "CategoryOut":
        """A category."""
        shown: CategoryOut = cls.from_orm(category)
        return shown


class CategoryIn(In):
    """A category; `parent` is the code of the one above it, empty at the root."""

    code: Code
    parent: Annotated[str, Field(max_length=60)] = ""
    names: dict[Language, Annotated[str, Field(max_length=200)]] = {}
    tax_class: Annotated[str, Field(min_length=1, max_length=40)] = "standard"
    position: Annotated[int, Field(strict=True, ge=0, le=32_000)] = 0


class CategoriesIn(In):
    """Categories, parents before children."""

    categories: Annotated[list[CategoryIn], Field(min_length=1, max_length=ROWS_MAX)]


class TextIn(In):
    """What a product is called in a language."""

    title: Annotated[str, Field(min_length=1, max_length=300)]
    description: Annotated[str, Field(max_length=20_000)] = ""


class SkuIn(In):
    """A SKU; what is not known stays empty. Units: grams, millimetres. `components` makes it a kit of other SKUs."""

    code: ThingCode
    options: Annotated[dict[Short, Annotated[str, Field(max_length=80)]], Field(max_length=10)] = {}
    weight_g: Measure | None = None
    length_mm: Measure | None = None
    width_mm: Measure | None = None
    height_mm: Measure | None = None
    hs_code: Annotated[str, Field(pattern=r"^([0-9]{6,10})?$")] = ""
    origin_country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    has_battery: Flag = False
    is_bulky: Flag = False
    base_unit: Annotated[str, Field(min_length=1, max_length=20)] = "piece"
    pack_quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    barcode: Short = ""
    components: Annotated[dict[ThingCode, Annotated[int, Field(strict=True, ge=1, le=10_000)]],
                          Field(max_length=100)] = {}  # fmt: skip


class ProductIn(In):
    """A product; `texts` is language to text, `axes` are the names of the options by which its SKUs differ."""

    code: ThingCode
    category: Annotated[str, Field(max_length=60)] = ""
    brand: Annotated[str, Field(max_length=100)] = ""
    axes: Annotated[list[Short], Field(max_length=10)] = []
    texts: Annotated[dict[Language, TextIn], Field(max_length=40)] = {}
    skus: Annotated[list[SkuIn], Field(max_length=200)] = []


class ProductsIn(In):
    """Products to keep, for the own organisation unless another is named."""

    products: Annotated[list[ProductIn], Field(min_length=1, max_length=ROWS_MAX)]
    organisation_id: UUID | None = None


class ProductIdsIn(In):
    """Products."""

    product_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class KeptOut(Schema):
    """What became of a product: created, changed or same; the ids of its SKUs by code."""

    product_id: UUID
    state: str
    sku_ids: dict[str, UUID]


class ProductOut(Schema):
    """A product; `missing` is what it lacks before it can be sold."""

    id: UUID
    organisation_id: UUID
    code: str
    category: str
    brand: str
    status: str
    missing: list[str]
    axes: list[str]

    @classmethod
    def of(cls, product: Product) -> "ProductOut":
        """A product with its category."""
        return cls(**_product(product))


class TextOut(Schema):
    """What a product is called in a language."""

    title: str
    description: str


class PictureOut(Schema):
    """A picture; `media` is the path of its file, `options` the SKUs that it shows (empty is all)."""

    id: UUID
    media: str
    position: int
    alt: dict[str, str]
    options: dict[str, str]

    @classmethod
    def of(cls, picture: Picture) -> "PictureOut":
        """A picture."""
        return cls(
            id=picture.id,
            media=f"/media/{picture.media}",
            position=picture.position,
            alt=picture.alt,
            options=picture.options,
        )


class SkuOut(Schema):
    """A SKU. Units: grams, millimetres. `components` is SKU to units; a plain SKU is one of itself."""

    id: UUID
    code: str
    options: dict[str, str]
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    hs_code: str
    origin_country: str
    has_battery: bool
    is_bulky: bool
    base_unit: str
    pack_quantity: int
    barcode: str
    components: dict[str, int]


class WholeProductOut(ProductOut):
    """A product with its texts by language, its pictures and its SKUs."""

    texts: dict[str, TextOut]
    pictures: list[PictureOut]
    skus: list[SkuOut]

    @classmethod
    def whole(
        cls,
        product: Product,
        texts: Mapping[str, Text],
        pictures: Sequence[Picture],
        skus: Sequence[Sku],
        parts: Mapping[UUID, dict[UUID, int]],
    ) -> "WholeProductOut":
        """A product with everything that belongs to it."""
        plain = [name for name in SkuOut.model_fields if name != "components"]
        return cls(
            **_product(product),
            texts={
                language: TextOut(title=text.title, description=text.description) for language, text in texts.items()
            },
            pictures=[PictureOut.of(each) for each in pictures],
            skus=[
                SkuOut(
                    **{name: getattr(sku, name) for name in plain},
                    components={str(part): units for part, units in parts.get(sku.id, {}).items()},
                )
                for sku in skus
            ],
        )


def _product(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "organisation_id": product.organisation_id,
        "code": product.code,
        "category": product.category.code if product.category else "",
        "brand": product.brand,
        "status": product.status,
        "missing": product.missing,
        "axes": product.axes,
    }


class ShownOut(Schema):
    """An offer as a shopper would get one unit; without `landed` it is sold out."""

    offer_id: UUID
    sku_id: UUID
    seller_id: UUID
    unit: Money
    landed: Money | None
    promised_from: date | None
    promised_until: date | None

    @classmethod
    def of(cls, shown: Shown, currency: str) -> "ShownOut":
        """An offer on a shelf."""
        promised = shown.promised
        return cls(
            offer_id=shown.offer_id,
            sku_id=shown.sku_id,
            seller_id=shown.seller_id,
            unit=money(shown.unit_minor, currency),
            landed=perhaps(shown.landed_minor, currency),
            promised_from=promised[0] if promised else None,
            promised_until=promised[1] if promised else None,
        )


class ShelfOut(Schema):
    """The offers of a product, the first one in front, and why it is the first."""

    offers: list[ShownOut]
    reason: str

    @classmethod
    def of(cls, shelf: Shelf, currency: str) -> "ShelfOut":
        """A shelf."""
        return cls(offers=[ShownOut.of(each, currency) for each in shelf.offers], reason=shelf.reason)
