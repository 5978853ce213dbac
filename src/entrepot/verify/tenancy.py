"""The invariant that the model graph writes: no key crosses from one seller's rows to another's."""

from django.apps import apps
from django.db import models


def links() -> list[tuple[type[models.Model], models.ForeignKey, type[models.Model]]]:
    """(child, key, parent) for every key between two tables that both carry a seller."""
    tenants = {model for model in apps.get_models() if _carries_seller(model)}
    return [
        (child, field, field.related_model)
        for child in sorted(tenants, key=lambda model: model._meta.label)
        for field in child._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model in tenants
    ]


#: Tables that carry a seller and stand open: whoever shops reads them.
OPEN = {"promotions_voucher"}
#: Tables that are a tenant's by another column, or by their parent.
ALSO = ("uploads_upload", "pricing_supplyquote")


def tables() -> list[str]:
    """The tables behind walls: all that carry a seller but are not the seller itself, and some that are a tenant's."""
    carrying = {
        model._meta.db_table for model in apps.get_models() if _carries_seller(model) and _key(model) != "seller_id"
    }
    return sorted((carrying - OPEN) | set(ALSO))


def query() -> str:
    """One SELECT over all links, each row naming the child table, the row and the key."""
    parts = [
        f"SELECT '{child._meta.db_table}' AS child, child.{_key(child)}::text AS id, '{field.column}' AS key\n"
        f"FROM {child._meta.db_table} child JOIN {parent._meta.db_table} parent"
        f" ON parent.{_key(parent)} = child.{field.column}\n"
        f"WHERE child.seller_id <> parent.seller_id"
        for child, field, parent in links()
    ]
    return "\nUNION ALL\n".join(parts)


def _carries_seller(model: type[models.Model]) -> bool:
    return any(field.column == "seller_id" for field in model._meta.concrete_fields)


def _key(model: type[models.Model]) -> str:
    primary = model._meta.pk
    assert primary is not None
    return str(primary.column)
