"""The pages of a seller."""
