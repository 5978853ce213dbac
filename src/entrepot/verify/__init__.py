"""The books prove themselves: one readable query an invariant, in one read-only snapshot.

Owns the words: invariant, finding. Never changes a row. The queries stand in `invariants/`, named by their id.
"""
