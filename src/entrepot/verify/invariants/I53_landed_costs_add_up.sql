-- A landed cost is its bills, every bill is shared out whole, what the marketplace paid is in its books, and what the seller owes of it has accrued.
SELECT 'landed cost ' || landed.id AS subject,
    landed.total_minor || ' ' || landed.currency || ', bills ' || coalesce(sum(bill.amount_minor), 0) AS finding
FROM inbound_landedcost landed LEFT JOIN inbound_landedbill bill ON bill.landed_cost_id = landed.id
GROUP BY landed.id HAVING landed.total_minor <> coalesce(sum(bill.amount_minor), 0)
UNION ALL
SELECT 'landed bill ' || bill.id, bill.amount_minor || ', shared ' || coalesce(sum(share.amount_minor), 0)
FROM inbound_landedbill bill LEFT JOIN inbound_landedshare share ON share.bill_id = bill.id
GROUP BY bill.id HAVING bill.amount_minor <> coalesce(sum(share.amount_minor), 0)
UNION ALL
SELECT 'landed bill ' || bill.id, bill.amount_minor || ', of ' || cost.amount_minor || ' ' || cost.currency
FROM inbound_landedbill bill JOIN inbound_shipmentcost cost ON cost.id = bill.cost_id
JOIN inbound_landedcost landed ON landed.id = bill.landed_cost_id
WHERE cost.shipment_id <> landed.shipment_id
    OR (cost.currency = landed.currency AND cost.amount_minor <> bill.amount_minor)
UNION ALL
SELECT 'landed share ' || share.id, share.quantity || ' units, put away ' || coalesce(sum(away.quantity), 0)
FROM inbound_landedshare share JOIN inbound_landedbill bill ON bill.id = share.bill_id
JOIN inbound_landedcost landed ON landed.id = bill.landed_cost_id
LEFT JOIN inbound_putaway away ON away.shipment_id = landed.shipment_id AND away.sku_id = share.sku_id
GROUP BY share.id HAVING share.quantity <> coalesce(sum(away.quantity), 0)
UNION ALL
SELECT 'bill ' || cost.id, 'paid by the ' || cost.paid_by || ', ' || cost.amount_minor || ', booked '
    || coalesce(sum(CASE WHEN source.kind = 'carrier_payable' THEN -posting.amount_minor ELSE posting.amount_minor END), 0)
FROM inbound_shipmentcost cost
LEFT JOIN ledger_journal journal ON journal.kind = 'landing' AND journal.source_type = 'shipment_cost'
    AND journal.source_id = cost.id
LEFT JOIN ledger_posting posting ON posting.journal_id = journal.id
LEFT JOIN ledger_account source ON source.id = posting.source_id
GROUP BY cost.id
HAVING coalesce(sum(CASE WHEN source.kind = 'carrier_payable' THEN -posting.amount_minor ELSE posting.amount_minor END), 0)
    <> CASE cost.paid_by WHEN 'platform' THEN cost.amount_minor ELSE 0 END
UNION ALL
SELECT 'bill ' || cost.id, cost.seller_minor || ' of it is the seller''s, accrued '
    || coalesce(-sum(accrual.market_minor), 0)
FROM inbound_shipmentcost cost
JOIN inbound_shipment shipment ON shipment.id = cost.shipment_id
LEFT JOIN settlement_accrual accrual ON accrual.event_kind = 'inbound_cost' AND accrual.event_id = cost.id
    AND accrual.seller_id = shipment.seller_id AND accrual.market_currency = cost.currency
GROUP BY cost.id HAVING cost.seller_minor <> coalesce(-sum(accrual.market_minor), 0)
