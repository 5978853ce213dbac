-- Every constraint that was declared is there and validated, every trigger enabled, every index valid, the postings' sequence ahead of them; what grows has its parts, with its guards, for the time to come.
WITH parts AS (
    SELECT whole.oid AS whole, whole.relname AS name, part.oid AS part, pg_get_expr(part.relpartbound, part.oid) AS bound
    FROM pg_class whole
    LEFT JOIN pg_inherits ON inhparent = whole.oid
    LEFT JOIN pg_class part ON part.oid = inhrelid
    WHERE whole.relkind = 'p' AND whole.relnamespace = 'public'::regnamespace
)
SELECT conname::text AS name, 'constraint is not validated' AS finding
FROM pg_constraint
WHERE NOT convalidated AND connamespace = 'public'::regnamespace
UNION ALL
SELECT tgname::text, 'trigger is disabled on ' || tgrelid::regclass
FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid AND relnamespace = 'public'::regnamespace
WHERE tgenabled = 'D'
UNION ALL
SELECT indexrelid::regclass::text, 'index is not valid'
FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid AND relnamespace = 'public'::regnamespace
WHERE NOT indisvalid OR NOT indisready
UNION ALL
SELECT 'ledger_posting', 'its sequence stands at ' || numbers.last_value || ', its postings at ' || posted.last
FROM ledger_posting_sequence_seq numbers, (SELECT max(sequence) AS last FROM ledger_posting) posted
WHERE numbers.last_value < posted.last
UNION ALL
SELECT name::text, 'has no part for what comes in ninety days'
FROM parts
GROUP BY name
HAVING NOT bool_or(coalesce(entrepot_key_floor(:now + interval '90 days') BETWEEN
    substring(bound FROM 'FROM \(''([0-9a-f-]{36})''\)')::uuid AND substring(bound FROM 'TO \(''([0-9a-f-]{36})''\)')::uuid, false))
UNION ALL
SELECT name::text, 'has a part for whatever comes' FROM parts WHERE bound = 'DEFAULT'
UNION ALL
SELECT parts.part::regclass::text, 'lacks the guard ' || guard.tgname
FROM parts JOIN pg_trigger guard ON guard.tgrelid = parts.whole AND NOT guard.tgisinternal
LEFT JOIN pg_trigger there ON there.tgrelid = parts.part AND there.tgname = guard.tgname AND there.tgenabled <> 'D'
WHERE parts.part IS NOT NULL AND there.oid IS NULL
UNION ALL
SELECT declared.name, 'constraint is missing on ' || declared.relation
FROM (VALUES :constraints) AS declared(relation, name)
LEFT JOIN pg_constraint there ON there.conname = declared.name AND there.conrelid = to_regclass(declared.relation)
LEFT JOIN pg_class index ON index.relname = declared.name AND index.relnamespace = 'public'::regnamespace
WHERE there.oid IS NULL AND index.oid IS NULL
