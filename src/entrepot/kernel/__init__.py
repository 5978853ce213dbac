"""What every room stands on: money, measures, time, ids, errors, idempotency, outbox, audit, approval, database access.

Owns the words: minor units, actor, outbox event, idempotency key, audit entry, approval.
Never knows a noun of the trade: it carries plain ids of what it speaks about.
"""
