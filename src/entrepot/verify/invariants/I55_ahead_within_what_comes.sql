-- What is promised of goods on their way is no more than comes, of shipments that still do, and waits in orders that say so.
WITH announced AS (
    SELECT carton.shipment_id, line.sku_id, sum(line.quantity) AS units
    FROM inbound_carton carton JOIN inbound_cartonline line ON line.carton_id = carton.id GROUP BY 1, 2
), stored AS (
    SELECT shipment_id, sku_id, sum(quantity) AS units FROM inbound_putaway GROUP BY 1, 2
), least AS (
    SELECT min(safety_rate) AS rate FROM inbound_aheadrule
), coming AS (
    SELECT stock.id, stock.on_hand, stock.reserved, coalesce(shipment.number, '–') AS number, shipment.state,
        coalesce(announced.units, 0) AS announced, coalesce(stored.units, 0) AS stored,
        CASE WHEN shipment.is_sold_ahead THEN shipment.safety_rate
             WHEN shipment.is_sold_ahead IS NULL THEN (SELECT rate FROM least) END AS rate,
        (shipment.seller_id, shipment.node_id, shipment.number) IS NOT DISTINCT FROM
            (stock.seller_id, stock.node_id, stock.lot::varchar) AS is_its
    FROM inventory_stock stock
    LEFT JOIN inbound_shipment shipment ON shipment.id = stock.comes_with
    LEFT JOIN announced ON announced.shipment_id = stock.comes_with AND announced.sku_id = stock.sku_id
    LEFT JOIN stored ON stored.shipment_id = stock.comes_with AND stored.sku_id = stock.sku_id
    WHERE stock.condition = 'coming'
)
SELECT 'shipment ' || number AS subject, on_hand || ' may be promised of goods that are not its own' AS finding
FROM coming WHERE NOT is_its
UNION ALL
SELECT 'shipment ' || number, on_hand || ' may be promised, and it is ' || state
FROM coming WHERE on_hand > 0 AND state NOT IN ('in_transit', 'arrived', 'receiving')
UNION ALL
SELECT 'shipment ' || number,
    reserved || ' promised, ' || announced || ' announced, of which ' || stored || ' are in stock'
FROM coming WHERE reserved > 0 AND reserved > announced - stored
UNION ALL
SELECT 'shipment ' || number, on_hand || ' may be promised, ' || announced || ' less the share that is kept back come'
FROM coming WHERE on_hand > reserved AND on_hand > coalesce(announced - ceil(announced * rate) - stored, 0)
UNION ALL
SELECT 'movement ' || movement.id, movement.kind || ' of units that are ' || stock.condition
FROM inventory_movement movement JOIN inventory_stock stock ON stock.id = movement.stock_id
WHERE (movement.kind = 'expected') <> (stock.condition = 'coming')
UNION ALL
SELECT 'hold ' || hold.id, 'of units on their way, for an order that does not wait for them'
FROM inventory_hold hold JOIN inventory_stock stock ON stock.id = hold.stock_id AND stock.condition = 'coming'
LEFT JOIN orders_orderline line ON line.id = hold.owner_id
LEFT JOIN orders_suborder suborder ON suborder.id = line.suborder_id
WHERE hold.state = 'active'
  AND (suborder.comes_with IS DISTINCT FROM stock.comes_with OR suborder.goods_came_at IS NOT NULL)
UNION ALL
SELECT 'suborder ' || suborder.number, 'waits for a shipment that is ' || shipment.state
FROM orders_suborder suborder JOIN inbound_shipment shipment ON shipment.id = suborder.comes_with
JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state = 'placed'
    AND ordered.placed_at < shipment.closed_at
WHERE suborder.state = 'open' AND suborder.goods_came_at IS NULL
  AND shipment.state IN ('closed', 'refused', 'cancelled')
