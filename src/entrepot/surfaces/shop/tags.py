"""What the shop's templates say in the reader's language and no code passes in."""

from django.template import Library

from entrepot.domain.markets.models import Market
from entrepot.surfaces.shop.words import COUNTRIES

register = Library()


@register.filter
def country_of(market: Market) -> str:
    """Where a market delivers, as it stands in a sentence after "in"; the market's own name where none is known."""
    return str(COUNTRIES.get(market.country, market.name))
