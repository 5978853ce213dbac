-- A provider's message is kept once, and a processed one says what it did.
SELECT provider, event_id, count(*) AS copies, 'kept more than once' AS finding
FROM payments_providerevent
GROUP BY provider, event_id
HAVING count(*) > 1
UNION ALL
SELECT provider, event_id, 1, 'processed without an outcome'
FROM payments_providerevent
WHERE processed_at IS NOT NULL AND outcome = ''
