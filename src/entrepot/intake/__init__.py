"""Files of others brought in: a catalogue becomes drafts and applicants, an order history is replayed.

Owns the words: mapping, field, bucket, rejects, replay. A mapping is a TOML file that says how a stranger's file is to
be read; nothing about a particular file stands in code. Has no tables: what was imported is known by its natural keys.
"""
