-- A promise is as late as its last part ended after it, and the days of its parts add up to that.
SELECT 'suborder ' || suborder.number AS subject,
    promise.late_days || ' days late, its parts ' || coalesce(sum(part.days), 0) AS finding
FROM orders_promise promise JOIN orders_suborder suborder ON suborder.id = promise.suborder_id
LEFT JOIN orders_promisepart part ON part.promise_id = promise.id
GROUP BY promise.id, suborder.number HAVING promise.late_days <> coalesce(sum(part.days), 0)
UNION ALL
SELECT 'suborder ' || suborder.number,
    promise.late_days || ' days late, promised until ' || suborder.promised_until || ', ends ' || promise.ends_on
FROM orders_promise promise JOIN orders_suborder suborder ON suborder.id = promise.suborder_id
WHERE promise.late_days <> greatest(promise.ends_on - suborder.promised_until, 0)
