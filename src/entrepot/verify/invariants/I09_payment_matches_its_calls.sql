-- A placed order has its authorisation; what a payment captured, voided and refunded is the sum of its finished calls.
SELECT payment.id::text AS payment, 'captured' AS what, payment.captured_minor AS stated, coalesce(sum(call.amount_minor), 0) AS summed
FROM payments_payment payment
LEFT JOIN payments_capture call ON call.payment_id = payment.id AND call.state = 'done'
GROUP BY payment.id, payment.captured_minor
HAVING payment.captured_minor <> coalesce(sum(call.amount_minor), 0)
UNION ALL
SELECT payment.id::text, 'voided', payment.voided_minor, coalesce(sum(call.amount_minor), 0)
FROM payments_payment payment
LEFT JOIN payments_void call ON call.payment_id = payment.id AND call.state = 'done'
GROUP BY payment.id, payment.voided_minor
HAVING payment.voided_minor <> coalesce(sum(call.amount_minor), 0)
UNION ALL
SELECT payment.id::text, 'refunded', payment.refunded_minor, coalesce(sum(call.amount_minor), 0)
FROM payments_payment payment
LEFT JOIN payments_refund call ON call.payment_id = payment.id AND call.state = 'done'
GROUP BY payment.id, payment.refunded_minor
HAVING payment.refunded_minor <> coalesce(sum(call.amount_minor), 0)
UNION ALL
SELECT ordered.id::text, 'placed without authorisation', ordered.total_minor, coalesce(payment.amount_minor, 0)
FROM orders_order ordered
LEFT JOIN payments_payment payment ON payment.reference_id = ordered.id
WHERE ordered.state = 'placed'
  AND (payment.id IS NULL OR payment.state <> 'authorised' OR payment.currency <> ordered.currency)
  AND ordered.total_minor > 0
