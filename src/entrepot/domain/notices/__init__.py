"""Notices: what people are told in the app, whether they have read it, and what they also want by e-mail."""
