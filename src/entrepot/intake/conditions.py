"""Whether rows are as a rule of the mapping says, column by column; each different value is judged once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from entrepot.intake.grammar import Test


def matching(when: Mapping[str, Test], columns: Mapping[str, Sequence[Any]], count: int) -> list[bool]:
    """For each of `count` rows whether every test of the rule holds; a rule without tests holds always."""
    held = [True] * count
    for name, test in when.items():
        column = columns[name]
        judged = {value: holds(test, value) for value in set(column)}
        held = [so_far and judged[value] for so_far, value in zip(held, column, strict=True)]
    return held


def holds(test: Test, value: Any) -> bool:
    """Whether a value is what the test says; an amount is judged without its currency."""
    value = value[0] if isinstance(value, tuple) else value
    if test.blank is not None and (value is None) is not test.blank:
        return False
    if test.matches is not None and (value is None or not test.matches.fullmatch(str(value))):
        return False
    bounds = (test.below, test.above, test.equals)
    if bounds == (None, None, None):
        return True
    if not isinstance(value, int | Decimal):
        return False
    below, above, equals = bounds
    return (below is None or value < below) and (above is None or value > above) and (equals is None or value == equals)
