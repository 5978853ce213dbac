-- Where a node has places, the units that stand at them come to what is on hand, and each place's to its moves.
SELECT 'stock ' || stock.id AS subject, stock.on_hand || ' on hand, ' || coalesce(sum(units.quantity), 0)
    || ' at places' AS finding
FROM inventory_stock stock LEFT JOIN inventory_placeunits units ON units.stock_id = stock.id
GROUP BY stock.id
HAVING coalesce(sum(units.quantity), 0) <> CASE WHEN stock.is_placed THEN stock.on_hand ELSE 0 END
    OR stock.is_placed <> EXISTS (SELECT FROM inventory_place place WHERE place.node_id = stock.node_id)
UNION ALL
SELECT 'stock ' || units.stock_id || ' at place ' || units.place_id,
    units.quantity || ' there, moves ' || coalesce(sum(moved.quantity), 0)
FROM inventory_placeunits units LEFT JOIN (
    SELECT stock_id, to_place_id AS place_id, quantity FROM inventory_placemove WHERE to_place_id IS NOT NULL
    UNION ALL
    SELECT stock_id, from_place_id, -quantity FROM inventory_placemove WHERE from_place_id IS NOT NULL
) moved USING (stock_id, place_id)
GROUP BY units.id HAVING units.quantity <> coalesce(sum(moved.quantity), 0)
UNION ALL
SELECT 'stock ' || units.stock_id || ' at place ' || units.place_id, 'the place is at another node'
FROM inventory_placeunits units JOIN inventory_stock stock ON stock.id = units.stock_id
JOIN inventory_place place ON place.id = units.place_id WHERE place.node_id <> stock.node_id
UNION ALL
SELECT 'stock ' || units.stock_id || ' at place ' || units.place_id,
    sum(held.quantity) || ' kept from sale, ' || units.quantity || ' there'
FROM inventory_placeunits units JOIN inventory_hold held ON held.owner_id = units.id AND held.state = 'active'
GROUP BY units.id HAVING sum(held.quantity) > units.quantity
