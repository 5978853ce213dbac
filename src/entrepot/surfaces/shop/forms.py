"""What shoppers type, read and checked for its form; what it means is for the flows."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from entrepot.domain.aftersales.rules import PHOTOS_MAX
from entrepot.domain.orders.carts import UNITS_MAX
from entrepot.domain.payments.providers import list_offered
from entrepot.domain.payments.providers.sandbox import INSTRUMENTS
from entrepot.flows.requests import CONTACT_LIMITS
from entrepot.kernel.errors import EntrepotError
from entrepot.kernel.money import parse_minor
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.threads import FilesField
from entrepot.surfaces.shop.places import OTHERWISE, SHAPES
from entrepot.surfaces.shop.words import RETURN_REASONS


class PriceField(forms.CharField):
    """An amount in the currency of the market, with a point or a comma. Units: minor."""

    def __init__(self, currency: str, **options: Any) -> None:
        super().__init__(max_length=20, **options)
        self.currency = currency
        self.widget.attrs["inputmode"] = "decimal"

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            found = parse_minor(text.replace(",", "."), self.currency)
        except EntrepotError as error:
            raise forms.ValidationError(errors.sentence(error)) from None
        if found < 0:
            raise forms.ValidationError(_("A price is not below nothing."))
        return found


class FilterForm(forms.Form):
    """What a list of goods is narrowed to, and in which order it stands."""

    price_from = forms.CharField(label=_("Price from"), required=False)
    price_until = forms.CharField(label=_("Price up to"), required=False)
    days = forms.TypedChoiceField(
        label=_("Arrives"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", _("at any time")),
            *((str(days), ngettext_lazy("within a day", "within %(days)s days", days) % {"days": days})
              for days in (3, 5, 7, 14, 21)),
        ],
    )  # fmt: skip
    sort = forms.ChoiceField(label=_("Order"), required=False, choices=())
    in_stock = forms.BooleanField(label=_("In stock only"), required=False)
    local = forms.BooleanField(label=_("Leaves from here"), required=False)

    def __init__(self, data: Mapping[str, Any], *, currency: str, best_first: bool = False) -> None:
        super().__init__(data)
        for name in ("price_from", "price_until"):
            self.fields[name] = PriceField(currency, label=self.fields[name].label, required=False)
        sort = self.fields["sort"]
        assert isinstance(sort, forms.ChoiceField)
        sort.choices = [
            ("", _("Best match first") if best_first else _("Newest first")),
            ("cheapest", _("Cheapest with delivery first")),
            ("dearest", _("Dearest first")),
            ("soonest", _("Soonest first")),
        ]
        self.order_fields(["price_from", "price_until", "days", "sort", "in_stock", "local"])

    @property
    def wanted(self) -> dict[str, Any]:
        """What is asked for; what cannot be read is shown beside its field and narrows nothing."""
        if self.is_bound and self.is_valid():
            return self.cleaned_data
        return {name: self.cleaned_data.get(name) for name in self.fields}

    @property
    def is_narrowing(self) -> bool:
        """Whether it leaves anything out."""
        return any(value for name, value in self.wanted.items() if name != "sort")


class UnitsForm(ActForm):
    """So many units of an offer."""

    offer = forms.UUIDField(widget=forms.HiddenInput)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=0, max_value=UNITS_MAX)


class VoucherForm(forms.Form):
    """A voucher's code; none takes it away."""

    voucher_code = forms.CharField(label=_("Voucher"), max_length=40, required=False)


