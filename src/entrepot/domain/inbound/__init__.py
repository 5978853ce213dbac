"""Goods on their way in: what the platform orders of sellers, what they announce, and what is counted at the node."""
