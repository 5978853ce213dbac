-- Shipped ≤ ordered − cancelled, returned ≤ delivered ≤ shipped; what left and what is still held are the line's units.
SELECT line.id::text AS line, 'quantities' AS what, line.quantity, line.shipped_qty AS units
FROM orders_orderline line
WHERE line.shipped_qty > line.quantity - line.cancelled_qty
   OR line.delivered_qty > line.shipped_qty
   OR line.returned_qty > line.delivered_qty
UNION ALL
SELECT line.id::text, 'shipped movements', line.shipped_qty * part.quantity, coalesce(moved.units, 0)
FROM orders_orderline line
JOIN catalogue_skucomponent part ON part.sku_id = line.sku_id
LEFT JOIN (
    SELECT movement.subject_id, stock.sku_id, -sum(movement.quantity) AS units
    FROM inventory_movement movement
    JOIN inventory_stock stock ON stock.id = movement.stock_id
    WHERE movement.kind = 'shipped'
    GROUP BY movement.subject_id, stock.sku_id
) moved ON moved.subject_id = line.id AND moved.sku_id = part.component_id
WHERE coalesce(moved.units, 0) <> line.shipped_qty * part.quantity
UNION ALL
SELECT line.id::text, 'held units', (line.quantity - line.cancelled_qty - line.shipped_qty) * part.quantity,
    coalesce(held.units, 0)
FROM orders_orderline line
JOIN orders_order ordered ON ordered.id = line.order_id AND ordered.state = 'placed'
JOIN catalogue_skucomponent part ON part.sku_id = line.sku_id
LEFT JOIN (
    SELECT kept.owner_id, stock.sku_id, sum(kept.quantity) AS units
    FROM inventory_hold kept
    JOIN inventory_stock stock ON stock.id = kept.stock_id
    WHERE kept.state = 'active'
    GROUP BY kept.owner_id, stock.sku_id
) held ON held.owner_id = line.id AND held.sku_id = part.component_id
WHERE coalesce(held.units, 0) <> (line.quantity - line.cancelled_qty - line.shipped_qty) * part.quantity
