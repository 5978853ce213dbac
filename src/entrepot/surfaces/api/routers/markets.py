"""Markets: where is sold, in which currency, with or without tax on the label, and how one can pay."""

from django.http import HttpRequest
from ninja import Schema

from entrepot.domain.markets import queries as markets
from entrepot.domain.payments.providers import list_offered
from entrepot.surfaces.api.routes import PUBLIC, Routes

routes = Routes("Markets")


class MarketOut(Schema):
    """A market."""

    code: str
    name: str
    country: str
    currency: str
    tax_display: str
    time_zone: str
    languages: list[str]


class ProviderOut(Schema):
    """A way to pay."""

    code: str
    label: str


@routes.get("", list[MarketOut], PUBLIC)
def list_markets(request: HttpRequest) -> list[MarketOut]:
    """The markets that are open."""
    return [MarketOut.from_orm(market) for market in markets.list_markets()]


@routes.get("/payment-providers", list[ProviderOut], PUBLIC)
def list_payment_providers(request: HttpRequest) -> list[ProviderOut]:
    """The ways to pay that shoppers can choose."""
    return [ProviderOut(code=each.code, label=str(each.label)) for each in list_offered()]
