"""Threads on an order between its shopper and whoever holds customer service by the line's terms.

Messages are never changed. A thread is waited for from the shopper's first unanswered message on, until it is answered.
"""
