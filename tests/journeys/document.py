"""`docs/order-life.md` from the lives that the journeys tell."""

from collections.abc import Mapping

HEAD = """# One order's life

What happens to one order, in the books and on the shelves, under each of the four neutral programmes; then to one cart
with goods of all four and a voucher that platform and sellers pay for together. A posting moves an amount from one
account to another; an account without a name after it is the operator's. Two units are bought and one comes back.

This page is made from the journeys in `tests/journeys`, which compare every line of it with what the real flows do.
"""

TITLES = {
    "fully-managed": (
        "Fully managed",
        "The platform sells: what the shopper paid for the goods is its sale, and the factory earns its supply price.",
    ),
    "semi-managed-platform-logistics": (
        "Semi-managed, the platform ships",
        "The seller sets the price and owns the stock; the platform moves it, clears customs and serves the shopper.",
    ),
    "semi-managed-local-stock": (
        "Semi-managed, local stock",
        "The seller ships from near the shopper and earns the price less a commission; the platform helps with labels.",
    ),
    "self-managed": ("Self-managed", "The seller does it all; the platform finds the shopper and collects the money."),
    "mixed-cart": ("One cart, four programmes", "One total, one payment; behind each line its own terms."),
}


def write(lives: Mapping[str, str]) -> str:
    """The page."""
    parts = [HEAD]
    for name, life in lives.items():
        title, words = TITLES[name]
        parts += [f"## {title}\n", f"{words}\n", *_chapters(life)]
    return "\n".join(parts)


def _chapters(life: str) -> list[str]:
    written: list[str] = []
    for line in life.splitlines():
        if not line.startswith("  "):
            day, _, act = line.removeprefix("day ").partition(": ")
            written += ["", f"**Day {day}** – {act}.", ""] if written else [f"**Day {day}** – {act}.", ""]
        elif "→" in line:
            move, amount, part = (piece.strip() for piece in line.strip().rsplit("  ", 2))
            source, _, destination = move.partition(" → ")
            if not written[-1].startswith("|"):
                written += ["| from | to | amount | part |", "| --- | --- | ---: | --- |"]
            written.append(f"| `{source}` | `{destination}` | {amount} | {part.strip('()')} |")
        else:
            if written[-1].startswith("|"):
                written.append("")
            written.append(f"- {line.strip()}")
    return [*written, ""]
