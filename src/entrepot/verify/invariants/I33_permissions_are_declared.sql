-- A permission is of a role and a verb that there are; a role is one of its organisation's kind; a key asks no more than its role.
WITH roles AS (SELECT * FROM (VALUES :roles) AS known(role, kind)),
verbs AS (SELECT * FROM (VALUES :verbs) AS known(verb)),
permissions AS (SELECT role, verb, scope FROM accounts_permission)
SELECT 'permission ' || role || ' ' || verb AS subject, CASE
        WHEN role NOT IN (SELECT role FROM roles) THEN 'no such role'
        WHEN verb NOT IN (SELECT verb FROM verbs) THEN 'no such verb'
        ELSE 'on the rows of all, for those who are not the operator''s'
    END AS finding
FROM permissions
WHERE role NOT IN (SELECT role FROM roles) OR verb NOT IN (SELECT verb FROM verbs)
    OR (scope = 'all' AND role NOT IN (SELECT role FROM roles WHERE kind = 'operator'))
UNION ALL
SELECT 'membership ' || membership.id, 'the role ' || membership.role || ' in an organisation of kind ' || organisation.kind
FROM accounts_membership membership
JOIN accounts_organisation organisation ON organisation.id = membership.organisation_id
LEFT JOIN roles ON roles.role = membership.role AND roles.kind = organisation.kind
WHERE membership.ended_at IS NULL AND roles.role IS NULL
UNION ALL
SELECT 'key ' || key.id, 'used after its ' || CASE WHEN key.last_used_at > key.revoked_at THEN 'revocation'
    WHEN key.last_used_at > key.expires_at THEN 'end' ELSE 'owner had left' END
FROM accounts_apikey key JOIN accounts_membership membership ON membership.id = key.membership_id
WHERE key.last_used_at > least(key.revoked_at, key.expires_at, membership.ended_at) + interval '1 minute'
UNION ALL
SELECT 'key ' || key.id, 'asks ' || asked.verb || ', which nobody knows'
FROM accounts_apikey key CROSS JOIN LATERAL unnest(key.verbs) asked(verb)
WHERE key.revoked_at IS NULL AND asked.verb NOT IN (SELECT verb FROM verbs)
