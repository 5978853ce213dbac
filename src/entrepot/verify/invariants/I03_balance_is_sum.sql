-- The kept balance of an account is the sum of its postings.
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
