-- Refunds stay within what was captured, per payment and per line, in money and in units; a refund is its lines.
SELECT payment.id::text AS subject, 'payment' AS what, payment.captured_minor AS captured, sum(refund.amount_minor) AS refunded
FROM payments_payment payment
JOIN payments_refund refund ON refund.payment_id = payment.id AND refund.state <> 'failed'
GROUP BY payment.id, payment.captured_minor
HAVING sum(refund.amount_minor) > payment.captured_minor
UNION ALL
SELECT refund.id::text, 'refund lines', refund.amount_minor, sum(part.amount_minor)
FROM payments_refund refund
LEFT JOIN payments_refundline part ON part.refund_id = refund.id
GROUP BY refund.id, refund.amount_minor
HAVING refund.amount_minor <> coalesce(sum(part.amount_minor), 0)
UNION ALL
SELECT refunded.line_id::text, 'line', captured.amount, refunded.amount
FROM (
    SELECT part.line_id, sum(part.amount_minor) AS amount, sum(part.quantity) AS quantity
    FROM payments_refundline part
    JOIN payments_refund refund ON refund.id = part.refund_id AND refund.state <> 'failed'
    GROUP BY part.line_id
) refunded
LEFT JOIN (
    SELECT part.line_id, sum(part.amount_minor) AS amount, sum(part.quantity) AS quantity
    FROM payments_captureline part
    JOIN payments_capture capture ON capture.id = part.capture_id AND capture.state = 'done'
    GROUP BY part.line_id
) captured ON captured.line_id = refunded.line_id
WHERE refunded.amount > coalesce(captured.amount, 0) OR refunded.quantity > coalesce(captured.quantity, 0)
