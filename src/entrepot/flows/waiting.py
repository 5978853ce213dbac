"""What waits for somebody: how much of each kind, how much of it is late, and when the first of it is due.

All kinds that are asked for are counted by one question to the database.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.kernel.db import fetch_rows


@dataclass(frozen=True, slots=True)
class Waiting:
    """So much of a kind waits; `due_at` is the earliest deadline of it, where it has one."""

    count: int
    late: int
    due_at: datetime | None


#: A kind: of what, and under which condition; due_at where there is a deadline. `of` and `me` are the reader's
#: organisation and person.
KINDS: Mapping[str, str] = {
    "to_ship": """
        work.due_at AS due FROM orders_workitem work JOIN orders_suborder suborder ON suborder.id = work.suborder_id
        JOIN orders_order ordered ON ordered.id = suborder.order_id
        WHERE work.organisation_id = %(of)s AND work.state IN ('waiting', 'accepted', 'packed')
          AND ordered.state = 'placed'""",
    "late_elsewhere": """
        work.due_at AS due FROM orders_workitem work
        WHERE work.organisation_id <> %(of)s AND work.state IN ('waiting', 'accepted', 'packed')
          AND work.due_at < %(now)s""",
    "returns_arrived": """
        NULL AS due FROM aftersales_returncase returned JOIN logistics_node node ON node.id = returned.node_id
        WHERE node.operator_id = %(of)s AND returned.state IN ('requested', 'in_transit') AND EXISTS (
            SELECT FROM logistics_parcel parcel WHERE parcel.reference_id = returned.id
              AND parcel.direction = 'return' AND parcel.state = 'delivered')""",
    "returns_coming": """
        NULL AS due FROM aftersales_returncase returned JOIN logistics_node node ON node.id = returned.node_id
        WHERE node.operator_id = %(of)s AND returned.state IN ('requested', 'in_transit') AND NOT EXISTS (
            SELECT FROM logistics_parcel parcel WHERE parcel.reference_id = returned.id
              AND parcel.direction = 'return' AND parcel.state = 'delivered')""",
    "returns_to_refund": """
        NULL AS due FROM aftersales_returncase returned JOIN logistics_node node ON node.id = returned.node_id
        WHERE node.operator_id = %(of)s AND returned.state = 'received'""",
    "returns_to_refund_elsewhere": """
        NULL AS due FROM aftersales_returncase returned JOIN logistics_node node ON node.id = returned.node_id
        WHERE node.operator_id <> %(of)s AND returned.state = 'received'""",
    "payments_to_confirm": """
        NULL AS due FROM payments_payment payment JOIN orders_order ordered ON ordered.id = payment.reference_id
        WHERE payment.provider = 'manual' AND payment.state = 'pending' AND ordered.state = 'pending'""",
    "supply_prices_to_decide": """
        valid_until AS due FROM pricing_supplyquote
        WHERE status IN ('quoted', 'countered') AND made_by_party = 'seller'""",
    "supply_prices_to_answer": """
        quote.valid_until AS due FROM pricing_supplyquote quote JOIN catalogue_offer offer ON offer.id = quote.offer_id
        WHERE quote.status IN ('quoted', 'countered') AND quote.made_by_party <> 'seller'
          AND offer.seller_id = %(of)s""",
    "retail_prices_to_decide": """
        NULL AS due FROM pricing_retailproposal WHERE status = 'open' AND waits_for_party = 'platform'""",
    "retail_prices_to_answer": """
        NULL AS due FROM pricing_retailproposal proposal
        JOIN catalogue_offer offer ON offer.id = proposal.offer_id
        WHERE proposal.status = 'open' AND proposal.waits_for_party = 'seller' AND offer.seller_id = %(of)s""",
    "product_drafts": "NULL AS due FROM catalogue_product WHERE status = 'draft'",
    "own_product_drafts": """
        NULL AS due FROM catalogue_product WHERE status = 'draft' AND organisation_id = %(of)s""",
    "offer_drafts": "NULL AS due FROM catalogue_offer WHERE status = 'draft' AND seller_id = %(of)s",
    "applicants": "NULL AS due FROM sellers_seller WHERE status = 'applicant'",
    "documents_to_decide": """
        NULL AS due FROM sellers_sellerdocument document
        JOIN sellers_seller seller ON seller.organisation_id = document.seller_id
        WHERE document.status = 'submitted' AND seller.status <> 'closed'""",
    "documents_asked": """
        NULL AS due FROM sellers_documentrequest WHERE seller_id = %(of)s AND answered_at IS NULL""",
    "not_enrolled": """
        NULL AS due FROM sellers_seller seller WHERE organisation_id = %(of)s AND status = 'active'
          AND NOT EXISTS (SELECT FROM sellers_enrolment enrolment WHERE enrolment.seller_id = seller.organisation_id
              AND enrolment.valid_from <= %(now)s
              AND (enrolment.valid_until IS NULL OR enrolment.valid_until > %(now)s))""",
    "statements_to_pay": """
        NULL AS due FROM settlement_statement statement
        WHERE statement.state = 'issued' AND statement.payable_minor > 0 AND NOT EXISTS (
            SELECT FROM settlement_payout payout
            WHERE payout.statement_id = statement.id AND payout.state <> 'failed')""",
    "payouts_to_confirm": "NULL AS due FROM settlement_payout WHERE state = 'in_transit'",
    "approvals": """
        NULL AS due FROM kernel_approval WHERE status = 'pending' AND requested_by <> %(me)s""",
    "stock_orders_to_answer": """
        answer_by AS due FROM inbound_stockorder WHERE seller_id = %(of)s AND state = 'asked'""",
    "stock_orders_to_send": """
        ship_by AS due FROM inbound_stockorder WHERE seller_id = %(of)s AND state IN ('accepted', 'packed')""",
    "stock_orders_to_decide": "NULL AS due FROM inbound_stockorder WHERE state = 'countered'",
    "slots_to_book": """
        shipment.due_at AS due FROM inbound_shipment shipment
        JOIN inbound_dockhours hours ON hours.node_id = shipment.node_id AND hours.is_required
            AND hours.valid_until IS NULL
        WHERE shipment.seller_id = %(of)s AND shipment.state IN ('announced', 'in_transit')
          AND NOT EXISTS (SELECT FROM inbound_dockslot slot WHERE slot.shipment_id = shipment.id
              AND slot.state = 'booked')""",
    "shipments_late": """
        due_at AS due FROM inbound_shipment WHERE seller_id = %(of)s AND state IN ('announced', 'in_transit')
          AND due_at < %(now)s""",
    "shipments_late_here": """
        shipment.due_at AS due FROM inbound_shipment shipment JOIN logistics_node node ON node.id = shipment.node_id
        WHERE node.operator_id = %(of)s AND shipment.state IN ('announced', 'in_transit')
          AND shipment.due_at < %(now)s""",
    "shipments_to_receive": """
        NULL AS due FROM inbound_shipment shipment JOIN logistics_node node ON node.id = shipment.node_id
        WHERE node.operator_id = %(of)s AND shipment.state IN ('arrived', 'receiving')""",
    "messages_to_answer": """
        due_at AS due FROM conversations_thread WHERE organisation_id = %(of)s AND due_at IS NOT NULL""",
    "messages_to_read": """
        NULL AS due FROM conversations_thread thread JOIN orders_order ordered ON ordered.id = thread.order_id
        WHERE ordered.user_id = %(me)s AND thread.unread_shopper > 0""",
    "returns_to_send": """
        NULL AS due FROM aftersales_returncase returned JOIN orders_order ordered ON ordered.id = returned.order_id
        WHERE ordered.user_id = %(me)s AND returned.state = 'requested'""",
    "transfers_to_make": """
        NULL AS due FROM orders_order ordered JOIN payments_payment payment ON payment.reference_id = ordered.id
        WHERE ordered.user_id = %(me)s AND ordered.state = 'pending' AND payment.state = 'pending'
          AND payment.provider = 'manual'""",
}


def count_waiting(
    kinds: Collection[str], *, organisation_id: UUID | None, user_id: UUID | None, now: datetime
) -> dict[str, Waiting]:
    """What waits, by kind; kinds of which nothing does are left out."""
    asked = [
        f"SELECT '{kind}' AS kind, count(*)::int AS count,"
        " count(*) FILTER (WHERE due::timestamptz < %(now)s)::int AS late, min(due)::timestamptz AS due_at"
        f" FROM (SELECT {KINDS[kind]}) AS {kind}"
        for kind in kinds
    ]
    if not asked:
        return {}
    rows = fetch_rows(" UNION ALL ".join(asked), {"of": organisation_id, "me": user_id, "now": now})
    return {row.kind: Waiting(row.count, row.late, row.due_at) for row in rows if row.count}
