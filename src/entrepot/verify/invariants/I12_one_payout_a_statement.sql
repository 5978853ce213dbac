-- A payable statement has one payout of its amount; a paid one has left the clearing account exactly once.
SELECT statement.number AS statement, statement.payable_minor AS payable, payout.amount_minor AS paid, 'payout' AS what
FROM settlement_statement statement
LEFT JOIN settlement_payout payout ON payout.statement_id = statement.id AND payout.state <> 'failed'
WHERE (payout.id IS NOT NULL AND (payout.amount_minor <> statement.payable_minor
           OR payout.seller_id <> statement.seller_id OR payout.currency <> statement.currency))
   OR (statement.state = 'paid' AND statement.payable_minor > 0 AND (payout.id IS NULL OR payout.state <> 'done'))
