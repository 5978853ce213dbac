-- The kept balance of an account is the sum of its postings, and every account with a floor has one.
WITH sums AS (
    SELECT account_id, sum(amount) AS amount
    FROM (
        SELECT destination_id AS account_id, amount_minor AS amount FROM ledger_posting
        UNION ALL
        SELECT source_id, -amount_minor FROM ledger_posting
    ) moves
    GROUP BY account_id
)
SELECT balance.account_id::text AS account, balance.balance_minor AS kept, coalesce(sums.amount, 0) AS summed
FROM ledger_balance balance
LEFT JOIN sums ON sums.account_id = balance.account_id
WHERE balance.balance_minor <> coalesce(sums.amount, 0)
UNION ALL
SELECT account.id::text, NULL, NULL
FROM ledger_account account
JOIN (VALUES :floored) AS floored(kind) ON floored.kind = account.kind
LEFT JOIN ledger_balance balance ON balance.account_id = account.id
WHERE balance.account_id IS NULL
