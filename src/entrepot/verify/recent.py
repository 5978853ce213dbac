"""Proving what happened since an instant: the orders, statements and payouts that anything touched, each as a whole.

An invariant that speaks of one order or one payout at a time keeps its query: the tables that it reads are put before
it under their own names, cut to what belongs to what was touched. So it costs as much as was touched, and not as much
as there is. What sums over an account, a stock row or a chain has no such cut and is left to a whole run, and so is
what was altered without a trace: a row of long ago to which nothing was added since.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

#: Invariants that hold for each order, statement or payout by itself.
CUT = ("I06", "I07", "I08", "I09", "I12", "I13", "I14", "I15", "I20", "I24", "I25", "I26", "I28")

#: Invariants of the catalogue of the database and of a few rows, which are as cheap whole.
WHOLE = ("I32", "I33", "I39")


@dataclass(frozen=True, slots=True)
class Window:
    """What was touched since an instant."""

    since: datetime
    orders: list[UUID]
    statements: list[UUID]

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of a query that was cut."""
        return {"since": self.since, "orders": self.orders, "statements": self.statements}


def find(cursor: CursorWrapper, since: datetime) -> Window:
    """What anything was written about since then, by the times in the keys."""
    found = []
    for query in (_ORDERS, _STATEMENTS):
        cursor.execute(query, {"since": since})
        found.append([row[0] for row in cursor.fetchall()])
    return Window(since, *found)


def cut(query: str) -> str:
    """The query over what was touched; its parameters `:since`, `:orders` and `:statements` are a window's values."""
    tables = {f"{name} AS (SELECT * FROM public.{name} WHERE {where})": name for name, where in _TABLES.items()}
    named = [text for text, name in tables.items() if re.search(rf"\b{name}\b", query)]
    touched = [f"{name} AS MATERIALIZED ({text})" for name, text in _TOUCHED.items()]
    head = re.match(r"WITH (RECURSIVE )?", query)
    rest = query[head.end() :] if head else query
    return f"WITH {(head and head[1]) or ''}{', '.join([*touched, *named])}{', ' if head else ' '}{rest}"


_ORDERS = """
SELECT id FROM orders_order WHERE id >= entrepot_key_floor(%(since)s)
UNION SELECT order_id FROM orders_orderevent WHERE id >= entrepot_key_floor(%(since)s)
UNION SELECT order_id FROM aftersales_returncase WHERE id >= entrepot_key_floor(%(since)s)
UNION SELECT order_id FROM orders_orderline WHERE id IN (
    SELECT subject_id FROM ledger_posting WHERE id >= entrepot_key_floor(%(since)s)
    UNION SELECT subject_id FROM inventory_movement WHERE id >= entrepot_key_floor(%(since)s))
UNION SELECT reference_id FROM payments_payment WHERE id IN (
    SELECT payment_id FROM payments_capture WHERE id >= entrepot_key_floor(%(since)s)
    UNION SELECT payment_id FROM payments_refund WHERE id >= entrepot_key_floor(%(since)s)
    UNION SELECT payment_id FROM payments_void WHERE id >= entrepot_key_floor(%(since)s))
UNION SELECT order_id FROM orders_suborder WHERE id IN (
    SELECT reference_id FROM logistics_parcel WHERE id >= entrepot_key_floor(%(since)s)
    UNION SELECT parcel.reference_id FROM logistics_trackingevent event
        JOIN logistics_parcel parcel ON parcel.id = event.parcel_id
        WHERE event.id >= entrepot_key_floor(%(since)s))
"""

_STATEMENTS = """
SELECT id FROM settlement_statement WHERE id >= entrepot_key_floor(%(since)s)
UNION SELECT statement_id FROM settlement_payout WHERE id >= entrepot_key_floor(%(since)s)
UNION SELECT statement_id FROM settlement_payout WHERE id IN (
    SELECT source_id FROM ledger_journal WHERE id >= entrepot_key_floor(%(since)s) AND source_type = 'payout')
"""

#: Sets of keys, each of those before it.
_TOUCHED = {
    "touched_orders": "SELECT unnest(:orders::uuid[]) AS id",
    "touched_statements": "SELECT unnest(:statements::uuid[]) AS id",
    "touched_lines": "SELECT id FROM public.orders_orderline WHERE order_id IN (SELECT id FROM touched_orders)",
    "touched_payments": "SELECT id FROM public.payments_payment WHERE reference_id IN (SELECT id FROM touched_orders)",
    "touched_cases": "SELECT id FROM public.aftersales_returncase WHERE order_id IN (SELECT id FROM touched_orders)",
    "touched_parcels": "SELECT id FROM public.logistics_parcel WHERE reference_id IN (SELECT id FROM"
    " public.orders_suborder WHERE order_id IN (SELECT id FROM touched_orders)"
    " UNION ALL SELECT id FROM touched_cases)",
    "touched_journals": """
        SELECT id FROM public.ledger_journal WHERE id >= entrepot_key_floor(:since)
        UNION SELECT journal.id FROM (
            SELECT 'capture' AS source_type, id FROM public.payments_capture
                WHERE payment_id IN (SELECT id FROM touched_payments)
            UNION ALL SELECT 'refund', id FROM public.payments_refund
                WHERE payment_id IN (SELECT id FROM touched_payments)
            UNION ALL SELECT 'parcel', id FROM touched_parcels
            UNION ALL SELECT 'parcel_line', id FROM public.logistics_parcelline
                WHERE parcel_id IN (SELECT id FROM touched_parcels)
            UNION ALL SELECT 'return_case', id FROM touched_cases
            UNION ALL SELECT 'statement', id FROM touched_statements
            UNION ALL SELECT 'payout', id FROM public.settlement_payout
                WHERE statement_id IN (SELECT id FROM touched_statements)
        ) event
        JOIN public.ledger_journal journal ON journal.source_type = event.source_type AND journal.source_id = event.id
    """,
}


def _within(column: str, touched: str) -> str:
    return f"{column} IN (SELECT id FROM touched_{touched})"


#: What of each table belongs to what was touched; a table that is not named here is read whole.
_TABLES = {
    "orders_order": _within("id", "orders"),
    "orders_suborder": _within("order_id", "orders"),
    "orders_orderline": _within("order_id", "orders"),
    "orders_orderevent": _within("order_id", "orders"),
    "orders_adjustment": _within("line_id", "lines"),
    "payments_payment": _within("reference_id", "orders"),
    "payments_capture": _within("payment_id", "payments"),
    "payments_refund": _within("payment_id", "payments"),
    "payments_void": _within("payment_id", "payments"),
    "payments_captureline": _within("line_id", "lines"),
    "payments_refundline": _within("line_id", "lines"),
    "inventory_hold": _within("owner_id", "lines"),
    "inventory_movement": _within("subject_id", "lines")
    + " UNION SELECT * FROM public.inventory_movement WHERE id IN (SELECT source_id FROM public.ledger_journal"
    " WHERE id >= entrepot_key_floor(:since) AND source_type = 'movement')",
    "logistics_parcel": _within("id", "parcels"),
    "logistics_parcelline": _within("parcel_id", "parcels"),
    "aftersales_returncase": _within("id", "cases"),
    "ledger_journal": _within("id", "journals"),
    "ledger_posting": _within("journal_id", "journals"),
    "settlement_accrual": _within("journal_id", "journals"),
    "settlement_statement": _within("id", "statements"),
    "settlement_payout": _within("statement_id", "statements"),
}
