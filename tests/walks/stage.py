"""What is walked: a market with sellers of the four neutral programmes, and people who can sign in."""

from datetime import UTC, datetime
from decimal import Decimal

from django.contrib.auth.hashers import make_password

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation, User
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.settlement import services as settlement
from entrepot.domain.settlement.services import NewCostRate
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from worlds import World

PASSWORD = "lantern-quay-compass"
COSTS = (
    NewCostRate("payment", "EUR", "walks", Decimal("0.0175"), 12),
    NewCostRate("handling", "EUR", "walks", amount_minor=60),
    NewCostRate("storage", "EUR", "walks", amount_minor=9),
)
#: programme -> (seller, its currency, article, price)
CAST = {
    "fully-managed": ("factory", "CNY", "Porcelain mug", "29.90"),
    "semi-managed-platform-logistics": ("brand", "USD", "Enamel mug", "39.90"),
    "semi-managed-local-stock": ("importer", "EUR", "Glass mug", "24.90"),
    "self-managed": ("workshop", "EUR", "Stoneware mug", "34.90"),
}


class Stage(World):
    """A world whose time the surfaces tell too, and whose people have passwords."""

    def __init__(self) -> None:
        super().__init__()
        self.follow()
        self.password = make_password(PASSWORD)
        self.market("DE")
        settlement.set_cost_rates(rows=COSTS, valid_from=self.now.date(), actor=SYSTEM, now=self.now)

    def pass_time(self, **step: float) -> datetime:
        now = super().pass_time(**step)
        self.follow()
        return now

    def follow(self) -> None:
        """Let the clock of the surfaces stand where the world's stands."""
        clock.set_offset(self.now - datetime.now(UTC))

    def person(self, email: str, organisation: Organisation | None = None, role: str = "") -> User:
        """Somebody who can sign in with PASSWORD."""
        user = self.user(email)
        User.objects.filter(id=user.id).update(password=self.password)
        if organisation is not None:
            accounts.join(actor=SYSTEM, user=user, organisation=organisation, role=role, now=self.now)
        return user

    def cast(self, *, stock: int = 9) -> dict[str, Offer]:
        """A seller with one article for each programme; the importer's stands in a partner's warehouse."""
        offers = {}
        for programme, (code, currency, title, price) in CAST.items():
            seller = self.seller(code, programme=programme, currency=currency)
            node = None
            if code == "importer":
                node = self.node("partner-de", operator=self.partner(), kind="third_party_overseas", country="DE")
            offers[code] = self.offer(seller, price=price, title=title, stock=stock, node=node)
        return offers
