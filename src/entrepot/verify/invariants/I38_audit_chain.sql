-- The audit trail is unbroken, and every published programme and admitted seller has its entry.
WITH chain AS (
    SELECT entry.sequence, entry.hash, entry.previous_hash, entrepot_audit_hash(entry) AS computed,
        lag(entry.hash, 1, '') OVER (ORDER BY entry.sequence) AS before,
        lag(entry.sequence, 1, 0::bigint) OVER (ORDER BY entry.sequence) AS sequence_before
    FROM kernel_auditentry entry
)
SELECT sequence::text AS subject,
    CASE
        WHEN hash <> computed THEN 'the entry was edited'
        WHEN sequence <> sequence_before + 1 THEN 'an entry before it is missing'
        ELSE 'does not follow the entry before it'
    END AS finding
FROM chain
WHERE hash <> computed OR previous_hash <> before OR sequence <> sequence_before + 1
UNION ALL
SELECT version.id::text, 'published without an audit entry'
FROM terms_programmeversion version
WHERE version.status <> 'draft'
  AND NOT EXISTS (SELECT FROM kernel_auditentry entry WHERE entry.subject_id = version.id)
UNION ALL
SELECT seller.organisation_id::text, 'admitted without an audit entry'
FROM sellers_seller seller
WHERE seller.admitted_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM kernel_auditentry entry WHERE entry.subject_id = seller.organisation_id)
