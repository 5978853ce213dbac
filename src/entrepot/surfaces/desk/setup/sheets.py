"""Tables that are pasted or uploaded on a page of the set-up: the form, and how cells are read."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.kernel import money
from entrepot.kernel.errors import Invalid
from entrepot.kernel.sheets import Reader, read_csv
from entrepot.surfaces.shared.acting import ActForm

BYTES_MAX = 1_000_000


class SheetForm(ActForm):
    """A table as a file or as text; the text of a file that is refused comes back to be mended."""

    sheet = forms.CharField(
        label=gettext_lazy("Paste a table"),
        required=False,
        strip=False,
        max_length=BYTES_MAX,
        widget=forms.Textarea(attrs={"rows": 8, "class": "paste", "spellcheck": "false", "autocomplete": "off"}),
    )
    file = forms.FileField(label=gettext_lazy("Or choose a CSV file"), required=False)

    def clean_file(self) -> Any:
        """A file's text takes the place of what was pasted."""
        upload = self.cleaned_data["file"]
        if upload:
            if upload.size > BYTES_MAX:
                raise forms.ValidationError(_("The file is larger than one megabyte."))
            try:
                text = upload.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise forms.ValidationError(_("The file is not UTF-8; save it as “CSV UTF-8”.")) from None
            self.cleaned_data["sheet"] = text
            self.data = {**self.data.dict(), "sheet": text}  # type: ignore[attr-defined]
        return upload


def table(typed: Mapping[str, Any], readers: Mapping[str, Reader]) -> list[dict[str, Any]]:
    """The rows of what was sent. Raises: Invalid naming row and column, or where nothing was sent."""
    text = typed["sheet"]
    if not text.strip():
        raise Invalid("sheets.empty", "Paste a table or choose a file.", field="sheet")
    rows = read_csv(text, readers)
    if not rows:
        raise Invalid("sheets.no_rows", "There is no row below the names of the columns.", field="sheet")
    return rows


def text(least: int = 0, most: int = 200) -> Reader:
    """A text of so many characters."""

    def read(cell: str) -> str:
        if not least <= len(cell) <= most:
            raise ValueError(_("is missing") if not cell else _("is too long"))
        return cell

    return read


def country(cell: str) -> str:
    """Two capital letters, or nothing."""
    if cell and not (len(cell) == 2 and cell.isascii() and cell.isalpha()):
        raise ValueError(_("write a country as two letters"))
    return cell.upper()


def currency(cell: str) -> str:
    """An ISO 4217 code."""
    money.exponent(cell.upper())
    return cell.upper()


def whole(cell: str) -> int:
    """A whole number from 0."""
    if not cell.isdecimal() or len(cell) > 9:
        raise ValueError(_("write a whole number"))
    return int(cell)


def day(cell: str) -> date:
    """A day as 2026-03-31."""
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError(_("write a day as 2026-03-31")) from None


def number(cell: str) -> Decimal:
    """A number with a point or a comma before its decimals."""
    try:
        value = Decimal(cell.replace(",", ".") if "." not in cell else cell)
    except InvalidOperation:
        raise ValueError(_("write a number")) from None
    if not value.is_finite():
        raise ValueError(_("write a number"))
    return value


def optional(reader: Reader, default: Any) -> Callable[[str], Any]:
    """A cell that may be empty."""
    return lambda cell: reader(cell) if cell else default
