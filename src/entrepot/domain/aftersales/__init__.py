"""What comes back: return cases with reason, cause, address, disposition and the party that bears the cost.

Owns the words: return case, return line, reason, cause, disposition.
Never moves money or stock itself: the flow of returns does.
"""
