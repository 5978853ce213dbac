"""The demonstration market: made by the project itself from a seed, through the real flows, the same every time."""
