"""Entrepôt: a cross-border marketplace whose sellers can trade under any management model."""

__version__ = "0.1.0"
