"""The pages of a shopper."""
