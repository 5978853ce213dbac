-- What accrues for units of a line divides exactly what their shopper paid for them, and what comes back undoes exactly what is refunded.
WITH accrued AS (
    SELECT part.id AS parcel_line_id, part.line_id, part.parcel_id, part.first_unit AS first,
        part.first_unit + part.quantity AS until,
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
    GROUP BY part.id, part.line_id, part.parcel_id, part.first_unit, part.quantity
),
-- The share of the first n of q units is amount × n / q, half to even; that of some units is a difference of two.
paid AS (
    SELECT accrued.parcel_line_id, accrued.line_id, accrued.parcel_id, accrued.divided, accrued.astray, sum(
        (sharing.until_quotient + (2 * sharing.until_rest > line.quantity
            OR (2 * sharing.until_rest = line.quantity AND sharing.until_quotient % 2 = 1))::int)
        - (sharing.first_quotient + (2 * sharing.first_rest > line.quantity
            OR (2 * sharing.first_rest = line.quantity AND sharing.first_quotient % 2 = 1))::int)
    ) AS amount
    FROM accrued
    JOIN orders_orderline line ON line.id = accrued.line_id
    -- What was displayed is divided: with the tax in it where the list price had it.
    CROSS JOIN LATERAL (SELECT
        (line.list_minor - line.discount_minor = line.goods_net_minor + line.goods_tax_minor)::int AS with_tax) displayed
    CROSS JOIN LATERAL (VALUES (line.goods_net_minor + displayed.with_tax * line.goods_tax_minor),
        (line.shipping_net_minor + displayed.with_tax * line.shipping_tax_minor),
        ((1 - displayed.with_tax) * line.goods_tax_minor), ((1 - displayed.with_tax) * line.shipping_tax_minor),
        (line.customs_duty_minor)) AS component(amount)
    CROSS JOIN LATERAL (SELECT
        component.amount * accrued.until / line.quantity AS until_quotient,
        component.amount * accrued.until % line.quantity AS until_rest,
        component.amount * accrued.first / line.quantity AS first_quotient,
        component.amount * accrued.first % line.quantity AS first_rest) AS sharing
    GROUP BY 1, 2, 3, 4, 5
),
-- What is to be undone of a line by a return or a loss, and what goes back into the shoppers' funds.
undone AS (
    SELECT 'return_case' AS source_type, refund.source_id, part.line_id, part.amount_minor AS due, 0 AS booked
    FROM payments_refund refund
    JOIN aftersales_returncase returned ON returned.id = refund.source_id
    JOIN payments_refundline part ON part.refund_id = refund.id
    WHERE refund.state = 'done'
    UNION ALL
    SELECT 'parcel', paid.parcel_id, paid.line_id, paid.amount, 0
    FROM paid JOIN logistics_parcel parcel ON parcel.id = paid.parcel_id AND parcel.state = 'lost'
    UNION ALL
    SELECT journal.source_type, journal.source_id, posting.subject_id, 0,
        CASE WHEN destination.kind = 'shopper_funds' THEN 1 ELSE -1 END * posting.amount_minor
    FROM ledger_journal journal
    JOIN ledger_posting posting ON posting.journal_id = journal.id
    JOIN ledger_account source ON source.id = posting.source_id
    JOIN ledger_account destination ON destination.id = posting.destination_id
    WHERE journal.kind IN ('reversal', 'liability') AND 'shopper_funds' IN (source.kind, destination.kind)
)
SELECT line_id::text AS line, 'parcel line ' || parcel_line_id AS event,
    CASE WHEN astray > 0 THEN 'goes where it must not' ELSE 'does not divide what was paid' END AS finding,
    amount AS due, divided AS booked
FROM paid
WHERE amount <> coalesce(divided, 0) OR astray > 0
UNION ALL
SELECT line_id::text, source_type || ' ' || source_id, 'does not undo what was refunded or had accrued', sum(due), sum(booked)
FROM undone
GROUP BY source_type, source_id, line_id
HAVING sum(due) <> sum(booked)
