-- An accrual due by a statement's cut-off is on a statement of its seller and currency, and on one only; those on none are listed as such.
WITH unplaced AS MATERIALIZED (
    SELECT accrual.*
    FROM settlement_accrual accrual LEFT JOIN settlement_statementline placed ON placed.accrual_id = accrual.id
    WHERE placed.id IS NULL
)
SELECT accrual.id::text AS accrual, 'on a statement of another seller or currency' AS finding
FROM settlement_statementline placed
JOIN settlement_accrual accrual ON accrual.id = placed.accrual_id
JOIN settlement_statement statement ON statement.id = placed.statement_id
WHERE accrual.seller_id <> statement.seller_id OR accrual.currency <> statement.currency
UNION ALL
SELECT accrual_id::text, 'on ' || count(*) || ' statements'
FROM settlement_statementline
GROUP BY accrual_id
HAVING count(*) > 1
UNION ALL
SELECT accrual.id::text, 'due before the cut-off of a later statement and on none'
FROM unplaced accrual
WHERE EXISTS (
    SELECT FROM settlement_statement statement
    WHERE statement.seller_id = accrual.seller_id AND statement.currency = accrual.currency
      AND statement.period_until >= accrual.eligible_at AND statement.created_at > accrual.created_at
)
UNION ALL
SELECT coalesce(unplaced.id, unstated.accrual_id)::text, CASE WHEN unstated.accrual_id IS NULL THEN 'on no statement and not listed as such'
    WHEN unplaced.id IS NULL THEN 'listed as on no statement, and on one' ELSE 'listed otherwise than it accrued' END
FROM unplaced FULL JOIN settlement_unstated unstated ON unstated.accrual_id = unplaced.id
WHERE (unplaced.id, unplaced.seller_id, unplaced.currency, unplaced.amount_minor, unplaced.eligible_at)
    IS DISTINCT FROM (unstated.accrual_id, unstated.seller_id, unstated.currency, unstated.amount_minor, unstated.eligible_at)
