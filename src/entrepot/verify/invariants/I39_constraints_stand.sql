-- Every constraint that was declared is there and validated, every trigger enabled, every index valid, and the postings' sequence ahead of them.
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
SELECT declared.name, 'constraint is missing on ' || declared.relation
FROM (VALUES :constraints) AS declared(relation, name)
LEFT JOIN pg_constraint there ON there.conname = declared.name AND there.conrelid = to_regclass(declared.relation)
LEFT JOIN pg_class index ON index.relname = declared.name AND index.relnamespace = 'public'::regnamespace
WHERE there.oid IS NULL AND index.oid IS NULL
