"""Numbers that stand in addresses, where anybody may write anything."""

#: No list that somebody reads is longer.
MOST = 10_000_000


def whole(text: str, *, most: int = MOST) -> int:
    """A whole number; 0 for what is none or could not be meant."""
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
