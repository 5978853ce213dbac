"""What carriers' bills of one line each come to, in plain Python."""

from dataclasses import dataclass

from proving.refusals import No, demand


@dataclass
class Line:
    """What a carrier bills for a parcel; below zero it gives back. Units: minor."""

    parcel: str
    amount: int
    twice: bool = False
    state: str = "open"
    credits: str = ""
    paid: bool = False


class Bills:
    """The model of one carrier's bills. An act that must be refused raises `No`."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    @property
    def owed(self) -> int:
        """What was accepted and is not paid."""
        return sum(each.amount for each in self.lines.values() if each.state == "accepted" and not each.paid)

    def enter(self, name: str, parcel: str, amount: int) -> None:
        self.lines[name] = Line(parcel, amount)
        self.lines[name].twice = self._is_billed(name)

    def accept(self, name: str) -> int:
        line = self.lines[name]
        if line.state not in ("open", "disputed"):
            return 0
        twice = self._is_billed(name) if line.state == "open" else line.twice
        demand(not twice)
        line.state, line.twice = "accepted", False
        return 1

    def dispute(self, name: str) -> int:
        if self.lines[name].state != "open":
            return 0
        self.lines[name].state = "disputed"
        return 1

    def credit(self, name: str, parcel: str, amount: int) -> int:
        """The carrier gives back: what is disputed first, then what comes to as much, then the latest."""
        line = self.lines[name] = Line(parcel, -amount)
        found = [
            (each.state == "disputed", each.amount == amount, place, key)
            for place, (key, each) in enumerate(self.lines.items())
            if each.parcel == parcel and each.amount >= amount and each.state in ("disputed", "accepted")
        ]
        if not found:
            return 0
        line.credits = max(found)[-1]
        of = self.lines[line.credits]
        if of.state == "disputed" and of.twice and of.amount != amount:
            return 0  # a person looks at it
        given = sum(-each.amount for each in self.lines.values()
                    if each.credits == line.credits and each.state in ("accepted", "credited"))  # fmt: skip
        if given + amount > of.amount:
            raise No
        if of.state == "disputed" and of.amount == amount:
            of.state = line.state = "credited"
        else:
            of.state = line.state = "accepted"
        return 1

    def pay(self) -> int:
        amount = self.owed
        demand(amount > 0)
        for each in self.lines.values():
            each.paid |= each.state == "accepted"
        return amount

    def _is_billed(self, name: str) -> bool:
        return any(
            key != name and each.parcel == self.lines[name].parcel and each.amount > 0 and not each.twice
            and each.state != "credited"
            for key, each in self.lines.items()
        )  # fmt: skip
