-- A commission is the rate of the line's frozen terms on its base, and the units' share of that; no terms, no commission.
WITH taken AS (
    SELECT accrual.id, accrual.market_minor, line.quantity AS of, terms.body #> '{earning,commission}' AS agreed,
        terms.body -> 'incentives' AS incentives,
        (accrual.inputs ->> 'rate_ppm')::bigint AS rate, (accrual.inputs ->> 'base_minor')::bigint AS base,
        (accrual.inputs ->> 'first_unit')::bigint AS first,
        (accrual.inputs ->> 'first_unit')::bigint + (accrual.inputs ->> 'units')::bigint AS until
    FROM settlement_accrual accrual
    JOIN orders_orderline line ON line.id = accrual.line_id
    JOIN terms_termssnapshot terms ON terms.digest = line.terms_id
    WHERE accrual.part = 'commission' AND accrual.event_kind IN ('delivery', 'undelivered', 'period')
),
whole AS (
    SELECT taken.*, base * rate / 1000000 + (2 * (base * rate % 1000000) > 1000000
        OR (2 * (base * rate % 1000000) = 1000000 AND base * rate / 1000000 % 2 = 1))::int AS amount
    FROM taken
),
shares AS (
    SELECT whole.*,
        amount * until / of + (2 * (amount * until % of) > of
            OR (2 * (amount * until % of) = of AND amount * until / of % 2 = 1))::int
        - amount * first / of - (2 * (amount * first % of) > of
            OR (2 * (amount * first % of) = of AND amount * first / of % 2 = 1))::int AS due
    FROM whole
)
SELECT id::text AS accrual, rate, agreed::text, due, -market_minor AS taken
FROM shares
WHERE due <> -market_minor
   OR rate::numeric / 1000000 NOT IN (
        SELECT (agreed ->> 'default')::numeric WHERE agreed ->> 'default' IS NOT NULL
        UNION ALL
        SELECT value::numeric FROM jsonb_each_text(coalesce(agreed -> 'categories', '{}'))
        UNION ALL
        SELECT (each ->> 'rate')::numeric FROM jsonb_array_elements(coalesce(incentives, '[]')) each
        WHERE each ->> 'kind' = 'commission_holiday'
    )
