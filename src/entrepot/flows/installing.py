"""The first rows of a marketplace of one's own: who may do what, the programmes, the operator and its first user."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.customs import services as customs
from entrepot.domain.logistics import holidays, publishing
from entrepot.domain.terms import services as terms
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import atomic

#: The first sign-in; its owner changes address and password at the first visit.
FIRST_USER = "operator@localhost.localdomain"

#: "Unknown", until the operator says where it is. Source: ISO 3166-1, user-assigned.
NO_COUNTRY = "ZZ"


@dataclass(frozen=True, slots=True)
class FirstSignIn:
    """Who can sign in to a new marketplace. The password is kept nowhere else."""

    email: str
    password: str


@atomic
def install(*, now: datetime) -> FirstSignIn | None:
    """Make an empty database a marketplace without markets or sellers; None where there is an operator already."""
    accounts.install_permissions()
    terms.load_presets(now=now)
    publishing.load_planning(now)
    holidays.load_reference(now=now)
    customs.load_reference(now=now)
    if Organisation.objects.filter(kind=Organisation.Kind.OPERATOR).exists():
        return None
    operator = accounts.create_organisation(
        kind="operator", code="operator", name="Operator", country=NO_COUNTRY, now=now
    )
    password = secrets.token_urlsafe(15)
    user = accounts.create_user(email=FIRST_USER, password=password)
    # Whoever reads the password on this machine runs it; no letter could reach this address.
    accounts.confirm_address(user=user)
    accounts.join(actor=SYSTEM, user=user, organisation=operator, role="operator.admin", now=now)
    return FirstSignIn(FIRST_USER, password)
