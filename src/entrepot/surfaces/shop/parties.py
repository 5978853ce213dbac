"""Who sells, ships and serves, by name: what the terms say of parties, said of the organisations that are meant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entrepot.domain.accounts.models import Organisation
from entrepot.domain.terms.rules import Conditions, Party, Role, Task
from entrepot.surfaces.shared.components import Text

PARTNERS: Mapping[Role | None, Text] = {
    Role.WAREHOUSE: _("a partner warehouse"),
    Role.FORWARDER: _("a freight forwarder"),
    Role.CARRIER: _("a carrier"),
    None: _("a partner of the marketplace"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the operator and of some sellers."""

    operator: str
    sellers: Mapping[UUID, str]

    def seller(self, seller_id: UUID) -> str:
        """What a seller is called."""
        return self.sellers.get(seller_id, "")

    def of(self, party: Party | None, seller_id: UUID, role: Role | None = None) -> str:
        """Who a party is in the case of this seller."""
        match party:
            case Party.SELLER:
                return self.seller(seller_id)
            case Party.THIRD_PARTY:
                return str(PARTNERS[role])
            case _:
                return self.operator

    def of_code(self, party: str, seller_id: UUID) -> str:
        """The same by the party's code, for who works at a node."""
        return self.of(Party(party), seller_id, Role.WAREHOUSE)

    def who(self, terms: Conditions, seller_id: UUID, *, ships: Party | None) -> list[tuple[Text, str]]:
        """Who sells, ships, serves and takes back, as (what, name)."""
        parties = (
            (_("Sold by"), terms.performer(Task.SELLER_OF_RECORD), terms.role(Task.SELLER_OF_RECORD)),
            (_("Sent by"), ships, Role.WAREHOUSE),
            (_("Your questions go to"), terms.performer(Task.CUSTOMER_SERVICE), terms.role(Task.CUSTOMER_SERVICE)),
            (_("Returns go to"), terms.performer(Task.RETURNS_HANDLING), terms.role(Task.RETURNS_HANDLING)),
        )
        return [(what, self.of(party, seller_id, role)) for what, party, role in parties]


def names_of(seller_ids: Collection[UUID]) -> Names:
    """The names of these sellers and of the operator, in one query."""
    rows = Organisation.objects.filter(kind=Organisation.Kind.OPERATOR) | Organisation.objects.filter(
        id__in=list(seller_ids)
    )
    sellers, operator = {}, gettext("the marketplace")
    for row in rows:
        if row.kind == Organisation.Kind.OPERATOR:
            operator = row.name
        else:
            sellers[row.id] = row.name
    return Names(operator, sellers)
