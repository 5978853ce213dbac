-- What is on hand is the sum of its movements.
SELECT stock.id::text AS stock, stock.on_hand, coalesce(sum(movement.quantity), 0) AS moved
FROM inventory_stock stock
LEFT JOIN inventory_movement movement ON movement.stock_id = stock.id
GROUP BY stock.id
HAVING stock.on_hand <> coalesce(sum(movement.quantity), 0)
