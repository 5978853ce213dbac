"""Countries and languages by name, for forms and for what stands in a table."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared.components import Text

#: Countries where firms apply from; another one is written by its code.
COUNTRIES: Mapping[str, Text] = {
    "AE": _("United Arab Emirates"), "AR": _("Argentina"), "AT": _("Austria"), "AU": _("Australia"),
    "BD": _("Bangladesh"), "BE": _("Belgium"), "BG": _("Bulgaria"), "BR": _("Brazil"), "CA": _("Canada"),
    "CH": _("Switzerland"), "CL": _("Chile"), "CN": _("China"), "CO": _("Colombia"), "CY": _("Cyprus"),
    "CZ": _("Czechia"), "DE": _("Germany"), "DK": _("Denmark"), "EE": _("Estonia"), "EG": _("Egypt"),
    "ES": _("Spain"), "FI": _("Finland"), "FR": _("France"), "GB": _("United Kingdom"), "GR": _("Greece"),
    "HK": _("Hong Kong"), "HR": _("Croatia"), "HU": _("Hungary"), "ID": _("Indonesia"), "IE": _("Ireland"),
    "IL": _("Israel"), "IN": _("India"), "IT": _("Italy"), "JP": _("Japan"), "KE": _("Kenya"), "KH": _("Cambodia"),
    "KR": _("South Korea"), "LK": _("Sri Lanka"), "LT": _("Lithuania"), "LU": _("Luxembourg"), "LV": _("Latvia"),
    "MA": _("Morocco"), "MT": _("Malta"), "MX": _("Mexico"), "MY": _("Malaysia"), "NG": _("Nigeria"),
    "NL": _("Netherlands"), "NO": _("Norway"), "NZ": _("New Zealand"), "PE": _("Peru"), "PH": _("Philippines"),
    "PK": _("Pakistan"), "PL": _("Poland"), "PT": _("Portugal"), "RO": _("Romania"), "RS": _("Serbia"),
    "SA": _("Saudi Arabia"), "SE": _("Sweden"), "SG": _("Singapore"), "SI": _("Slovenia"), "SK": _("Slovakia"),
    "TH": _("Thailand"), "TN": _("Tunisia"), "TR": _("Türkiye"), "TW": _("Taiwan"), "UA": _("Ukraine"),
    "US": _("United States"), "UY": _("Uruguay"), "VN": _("Vietnam"), "ZA": _("South Africa"),
}  # fmt: skip

LANGUAGES: Mapping[str, Text] = {
    "de": _("German"), "en": _("English"), "es": _("Spanish"), "fr": _("French"), "it": _("Italian"),
    "ja": _("Japanese"), "nl": _("Dutch"), "pl": _("Polish"), "pt": _("Portuguese"), "zh": _("Chinese"),
}  # fmt: skip


def country(code: str) -> str:
    """A country by name."""
    return str(COUNTRIES.get(code, code))


def language(code: str) -> str:
    """A language by name."""
    return str(LANGUAGES.get(code.partition("-")[0], code))


def choices(codes: Collection[str] | None = None) -> list[tuple[str, str]]:
    """Countries to choose from, by name; all that are known where none are named."""
    return sorted(((code, country(code)) for code in codes or COUNTRIES), key=lambda pair: pair[1])
