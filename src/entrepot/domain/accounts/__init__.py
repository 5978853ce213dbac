"""Who is here: organisations, people, roles as rows, keys, and the vault of names and addresses.

Owns the words: organisation, user, membership, role, verb, API key, contact.
Never knows what an organisation sells or is owed.
"""
