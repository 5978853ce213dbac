"""Fields that several forms of the set-up have."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.kernel import money

WEEKDAYS = [
    ("1", gettext_lazy("Monday")),
    ("2", gettext_lazy("Tuesday")),
    ("3", gettext_lazy("Wednesday")),
    ("4", gettext_lazy("Thursday")),
    ("5", gettext_lazy("Friday")),
    ("6", gettext_lazy("Saturday")),
    ("7", gettext_lazy("Sunday")),
]


class CountryField(forms.CharField):
    """A country as two letters."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"label": gettext_lazy("Country"), "help_text": gettext_lazy("Two letters, such as DE.")} | kwargs
        super().__init__(max_length=2, min_length=2, **kwargs)

    def clean(self, value: Any) -> str:
        code = str(super().clean(value)).upper()
        if code and not re.fullmatch(r"[A-Z]{2}", code):
            raise forms.ValidationError(_("Write the country as two letters, such as DE."))
        return code


class CodeField(forms.SlugField):
    """A short name in addresses and files, for good."""

    def __init__(self, **kwargs: Any) -> None:
        helped = gettext_lazy("Letters, digits and hyphens; it stays for good.")
        usual: dict[str, Any] = {"label": gettext_lazy("Code"), "max_length": 60, "help_text": helped}
        super().__init__(**usual | kwargs)


class DayField(forms.DateField):
    """A day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class AmountField(forms.CharField):
    """An amount as people write it; the currency is known to the view."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=30, widget=widget, **kwargs)


def percent_field(**kwargs: Any) -> forms.DecimalField:
    """A share as per cent."""
    usual: dict[str, Any] = {
        "min_value": 0,
        "max_value": 99,
        "max_digits": 7,
        "decimal_places": 4,
        "widget": forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    }
    return forms.DecimalField(**usual | kwargs)


def zone_field() -> forms.ChoiceField:
    """A time zone."""
    return forms.ChoiceField(label=gettext_lazy("Time zone"), choices=_zones)


def currency_field() -> forms.ChoiceField:
    """A currency."""
    return forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=[("", "–"), *((code, code) for code in sorted(money.EXPONENTS))]
    )


@cache
def _zones() -> list[tuple[str, str]]:
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    found = sorted(zone for zone in available_timezones() if zone.startswith(areas))
    return [("", "–"), *((zone, zone.replace("_", " ")) for zone in [*found, "UTC"])]


def languages(text: str) -> list[str]:
    """The languages of a text such as “de, en”. Raises: ValidationError."""
    found = [each.strip().lower() for each in re.split(r"[,;\s]+", text) if each.strip()]
    if not found or not all(re.fullmatch(r"[a-z]{2}(-[a-z]{2,4})?", each) for each in found):
        raise forms.ValidationError(_("Write languages as codes, such as de, en or pt-br."))
    return list(dict.fromkeys(found))
