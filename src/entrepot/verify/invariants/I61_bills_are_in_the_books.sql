-- What the books hold as billed by carriers is what was accepted of their bills, line by line, less what was paid.
WITH booked AS (
    SELECT journal.source_type, journal.source_id, account.currency, account.label,
        sum(CASE WHEN account.id = posting.destination_id THEN posting.amount_minor ELSE -posting.amount_minor END)
            AS amount
    FROM ledger_account account
    JOIN ledger_posting posting ON account.id IN (posting.source_id, posting.destination_id)
    JOIN ledger_journal journal ON journal.id = posting.journal_id
    WHERE account.kind = 'carrier_billed'
    GROUP BY 1, 2, 3, 4
),
due AS (
    SELECT 'carrier_bill_line' AS source_type, line.id AS source_id, bill.currency, bill.carrier AS label,
        line.amount_minor AS amount
    FROM logistics_carrierbillline line JOIN logistics_carrierbill bill ON bill.id = line.bill_id
    WHERE line.state = 'accepted' AND line.amount_minor <> 0
    UNION ALL
    SELECT 'carrier_payment', id, currency, carrier, -amount_minor FROM logistics_carrierpayment
)
SELECT coalesce(due.source_type, booked.source_type) || ' ' || coalesce(due.source_id, booked.source_id) AS subject,
    'due ' || coalesce(due.amount, 0) || ', booked ' || coalesce(booked.amount, 0) AS finding
FROM due FULL JOIN booked USING (source_type, source_id, currency, label)
WHERE coalesce(due.amount, 0) <> coalesce(booked.amount, 0)
