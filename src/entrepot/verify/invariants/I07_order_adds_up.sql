-- An order's total is the sum of the lines that were ordered, a line's captures are its proportional share, a capture is its lines.
SELECT ordered.id::text AS subject, 'order total' AS what, ordered.total_minor AS stated, sum(line.total_minor) AS summed
FROM orders_order ordered
LEFT JOIN orders_orderline line ON line.order_id = ordered.id AND line.replaces_id IS NULL
GROUP BY ordered.id, ordered.total_minor
HAVING ordered.total_minor <> coalesce(sum(line.total_minor), 0)
UNION ALL
SELECT capture.id::text, 'capture', capture.amount_minor, sum(part.amount_minor)
FROM payments_capture capture
LEFT JOIN payments_captureline part ON part.capture_id = capture.id
GROUP BY capture.id, capture.amount_minor
HAVING capture.amount_minor <> coalesce(sum(part.amount_minor), 0)
UNION ALL
SELECT line.id::text, 'captured beyond the line', line.total_minor, sum(part.amount_minor)
FROM orders_orderline line
JOIN payments_captureline part ON part.line_id = line.id
JOIN payments_capture capture ON capture.id = part.capture_id AND capture.state <> 'failed'
GROUP BY line.id, line.total_minor, line.quantity
HAVING sum(part.quantity) > line.quantity
    OR sum(part.amount_minor) > line.total_minor
    OR (sum(part.quantity) = line.quantity AND sum(part.amount_minor) <> line.total_minor)
