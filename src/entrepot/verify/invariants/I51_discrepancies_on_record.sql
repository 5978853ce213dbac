-- What a closed shipment brought more or less than it announced is on record, and of an open one nothing is yet.
WITH declared AS (
    SELECT carton.shipment_id, line.sku_id, sum(line.quantity) AS units
    FROM inbound_carton carton JOIN inbound_cartonline line ON line.carton_id = carton.id GROUP BY 1, 2
), counted AS (
    SELECT shipment_id, sku_id, sum(quantity) AS units FROM inbound_count GROUP BY 1, 2
), recorded AS (
    SELECT shipment_id, sku_id,
        sum(CASE kind WHEN 'short' THEN -quantity WHEN 'over' THEN quantity WHEN 'wrong_item' THEN quantity ELSE 0 END)
        AS units
    FROM inbound_discrepancy GROUP BY 1, 2
)
SELECT 'shipment ' || shipment_id || ', SKU ' || sku_id AS subject,
    coalesce(counted.units, 0) - coalesce(declared.units, 0) || ' counted beyond what was announced, '
    || coalesce(recorded.units, 0) || ' on record' AS finding
FROM declared FULL JOIN counted USING (shipment_id, sku_id) FULL JOIN recorded USING (shipment_id, sku_id)
JOIN inbound_shipment shipment ON shipment.id = shipment_id
WHERE coalesce(recorded.units, 0) <> CASE WHEN shipment.state = 'closed'
    THEN coalesce(counted.units, 0) - coalesce(declared.units, 0) ELSE 0 END
