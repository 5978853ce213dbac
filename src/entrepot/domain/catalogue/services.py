"""Writes of categories, products with their texts, pictures and SKUs, and offers. Drafts are kept by sets."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from entrepot.domain.catalogue import rows as sql
from entrepot.domain.catalogue import rules
from entrepot.domain.catalogue.models import Category, Offer, Picture, Product, Sku
from entrepot.domain.catalogue.rules import ProductDraft
from entrepot.kernel import audit, ids, media
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import execute, unnest
from entrepot.kernel.errors import Invalid, NotFound, Refused


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A node of the category tree; `names` is language -> name, `parent_code` is empty at the root."""

    category_code: str
    parent_code: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    tax_class: str = "standard"
    position: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a draft: created, changed or same."""

    product_id: UUID
    state: str
    sku_ids: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class NewOffer:
    """A seller's sale of a SKU in a market under an enrolment."""

    seller_id: UUID
    sku_id: UUID
    market_id: UUID
    enrolment_id: UUID
    programme_code: str
    stock_policy: str = Offer.StockPolicy.SHARED.value


@transaction.atomic
def keep_categories(*, rows: Sequence[NewCategory], now: datetime) -> dict[str, Category]:
    """Make categories, parents before children, or rename those that are there; by code. Raises: NotFound."""
    known = {
        each.code: each
        for each in Category.objects.filter(
            code__in={code for row in rows for code in (row.category_code, row.parent_code)}
        )
    }
    for row in rows:
        parent = known.get(row.parent_code)
        if row.parent_code and parent is None:
            raise NotFound(
                "catalogue.unknown_category",
                "There is no category {category}.",
                field="parent",
                category=row.parent_code,
            )
        category = known.get(row.category_code)
        if category is None:
            path = f"{parent.path}/{row.category_code}" if parent else row.category_code
            category = Category(id=ids.new_id(now), created_at=now, code=row.category_code, parent=parent, path=path)
        category.names, category.tax_class, category.position = dict(row.names), row.tax_class, row.position
        category.save()
        known[row.category_code] = category
    return {row.category_code: known[row.category_code] for row in rows}


@transaction.atomic
def keep_products(
    *, organisation_id: UUID, drafts: Sequence[ProductDraft], now: datetime, fill: bool = False
) -> list[Kept]:
    """Keep drafts by their codes: what is new is made, what differs is changed, the same stays untouched.

    Texts and SKUs that a draft does not name stay; to `fill` is to leave alone too what a draft leaves empty. A product
    is a draft until it is published; what it lacks is computed. Raises: Invalid naming the field, Refused where an
    active product would become incomplete, a SKU is another product's, or a kit would hold other parts than before.
    """
    for draft in drafts:
        rules.check(draft)
    _once("product_code", (draft.product_code for draft in drafts))
    _once("sku_code", (sku.sku_code for draft in drafts for sku in draft.skus))
    ordered = sorted(drafts, key=lambda draft: draft.product_code)
    products, made, changed = sql.write_products(organisation_id, ordered, _category_ids(drafts), now, fill=fill)
    changed |= sql.write_texts(
        [
            (products[draft.product_code], language, title.strip(), description)
            for draft in ordered
            for language, (title, description) in sorted(draft.texts.items())
        ],
        now,
        fill=fill,
    )
    skus, new_skus, changed_by_sku = sql.write_skus(organisation_id, ordered, products, now, fill=fill)
    changed |= changed_by_sku
    sql.write_components(organisation_id, [sku for draft in ordered for sku in draft.skus], skus, new_skus, now)
    _refresh(changed - made)
    state = dict.fromkeys(changed, "changed") | dict.fromkeys(made, "created")
    return [
        Kept(product_id, state.get(product_id, "same"), {sku.sku_code: skus[sku.sku_code] for sku in draft.skus})
        for draft in drafts
        for product_id in (products[draft.product_code],)
    ]


@transaction.atomic
def publish_products(*, product_ids: Collection[UUID]) -> None:
    """Make drafts and archived products active. Raises: NotFound, Refused naming what the first of them lacks."""
    found = _locked_products(product_ids)
    for product in found:
        if product.missing:
            raise Refused(
                "catalogue.incomplete",
                "{product} still lacks {lacking}.",
                product=product.code,
                lacking=", ".join(product.missing),
            )
    Product.objects.filter(id__in=product_ids).update(status=Product.Status.ACTIVE)


@transaction.atomic
def archive_products(*, product_ids: Collection[UUID], actor: Actor, reason: str, now: datetime) -> None:
    """Take products out of sale for good, with all their offers; nothing is deleted. Raises: NotFound, Invalid."""
    reason = audit.require_reason(reason)
    for product in _locked_products(product_ids):
        audit.record(
            actor=actor,
            verb="catalogue.archive",
            subject_kind="product",
            subject_id=product.id,
            now=now,
            reason=reason,
            before={"status": product.status},
        )
    Product.objects.filter(id__in=product_ids).update(status=Product.Status.ARCHIVED)
    Offer.objects.filter(sku__product_id__in=product_ids).exclude(status=Offer.Status.ARCHIVED).update(
        status=Offer.Status.ARCHIVED
    )


