-- A placed order has its event, and no event waits for more than a day.
SELECT event.id::text AS event, event.topic, 'waits since ' || event.created_at AS finding
FROM kernel_outboxevent event
WHERE event.status = 'pending' AND event.created_at < :now - interval '1 day'
UNION ALL
SELECT event.id::text, event.topic, 'dead without a reason'
FROM kernel_outboxevent event
WHERE event.status = 'dead' AND event.failure = ''
UNION ALL
SELECT ordered.id::text, 'order.placed', count(event.id) || ' events'
FROM orders_order ordered
LEFT JOIN kernel_outboxevent event ON event.subject_id = ordered.id AND event.topic = 'order.placed'
WHERE ordered.state = 'placed'
GROUP BY ordered.id
HAVING count(event.id) <> 1
