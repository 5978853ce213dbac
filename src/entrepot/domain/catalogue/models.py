"""Categories, products, texts, pictures, SKUs, their components, and offers."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from entrepot.domain.accounts.models import Organisation
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.kernel.models import Record


class Category(Record):
    """A node of the category tree; `path` is the codes from the root joined by '/'."""

    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=60, unique=True)
    path = models.CharField(max_length=400, unique=True)
    names = models.JSONField(default=dict, help_text="language -> name")
    tax_class = models.CharField(max_length=40, default="standard")
    position = models.PositiveSmallIntegerField(default=0)


class Product(Record):
    """What a shopper looks at: text, pictures and options; its SKUs are what is bought."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        ARCHIVED = "archived"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=80)
    category = models.ForeignKey(Category, null=True, on_delete=models.PROTECT, related_name="+")
    brand = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    missing = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    axes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    source = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="product_code_once"),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(missing__len=0, category__isnull=False),
                name="product_active_is_complete",
            ),
        ]
        indexes = [models.Index(fields=["category", "status"], name="product_category")]


class ProductText(Record):
    """Title and description in one language, with its search vector (kept by a trigger, in the language's own way)."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=10)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    search = SearchVectorField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "language"], name="product_text_once")]
        indexes = [
            GinIndex(fields=["search"], name="product_text_search"),
            GinIndex(fields=["title"], name="product_text_trigram", opclasses=["gin_trgm_ops"]),
        ]


class Picture(Record):
    """A picture of a product, its file named by the hash of its bytes."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    media = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField()
    alt = models.JSONField(default=dict, help_text="language -> text")
    options = models.JSONField(default=dict, help_text="axis -> value of the SKUs that it shows; empty is all")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "position"], name="picture_position_once", deferrable=models.Deferrable.DEFERRED
            )
        ]


class Sku(Record):
    """What is counted, priced and shipped. Every SKU is a kit of its components; a plain one is a kit of itself."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=80)
    options = models.JSONField(default=dict, help_text="axis -> value")
    weight_g = models.PositiveIntegerField(null=True)
    length_mm = models.PositiveIntegerField(null=True)
    width_mm = models.PositiveIntegerField(null=True)
    height_mm = models.PositiveIntegerField(null=True)
    hs_code = models.CharField(max_length=10, blank=True)
    origin_country = models.CharField(max_length=2, blank=True)
    has_battery = models.BooleanField(default=False)
    is_bulky = models.BooleanField(default=False)
    base_unit = models.CharField(max_length=20, default="piece")
    pack_quantity = models.PositiveIntegerField(default=1)
    barcode = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="sku_code_once"),
            models.CheckConstraint(
                condition=(Q(weight_g__isnull=True) | Q(weight_g__gt=0))
                & (Q(length_mm__isnull=True) | Q(length_mm__gt=0))
                & (Q(width_mm__isnull=True) | Q(width_mm__gt=0))
                & (Q(height_mm__isnull=True) | Q(height_mm__gt=0)),
                name="sku_measures_positive",
            ),
            models.CheckConstraint(condition=Q(pack_quantity__gt=0), name="sku_pack_positive"),
        ]
        indexes = [models.Index(fields=["product"], name="sku_product")]


class SkuComponent(Record):
    """So many units of `component` in one unit of `sku`; a plain SKU has one row, itself times one."""

    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    component = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku", "component"], name="sku_component_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="sku_component_positive"),
        ]


class Offer(Record):
    """One seller's sale of one SKU in one market under one enrolment."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        LIVE = "live"
        PAUSED = "paused"
        ARCHIVED = "archived"

    class StockPolicy(models.TextChoices):
        SHARED = "shared"
        ALLOTTED = "allotted"

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    programme_code = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    stock_policy = models.CharField(max_length=10, choices=StockPolicy.choices, default=StockPolicy.SHARED)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "sku", "market", "programme_code"],
                condition=~Q(status="archived"),
                name="offer_once",
            )
        ]
        indexes = [
            models.Index(fields=["market", "sku"], condition=Q(status="live"), name="offer_live"),
            models.Index(fields=["seller", "status"], name="offer_seller"),
        ]
