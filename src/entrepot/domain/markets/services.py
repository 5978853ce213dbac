"""Writes of markets and of dated rates."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from entrepot.domain.markets.models import Market, TaxRate
from entrepot.kernel import audit, ids, money
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import execute, unnest
from entrepot.kernel.errors import Invalid, NotFound, Refused


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
    _check(time_zone, languages)
    if tax_display not in Market.TaxDisplay.values:
        raise Invalid("markets.unknown_display", "Prices are shown with tax or without.", field="tax_display")
    if Market.objects.filter(code=code).exists():
        raise Refused("markets.exists", "There is a market {code} already.", field="code", code=code)
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
def change_market(*, actor: Actor, code: str, name: str, time_zone: str, languages: list[str], now: datetime) -> Market:
    """Call a market otherwise, or move its clock; country, currency and tax display are for good.

    Raises: NotFound, Invalid.
    """
    market = _locked(code)
    _check(time_zone, languages)
    before = {"name": market.name, "time_zone": market.time_zone, "languages": market.languages}
    market.name, market.time_zone, market.languages = name, time_zone, languages
    market.save(update_fields=["name", "time_zone", "languages"])
    after = {"name": name, "time_zone": time_zone, "languages": languages}
    _audit(actor, "markets.change", market, now, before=before, after=after)
    return market


@transaction.atomic
def close_market(*, actor: Actor, code: str, reason: str, now: datetime) -> Market:
    """Nobody buys there any more; what is ordered goes on. Raises: NotFound, Refused where it is closed, Invalid."""
    market = _locked(code)
    if market.archived_at is not None:
        raise Refused("markets.closed", "The market {code} is closed already.", code=code)
    market.archived_at = now
    market.save(update_fields=["archived_at"])
    _audit(actor, "markets.close", market, now, reason=audit.require_reason(reason), after={"code": code})
    return market


@transaction.atomic
def reopen_market(*, actor: Actor, code: str, reason: str, now: datetime) -> Market:
    """Open a market again that was closed. Raises: NotFound, Refused where it is open, Invalid."""
    market = _locked(code)
    if market.archived_at is None:
        raise Refused("markets.open_already", "The market {code} is open.", code=code)
    market.archived_at = None
    market.save(update_fields=["archived_at"])
    _audit(actor, "markets.reopen", market, now, reason=audit.require_reason(reason), after={"code": code})
    return market


def _locked(code: str) -> Market:
    market = Market.objects.select_for_update().filter(code=code).first()
    if market is None:
        raise NotFound("markets.unknown", "There is no market {code}.", field="market", code=code)
    return market


def _check(time_zone: str, languages: list[str]) -> None:
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


def _audit(actor: Actor, verb: str, market: Market, now: datetime, **values: Any) -> None:
    audit.record(actor=actor, verb=verb, subject_kind="market", subject_id=market.id, now=now, **values)


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
    """A rate from a day on; the one before it ends there.

    Raises: Invalid for a rate that is not a share below one, Refused where there is one of that day or later.
    """
    if not (rate.is_finite() and 0 <= rate < 1):
        raise Invalid(
            "markets.rate_not_a_share", "A tax rate lies between 0 and 1; {rate} is not.", field="rate", rate=str(rate)
        )
    later = TaxRate.objects.filter(market=market, tax_class=tax_class, valid_from__gte=valid_from).first()
    if later is not None:
        raise Refused(
            "markets.tax_exists",
            "There is a rate from {day} on; a new one begins later than that.",
            field="valid_from",
            day=later.valid_from.isoformat(),
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
def publish_exchange_rates(
    *, rows: Iterable[tuple[str, str, Decimal, date]], source: str, now: datetime, actor: Actor | None = None
) -> int:
    """Rates (base, quote, rate, day) of one source; a day that has its rate keeps it. Returns how many were new.

    With an actor it is an act of theirs, which is audited. Raises: Invalid.
    """
    batch = list(rows)
    for base, quote, rate, _ in batch:
        if base == quote:
            raise Invalid("markets.same_currency", "A rate is between two currencies.", field="quote")
        money.exponent(base), money.exponent(quote)
        if not (rate.is_finite() and rate > 0):
            raise Invalid(
                "markets.rate_not_positive",
                "The rate {base}/{quote} must be above zero.",
                field="rate",
                base=base,
                quote=quote,
            )
    made = ids.new_ids(now, len(batch))
    given, params = unnest(
        "w",
        {"id": "uuid", "base": "text", "quote": "text", "rate": "numeric", "day": "date"},
        ((identity, *row) for identity, row in zip(made, batch, strict=True)),
    )
    kept = execute(
        "INSERT INTO markets_exchangerate (id, created_at, base, quote, rate, published_on, source)"
        f" SELECT id, %s, base, quote, rate, day, %s FROM {given} ON CONFLICT DO NOTHING",
        [now, source, *params],
    )
    if actor is not None and batch:
        audit.record(
            actor=actor,
            verb="markets.rates",
            subject_kind="exchange_rates",
            subject_id=made[0],
            now=now,
            after={
                "rates": [f"{base}/{quote} {rate} {day}" for base, quote, rate, day in batch[:20]],
                "source": source,
            },
        )
    return kept
