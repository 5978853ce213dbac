-- No role that serves requests owns the tables or is above their guards, and nothing lends it its owner's eyes or rights.
WITH relations AS (
    SELECT pg_class.oid, relname, relkind, relowner, relacl, reloptions
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
),
-- Who may write rows without being their table's owner.
serving AS (
    SELECT DISTINCT granted.grantee AS role, relowner AS owner
    FROM relations CROSS JOIN LATERAL aclexplode(relacl) granted
    WHERE granted.privilege_type IN ('INSERT', 'UPDATE', 'DELETE') AND granted.grantee <> relowner
),
-- What stands behind walls, for whom, and what its policy has to ask.
walled AS (
    SELECT relation, 'tenant' AS policy, 'entrepot_scope\(\)|EXISTS' AS asks FROM (VALUES :tenants) named(relation)
    UNION ALL
    SELECT relation, 'shopper', 'entrepot_shopper\(\)|EXISTS' FROM (VALUES :shoppers) named(relation)
)
SELECT 'role ' || coalesce(rolname, 'of everybody') AS subject, CASE
        WHEN pg_roles.oid IS NULL THEN 'may write rows'
        WHEN rolsuper THEN 'is a superuser'
        WHEN rolcreaterole THEN 'may make roles'
        ELSE 'may act as the owner of the tables'
    END AS finding
FROM serving LEFT JOIN pg_roles ON pg_roles.oid = serving.role
WHERE pg_roles.oid IS NULL OR rolsuper OR rolcreaterole OR pg_has_role(serving.role, serving.owner, 'MEMBER')
UNION ALL
SELECT 'role ' || rolname, 'acts for one seller or shopper, and passes the walls'
FROM pg_roles WHERE rolname IN ('entrepot_seller', 'entrepot_shopper') AND (rolsuper OR rolbypassrls OR rolcanlogin)
UNION ALL
-- Who is taken on for one thing may do what that needs.
SELECT 'role ' || rolname, 'may ' || granted.privilege_type || ' on ' || relname
FROM relations CROSS JOIN LATERAL aclexplode(relacl) granted
JOIN pg_roles ON pg_roles.oid = granted.grantee AND rolname IN (SELECT role FROM (VALUES :rights) named(role, verb, relation))
WHERE (rolname, granted.privilege_type, relname) NOT IN (VALUES :rights)
UNION ALL
SELECT DISTINCT 'role entrepot_verify', 'reads to prove, and may write rows'
FROM relations CROSS JOIN LATERAL aclexplode(relacl) granted
JOIN pg_roles ON pg_roles.oid = granted.grantee AND rolname = 'entrepot_verify'
WHERE granted.privilege_type NOT IN ('SELECT', 'MAINTAIN')
UNION ALL
SELECT 'table ' || walled.relation, CASE WHEN pg_class.oid IS NULL THEN 'is not there'
    WHEN NOT relrowsecurity THEN 'has no row-level security' WHEN NOT relforcerowsecurity THEN 'does not force it on its owner'
    ELSE 'has another policy than those that ask for whom one reads' END
FROM walled
LEFT JOIN pg_class ON pg_class.oid = to_regclass(walled.relation)
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE polname = walled.policy AND seen ~ walled.asks AND kept ~ walled.asks) AS asking,
        bool_and((polname, whose) IN (('tenant', '{entrepot_seller}'), ('shopper', '{entrepot_shopper}'))
            OR (polname, seen, kept)
                IN (SELECT 'others', text, text FROM (VALUES
                    ('(CURRENT_USER <> ALL (ARRAY[''entrepot_seller''::name, ''entrepot_shopper''::name]))')) untouched(text))) AS known
    FROM (
        SELECT polname, pg_get_expr(polqual, polrelid) AS seen, pg_get_expr(polwithcheck, polrelid) AS kept,
            coalesce((SELECT array_agg(rolname) FROM pg_roles WHERE oid = ANY (polroles))::text, '') AS whose
        FROM pg_policy WHERE polrelid = pg_class.oid
    ) written
) policy ON true
WHERE pg_class.oid IS NULL OR NOT relrowsecurity OR NOT relforcerowsecurity OR asking <> 1 OR known IS NOT TRUE
UNION ALL
SELECT 'view ' || relname, 'sees with the eyes of its owner'
FROM relations
WHERE relkind IN ('v', 'm') AND NOT coalesce(reloptions::text[] && ARRAY['security_invoker=true', 'security_invoker=on'], false)
UNION ALL
SELECT 'function ' || proname, CASE WHEN proconfig IS NULL THEN 'acts as its owner, and looks names up where its caller says'
    ELSE 'acts as its owner, for everybody' END
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prosecdef
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    AND (NOT coalesce(array_to_string(proconfig, ' ') LIKE '%search_path=%', false)
        OR EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) granted WHERE granted.grantee = 0))
