"""Markets: where is sold, in which currency, with or without tax on the label."""

from django.http import HttpRequest
from ninja import Router, Schema

from entrepot.domain.markets import queries as markets
from entrepot.surfaces.api.auth import Guest, public

router = Router(tags=["Markets"], auth=Guest())


class MarketOut(Schema):
    """A market."""

    code: str
    name: str
    country: str
    currency: str
    tax_display: str
    time_zone: str
    languages: list[str]


@router.get("", response=list[MarketOut], operation_id="list_markets", summary="The markets that are open")
@public
def list_markets(request: HttpRequest) -> list[MarketOut]:
    """Open to everybody."""
    return [MarketOut.from_orm(market) for market in markets.list_markets()]
