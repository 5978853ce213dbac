-- What is reserved is the sum of the active holds, what is set aside the sum of the allotments; both fit into on hand.
SELECT stock.id::text AS stock, stock.on_hand, stock.reserved, coalesce(held.units, 0) AS held, stock.allotted,
    coalesce(kept.units, 0) AS set_aside
FROM inventory_stock stock
LEFT JOIN (
    SELECT stock_id, sum(quantity) AS units FROM inventory_hold WHERE state = 'active' GROUP BY stock_id
) held ON held.stock_id = stock.id
LEFT JOIN (
    SELECT stock_id, sum(quantity) AS units FROM inventory_allotment GROUP BY stock_id
) kept ON kept.stock_id = stock.id
WHERE stock.reserved <> coalesce(held.units, 0) OR stock.allotted <> coalesce(kept.units, 0)
   OR least(stock.reserved, stock.allotted) < 0 OR stock.reserved + stock.allotted > stock.on_hand
