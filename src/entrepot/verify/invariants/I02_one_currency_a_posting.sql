-- A posting stays within one currency, so that the trial balance of each currency is zero; what is closed is cleared.
SELECT posting.id::text AS posting, posting.part, 'accounts in ' || source.currency || ' and ' || destination.currency
    || ', posting in ' || posting.currency AS finding
FROM ledger_posting posting
JOIN ledger_account source ON source.id = posting.source_id
JOIN ledger_account destination ON destination.id = posting.destination_id
WHERE source.currency <> posting.currency OR destination.currency <> posting.currency
