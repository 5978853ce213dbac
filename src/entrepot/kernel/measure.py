"""Weights in grams and lengths in millimetres, read from the units that files use."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from entrepot.kernel.errors import Invalid

#: How many grams or millimetres one unit is. Source: SI; the pound and inch by the 1959 international agreement.
GRAMS = {
    "mg": Decimal("0.001"),
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
    "oz": Decimal("28.349523125"),
    "lb": Decimal("453.59237"),
}
MILLIMETRES = {"mm": Decimal(1), "cm": Decimal(10), "m": Decimal(1000), "in": Decimal("25.4"), "ft": Decimal("304.8")}

GRAMS_MAX = 40_000_000
MILLIMETRES_MAX = 100_000


def grams(text: str, unit: str = "g", *, field: str = "weight") -> int:
    """A positive weight in whole grams; a trace rounds up to one gram. Raises: Invalid."""
    return _read(text, GRAMS, unit, GRAMS_MAX, field)


def millimetres(text: str, unit: str = "cm", *, field: str = "length") -> int:
    """A positive length in whole millimetres. Raises: Invalid."""
    return _read(text, MILLIMETRES, unit, MILLIMETRES_MAX, field)


def _read(text: str, table: dict[str, Decimal], unit: str, maximum: int, field: str) -> int:
    if unit not in table:
        raise Invalid(
            "measure.unknown_unit",
            "{unit} is not a unit of this measure; use one of {known}.",
            field=field,
            unit=unit,
            known=", ".join(table),
        )
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Invalid(
            "measure.unreadable", "{text!r} is not a measure; write digits such as 12.5.", field=field, text=text[:40]
        )
    if value <= 0:
        raise Invalid("measure.not_positive", "A measure of {text} must be above zero.", field=field, text=text[:40])
    if value * table[unit] > maximum:
        raise Invalid(
            "measure.too_large",
            "{text} {unit} is larger than anything that is shipped here.",
            field=field,
            text=text[:40],
            unit=unit,
        )
    return max(1, int((value * table[unit]).quantize(Decimal(1), rounding=ROUND_HALF_UP)))
