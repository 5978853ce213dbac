-- Every journal has a posting, and each posting moves a positive amount between two accounts.
SELECT journal.id::text AS journal, journal.kind, 'no posting' AS finding
FROM ledger_journal journal
WHERE NOT EXISTS (SELECT FROM ledger_posting posting WHERE posting.journal_id = journal.id)
UNION ALL
SELECT posting.journal_id::text, posting.part, 'amount ' || posting.amount_minor || ', source = destination: '
    || (posting.source_id = posting.destination_id)
FROM ledger_posting posting
WHERE posting.amount_minor <= 0 OR posting.source_id = posting.destination_id
