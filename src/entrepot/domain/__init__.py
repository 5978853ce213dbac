"""What the marketplace is: ranked nouns. A domain may import any domain below it in rank, never one beside or above."""
