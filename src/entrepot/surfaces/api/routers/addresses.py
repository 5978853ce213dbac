"""Names and addresses as the vault takes and shows them."""

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from entrepot.domain.accounts import queries as accounts
from entrepot.surfaces.api.schemas import Email, In


class AddressIn(In):
    """A name and address without its country."""

    name: Annotated[str, Field(max_length=150)] = ""
    company: Annotated[str, Field(max_length=150)] = ""
    line1: Annotated[str, Field(max_length=200)] = ""
    line2: Annotated[str, Field(max_length=200)] = ""
    city: Annotated[str, Field(max_length=120)] = ""
    region: Annotated[str, Field(max_length=120)] = ""
    postcode: Annotated[str, Field(max_length=20)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""


class ShipToIn(AddressIn):
    """To whom and where something is sent."""

    name: Annotated[str, Field(min_length=1, max_length=150)]
    line1: Annotated[str, Field(min_length=1, max_length=200)]
    city: Annotated[str, Field(min_length=1, max_length=120)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    email: Email | None = None

    def contact(self) -> dict[str, str]:
        """The address as the vault takes it."""
        return {name: value or "" for name, value in self.model_dump().items()}


class AddressOut(Schema):
    """A name and address; one that was erased has its country only."""

    name: str
    company: str
    line1: str
    line2: str
    city: str
    region: str
    postcode: str
    country: str
    phone: str

    @classmethod
    def of(cls, contact_id: UUID) -> "AddressOut":
        """The address of a vault row."""
        shown: AddressOut = cls.from_orm(accounts.get_contact(contact_id=contact_id))
        return shown
