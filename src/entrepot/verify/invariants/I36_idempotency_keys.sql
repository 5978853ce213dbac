-- A principal's key stands once; a finished one has its answer, and none runs for more than an hour.
SELECT principal, key, 'used ' || count(*) || ' times' AS finding
FROM kernel_idempotencykey
GROUP BY principal, key
HAVING count(*) > 1
UNION ALL
SELECT principal, key, 'finished without an answer'
FROM kernel_idempotencykey
WHERE (finished_at IS NULL) <> (response_status IS NULL)
UNION ALL
SELECT principal, key, 'runs since ' || created_at
FROM kernel_idempotencykey
WHERE finished_at IS NULL AND created_at < :now - interval '1 hour'
