-- A voucher's counter is its live redemptions, within its limits; a live redemption has an order that was not declined.
SELECT voucher.code AS voucher, voucher.redeemed AS counted, count(used.id) AS used, 'counter' AS what
FROM promotions_voucher voucher
LEFT JOIN promotions_redemption used ON used.voucher_id = voucher.id AND used.released_at IS NULL
GROUP BY voucher.id
HAVING voucher.redeemed <> count(used.id) OR count(used.id) > voucher.limit_total
UNION ALL
SELECT voucher.code, voucher.limit_per_shopper, count(*), 'per shopper'
FROM promotions_voucher voucher
JOIN promotions_redemption used ON used.voucher_id = voucher.id AND used.released_at IS NULL
GROUP BY voucher.id, used.shopper_key
HAVING count(*) > voucher.limit_per_shopper
UNION ALL
SELECT voucher.code, 0, 1, 'redeemed by an order that came to nothing'
FROM promotions_redemption used
JOIN promotions_voucher voucher ON voucher.id = used.voucher_id
LEFT JOIN orders_order ordered ON ordered.id = used.order_id
WHERE used.released_at IS NULL AND (ordered.id IS NULL OR ordered.state = 'declined')
