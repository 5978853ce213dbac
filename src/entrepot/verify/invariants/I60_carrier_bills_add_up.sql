-- A carrier's line is its charges, a parcel's carriage is accepted once, no more is credited than was billed, and a payment is its lines.
SELECT 'bill line ' || line.id AS subject,
    line.amount_minor || ', charges ' || coalesce(sum(charge.amount_minor), 0) AS finding
FROM logistics_carrierbillline line LEFT JOIN logistics_carrierbillcharge charge ON charge.line_id = line.id
GROUP BY line.id HAVING line.amount_minor <> coalesce(sum(charge.amount_minor), 0)
UNION ALL
SELECT 'parcel ' || parcel_id, count(*) || ' accepted lines of carriage'
FROM logistics_carrierbillline
WHERE state = 'accepted' AND is_carriage AND amount_minor > 0 AND parcel_id IS NOT NULL
GROUP BY parcel_id HAVING count(*) > 1
UNION ALL
SELECT 'bill line ' || billed.id, billed.amount_minor || ', credited ' || -sum(given.amount_minor)
FROM logistics_carrierbillline billed
JOIN logistics_carrierbillline given ON given.credits_id = billed.id AND given.state IN ('accepted', 'credited')
GROUP BY billed.id HAVING billed.amount_minor < -sum(given.amount_minor)
UNION ALL
SELECT 'payment ' || payment.number,
    payment.amount_minor || ' ' || payment.currency || ', lines ' || coalesce(sum(line.amount_minor), 0)
FROM logistics_carrierpayment payment
LEFT JOIN logistics_carrierbillline line ON line.payment_id = payment.id AND line.state = 'accepted'
LEFT JOIN logistics_carrierbill bill
    ON bill.id = line.bill_id AND bill.carrier = payment.carrier AND bill.currency = payment.currency
GROUP BY payment.id
HAVING payment.amount_minor <> coalesce(sum(line.amount_minor) FILTER (WHERE bill.id IS NOT NULL), 0)
    OR count(line.id) <> count(bill.id)
