"""The set-up of a marketplace: what it needs before the first sale, a page a thing, and the list of them all."""
