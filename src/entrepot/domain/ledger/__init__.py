"""The floor: accounts, journals and postings, append-only, and balances of the accounts that have a floor.

Owns the words: account, journal, posting, balance, reversal, seal, anchor.
Never knows what a posting is about: it carries plain ids of owner, source and subject.
"""
