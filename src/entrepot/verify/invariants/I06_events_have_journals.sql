-- Every finished money event has its journal of its amount, a journal has its event, an accrual has its posting's amount.
WITH booked AS (
    SELECT journal.source_type, journal.source_id, journal.kind, sum(posting.amount_minor) AS amount
    FROM ledger_journal journal JOIN ledger_posting posting ON posting.journal_id = journal.id
    WHERE journal.kind IN ('capture', 'refund', 'reserve', 'release', 'payout', 'payout_confirmed')
    GROUP BY 1, 2, 3
),
events AS (
    SELECT 'capture' AS source_type, id, 'capture' AS kind, amount_minor AS amount
    FROM payments_capture WHERE state = 'done'
    UNION ALL
    SELECT 'refund', id, 'refund', amount_minor FROM payments_refund WHERE state = 'done'
    UNION ALL
    SELECT 'statement', id, 'reserve', reserved_minor FROM settlement_statement
    UNION ALL
    SELECT 'statement', id, 'release', released_minor FROM settlement_statement
    UNION ALL
    SELECT 'payout', id, 'payout', amount_minor FROM settlement_payout WHERE state IN ('in_transit', 'done')
    UNION ALL
    SELECT 'payout', id, 'payout_confirmed', amount_minor FROM settlement_payout WHERE state = 'done'
)
SELECT events.kind || ' ' || events.id AS subject, 'booked otherwise' AS finding, events.amount AS stated,
    coalesce(booked.amount, 0) AS booked
FROM events
LEFT JOIN booked ON booked.source_type = events.source_type AND booked.source_id = events.id AND booked.kind = events.kind
WHERE events.amount <> coalesce(booked.amount, 0)
UNION ALL
SELECT journal.kind || ' ' || journal.id, 'no such event: ' || journal.source_type || ' ' || journal.source_id, NULL, NULL
FROM ledger_journal journal
WHERE NOT CASE journal.source_type
    WHEN 'capture' THEN EXISTS (SELECT FROM payments_capture WHERE id = journal.source_id)
    WHEN 'refund' THEN EXISTS (SELECT FROM payments_refund WHERE id = journal.source_id)
    WHEN 'parcel' THEN EXISTS (SELECT FROM logistics_parcel WHERE id = journal.source_id)
    WHEN 'parcel_line' THEN EXISTS (SELECT FROM logistics_parcelline WHERE id = journal.source_id)
    WHEN 'return_case' THEN EXISTS (SELECT FROM aftersales_returncase WHERE id = journal.source_id)
    WHEN 'movement' THEN EXISTS (SELECT FROM inventory_movement WHERE id = journal.source_id)
    WHEN 'statement' THEN EXISTS (SELECT FROM settlement_statement WHERE id = journal.source_id)
    WHEN 'payout' THEN EXISTS (SELECT FROM settlement_payout WHERE id = journal.source_id)
    ELSE false
END
UNION ALL
SELECT 'accrual ' || accrual.id, 'not what was posted', accrual.amount_minor, posting.amount_minor
FROM settlement_accrual accrual
JOIN ledger_posting posting ON posting.id = accrual.posting_id
JOIN ledger_account source ON source.id = posting.source_id
JOIN ledger_account destination ON destination.id = posting.destination_id
WHERE accrual.journal_id <> posting.journal_id OR accrual.currency <> posting.currency
   OR accrual.amount_minor <> CASE
        WHEN destination.kind = 'seller_payable' AND destination.owner_id = accrual.seller_id THEN posting.amount_minor
        WHEN source.kind = 'seller_payable' AND source.owner_id = accrual.seller_id THEN -posting.amount_minor
        ELSE 0
    END
