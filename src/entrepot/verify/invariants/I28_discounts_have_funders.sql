-- A line's discount lies within its list price and is the sum of its funders' shares.
SELECT line.id::text AS line, line.list_minor, line.discount_minor, coalesce(sum(part.amount_minor), 0) AS funded
FROM orders_orderline line
LEFT JOIN orders_adjustment part ON part.line_id = line.id
GROUP BY line.id, line.list_minor, line.discount_minor
HAVING line.discount_minor <> coalesce(sum(part.amount_minor), 0)
    OR line.discount_minor < 0
    OR line.discount_minor > line.list_minor
