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
SELECT 'role ' || rolname, 'reads for one tenant, and passes the walls'
FROM pg_roles WHERE rolname = 'entrepot_seller' AND (rolsuper OR rolbypassrls OR rolcanlogin)
UNION ALL
SELECT DISTINCT 'role entrepot_verify', 'reads to prove, and may write rows'
FROM relations CROSS JOIN LATERAL aclexplode(relacl) granted
JOIN pg_roles ON pg_roles.oid = granted.grantee AND rolname = 'entrepot_verify'
WHERE granted.privilege_type NOT IN ('SELECT', 'MAINTAIN')
UNION ALL
SELECT 'table ' || walled.relation, CASE WHEN pg_class.oid IS NULL THEN 'is not there'
    WHEN NOT relrowsecurity THEN 'has no row-level security' WHEN NOT relforcerowsecurity THEN 'does not force it on its owner'
    ELSE 'has another policy than the one that asks for whom one reads' END
FROM (VALUES :tenants) AS walled(relation)
LEFT JOIN pg_class ON pg_class.oid = to_regclass(walled.relation)
LEFT JOIN LATERAL (
    SELECT count(*) AS policies, bool_and(pg_get_expr(polqual, polrelid) LIKE '%CURRENT_USER%entrepot_scope()%'
            OR pg_get_expr(polqual, polrelid) LIKE '%CURRENT_USER%EXISTS%') AS asks,
        bool_and(pg_get_expr(polwithcheck, polrelid) = pg_get_expr(polqual, polrelid)) AS checks
    FROM pg_policy WHERE polrelid = pg_class.oid
) policy ON true
WHERE pg_class.oid IS NULL OR NOT relrowsecurity OR NOT relforcerowsecurity OR policies <> 1 OR NOT asks OR NOT checks
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