@transaction.atomic
def add_pictures(
    *, rows: Sequence[tuple[UUID, str, Mapping[str, str]]], now: datetime, options: Sequence[Mapping[str, str]] = ()
) -> list[Picture]:
    """Put kept pictures (product, media name, language -> alternative text) behind those that a product has.

    `options` says of each picture which SKUs it shows, axis -> value; without it, all.
    """
    _locked_products({product_id for product_id, _, _ in rows})
    places: Counter[UUID] = Counter()
    for product_id, last in (
        Picture.objects.filter(product_id__in={row[0] for row in rows})
        .values_list("product_id")
        .annotate(last=Max("position"))
    ):
        places[product_id] = last
    pictures = []
    shown = options or [{}] * len(rows)
    for identity, (product_id, name, alt), its in zip(ids.new_ids(now, len(rows)), rows, shown, strict=True):
        places[product_id] += 1
        pictures.append(
            Picture(
                id=identity,
                created_at=now,
                product_id=product_id,
                media=name,
                position=places[product_id],
                alt=dict(alt),
                options=dict(its),
            )
        )
    return Picture.objects.bulk_create(pictures)


def upload_picture(
    *, product_id: UUID, content: bytes, alt: Mapping[str, str], now: datetime, options: Mapping[str, str] | None = None
) -> Picture:
    """Keep an uploaded picture, encoded anew, and show it last. Raises: Invalid, NotFound."""
    name = media.keep_picture(content)
    with transaction.atomic():
        (picture,) = add_pictures(rows=[(product_id, name, alt)], now=now)
        if options:
            arrange_pictures(product_id=product_id, rows=[PictureRow(picture.id, alt, options)], partly=True)
            picture.options = dict(options)
    return picture


@dataclass(frozen=True, slots=True)
class PictureRow:
    """What a picture is told of: language -> alternative text, and axis -> value of the SKUs that it shows."""

    picture_id: UUID
    alt: Mapping[str, str]
    options: Mapping[str, str]


@transaction.atomic
def arrange_pictures(*, product_id: UUID, rows: Sequence[PictureRow], partly: bool = False) -> None:
    """Put the pictures of a product into this order, with their texts and the options that they show.

    All of them are named, unless `partly`: then they stay in their places. Raises: NotFound, Invalid for an option
    that no SKU has.
    """
    (product,) = _locked_products([product_id])
    found = {each.id: each for each in Picture.objects.filter(product_id=product_id)}
    named = [row.picture_id for row in rows]
    if set(named) - found.keys() or (not partly and sorted(named) != sorted(found)):
        raise NotFound(kind="picture")
    skus = list(Sku.objects.filter(product_id=product_id).values_list("options", flat=True))
    for place, row in enumerate(rows, start=1):
        if not all(any(options.get(axis) == value for options in skus) for axis, value in row.options.items()):
            raise Invalid("catalogue.unknown_option", "No variant of {product} has this option.", field="options",
                          product=product.code)  # fmt: skip
        picture = found[row.picture_id]
        picture.alt, picture.options = dict(row.alt), dict(row.options)
        if not partly:
            picture.position = place
    Picture.objects.bulk_update([found[each] for each in named], ["position", "alt", "options"])


@transaction.atomic
def remove_picture(*, picture_id: UUID, product_id: UUID) -> None:
    """Show a picture of a product no more. Raises: NotFound."""
    removed, _ = Picture.objects.filter(id=picture_id, product_id=product_id).delete()
    if not removed:
        raise NotFound(kind="picture")


@transaction.atomic
def create_offers(*, rows: Sequence[NewOffer], now: datetime) -> list[UUID]:
    """Draft offers. Raises: Refused where the seller offers the SKU there under the programme already."""
    columns = {
        "id": "uuid",
        "seller_id": "uuid",
        "sku_id": "uuid",
        "market_id": "uuid",
        "enrolment_id": "uuid",
        "programme_code": "text",
        "stock_policy": "text",
    }
    identities = ids.new_ids(now, len(rows))
    source, params = unnest(
        "w",
        columns,
        (
            (identity, row.seller_id, row.sku_id, row.market_id, row.enrolment_id, row.programme_code, row.stock_policy)
            for identity, row in zip(identities, rows, strict=True)
        ),
    )
    names = ", ".join(columns)
    made = execute(
        f"INSERT INTO catalogue_offer (created_at, status, {names}) SELECT %s, 'draft', {names} FROM {source}"
        f" ON CONFLICT (seller_id, sku_id, market_id, programme_code) WHERE NOT (status = 'archived') DO NOTHING",
        [now, *params],
    )
    if made < len(rows):
        raise Refused(
            "catalogue.offer_exists",
            "{count} of these SKUs are offered there under the programme already.",
            count=len(rows) - made,
        )
    return identities


