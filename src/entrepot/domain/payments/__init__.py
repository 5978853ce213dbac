"""Money in and out through providers: authorisation, capture, void, refund; each call written before it is made.

Owns the words: payment, authorisation, capture, refund, void, provider, provider event.
Never knows an order: a payment carries a plain reference and plain line ids. Never posts to the ledger.
"""