class AddressForm(forms.Form):
    """A name and an address in the market's country."""

    name = forms.CharField(label=_("Name"), max_length=CONTACT_LIMITS["name"])
    company = forms.CharField(label=_("Company"), max_length=CONTACT_LIMITS["company"], required=False)
    line1 = forms.CharField(label=_("Street and number"), max_length=CONTACT_LIMITS["line1"])
    line2 = forms.CharField(label=_("Flat, floor, building"), max_length=CONTACT_LIMITS["line2"], required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=CONTACT_LIMITS["postcode"])
    city = forms.CharField(label=_("Town"), max_length=CONTACT_LIMITS["city"])
    region = forms.CharField(label=_("State"), max_length=CONTACT_LIMITS["region"], required=False)
    phone = forms.CharField(
        label=_("Telephone"),
        max_length=CONTACT_LIMITS["phone"],
        required=False,
        help_text=_("Only for the carrier, should it not find you."),
    )

    def __init__(self, *args: Any, country: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.country = country
        shape = SHAPES.get(country, OTHERWISE)
        postcode = self.fields["postcode"]
        postcode.label = str(shape.postcode)
        self.fields["line2"].label = str(shape.line2)
        self.fields["city"].label = str(shape.city)
        if shape.pattern:
            postcode.widget.attrs["placeholder"] = shape.example
            postcode.validators.append(
                RegexValidator(
                    shape.pattern, _("In this country it looks like {example}.").format(example=shape.example)
                )
            )
        if shape.regions:
            self.fields["region"] = forms.ChoiceField(
                label=_("State"), choices=[("", _("Choose")), *shape.regions.items()]
            )
        else:
            del self.fields["region"]
        self.postcode_last = shape.postcode_last

    def clean_postcode(self) -> str:
        """In capitals, as it is written on a parcel."""
        return str(self.cleaned_data["postcode"]).upper()

    def address(self) -> dict[str, str]:
        """The address as the vault keeps it."""
        return {
            name: self.cleaned_data[name] for name in CONTACT_LIMITS if name in self.cleaned_data and name != "email"
        } | {"country": self.country}


class MoveForm(AddressForm, ActForm):
    """Another address for what has not left."""


class BookForm(AddressForm, ActForm):
    """An address to keep."""


class ForgetForm(ActForm):
    """The account's own address, typed once more, so that nobody forgets everything by a slip."""

    email = forms.EmailField(label=_("Your e-mail address, to confirm"))

    def __init__(self, *args: Any, email: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.own = email

    def clean_email(self) -> str:
        typed = str(self.cleaned_data["email"])
        if typed.lower() != self.own.lower():
            raise forms.ValidationError(_("This is not the address that you are signed in with."))
        return typed


class CheckoutForm(AddressForm):
    """Where to, and how it is paid."""

    keep_address = forms.BooleanField(label=_("Keep this address in my address book"), required=False)

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=CONTACT_LIMITS["email"],
        help_text=_("For the confirmation and for news of your parcels."),
    )
    provider = forms.ChoiceField(label=_("How do you pay?"), widget=forms.RadioSelect)
    instrument = forms.ChoiceField(
        label=_("What the test card does"),
        help_text=_("No money moves in this demonstration. Choose how the payment ends."),
    )
    checkout_key = forms.CharField(max_length=120, widget=forms.HiddenInput)
    voucher_code = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    expected_total_minor = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, country: str, email: str = "", **options: Any) -> None:
        super().__init__(*args, country=country, **options)
        offered = list_offered()
        provider, instrument = self.fields["provider"], self.fields["instrument"]
        assert isinstance(provider, forms.ChoiceField)
        assert isinstance(instrument, forms.ChoiceField)
        provider.choices = [(each.code, each.label) for each in offered]
        provider.initial = offered[0].code if offered else None
        if any(each.code == "sandbox" for each in offered):
            instrument.choices = [(code, behaviour.label) for code, behaviour in INSTRUMENTS.items()]
        else:
            del self.fields["instrument"]
        if email:
            del self.fields["email"]
        else:
            del self.fields["keep_address"]


class CountField(forms.IntegerField):
    """So many units; left empty it is none."""

    def clean(self, value: Any) -> int:
        return 0 if value in self.empty_values else super().clean(value)


class QuantitiesForm(ActForm):
    """So many units of each of some lines, none where it is left empty: (line, title, most)."""

    def __init__(self, *args: Any, lines: Sequence[tuple[Any, str, int]], full: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lines = lines
        for line_id, title, most in lines:
            self.fields[f"line_{line_id.hex}"] = CountField(
                label=title,
                min_value=0,
                max_value=most,
                initial=most if full else 0,
                help_text=_("from 0 to {most}").format(most=most),
            )

    def quantities(self) -> list[tuple[Any, int]]:
        """The lines of which there are any."""
        found = [(line_id, self.cleaned_data.get(f"line_{line_id.hex}", 0)) for line_id, _title, _most in self.lines]
        return [(line_id, units) for line_id, units in found if units]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.quantities():
            raise forms.ValidationError(_("Say how many of what."))
        return cleaned


class ReturnForm(QuantitiesForm):
    """What is to go back, and why."""

    reason = forms.ChoiceField(label=_("Why do you send it back?"), choices=list(RETURN_REASONS.items()))
    note = forms.CharField(
        label=_("Anything that helps to understand"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    photos = FilesField(
        label=_("Photographs"),
        most=PHOTOS_MAX,
        required=False,
        help_text=_("Up to six, if they help: of the damage, the label, what came instead."),
    )
