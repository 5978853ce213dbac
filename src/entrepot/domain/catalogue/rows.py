"""The statements under the services: products, texts, SKUs and components by sets, only what differs is written."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.catalogue.rules import Completeness, ProductDraft, SkuDraft, found_in, missing
from entrepot.kernel import ids
from entrepot.kernel.db import execute, fetch_rows, unnest
from entrepot.kernel.errors import Invalid, Refused

_SKU = {
    "options": "jsonb",
    "weight_g": "int",
    "length_mm": "int",
    "width_mm": "int",
    "height_mm": "int",
    "hs_code": "text",
    "origin_country": "text",
    "has_battery": "boolean",
    "is_bulky": "boolean",
    "base_unit": "text",
    "pack_quantity": "int",
    "barcode": "text",
}


#: What stands in a column of which nothing was said, by its type or name.
_UNSAID = {
    "category_id": "NULL",
    "brand": "''",
    "description": "''",
    "axes": "'{}'",
    "source": "''",
    "options": "'{}'",
    "hs_code": "''",
    "origin_country": "''",
    "has_battery": "false",
    "is_bulky": "false",
    "base_unit": "'piece'",
    "pack_quantity": "1",
    "barcode": "''",
}


def _changes(table: str, columns: Sequence[str], fill: bool) -> tuple[str, str]:
    """What an upsert sets, and where it differs from what is there; to fill is to leave alone what was not said."""
    new = {
        name: f"coalesce(nullif(EXCLUDED.{name}, {_UNSAID.get(name, 'NULL')}), {table}.{name})"
        if fill
        else f"EXCLUDED.{name}"
        for name in columns
    }
    sets = ", ".join(f"{name} = {value}" for name, value in new.items())
    there = ", ".join(f"{table}.{name}" for name in columns)
    return sets, f"({there}) IS DISTINCT FROM ({', '.join(new.values())})"


def write_products(
    organisation_id: UUID,
    drafts: Sequence[ProductDraft],
    categories: Mapping[str, UUID | None],
    now: datetime,
    *,
    fill: bool = False,
) -> tuple[dict[str, UUID], set[UUID], set[UUID]]:
    """Insert or change products by code: their ids by code, which were made, which were changed."""
    sets, differs = _changes("p", ("category_id", "brand", "axes", "source"), fill)
    source, params = unnest(
        "w",
        {
            "id": "uuid",
            "code": "text",
            "category_id": "uuid",
            "brand": "text",
            "axes": "jsonb",
            "source": "text",
            "missing": "text",
        },
        (
            (
                identity,
                draft.product_code,
                categories[draft.category_code],
                draft.brand,
                list(draft.axes),
                draft.source,
                ",".join(missing(found_in(draft))),
            )
            for identity, draft in zip(ids.new_ids(now, len(drafts)), drafts, strict=True)
        ),
    )
    written = fetch_rows(
        f"INSERT INTO catalogue_product AS p"
        f" (id, created_at, organisation_id, code, category_id, brand, axes, source, status, missing)"
        f" SELECT id, %s, %s, code, category_id, brand, ARRAY(SELECT jsonb_array_elements_text(axes)), source,"
        f" 'draft', string_to_array(missing, ',') FROM {source}"
        f" ON CONFLICT (organisation_id, code) DO UPDATE SET {sets} WHERE {differs}"
        f" RETURNING code, id, xmax = 0 AS made",
        [now, organisation_id, *params],
    )
    known = {row.code: row.id for row in written}
    same = [draft.product_code for draft in drafts if draft.product_code not in known]
    if same:
        found = fetch_rows(
            "SELECT code, id FROM catalogue_product WHERE organisation_id = %s AND code = ANY(%s)",
            [organisation_id, same],
        )
        known |= {row.code: row.id for row in found}
    return (
        known,
        {row.id for row in written if row.made},
        {row.id for row in written if not row.made},
    )


def write_texts(rows: Sequence[tuple[UUID, str, str, str]], now: datetime, *, fill: bool = False) -> set[UUID]:
    """Insert or change (product, language, title, description); the products whose text is another now."""
    sets, differs = _changes("t", ("title", "description"), fill)
    source, params = unnest(
        "w",
        {"id": "uuid", "product_id": "uuid", "language": "text", "title": "text", "description": "text"},
        ((identity, *row) for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True)),
    )
    written = fetch_rows(
        f"INSERT INTO catalogue_producttext AS t (id, created_at, product_id, language, title, description)"
        f" SELECT id, %s, product_id, language, title, description FROM {source}"
        f" ON CONFLICT (product_id, language) DO UPDATE SET {sets} WHERE {differs}"
        f" RETURNING product_id",
        [now, *params],
    )
    return {row.product_id for row in written}


def write_skus(
    organisation_id: UUID,
    drafts: Sequence[ProductDraft],
    products: Mapping[str, UUID],
    now: datetime,
    *,
    fill: bool = False,
) -> tuple[dict[str, UUID], set[UUID], set[UUID]]:
    """Insert or change SKUs by code: ids by code, which were made, and the products of those new or changed.

    Raises: Refused for a SKU of another product.
    """
    wanted = sorted(
        ((sku, products[draft.product_code]) for draft in drafts for sku in draft.skus),
        key=lambda pair: pair[0].sku_code,
    )
    source, params = unnest(
        "w",
        {"id": "uuid", "product_id": "uuid", "code": "text"} | _SKU,
        (
            (identity, product_id, sku.sku_code, dict(sku.options), *(getattr(sku, name) for name in list(_SKU)[1:]))
            for identity, (sku, product_id) in zip(ids.new_ids(now, len(wanted)), wanted, strict=True)
        ),
    )
    names = ", ".join(_SKU)
    sets, differs = _changes("s", list(_SKU), fill)
    written = fetch_rows(
        f"INSERT INTO catalogue_sku AS s (id, created_at, organisation_id, product_id, code, {names})"
        f" SELECT id, %s, %s, product_id, code, {names} FROM {source}"
        f" ON CONFLICT (organisation_id, code) DO UPDATE SET {sets}"
        f" WHERE s.product_id = EXCLUDED.product_id AND {differs}"
        f" RETURNING code, id, product_id, xmax = 0 AS made",
        [now, organisation_id, *params],
    )
    known = {row.code: row.id for row in written}
    same = {sku.sku_code: product_id for sku, product_id in wanted if sku.sku_code not in known}
    if same:
        for row in fetch_rows(
            "SELECT code, id, product_id FROM catalogue_sku WHERE organisation_id = %s AND code = ANY(%s)",
            [organisation_id, list(same)],
        ):
            if row.product_id != same[row.code]:
                raise Refused("catalogue.sku_elsewhere", "The SKU {sku} belongs to another product.", sku=row.code)
            known[row.code] = row.id
    return known, {row.id for row in written if row.made}, {row.product_id for row in written}


def write_components(
    organisation_id: UUID, drafts: Sequence[SkuDraft], skus: Mapping[str, UUID], made: Collection[UUID], now: datetime
) -> None:
    """Say what each SKU is made of: itself, or the parts of a kit. What a SKU is made of never changes.

    Those just `made` have nothing yet, and are not asked for.
    Raises: Invalid for a part that there is not or that is a kit, Refused for other parts than before.
    """
    parts = {code for draft in drafts for code in draft.components} - skus.keys()
    known = dict(skus)
    if parts:
        others = fetch_rows(
            "SELECT code, id FROM catalogue_sku WHERE organisation_id = %s AND code = ANY(%s)",
            [organisation_id, list(parts)],
        )
        known |= {row.code: row.id for row in others}
    present: dict[UUID, dict[UUID, int]] = {}
    if there := [sku_id for sku_id in known.values() if sku_id not in made]:
        for row in fetch_rows(
            "SELECT sku_id, component_id, quantity FROM catalogue_skucomponent WHERE sku_id = ANY(%s)", [there]
        ):
            present.setdefault(row.sku_id, {})[row.component_id] = row.quantity
    kits = {draft.sku_code for draft in drafts if draft.components}
    new: list[tuple[UUID, UUID, int]] = []
    for draft in drafts:
        sku_id = skus[draft.sku_code]
        for code in draft.components:
            if code not in known or code in kits or present.get(known[code], {known[code]: 1}).keys() != {known[code]}:
                raise Invalid(
                    "catalogue.bad_component",
                    "{sku} holds {part}, which is not a plain SKU of yours.",
                    field="components",
                    sku=draft.sku_code,
                    part=code,
                )
        made_of = {known[code]: quantity for code, quantity in draft.components.items()} or {sku_id: 1}
        if present.get(sku_id, made_of) != made_of:
            raise Refused(
                "catalogue.kit_fixed", "What {sku} is made of cannot change; make a SKU of its own.", sku=draft.sku_code
            )
        if sku_id not in present:
            new += [(sku_id, component_id, quantity) for component_id, quantity in made_of.items()]
    source, params = unnest(
        "w",
        {"id": "uuid", "sku_id": "uuid", "component_id": "uuid", "quantity": "int"},
        ((identity, *row) for identity, row in zip(ids.new_ids(now, len(new)), new, strict=True)),
    )
    execute(
        f"INSERT INTO catalogue_skucomponent (id, created_at, sku_id, component_id, quantity)"
        f" SELECT id, %s, sku_id, component_id, quantity FROM {source} ON CONFLICT DO NOTHING",
        [now, *params],
    )


def completeness(product_ids: Collection[UUID]) -> dict[UUID, tuple[str, str, Completeness]]:
    """(code, status, what is there) of products."""
    rows: list[Any] = fetch_rows(
        "SELECT p.id, p.code, p.status,"
        " EXISTS (SELECT 1 FROM catalogue_producttext t WHERE t.product_id = p.id) AS title,"
        " p.category_id IS NOT NULL AS category, count(s.id) > 0 AS sku,"
        " coalesce(bool_and(s.weight_g IS NOT NULL), false) AS weight,"
        " coalesce(bool_and(s.length_mm IS NOT NULL AND s.width_mm IS NOT NULL AND s.height_mm IS NOT NULL), false)"
        " AS dimensions, coalesce(bool_and(s.hs_code <> ''), false) AS hs_code,"
        " coalesce(bool_and(s.origin_country <> ''), false) AS origin"
        " FROM catalogue_product p LEFT JOIN catalogue_sku s ON s.product_id = p.id WHERE p.id = ANY(%s)"
        " GROUP BY p.id, p.code, p.status, p.category_id",
        [list(product_ids)],
    )
    return {row.id: (row.code, row.status, Completeness(*row[3:])) for row in rows}
