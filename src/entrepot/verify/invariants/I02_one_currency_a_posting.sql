-- A posting stays within one currency, so that each trial balance is zero; of what came to rest, clearing accounts hold nothing.
WITH clearing AS (
    SELECT id, kind, currency FROM ledger_account WHERE kind IN ('shopper_funds', 'payout_in_transit')
),
moves AS (
    SELECT clearing.kind, clearing.currency, posting.subject_id, posting.amount_minor AS amount
    FROM clearing JOIN ledger_posting posting ON posting.destination_id = clearing.id
    UNION ALL
    SELECT clearing.kind, clearing.currency, posting.subject_id, -posting.amount_minor
    FROM clearing JOIN ledger_posting posting ON posting.source_id = clearing.id
),
funds AS (
    SELECT subject_id AS line_id, sum(amount) AS amount
    FROM moves WHERE kind = 'shopper_funds' GROUP BY subject_id HAVING sum(amount) <> 0
),
-- Lines of which something is still to come: units, a refund's answer, the end of a period or of a wait for money.
waiting AS (
    SELECT id AS line_id FROM orders_orderline WHERE quantity > cancelled_qty + delivered_qty + lost_qty
    UNION
    SELECT part.line_id
    FROM payments_refundline part
    JOIN payments_refund refund ON refund.id = part.refund_id AND refund.state <> 'done'
    UNION
    SELECT part.line_id
    FROM logistics_parcelline part
    JOIN logistics_parcel parcel ON parcel.id = part.parcel_id
    LEFT JOIN ledger_journal journal ON journal.source_type = 'parcel_line' AND journal.source_id = part.id
    WHERE parcel.direction = 'outbound' AND parcel.state = 'delivered' AND journal.id IS NULL
),
transit AS (
    SELECT currency, sum(amount) AS amount FROM moves WHERE kind = 'payout_in_transit' GROUP BY currency
),
payouts AS (
    SELECT currency, sum(amount_minor) AS amount FROM settlement_payout WHERE state = 'in_transit' GROUP BY currency
)
SELECT 'posting ' || posting.id AS subject, 'accounts in ' || source.currency || ' and ' || destination.currency
    || ', posting in ' || posting.currency AS finding, posting.amount_minor AS amount
FROM ledger_posting posting
JOIN ledger_account source ON source.id = posting.source_id
JOIN ledger_account destination ON destination.id = posting.destination_id
WHERE source.currency <> posting.currency OR destination.currency <> posting.currency
UNION ALL
SELECT 'line ' || funds.line_id, CASE WHEN funds.amount < 0 THEN 'more left the shoppers'' funds than came in'
    ELSE 'came to rest, and the shoppers'' funds still hold money for it' END, funds.amount
FROM funds
LEFT JOIN waiting ON waiting.line_id = funds.line_id
WHERE funds.amount < 0 OR waiting.line_id IS NULL
UNION ALL
SELECT 'payouts in ' || coalesce(transit.currency, payouts.currency), 'in transit are other sums than on their way: '
    || coalesce(payouts.amount, 0), coalesce(transit.amount, 0)
FROM transit FULL JOIN payouts ON payouts.currency = transit.currency
WHERE coalesce(transit.amount, 0) <> coalesce(payouts.amount, 0)
