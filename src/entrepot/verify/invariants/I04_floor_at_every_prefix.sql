-- No account with a floor was below it after any of its postings.
WITH moves AS (
    SELECT balance.account_id, balance.floor_minor, posting.id, posting.sequence, posting.amount_minor AS amount
    FROM ledger_balance balance JOIN ledger_posting posting ON posting.destination_id = balance.account_id
    UNION ALL
    SELECT balance.account_id, balance.floor_minor, posting.id, posting.sequence, -posting.amount_minor
    FROM ledger_balance balance JOIN ledger_posting posting ON posting.source_id = balance.account_id
),
prefixes AS (
    SELECT account_id, floor_minor, id, sum(amount) OVER (PARTITION BY account_id ORDER BY sequence) AS level FROM moves
)
SELECT account_id::text AS account, id::text AS posting, level, floor_minor AS floor
FROM prefixes
WHERE level < floor_minor
