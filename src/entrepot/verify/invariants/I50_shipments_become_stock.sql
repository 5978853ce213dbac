-- What a shipment brought into stock is what was put away of it, of what was counted, and not more than was announced unless on record.
WITH counted AS (
    SELECT shipment_id, sku_id, condition, sum(quantity) AS units FROM inbound_count GROUP BY 1, 2, 3
), put_away AS (
    SELECT shipment_id, sku_id, condition, sum(quantity) AS units FROM inbound_putaway GROUP BY 1, 2, 3
), moved AS (
    SELECT movement.source_id AS shipment_id, stock.sku_id, stock.condition, sum(movement.quantity) AS units
    FROM inventory_movement movement JOIN inventory_stock stock ON stock.id = movement.stock_id
    WHERE movement.source_type = 'shipment' AND movement.kind = 'received' GROUP BY 1, 2, 3
), declared AS (
    SELECT carton.shipment_id, line.sku_id, sum(line.quantity) AS units
    FROM inbound_carton carton JOIN inbound_cartonline line ON line.carton_id = carton.id GROUP BY 1, 2
), taken AS (
    SELECT shipment_id, sku_id, sum(quantity) AS units FROM inbound_discrepancy
    WHERE kind IN ('over', 'wrong_item') AND outcome = 'taken' GROUP BY 1, 2
)
SELECT 'shipment ' || shipment_id || ', SKU ' || sku_id || ', ' || condition AS subject,
    coalesce(put_away.units, 0) || ' put away, ' || coalesce(moved.units, 0) || ' came into stock' AS finding
FROM put_away FULL JOIN moved USING (shipment_id, sku_id, condition)
WHERE put_away.units IS DISTINCT FROM moved.units
UNION ALL
SELECT 'shipment ' || shipment_id || ', SKU ' || sku_id || ', ' || condition,
    put_away.units || ' put away, ' || coalesce(counted.units, 0) || ' counted'
FROM put_away LEFT JOIN counted USING (shipment_id, sku_id, condition)
WHERE put_away.units > coalesce(counted.units, 0)
UNION ALL
SELECT 'shipment ' || shipment_id || ', SKU ' || sku_id,
    together.units || ' put away, ' || coalesce(declared.units, 0) || ' announced, '
    || coalesce(taken.units, 0) || ' taken beyond'
FROM (SELECT shipment_id, sku_id, sum(units) AS units FROM put_away GROUP BY 1, 2) together
JOIN inbound_shipment shipment ON shipment.id = shipment_id
LEFT JOIN declared USING (shipment_id, sku_id) LEFT JOIN taken USING (shipment_id, sku_id)
WHERE shipment.state = 'closed' AND together.units > coalesce(declared.units, 0) + coalesce(taken.units, 0)
