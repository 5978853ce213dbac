-- Opening + lines − new reserve + released reserve = payable + carried; a statement opens with what the one before carried.
WITH statements AS (
    SELECT statement.*,
        lag(carried_minor, 1, 0::bigint) OVER (PARTITION BY seller_id, currency ORDER BY period_until) AS carried_before,
        (SELECT coalesce(sum(accrual.amount_minor), 0)
         FROM settlement_statementline placed JOIN settlement_accrual accrual ON accrual.id = placed.accrual_id
         WHERE placed.statement_id = statement.id) AS accrued,
        (SELECT coalesce(sum(kept.amount_minor), 0) FROM settlement_reservehold kept
         WHERE kept.statement_id = statement.id) AS kept,
        (SELECT coalesce(sum(freed.amount_minor), 0) FROM settlement_reservehold freed
         WHERE freed.released_on_id = statement.id) AS freed
    FROM settlement_statement statement
)
SELECT number AS statement, opening_minor, carried_before, lines_minor, accrued, reserved_minor, kept, released_minor,
    freed, payable_minor, carried_minor
FROM statements
WHERE opening_minor + lines_minor - reserved_minor + released_minor <> payable_minor + carried_minor
   OR opening_minor <> carried_before
   OR lines_minor <> accrued
   OR reserved_minor <> kept
   OR released_minor <> freed
