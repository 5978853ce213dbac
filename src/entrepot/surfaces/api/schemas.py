"""What every schema is made of: bodies that are read strictly, texts that can be kept, amounts with their currency."""

from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Schema
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from entrepot.kernel.money import MINOR_MAX

#: More rows than one request should carry.
ROWS_MAX = 500


def check_text(text: str) -> str:
    """A text that a database can keep. Raises: ValueError."""
    if "\0" in text:
        raise ValueError("A text holds no NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("This text cannot be written down.") from None
    return text


def _check_all(value: Any) -> None:
    """Every text within a value."""
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, part in value.items():
            _check_all(name)
            _check_all(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _check_all(part)


class In(BaseModel):
    """A body. A field that there is not is refused, and so is a text that cannot be kept.

    It is made of what JSON has. Ninja's own schema also reads rows of the database, and for that would check a strict
    body twice, and what stands within it four times.
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _writable(cls, value: Any) -> Any:
        _check_all(value)
        return value


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError("This is not an e-mail address.") from None
    return text


Code = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[-a-zA-Z0-9_]+$")]
Short = Annotated[str, Field(max_length=40)]
Label = Annotated[str, Field(max_length=120)]
Text = Annotated[str, Field(max_length=400)]
Reason = Annotated[str, Field(min_length=1, max_length=200, description="Kept with your name.")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Units = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
UnitsOrNone = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Change = Annotated[int, Field(strict=True, ge=-1_000_000_000, le=1_000_000_000)]
Minor = Annotated[int, Field(strict=True, ge=0, le=MINOR_MAX)]
PositiveMinor = Annotated[int, Field(strict=True, ge=1, le=MINOR_MAX)]
Flag = Annotated[bool, Field(strict=True)]


class Money(Schema):
    """An amount. Units: minor, of the ISO 4217 currency."""

    minor: int
    currency: str


class Price(In):
    """An amount above nothing. Units: minor, of the ISO 4217 currency."""

    minor: PositiveMinor
    currency: Currency


class Total(In):
    """An amount that may be nothing. Units: minor, of the ISO 4217 currency."""

    minor: Minor
    currency: Currency


class ReasonIn(In):
    """Why; kept with your name."""

    reason: Reason


class Done(Schema):
    """How many rows an act moved."""

    count: int


class Problem(Schema):
    """A refusal. Source: RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    field: str = ""
    values: dict[str, Any] = {}
    errors: list[dict[str, str]] = []


def money(minor: int, currency: str) -> Money:
    """The amount as the API shows it."""
    return Money(minor=minor, currency=currency)


def perhaps(minor: int | None, currency: str) -> Money | None:
    """The amount where there is one."""
    return None if minor is None else money(minor, currency)
