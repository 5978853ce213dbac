-- What is done between us and the test card's provider stands in its own book with the same amount and currency, and the reverse.
WITH calls AS (
    SELECT 'capture' AS act, id, payment_id, attempt, amount_minor, state FROM payments_capture
    UNION ALL
    SELECT 'refund', id, payment_id, attempt, amount_minor, state FROM payments_refund
    UNION ALL
    SELECT 'void', id, payment_id, attempt, amount_minor, state FROM payments_void
),
ours AS (
    SELECT 'authorise:' || id || ':1' AS key, amount_minor, currency, 'done' AS state
    FROM payments_payment
    WHERE provider = 'sandbox' AND state = 'authorised' AND amount_minor > 0
    UNION ALL
    SELECT calls.act || ':' || calls.id || ':' || calls.attempt, calls.amount_minor, payment.currency, calls.state
    FROM calls JOIN payments_payment payment ON payment.id = calls.payment_id
    WHERE payment.provider = 'sandbox' AND calls.amount_minor > 0
),
theirs AS (
    SELECT key, act, amount_minor, currency FROM payments_sandboxcharge WHERE state = 'approved'
)
SELECT coalesce(ours.key, theirs.key) AS call, ours.state, ours.amount_minor AS ours, theirs.amount_minor AS theirs
FROM ours FULL JOIN theirs ON theirs.key = ours.key
WHERE (ours.state = 'done' AND (theirs.amount_minor, theirs.currency) IS DISTINCT FROM (ours.amount_minor, ours.currency))
   OR (ours.state = 'failed' AND theirs.key IS NOT NULL)
   OR (ours.key IS NULL AND theirs.act IN ('capture', 'refund', 'void'))
