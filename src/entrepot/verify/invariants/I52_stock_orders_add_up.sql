-- A stock order comes to its lines at their frozen quotes, and stands where its shipment stands.
WITH sums AS (
    SELECT stock_order_id, sum(asked_qty * unit_minor) AS asked, sum(agreed_qty * unit_minor) AS agreed
    FROM inbound_stockorderline GROUP BY 1
)
SELECT 'stock order ' || ordered.number AS subject,
    'asked ' || ordered.asked_minor || ', lines ' || coalesce(sums.asked, 0) AS finding
FROM inbound_stockorder ordered LEFT JOIN sums ON sums.stock_order_id = ordered.id
WHERE ordered.asked_minor IS DISTINCT FROM sums.asked
UNION ALL
SELECT 'stock order ' || ordered.number, 'agreed ' || ordered.agreed_minor || ', lines ' || coalesce(sums.agreed, 0)
FROM inbound_stockorder ordered LEFT JOIN sums ON sums.stock_order_id = ordered.id
WHERE ordered.agreed_minor IS DISTINCT FROM sums.agreed
UNION ALL
SELECT 'stock order ' || ordered.number, 'SKU ' || line.sku_id || ' at ' || line.unit_minor || ', quote '
    || line.quote_version || ' at ' || coalesce(quote.amount_minor::text, 'nothing')
FROM inbound_stockorderline line JOIN inbound_stockorder ordered ON ordered.id = line.stock_order_id
LEFT JOIN pricing_supplyquote quote ON quote.id = line.quote_id
WHERE quote.offer_id IS DISTINCT FROM line.offer_id OR quote.version <> line.quote_version
    OR quote.amount_minor <> line.unit_minor OR quote.currency <> ordered.currency
UNION ALL
SELECT 'stock order ' || ordered.number, ordered.state || ', and its shipment ' || shipment.state
FROM inbound_stockorder ordered JOIN inbound_shipment shipment ON shipment.stock_order_id = ordered.id
WHERE shipment.state NOT IN ('cancelled', 'refused') AND NOT ordered.state = ANY(CASE shipment.state
    WHEN 'draft' THEN ARRAY['accepted'] WHEN 'announced' THEN ARRAY['packed'] WHEN 'in_transit' THEN ARRAY['shipped']
    WHEN 'arrived' THEN ARRAY['arrived'] WHEN 'receiving' THEN ARRAY['receiving']
    ELSE ARRAY['received', 'returned'] END)
