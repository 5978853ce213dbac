"""The hash of what a line froze, in Python where it is written and in SQL where it is proven."""

import hashlib
from operator import attrgetter
from typing import Any

#: The frozen columns of an order line, in the order in which they are hashed.
FROZEN = (
    "order_id",
    "position",
    "seller_id",
    "offer_id",
    "enrolment_id",
    "sku_id",
    "terms_id",
    "category_path",
    "title",
    "quantity",
    "list_minor",
    "discount_minor",
    "goods_net_minor",
    "goods_tax_minor",
    "shipping_net_minor",
    "shipping_tax_minor",
    "customs_duty_minor",
    "total_minor",
    "tax_rate",
    "tax_collector",
    "freight_cost_minor",
    "supply_minor",
    "supply_currency",
    "fx_rate",
    "fx_on",
    "fx_source",
)

#: As PostgreSQL writes a number of a column's scale.
_PLACES = {"tax_rate": ":.6f", "fx_rate": ":.10f"}
_WRITTEN = "|".join(f"{{{_PLACES.get(name, '')}}}" for name in FROZEN)
_READ = attrgetter(*FROZEN)


def digest(line: Any) -> str:
    """The SHA-256 of a line's frozen columns as text, joined by bars."""
    values = ["" if value is None else value for value in _READ(line)]
    return hashlib.sha256(_WRITTEN.format(*values).encode()).hexdigest()


def digest_sql(alias: str) -> str:
    """The same as an SQL expression over a row of `orders_orderline`."""
    columns = ", ".join(f"coalesce({alias}.{name}::text, '')" for name in FROZEN)
    return f"encode(sha256(convert_to(concat_ws('|', {columns}), 'UTF8')), 'hex')"
