-- Every finished money event has exactly one journal of its kind and its amount, no journal is without its event, and what touches a seller is an accrual.
WITH events AS (
    SELECT 'capture' AS kind, call.id AS source_id, part.line_id, part.amount_minor AS amount
    FROM payments_capture call JOIN payments_captureline part ON part.capture_id = call.id
    WHERE call.state = 'done'
    UNION ALL
    SELECT 'refund', call.id, part.line_id, part.amount_minor
    FROM payments_refund call
    JOIN payments_refundline part ON part.refund_id = call.id
    WHERE call.state = 'done'
    UNION ALL
    SELECT 'reserve', id, NULL, reserved_minor FROM settlement_statement
    UNION ALL
    SELECT 'release', id, NULL, released_minor FROM settlement_statement
    UNION ALL
    SELECT step.kind, payout.id, NULL, payout.amount_minor
    FROM settlement_payout payout
    LEFT JOIN ledger_journal returned ON returned.source_type = 'payout' AND returned.source_id = payout.id
        AND returned.kind = 'payout_failed'
    JOIN (VALUES ('in_transit', 'payout'), ('done', 'payout'), ('done', 'payout_confirmed'),
        ('failed', 'payout'), ('failed', 'payout_failed')) AS step(state, kind) ON step.state = payout.state
    WHERE payout.state <> 'failed' OR returned.id IS NOT NULL  -- what the provider refused was never sent
),
-- Beside each other: what events say and what is booked, of payments line by line.
sides AS (
    SELECT kind, source_id, line_id, amount AS stated, 0 AS booked FROM events
    UNION ALL
    SELECT journal.kind, journal.source_id,
        CASE WHEN journal.kind IN ('capture', 'refund') THEN posting.subject_id END, 0, posting.amount_minor
    FROM ledger_journal journal JOIN ledger_posting posting ON posting.journal_id = journal.id
    WHERE journal.kind IN ('capture', 'refund', 'reserve', 'release', 'payout', 'payout_confirmed', 'payout_failed')
),
-- Which kinds of journal an event may have, and the events that there are.
may AS (
    SELECT * FROM (VALUES ('capture', 'capture'), ('refund', 'refund'), ('statement', 'reserve'), ('statement', 'release'),
        ('payout', 'payout'), ('payout', 'payout_confirmed'), ('payout', 'payout_failed'), ('movement', 'receipt'),
        ('parcel', 'handover'), ('parcel', 'reversal'), ('parcel', 'liability'), ('parcel_line', 'accrual'),
        ('parcel_line', 'period'), ('return_case', 'reversal'), ('return_case', 'liability'),
        ('movement', 'adjustment'), ('approval', 'correction'),
        ('shipment_cost', 'landing'), ('shipment_cost', 'inbound_charge'),
        ('vendor_return', 'vendor_return'), ('carrier_bill_line', 'carrier_bill'),
        ('carrier_payment', 'carrier_payment')) AS pairs(source_type, kind)
),
known AS (
    SELECT 'capture' AS source_type, id FROM payments_capture
    UNION ALL SELECT 'refund', id FROM payments_refund
    UNION ALL SELECT 'statement', id FROM settlement_statement
    UNION ALL SELECT 'payout', id FROM settlement_payout
    UNION ALL SELECT 'movement', id FROM inventory_movement
    UNION ALL SELECT 'parcel', id FROM logistics_parcel WHERE direction = 'outbound' AND handed_over_at IS NOT NULL
    UNION ALL SELECT 'parcel_line', id FROM logistics_parcelline WHERE first_unit IS NOT NULL
    UNION ALL SELECT 'return_case', id FROM aftersales_returncase
    UNION ALL SELECT 'shipment_cost', id FROM inbound_shipmentcost
    UNION ALL SELECT 'vendor_return', id FROM inbound_vendorreturn WHERE state IN ('handed_over', 'disposed')
    UNION ALL SELECT 'carrier_bill_line', id FROM logistics_carrierbillline WHERE state = 'accepted'
    UNION ALL SELECT 'carrier_payment', id FROM logistics_carrierpayment
    UNION ALL SELECT 'approval', id FROM kernel_approval WHERE status = 'approved' AND decided_by <> requested_by
),
-- Of what a parcel costs, the share that these books carry: where the seller is its own carrier, what others pay of it.
carriage AS (
    SELECT parcel.id, parcel.cost_minor, count(*) AS lines, max(coalesce((payer ->> 'platform')::numeric, 0) + coalesce(
        (payer ->> CASE terms.body #>> '{duties,last_mile,performer}' WHEN 'seller' THEN 'third_party' ELSE 'seller' END
        )::numeric, 0)) AS share
    FROM logistics_parcel parcel
    JOIN logistics_parcelline part ON part.parcel_id = parcel.id
    JOIN orders_orderline line ON line.id = part.line_id
    JOIN terms_termssnapshot terms ON terms.digest = line.terms_id
    CROSS JOIN LATERAL (SELECT terms.body #> '{duties,last_mile,payer}' AS payer) duty
    WHERE parcel.direction = 'outbound' AND parcel.handed_over_at IS NOT NULL AND parcel.cost_minor > 0
    GROUP BY parcel.id, parcel.cost_minor
)
SELECT kind || ' ' || source_id || coalesce(' line ' || line_id, '') AS subject, 'booked otherwise' AS finding,
    sum(stated) AS stated, sum(booked) AS booked
FROM sides
GROUP BY kind, source_id, line_id
HAVING sum(stated) <> sum(booked)
UNION ALL
SELECT journal.kind || ' ' || journal.id, 'no such event: ' || journal.source_type || ' ' || journal.source_id, NULL, NULL
FROM ledger_journal journal
LEFT JOIN known ON known.source_type = journal.source_type AND known.id = journal.source_id
LEFT JOIN may ON may.source_type = journal.source_type AND may.kind = journal.kind
WHERE known.id IS NULL OR may.kind IS NULL
UNION ALL
SELECT kind || ' of ' || source_type || ' ' || source_id, 'booked more than once', 1, count(*)
FROM ledger_journal GROUP BY source_type, source_id, kind HAVING count(*) > 1
UNION ALL
SELECT 'parcel ' || carriage.id, 'handed over, and its carriage is not booked', carriage.cost_minor, 0
FROM carriage
LEFT JOIN ledger_journal journal ON journal.source_type = 'parcel' AND journal.source_id = carriage.id
    AND journal.kind = 'handover'
WHERE journal.id IS NULL AND carriage.share * carriage.cost_minor >= 2 * carriage.lines
UNION ALL
SELECT 'parcel line ' || part.id, 'delivered and paid for, and nothing accrued', part.quantity, 0
FROM logistics_parcelline part
JOIN logistics_parcel parcel ON parcel.id = part.parcel_id AND parcel.direction = 'outbound' AND parcel.state = 'delivered'
JOIN orders_orderline line ON line.id = part.line_id AND line.total_minor >= line.quantity
JOIN terms_termssnapshot terms ON terms.digest = line.terms_id
JOIN payments_captureline taken ON taken.line_id = part.line_id
JOIN payments_capture call ON call.id = taken.capture_id AND call.state = 'done'
    AND call.source_id IN (parcel.id, parcel.reference_id)
LEFT JOIN ledger_journal journal ON journal.source_type = 'parcel_line' AND journal.source_id = part.id
WHERE journal.id IS NULL AND terms.body #>> '{earning,accrues_on}' <> 'period'
UNION ALL
SELECT coalesce('accrual ' || accrual.id, 'posting ' || touched.id), 'accrual and posting are not of one amount',
    accrual.amount_minor, touched.amount
FROM settlement_accrual accrual
FULL JOIN (
    SELECT posting.id, posting.journal_id, posting.currency,
        CASE WHEN destination.kind = 'seller_payable' THEN destination.owner_id ELSE source.owner_id END AS seller_id,
        CASE WHEN destination.kind = 'seller_payable' THEN posting.amount_minor ELSE -posting.amount_minor END AS amount
    FROM ledger_posting posting
    JOIN ledger_journal journal ON journal.id = posting.journal_id AND journal.source_type NOT IN ('statement', 'payout')
    JOIN ledger_account source ON source.id = posting.source_id
    JOIN ledger_account destination ON destination.id = posting.destination_id
    WHERE (source.kind = 'seller_payable') <> (destination.kind = 'seller_payable')
) touched ON touched.id = accrual.posting_id
WHERE (accrual.journal_id, accrual.currency, accrual.seller_id, accrual.amount_minor)
    IS DISTINCT FROM (touched.journal_id, touched.currency, touched.seller_id, touched.amount)
