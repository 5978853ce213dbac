"""Reads of markets and of the rates in force on a day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from entrepot.domain.markets.models import ExchangeRate, Market, TaxRate
from entrepot.kernel.errors import NotFound, Unavailable
from entrepot.kernel.kept import kept

#: A published rate serves this long; older is no rate at all.
RATE_AGE_MAX = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of the quote currency for one unit of the base, with the day and the source that stand behind it."""

    rate: Decimal
    published_on: date
    source: str


def get_market(code: str) -> Market:
    """A market by its code. Raises: NotFound."""
    market = next((each for each in _markets() if each.code == code), None)
    if market is None:
        raise NotFound("markets.unknown", "There is no market {code}.", field="market", code=code)
    return market


def find_market(code: str) -> Market:
    """A market by its code, one that is closed too. Raises: NotFound."""
    market = Market.objects.filter(code=code).first()
    if market is None:
        raise NotFound("markets.unknown", "There is no market {code}.", field="market", code=code)
    return market


def list_all_markets() -> list[Market]:
    """Every market, by code, those that are closed too."""
    return list(Market.objects.order_by("code"))


def list_tax_rates(market_id: UUID) -> list[TaxRate]:
    """Every rate that a market had, has or will have, by class, the latest first."""
    return list(TaxRate.objects.filter(market_id=market_id).order_by("tax_class", "-valid_from"))


def list_exchange_rates(*, before: tuple[date, UUID] | None = None, limit: int = 100) -> list[ExchangeRate]:
    """Published rates, the latest day first."""
    rows = ExchangeRate.objects.all()
    if before is not None:
        day, identity = before
        rows = rows.filter(Q(published_on__lt=day) | Q(published_on=day, id__lt=identity))
    return list(rows.order_by("-published_on", "-id")[:limit])


def missing_rates(currencies: Collection[str], on: date) -> list[tuple[str, str]]:
    """The pairs of these currencies between which nothing can be exchanged on the day."""
    wanted = sorted(set(currencies))
    if len(wanted) < 2:
        return []
    published = _published(on)
    return [
        (base, quote)
        for place, base in enumerate(wanted)
        for quote in wanted[place + 1 :]
        if _direct(published, base, quote) is None and _crossed(published, base, quote) is None
    ]


def list_markets() -> list[Market]:
    """The markets that are open, by code."""
    return list(_markets())


@kept("markets", states=1)
def _markets() -> tuple[Market, ...]:
    return tuple(Market.objects.filter(archived_at__isnull=True).order_by("code"))


def tax_rates(market_ids: Collection[UUID], on: date) -> dict[tuple[UUID, str], Decimal]:
    """(market, tax class) -> rate in force on the day."""
    wanted = set(market_ids)
    return {key: rate for key, rate in _taxes(on).items() if key[0] in wanted}


@kept("taxes", states=64)
def _taxes(on: date) -> Mapping[tuple[UUID, str], Decimal]:
    rows = TaxRate.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=on), valid_from__lte=on)
    return {(row.market_id, row.tax_class): row.rate for row in rows.order_by("valid_from")}


def exchange_rates(pairs: Collection[tuple[str, str]], on: date) -> dict[tuple[str, str], Rate]:
    """(base, quote) -> the newest rate published by the day: as published, reciprocal, or crossed through the euro.

    Rounding: derived rates to ten decimal places. Raises: Unavailable naming the pair.
    """
    published = _published(on)
    found: dict[tuple[str, str], Rate] = {}
    for base, quote in pairs:
        rate = _direct(published, base, quote) or _crossed(published, base, quote)
        if rate is None:
            raise Unavailable(
                "markets.no_exchange_rate",
                "There is no exchange rate from {base} to {quote} published in the ten days up to {on}.",
                base=base,
                quote=quote,
                on=on.isoformat(),
            )
        found[base, quote] = rate
    return found


@kept("exchange rates", states=64)
def _published(on: date) -> Mapping[tuple[str, str], Rate]:
    """The newest rate of each pair that still serves on the day."""
    rows = ExchangeRate.objects.filter(published_on__lte=on, published_on__gt=on - RATE_AGE_MAX)
    return {
        (row.base, row.quote): Rate(row.rate, row.published_on, row.source) for row in rows.order_by("published_on")
    }


def _direct(published: Mapping[tuple[str, str], Rate], base: str, quote: str) -> Rate | None:
    if base == quote:
        return Rate(Decimal(1), date.min, "same currency")
    if rate := published.get((base, quote)):
        return rate
    if inverse := published.get((quote, base)):
        return Rate(_ten_places(1 / inverse.rate), inverse.published_on, inverse.source)
    return None


def _crossed(published: Mapping[tuple[str, str], Rate], base: str, quote: str) -> Rate | None:
    first, second = _direct(published, base, "EUR"), _direct(published, "EUR", quote)
    if first is None or second is None:
        return None
    return Rate(_ten_places(first.rate * second.rate), min(first.published_on, second.published_on), second.source)


def _ten_places(rate: Decimal) -> Decimal:
    return rate.quantize(Decimal("0.0000000001"))
