-- What accrues for units of a line divides exactly what their shopper paid for them, and goes where the chart lets it go.
WITH accrued AS (
    SELECT part.id AS parcel_line_id, part.line_id, part.first_unit AS first, part.first_unit + part.quantity AS until,
        sum(posting.amount_minor) FILTER (WHERE source.kind = 'shopper_funds') AS divided,
        count(*) FILTER (WHERE source.kind = 'shopper_funds' AND destination.kind NOT IN (
            'revenue_sales', 'revenue_shipping', 'seller_payable', 'tax_payable', 'customs_payable', 'carrier_payable',
            'exchange')) AS astray
    FROM ledger_journal journal
    JOIN logistics_parcelline part ON part.id = journal.source_id
    JOIN ledger_posting posting ON posting.journal_id = journal.id AND posting.subject_id = part.line_id
    JOIN ledger_account source ON source.id = posting.source_id
    JOIN ledger_account destination ON destination.id = posting.destination_id
    WHERE journal.source_type = 'parcel_line' AND journal.kind IN ('accrual', 'period')
    GROUP BY part.id
),
-- The share of the first n of q units is amount × n / q, half to even; that of some units is a difference of two.
paid AS (
    SELECT accrued.parcel_line_id, sum(
        (sharing.until_quotient + (2 * sharing.until_rest > line.quantity
            OR (2 * sharing.until_rest = line.quantity AND sharing.until_quotient % 2 = 1))::int)
        - (sharing.first_quotient + (2 * sharing.first_rest > line.quantity
            OR (2 * sharing.first_rest = line.quantity AND sharing.first_quotient % 2 = 1))::int)
    ) AS amount
    FROM accrued
    JOIN orders_orderline line ON line.id = accrued.line_id
    CROSS JOIN LATERAL (VALUES (line.goods_net_minor), (line.goods_tax_minor), (line.shipping_net_minor),
        (line.shipping_tax_minor), (line.customs_duty_minor)) AS component(amount)
    CROSS JOIN LATERAL (SELECT
        component.amount * accrued.until / line.quantity AS until_quotient,
        component.amount * accrued.until % line.quantity AS until_rest,
        component.amount * accrued.first / line.quantity AS first_quotient,
        component.amount * accrued.first % line.quantity AS first_rest) AS sharing
    GROUP BY accrued.parcel_line_id
)
SELECT accrued.line_id::text AS line, accrued.parcel_line_id::text AS parcel_line, paid.amount AS paid, accrued.divided,
    accrued.astray
FROM accrued JOIN paid USING (parcel_line_id)
WHERE paid.amount <> coalesce(accrued.divided, 0) OR accrued.astray > 0
