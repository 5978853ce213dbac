"""Writes of markets and of dated rates."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from entrepot.domain.markets.models import ExchangeRate, Market, TaxRate
from entrepot.kernel import audit, ids, money
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid, Refused


@transaction.atomic
def open_market(
    *,
    actor: Actor,
    code: str,
    name: str,
    country: str,
    currency: str,
    tax_display: str,
    time_zone: str,
    languages: list[str],
    now: datetime,
) -> Market:
    """A market in one currency. Raises: Invalid for an unknown currency or zone, Refused where the code is taken."""
    money.exponent(currency)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid(
            "markets.unknown_zone",
            "{zone} is not a time zone; write for example Europe/Berlin.",
            field="time_zone",
            zone=time_zone,
        ) from None
    if not languages:
        raise Invalid("markets.no_language", "A market needs at least one language.", field="languages")
    if Market.objects.filter(code=code).exists():
        raise Refused("markets.exists", "There is a market {code} already.", code=code)
    market = Market(
        id=ids.new_id(now),
        created_at=now,
        code=code,
        name=name,
        country=country,
        currency=currency,
        tax_display=tax_display,
        time_zone=time_zone,
        languages=languages,
    )
    market.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="markets.open",
        subject_kind="market",
        subject_id=market.id,
        now=now,
        after={"code": code, "currency": currency},
    )
    return market


@transaction.atomic
def set_tax_rate(
    *,
    actor: Actor,
    market: Market,
    rate: Decimal,
    valid_from: date,
    source: str,
    now: datetime,
    tax_class: str = "standard",
) -> TaxRate:
    """A rate from a day on; the one before it ends there. Raises: Invalid for a rate that is not a share below one."""
    if not (rate.is_finite() and 0 <= rate < 1):
        raise Invalid(
            "markets.rate_not_a_share", "A tax rate lies between 0 and 1; {rate} is not.", field="rate", rate=str(rate)
        )
    TaxRate.objects.filter(
        market=market, tax_class=tax_class, valid_until__isnull=True, valid_from__lt=valid_from
    ).update(valid_until=valid_from)
    row = TaxRate(
        id=ids.new_id(now),
        created_at=now,
        market=market,
        tax_class=tax_class,
        rate=rate,
        valid_from=valid_from,
        source=source,
    )
    row.save(force_insert=True)
    audit.record(
        actor=actor,
        verb="markets.tax",
        subject_kind="market",
        subject_id=market.id,
        now=now,
        after={"class": tax_class, "rate": str(rate), "from": valid_from.isoformat()},
    )
    return row


@transaction.atomic
def publish_exchange_rates(*, rows: Iterable[tuple[str, str, Decimal, date]], source: str, now: datetime) -> int:
    """Rates (base, quote, rate, day) of one source; a day that has its rate keeps it. Returns how many were given."""
    batch = list(rows)
    for base, quote, rate, _ in batch:
        money.exponent(base), money.exponent(quote)
        if not (rate.is_finite() and rate > 0):
            raise Invalid(
                "markets.rate_not_positive",
                "The rate {base}/{quote} must be above zero.",
                field="rate",
                base=base,
                quote=quote,
            )
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(
                id=identity, created_at=now, base=base, quote=quote, rate=rate, published_on=day, source=source
            )
            for identity, (base, quote, rate, day) in zip(ids.new_ids(now, len(batch)), batch, strict=True)
        ],
        ignore_conflicts=True,
        batch_size=5000,
    )
    return len(batch)
