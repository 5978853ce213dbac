"""What checkout is asked, read strictly: a request is well-formed or refused with the name of the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from entrepot.domain.accounts.models import Contact
from entrepot.domain.payments.providers import PROVIDERS, get_provider
from entrepot.domain.promotions.queries import plain_code
from entrepot.kernel.errors import Denied, Invalid
from entrepot.kernel.idempotency import body_hash
from entrepot.kernel.money import MINOR_MAX

#: Limits of one order; far above any that a person makes.
QUANTITY_MAX = 1_000_000
LINES_MAX = 1_000

#: What the vault keeps of an address, and how long each part may be.
CONTACT_LIMITS: Mapping[str, int] = {
    field.name: field.max_length or 0
    for field in Contact._meta.concrete_fields
    if field.name in {"name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone", "email"}
}


class Wanted(NamedTuple):
    """So many units of an offer; `agreed_minor` is a price for one unit that was agreed outside this marketplace."""

    offer_id: UUID
    quantity: int
    agreed_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class CartRequest:
    """What a shopper means to buy. `lines` are (offer, quantity)."""

    market_code: str
    lines: Sequence[tuple[Any, ...]]
    voucher_code: str = ""
    user_id: UUID | None = None
    email: str = ""
    language: str = ""

    @cached_property
    def wanted(self) -> list[Wanted]:
        """The lines by name."""
        return [Wanted(*line) for line in self.lines]


@dataclass(frozen=True, kw_only=True)
class OrderRequest(CartRequest):
    """What a shopper orders. `checkout_key` names the checkout: the same key is the same order.

    `ship_to` is a name and address, or the id of one that the user has in the vault. `expected_total_minor` is the
    total that the shopper saw; another one is refused.
    """

    checkout_key: str
    ship_to: Mapping[str, str] | UUID
    provider: str
    instrument: str = ""
    expected_total_minor: int | None = None
    attribution: Mapping[str, Any] = field(default_factory=dict)
    cart_id: UUID | None = None

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything asked; a replay has the same."""
        return body_hash(
            [
                self.market_code,
                [list(line) for line in self.lines],
                self.voucher_code,
                self.user_id,
                self.email,
                self.language,
                self.ship_to if isinstance(self.ship_to, UUID) else dict(self.ship_to),
                self.provider,
                self.instrument,
                self.expected_total_minor,
                dict(self.attribution),
                self.cart_id,
            ]
        )


def check_cart(request: CartRequest) -> None:
    """Raises: Invalid naming the field."""
    _text(request.market_code, "market", 8, least=1)
    _text(request.voucher_code, "voucher_code", 40)
    _text(request.language, "language", 10)
    _email(request.email, "email")
    if not 0 < len(request.lines) <= LINES_MAX:
        raise Invalid(
            "orders.no_lines", "An order has 1 to {most} lines; this one has {found}.", field="lines",
            most=LINES_MAX, found=len(request.lines),
        )  # fmt: skip
    for place, line in enumerate(request.wanted):
        check_quantity(line.quantity, f"lines[{place}].quantity")
        if not isinstance(line.offer_id, UUID):
            raise Invalid("orders.bad_offer", "This is not an offer.", field=f"lines[{place}].offer_id")
        if line.agreed_minor is not None:
            _amount(line.agreed_minor, f"lines[{place}].agreed_minor")


def check_quantity(quantity: Any, where: str, most: int = QUANTITY_MAX) -> int:
    """A whole number of units. Raises: Invalid naming the field."""
    if type(quantity) is not int or not 0 < quantity <= most:
        raise Invalid(
            "orders.bad_quantity",
            "A quantity is a whole number from 1 to {most}; {found} is not.",
            field=where,
            most=most,
            found=str(quantity)[:40],
        )
    return quantity


def check_order(request: OrderRequest, *, trusted: bool = False) -> None:
    """Only a trusted caller, which acts for the operator, may name agreed prices or payments made elsewhere.

    Raises: Invalid naming the field, Denied.
    """
    check_cart(request)
    _text(request.checkout_key, "checkout_key", 120, least=1)
    _text(request.instrument, "instrument", 60)
    if request.expected_total_minor is not None:
        _amount(request.expected_total_minor, "expected_total_minor")
    if not isinstance(request.attribution, Mapping):
        raise Invalid("orders.bad_attribution", "An attribution is a table of names and values.", field="attribution")
    if not isinstance(request.ship_to, UUID):
        check_contact(request.ship_to, "ship_to")
    _text(request.provider, "provider", 30, least=1)
    if trusted and request.provider in PROVIDERS:
        return
    get_provider(request.provider)
    if not get_provider(request.provider).is_offered or any(line.agreed_minor is not None for line in request.wanted):
        raise Denied("orders.not_for_shoppers", "A shopper pays the price that is asked, in a way that is offered.")


def check_contact(contact: Mapping[str, str], where: str) -> None:
    """A name and address that the vault can keep. Raises: Invalid naming the field."""
    for name, value in contact.items():
        if name not in CONTACT_LIMITS:
            raise Invalid("orders.unknown_field", "An address has no {name}.", field=where, name=str(name)[:40])
        _text(value, f"{where}.{name}", CONTACT_LIMITS[name])
    country = contact.get("country", "")
    if len(country) != 2 or not country.isascii() or not country.isupper():
        raise Invalid("accounts.country_missing", "Give the country as two capital letters.", field=f"{where}.country")
    _email(contact.get("email", ""), f"{where}.email")


def voucher_of(request: CartRequest) -> str:
    """The code of the voucher as it is kept; empty where there is none."""
    return plain_code(request.voucher_code)


def _text(value: Any, where: str, most: int, least: int = 0) -> None:
    if not isinstance(value, str) or "\0" in value or not least <= len(value) <= most:
        raise Invalid(
            "orders.bad_text", "This is a text of {least} to {most} characters.", field=where, least=least, most=most
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Invalid("orders.bad_text", "This text cannot be written down.", field=where) from None


def _amount(value: Any, where: str) -> None:
    if type(value) is not int or not 0 <= value <= MINOR_MAX:
        raise Invalid("orders.bad_amount", "This is not an amount that can be charged.", field=where)


def _email(value: str, where: str) -> None:
    if not value:
        return
    _text(value, where, CONTACT_LIMITS["email"])
    try:
        validate_email(value)
    except ValidationError:
        raise Invalid("orders.bad_email", "This is not an e-mail address.", field=where) from None
