"""The roof: what sellers earn and owe, accrued once by rule, gathered on statements, paid out.

Owns the words: accrual, statement, statement line, reserve, carried balance, payout, payout batch.
Never recomputes an amount: settlement selects, groups, reserves and posts what accrued.
"""
