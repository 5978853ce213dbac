"""What a mutant trips beside the invariant that it is named for, because the same rows are proven there too."""

from verify import bill_mutants


ALSO: dict[str, set[str]] = {
    **bill_mutants.ALSO,
    "I02 a posting in a currency of its own": {"I05"},
    "I04 money that was earned before it came": {"I03", "I05"},
    "I06 a hand-over that is not booked": {"I03", "I05"},
    "I06 a journal of an event that never was": {"I05"},
    "I06 an accrual that is not its posting": {"I10"},
    "I06 a seller's posting without its accrual": {"I10"},
    "I06 a journal of a kind that its event cannot have": {"I05"},
    "I13 a sale that became a fee": {"I03", "I05"},
    "I14 a commission of a cent too much": {"I03", "I05", "I10"},
    "I15 another rate than the line froze": {"I05"},
    "I15 legs that do not agree": {"I03", "I05"},
    "I01 a posting of nothing": {"I03", "I05", "I39"},
    "I50 goods that came into stock and were never put away": {"I53"},
    "I50 units put away that nobody counted": {"I51"},
    "I50 units put away beyond what was announced": {"I51"},
    "I01 a posting that moves nowhere": {"I03", "I05", "I39"},
    "I04 a floor that was not kept": {"I39"},
    "I06 a hand-over that is booked twice": {"I39"},
    "I12 two payouts under one reference": {"I39"},
    "I35 a message that was kept twice": {"I39"},
    "I36 a key that stands twice": {"I39"},
    "I36 an answer that was lost": {"I39"},
    "I06 a refund that is booked and never was": {"I09", "I16"},
    "I08 a refund that is not its lines": {"I09", "I16"},
    "I10 an accrual on another seller's statement": {"I11"},
    "I12 a payout that arrived and was never cleared": {"I02", "I06"},
    "I13 a cent of tax that accrues for another line": {"I02", "I03", "I05"},
    "I13 a cent of tax that is undone for another return": {"I02", "I03", "I05"},
}
