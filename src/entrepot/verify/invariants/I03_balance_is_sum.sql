-- The kept balance of an account, and each of its levels on the way, is the sum of its postings, and every account with a floor has one.
WITH moves AS MATERIALIZED (
    SELECT destination_id AS account_id, sequence, amount_minor AS amount FROM ledger_posting
    UNION ALL
    SELECT source_id, sequence, -amount_minor FROM ledger_posting
),
sums AS (SELECT account_id, sum(amount) AS amount FROM moves GROUP BY account_id),
-- Between a level and the one before it: so many postings, which come to so much.
places AS (SELECT account_id, array_agg(sequence ORDER BY sequence) AS sequences FROM ledger_level GROUP BY account_id),
stretches AS (
    SELECT account_id, width_bucket(moves.sequence - 1, places.sequences) + 1 AS place, count(*) AS postings, sum(amount) AS amount
    FROM moves JOIN places USING (account_id)
    GROUP BY account_id, place
),
levels AS (
    SELECT level.account_id, level.postings, level.balance_minor,
        row_number() OVER account AS place,
        level.postings - lag(level.postings, 1, 0::bigint) OVER account AS more,
        level.balance_minor - lag(level.balance_minor, 1, 0::bigint) OVER account AS gained
    FROM ledger_level level
    WINDOW account AS (PARTITION BY account_id ORDER BY sequence)
)
SELECT balance.account_id::text AS account, balance.balance_minor AS kept, coalesce(sums.amount, 0) AS summed
FROM ledger_balance balance
LEFT JOIN sums ON sums.account_id = balance.account_id
WHERE balance.balance_minor <> coalesce(sums.amount, 0)
UNION ALL
SELECT levels.account_id || ' after ' || levels.postings || ' postings', levels.gained, stretches.amount
FROM levels LEFT JOIN stretches USING (account_id, place)
WHERE (levels.more, levels.gained) IS DISTINCT FROM (stretches.postings, stretches.amount)
UNION ALL
SELECT account.id::text, NULL, NULL
FROM ledger_account account
JOIN (VALUES :floored) AS floored(kind) ON floored.kind = account.kind
LEFT JOIN ledger_balance balance ON balance.account_id = account.id
WHERE balance.account_id IS NULL
