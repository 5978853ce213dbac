-- A line's terms are an unaltered snapshot, what accrues for it is under them, and its commission is their rate on their base.
WITH RECURSIVE nodes(digest, path, name, value) AS (
    -- The canonical text of a snapshot, token by token: keys sorted, nothing between them. Its hash is the digest.
    SELECT digest, ARRAY[]::int[], '', body FROM terms_termssnapshot
    UNION ALL
    SELECT nodes.digest, nodes.path || child.place::int, child.name, child.value
    FROM nodes CROSS JOIN LATERAL (
        SELECT row_number() OVER (ORDER BY key COLLATE "C") AS place, to_json(key)::text || ':' AS name, value
        FROM jsonb_each(CASE jsonb_typeof(nodes.value) WHEN 'object' THEN nodes.value ELSE '{}' END)
        UNION ALL
        SELECT ordinality, '', value
        FROM jsonb_array_elements(CASE jsonb_typeof(nodes.value) WHEN 'array' THEN nodes.value ELSE '[]' END)
            WITH ORDINALITY
    ) child
),
tokens AS (
    SELECT digest, path, CASE WHEN path[cardinality(path)] > 1 THEN ',' ELSE '' END || name
        || CASE jsonb_typeof(value) WHEN 'object' THEN '{' WHEN 'array' THEN '[' ELSE value::text END AS token
    FROM nodes
    UNION ALL
    SELECT digest, path || 2147483647, CASE jsonb_typeof(value) WHEN 'object' THEN '}' ELSE ']' END
    FROM nodes WHERE jsonb_typeof(value) IN ('object', 'array')
),
texts AS (
    SELECT digest, string_agg(token, '' ORDER BY path) AS text FROM tokens GROUP BY digest
),
-- "goods_net + shipping_net" as factors of what a line froze.
sums(name, component) AS (VALUES :sums),
bases AS MATERIALIZED (
    SELECT terms.digest, sums.component, sum(CASE term.words[1] WHEN '-' THEN -1 ELSE 1 END) AS factor
    FROM terms_termssnapshot terms
    CROSS JOIN LATERAL regexp_matches(terms.body #>> '{earning,base}', '([+-]?)\s*([a-z_]+)', 'g') AS term(words)
    JOIN sums ON sums.name = term.words[2]
    WHERE terms.body #>> '{earning,basis}' = 'retail_minus_commission'
    GROUP BY 1, 2
),
-- The rate of the longest category path that leads to the line's, else the default; a holiday where one is lower.
rates AS MATERIALIZED (
    SELECT kinds.terms_id, kinds.category_path, trunc(1000000 * least(
        coalesce((
            SELECT rate::numeric
            FROM jsonb_each_text(coalesce(terms.body #> '{earning,commission,categories}', '{}')) AS named(path, rate)
            WHERE starts_with(kinds.category_path || '/', named.path || '/')
            ORDER BY length(named.path) DESC LIMIT 1
        ), (terms.body #>> '{earning,commission,default}')::numeric, 0),
        (
            SELECT min((incentive ->> 'rate')::numeric)
            FROM jsonb_array_elements(coalesce(terms.body -> 'incentives', '[]')) incentive
            WHERE incentive ->> 'kind' = 'commission_holiday'
        )
    ))::bigint AS rate
    FROM (SELECT DISTINCT terms_id, category_path FROM orders_orderline) kinds
    JOIN terms_termssnapshot terms ON terms.digest = kinds.terms_id
),
funded AS (
    SELECT line_id, sum(amount_minor) FILTER (WHERE funder = 'seller') AS seller,
        sum(amount_minor) FILTER (WHERE funder <> 'seller') AS platform
    FROM orders_adjustment GROUP BY line_id
),
based AS (
    SELECT line.id AS line_id, line.quantity AS of, rates.rate, greatest(sum(bases.factor * component.amount), 0)::bigint AS base
    FROM orders_orderline line
    JOIN rates ON rates.terms_id = line.terms_id AND rates.category_path = line.category_path
    LEFT JOIN funded ON funded.line_id = line.id
    CROSS JOIN LATERAL (VALUES ('list_price', line.list_minor), ('goods_net', line.goods_net_minor),
        ('goods_tax', line.goods_tax_minor), ('shipping_net', line.shipping_net_minor),
        ('shipping_tax', line.shipping_tax_minor), ('customs_duty', line.customs_duty_minor),
        ('seller_discount', coalesce(funded.seller, 0)), ('platform_discount', coalesce(funded.platform, 0))
    ) AS component(name, amount)
    JOIN bases ON bases.digest = line.terms_id AND bases.component = component.name
    GROUP BY line.id, line.quantity, rates.rate
),
whole AS (
    SELECT based.*, base * rate / 1000000 + (2 * (base * rate % 1000000) > 1000000
        OR (2 * (base * rate % 1000000) = 1000000 AND base * rate / 1000000 % 2 = 1))::int AS amount
    FROM based
),
-- The share of the first n of q units is amount × n / q, half to even; that of some units is a difference of two.
due AS (
    SELECT part.id AS part_id, whole.line_id, whole.rate, whole.base,
        amount * until / of + (2 * (amount * until % of) > of
            OR (2 * (amount * until % of) = of AND amount * until / of % 2 = 1))::int
        - amount * first / of - (2 * (amount * first % of) > of
            OR (2 * (amount * first % of) = of AND amount * first / of % 2 = 1))::int AS amount
    FROM ledger_journal journal
    JOIN logistics_parcelline part ON part.id = journal.source_id
    JOIN whole ON whole.line_id = part.line_id
    CROSS JOIN LATERAL (SELECT part.first_unit::bigint AS first, part.first_unit::bigint + part.quantity AS until) places
    WHERE journal.source_type = 'parcel_line' AND journal.kind IN ('accrual', 'period')
),
taken AS (
    SELECT event_id AS part_id, line_id, -sum(market_minor) AS amount, min((inputs ->> 'rate_ppm')::bigint) AS rate,
        min((inputs ->> 'base_minor')::bigint) AS base
    FROM settlement_accrual
    WHERE part = 'commission' AND event_kind IN ('delivery', 'undelivered', 'period')
    GROUP BY event_id, line_id
)
SELECT 'snapshot ' || digest AS subject, 'its body was altered' AS finding, NULL::bigint AS due, NULL::bigint AS taken
FROM texts
WHERE digest <> encode(sha256(convert_to(text, 'UTF8')), 'hex')
UNION ALL
SELECT 'line ' || line.id, 'has no terms', NULL, NULL
FROM orders_orderline line LEFT JOIN terms_termssnapshot terms ON terms.digest = line.terms_id
WHERE terms.digest IS NULL
UNION ALL
SELECT 'accrual ' || accrual.id, 'accrued under other terms than its line''s', NULL, NULL
FROM settlement_accrual accrual
JOIN orders_orderline line ON line.id = accrual.line_id
WHERE accrual.terms_id <> line.terms_id
UNION ALL
SELECT 'parcel line ' || coalesce(due.part_id, taken.part_id),
    CASE WHEN due.rate <> taken.rate THEN 'rate ' || taken.rate || ' ppm and not ' || due.rate
        WHEN due.base <> taken.base THEN 'base ' || taken.base || ' and not ' || due.base
        ELSE 'another commission than agreed' END, due.amount, taken.amount
FROM due FULL JOIN taken ON taken.part_id = due.part_id AND taken.line_id = due.line_id
WHERE coalesce(due.amount, 0) <> coalesce(taken.amount, 0) OR due.rate <> taken.rate OR due.base <> taken.base
