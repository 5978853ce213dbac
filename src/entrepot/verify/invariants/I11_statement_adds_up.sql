-- Opening + lines − new reserve + released reserve = payable + carried; a statement opens with what the one before carried.
WITH accrued AS (
    SELECT placed.statement_id, sum(accrual.amount_minor) AS amount
    FROM settlement_statementline placed JOIN settlement_accrual accrual ON accrual.id = placed.accrual_id
    GROUP BY placed.statement_id
),
kept AS (
    SELECT statement_id, sum(amount_minor) AS amount FROM settlement_reservehold GROUP BY statement_id
),
freed AS (
    SELECT released_on_id AS statement_id, sum(amount_minor) AS amount
    FROM settlement_reservehold WHERE released_on_id IS NOT NULL GROUP BY released_on_id
),
statements AS (
    SELECT statement.*, coalesce(accrued.amount, 0) AS accrued, coalesce(kept.amount, 0) AS kept,
        coalesce(freed.amount, 0) AS freed,
        lag(carried_minor, 1, 0::bigint) OVER (PARTITION BY seller_id, currency ORDER BY period_until) AS carried_before
    FROM settlement_statement statement
    LEFT JOIN accrued ON accrued.statement_id = statement.id
    LEFT JOIN kept ON kept.statement_id = statement.id
    LEFT JOIN freed ON freed.statement_id = statement.id
)
SELECT number AS statement, opening_minor, carried_before, lines_minor, accrued, reserved_minor, kept, released_minor,
    freed, payable_minor, carried_minor
FROM statements
WHERE opening_minor + lines_minor - reserved_minor + released_minor <> payable_minor + carried_minor
   OR opening_minor <> carried_before
   OR lines_minor <> accrued
   OR reserved_minor <> kept
   OR released_minor <> freed
