-- A line's suborder belongs to its order and is of its seller and programme; its offer is the seller's, of its SKU and market.
SELECT line.id::text AS line,
    CASE
        WHEN suborder.order_id <> line.order_id THEN 'suborder of another order'
        WHEN suborder.seller_id <> line.seller_id OR offer.seller_id <> line.seller_id THEN 'another seller'
        WHEN suborder.programme_code <> offer.programme_code THEN 'another programme'
        ELSE 'another SKU or market'
    END AS finding
FROM orders_orderline line
JOIN orders_suborder suborder ON suborder.id = line.suborder_id
JOIN catalogue_offer offer ON offer.id = line.offer_id
JOIN orders_order ordered ON ordered.id = line.order_id
WHERE suborder.order_id <> line.order_id
   OR suborder.seller_id <> line.seller_id
   OR offer.seller_id <> line.seller_id
   OR suborder.programme_code <> offer.programme_code
   OR offer.sku_id <> line.sku_id
   OR offer.market_id <> ordered.market_id
