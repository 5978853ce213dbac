-- Both legs of an exchange agree with the line's frozen rate within one minor unit, which was published shortly before.
WITH currencies(code, unit) AS (VALUES :currencies),
legs AS (
    SELECT posting.journal_id, posting.subject_id, posting.part, posting.rate,
        greatest(source.kind IN ('seller_payable', 'stock_owned', 'seller_reserve'),
            destination.kind IN ('seller_payable', 'stock_owned', 'seller_reserve'),
            -- Of a carrier's bill: the leg in the currency of the parcel, into which the bill is exchanged.
            coalesce(posting.currency = carried.own_currency, false)) AS is_sellers,
        posting.amount_minor * currencies.unit AS amount, currencies.unit
    FROM ledger_posting posting
    JOIN ledger_account source ON source.id = posting.source_id
    JOIN ledger_account destination ON destination.id = posting.destination_id
    JOIN currencies ON currencies.code = posting.currency
    LEFT JOIN logistics_carrierbillline carried ON posting.part = 'billed.exchanged' AND carried.id = posting.subject_id
    WHERE source.kind = 'exchange' OR destination.kind = 'exchange'
),
pairs AS (
    SELECT journal_id, subject_id, part, min(rate) AS rate, max(rate) AS other_rate,
        coalesce(sum(amount) FILTER (WHERE is_sellers), 0) AS seller, max(unit) FILTER (WHERE is_sellers) AS seller_unit,
        coalesce(sum(amount) FILTER (WHERE NOT is_sellers), 0) AS market, max(unit) FILTER (WHERE NOT is_sellers) AS market_unit
    FROM legs GROUP BY journal_id, subject_id, part
),
-- A return undoes stretches of units together, each rounded for itself: as many as parcels and returns cut the line into.
stretches AS (
    SELECT line_id, count(*) AS count
    FROM (SELECT line_id FROM logistics_parcelline UNION ALL SELECT line_id FROM aftersales_returnline) cuts
    GROUP BY line_id
)
SELECT pairs.journal_id::text AS journal, pairs.part, pairs.market, pairs.rate, pairs.seller,
    coalesce(line.fx_rate, bill.seller_rate, back.seller_rate, carried.fx_rate) AS frozen
FROM pairs
JOIN ledger_journal journal ON journal.id = pairs.journal_id
LEFT JOIN orders_orderline line ON line.id = pairs.subject_id
LEFT JOIN orders_order ordered ON ordered.id = line.order_id
LEFT JOIN inbound_shipmentcost bill ON journal.source_type = 'shipment_cost' AND bill.id = journal.source_id
LEFT JOIN inbound_vendorreturn back ON journal.source_type = 'vendor_return' AND back.id = journal.source_id
LEFT JOIN logistics_carrierbillline carried ON journal.source_type = 'carrier_bill_line' AND carried.id = journal.source_id
    AND pairs.part = 'billed.exchanged'
LEFT JOIN logistics_carrierbill carrier ON carrier.id = carried.bill_id
LEFT JOIN stretches ON stretches.line_id = pairs.subject_id
WHERE pairs.rate IS NULL OR pairs.rate <> pairs.other_rate OR coalesce(line.fx_rate, bill.seller_rate, back.seller_rate, carried.fx_rate) IS DISTINCT FROM pairs.rate
   OR abs(pairs.seller - pairs.market * pairs.rate)
        > greatest(coalesce(pairs.seller_unit, 0), coalesce(pairs.market_unit, 0) * pairs.rate)
            * CASE WHEN journal.source_type = 'return_case' THEN coalesce(stretches.count, 1) ELSE 1 END
   OR carried.fx_on NOT BETWEEN carrier.issued_on - 10 AND carrier.issued_on
   OR line.fx_on NOT BETWEEN ordered.created_at::date - 10 AND ordered.created_at::date
