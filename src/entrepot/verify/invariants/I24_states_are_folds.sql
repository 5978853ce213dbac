-- Counts and states follow from the events: a line's units, a suborder's state, an order's state.
WITH events AS (
    SELECT line_id, sum(quantity) FILTER (WHERE kind = 'cancelled') AS cancelled,
        sum(quantity) FILTER (WHERE kind = 'handed_over') AS shipped,
        sum(quantity) FILTER (WHERE kind = 'delivered') AS delivered,
        sum(quantity) FILTER (WHERE kind = 'lost') AS lost,
        sum(quantity) FILTER (WHERE kind = 'return_received') AS returned
    FROM orders_orderevent
    WHERE line_id IS NOT NULL
    GROUP BY line_id
),
units AS (
    SELECT suborder_id, sum(quantity - cancelled_qty) AS live, sum(shipped_qty) AS shipped,
        sum(delivered_qty) AS delivered, sum(lost_qty) AS lost
    FROM orders_orderline
    GROUP BY suborder_id
)
SELECT line.id::text AS subject, 'line' AS what,
    concat_ws('/', line.cancelled_qty, line.shipped_qty, line.delivered_qty, line.lost_qty, line.returned_qty) AS stated,
    concat_ws('/', coalesce(cancelled, 0), coalesce(shipped, 0), coalesce(delivered, 0), coalesce(lost, 0),
        coalesce(returned, 0)) AS folded
FROM orders_orderline line
LEFT JOIN events ON events.line_id = line.id
WHERE (line.cancelled_qty, line.shipped_qty, line.delivered_qty, line.lost_qty, line.returned_qty)
    <> (coalesce(cancelled, 0), coalesce(shipped, 0), coalesce(delivered, 0), coalesce(lost, 0), coalesce(returned, 0))
UNION ALL
SELECT suborder.id::text, 'suborder', suborder.state, folded.state
FROM orders_suborder suborder
JOIN units ON units.suborder_id = suborder.id
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN live = 0 THEN 'cancelled'
        WHEN delivered + lost = live THEN CASE WHEN delivered > 0 THEN 'delivered' ELSE 'lost' END
        WHEN shipped = live THEN 'shipped'
        ELSE 'open'
    END AS state
) folded
JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state = 'placed'
WHERE suborder.state <> folded.state
UNION ALL
SELECT ordered.id::text, 'order', ordered.state, coalesce(string_agg(event.kind, ', '), 'no event')
FROM orders_order ordered
LEFT JOIN orders_orderevent event ON event.order_id = ordered.id AND event.kind IN ('placed', 'declined')
WHERE ordered.state <> 'pending'
GROUP BY ordered.id, ordered.state
HAVING count(event.id) <> 1 OR min(event.kind) <> ordered.state
