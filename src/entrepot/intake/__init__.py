"""Files in: mappings from foreign catalogues and order histories to our own, read as a stream, every row accounted for."""
