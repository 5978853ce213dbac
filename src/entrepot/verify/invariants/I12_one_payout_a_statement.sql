-- A payable statement has one payout of its amount under a reference of its own; a paid one has left the clearing account exactly once.
WITH cleared AS (
    SELECT journal.source_id AS payout_id,
        coalesce(sum(posting.amount_minor) FILTER (WHERE destination.kind = 'payout_in_transit'), 0) AS entered,
        coalesce(sum(posting.amount_minor) FILTER (WHERE source.kind = 'payout_in_transit'), 0) AS left_it,
        count(*) FILTER (WHERE destination.kind = 'bank') AS arrivals
    FROM ledger_journal journal
    JOIN ledger_posting posting ON posting.journal_id = journal.id
    JOIN ledger_account source ON source.id = posting.source_id
    JOIN ledger_account destination ON destination.id = posting.destination_id
    WHERE journal.source_type = 'payout'
    GROUP BY journal.source_id
)
SELECT statement.number AS statement, statement.payable_minor AS payable, payout.amount_minor AS paid, 'payout' AS what
FROM settlement_statement statement
LEFT JOIN settlement_payout payout ON payout.statement_id = statement.id AND payout.state <> 'failed'
WHERE (payout.id IS NOT NULL AND (payout.amount_minor <> statement.payable_minor
           OR payout.seller_id <> statement.seller_id OR payout.currency <> statement.currency))
   OR (statement.state = 'paid' AND statement.payable_minor > 0 AND (payout.id IS NULL OR payout.state <> 'done'))
   OR (statement.state <> 'paid' AND payout.state = 'done')
UNION ALL
SELECT statement.number, statement.payable_minor, sum(payout.amount_minor), count(*) || ' live payouts'
FROM settlement_payout payout JOIN settlement_statement statement ON statement.id = payout.statement_id
WHERE payout.state <> 'failed'
GROUP BY statement.id, statement.number, statement.payable_minor
HAVING count(*) > 1
UNION ALL
SELECT 'reference ' || provider_reference, NULL, sum(amount_minor), count(*) || ' payouts under one reference'
FROM settlement_payout WHERE provider_reference <> ''
GROUP BY provider_reference
HAVING count(*) > 1
UNION ALL
SELECT statement.number, payout.amount_minor, cleared.left_it,
    payout.state || ', of which ' || coalesce(cleared.entered, 0) || ' entered the clearing account'
FROM settlement_payout payout
JOIN settlement_statement statement ON statement.id = payout.statement_id
LEFT JOIN cleared ON cleared.payout_id = payout.id
WHERE coalesce(cleared.entered, 0) <> CASE payout.state WHEN 'about_to' THEN 0
        WHEN 'failed' THEN coalesce(cleared.left_it, 0) ELSE payout.amount_minor END
   OR coalesce(cleared.left_it, 0) <> CASE payout.state WHEN 'done' THEN payout.amount_minor
        WHEN 'failed' THEN coalesce(cleared.entered, 0) ELSE 0 END
   OR coalesce(cleared.arrivals, 0) <> (payout.state = 'done')::int
