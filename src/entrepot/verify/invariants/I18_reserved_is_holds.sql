-- What is reserved is the sum of the active holds, and within what is on hand.
SELECT stock.id::text AS stock, stock.on_hand, stock.reserved, coalesce(sum(held.quantity), 0) AS held
FROM inventory_stock stock
LEFT JOIN inventory_hold held ON held.stock_id = stock.id AND held.state = 'active'
GROUP BY stock.id
HAVING stock.reserved <> coalesce(sum(held.quantity), 0) OR stock.reserved < 0 OR stock.reserved > stock.on_hand