@transaction.atomic
def move_offers(*, offer_ids: Collection[UUID], status: str) -> None:
    """Take offers live, pause or archive them; what they need for it was checked. Raises: NotFound, Refused."""
    found = list(Offer.objects.select_for_update(no_key=True).filter(id__in=offer_ids).order_by("id"))
    if len(found) < len(set(offer_ids)):
        raise NotFound(kind="offer")
    for offer in found:
        if status not in rules.NEXT[offer.status]:
            raise Refused(
                "catalogue.no_such_step",
                "An offer that is {found} cannot become {wanted}.",
                offer_id=str(offer.id),
                found=offer.status,
                wanted=status,
            )
    Offer.objects.filter(id__in=offer_ids).update(status=status)


@transaction.atomic
def set_stock_policy(*, offer_id: UUID, stock_policy: str) -> None:
    """Let an offer sell from the shared stock or from what is allotted to it. Raises: Invalid, NotFound."""
    if stock_policy not in Offer.StockPolicy.values:
        raise Invalid(
            "catalogue.unknown_policy",
            "Stock is {known}.",
            field="stock_policy",
            known=", ".join(Offer.StockPolicy.values),
        )
    if not Offer.objects.filter(id=offer_id).update(stock_policy=stock_policy):
        raise NotFound(kind="offer")


@transaction.atomic
def pause_offers_of(*, seller_id: UUID) -> int:
    """Pause everything that a seller has live; how many."""
    return Offer.objects.filter(seller_id=seller_id, status=Offer.Status.LIVE).update(status=Offer.Status.PAUSED)


@transaction.atomic
def follow_enrolments(*, now: datetime) -> tuple[int, int]:
    """Offers whose enrolment has ended pass to the one that follows it, or are archived; how many of each."""
    moved = execute(
        "UPDATE catalogue_offer o SET enrolment_id = later.id"
        " FROM sellers_enrolment ended JOIN sellers_enrolment later ON later.seller_id = ended.seller_id"
        " AND later.market_id = ended.market_id AND later.programme_code = ended.programme_code"
        " WHERE o.enrolment_id = ended.id AND o.status <> 'archived' AND ended.valid_until <= %s"
        " AND later.valid_from <= %s AND (later.valid_until IS NULL OR later.valid_until > %s)",
        [now, now, now],
    )
    archived = execute(
        "UPDATE catalogue_offer o SET status = 'archived' FROM sellers_enrolment ended"
        " WHERE o.enrolment_id = ended.id AND o.status <> 'archived' AND ended.valid_until <= %s",
        [now],
    )
    return moved, archived


def _refresh(product_ids: Collection[UUID]) -> None:
    """Compute anew what products lack. Raises: Refused for an active one that would lack something."""
    found = sql.completeness(product_ids)
    lacking = {product_id: rules.missing(facts) for product_id, (_, _, facts) in found.items()}
    for product_id, (product_code, status, _) in found.items():
        if lacking[product_id] and status == Product.Status.ACTIVE:
            raise Refused(
                "catalogue.incomplete",
                "{product} still lacks {lacking}.",
                product=product_code,
                lacking=", ".join(lacking[product_id]),
            )
    source, params = unnest(
        "w", {"id": "uuid", "lacking": "text"}, ((product_id, ",".join(names)) for product_id, names in lacking.items())
    )
    execute(
        f"UPDATE catalogue_product p SET missing = string_to_array(w.lacking, ',') FROM {source}"
        f" WHERE p.id = w.id AND p.missing IS DISTINCT FROM string_to_array(w.lacking, ',')::varchar[]",
        params,
    )


def _category_ids(drafts: Iterable[ProductDraft]) -> dict[str, UUID | None]:
    wanted = {draft.category_code for draft in drafts}
    found: dict[str, Any] = dict(Category.objects.filter(code__in=wanted).values_list("code", "id"))
    if unknown := sorted(wanted - found.keys() - {""}):
        raise Invalid(
            "catalogue.unknown_category", "There is no category {category}.", field="category_code", category=unknown[0]
        )
    return found | {"": None}


def _locked_products(product_ids: Collection[UUID]) -> list[Product]:
    found = list(Product.objects.select_for_update(no_key=True).filter(id__in=product_ids).order_by("id"))
    if len(found) < len(set(product_ids)):
        raise NotFound(kind="product")
    return found


def _once(name: str, codes: Iterable[str]) -> None:
    twice = [code for code, count in Counter(codes).items() if count > 1]
    if twice:
        raise Invalid("catalogue.named_twice", "{thing} is named twice.", field=name, thing=twice[0])
