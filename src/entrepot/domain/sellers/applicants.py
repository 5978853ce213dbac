"""Sellers who come in numbers: organisations that ask to sell, by sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from entrepot.domain.accounts import services as accounts
from entrepot.domain.sellers.models import Seller
from entrepot.domain.terms.rules import Tier
from entrepot.kernel import money
from entrepot.kernel.db import fetch_rows, unnest


@dataclass(frozen=True, slots=True)
class Applicant:
    """An organisation that asks to sell."""

    seller_code: str
    name: str
    country: str
    settlement_currency: str
    profile: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def keep_applicants(*, rows: Sequence[Applicant], now: datetime) -> dict[str, tuple[UUID, str]]:
    """Sellers by code: their ids and what became of each, created, changed or same.

    A seller who was admitted keeps what was agreed: only applicants change. Codes that belong to an organisation of
    another kind are left out of the answer. Raises: UnknownCurrency.
    """
    for row in rows:
        money.exponent(row.settlement_currency)
    codes = {row.seller_code: row for row in rows}
    admitted = {
        row.code: row.id
        for row in fetch_rows(
            "SELECT o.code, o.id FROM sellers_seller s JOIN accounts_organisation o ON o.id = s.organisation_id"
            " WHERE s.status <> %s AND o.code = ANY(%s)",
            [Seller.Status.APPLICANT.value, list(codes)],
        )
    }
    asking = [row for code, row in codes.items() if code not in admitted]
    organisations = accounts.keep_organisations(
        kind="seller", rows=[(row.seller_code, row.name, row.country) for row in asking], now=now
    )
    source, params = unnest(
        "w",
        {"organisation_id": "uuid", "settlement_currency": "text", "profile": "jsonb"},
        (
            (organisations[row.seller_code][0], row.settlement_currency, dict(row.profile))
            for row in asking
            if row.seller_code in organisations
        ),
    )
    written = fetch_rows(
        f"INSERT INTO sellers_seller AS s (organisation_id, settlement_currency, profile, status, tier, applied_at)"
        f" SELECT organisation_id, settlement_currency, profile, %s, %s, %s FROM {source}"
        f" ON CONFLICT (organisation_id) DO UPDATE SET settlement_currency = EXCLUDED.settlement_currency,"
        f" profile = s.profile || EXCLUDED.profile"
        f" WHERE (s.settlement_currency, s.profile)"
        f" IS DISTINCT FROM (EXCLUDED.settlement_currency, s.profile || EXCLUDED.profile)"
        f" RETURNING organisation_id",
        [Seller.Status.APPLICANT.value, Tier.NEW.value, now, *params],
    )
    touched = {row.organisation_id for row in written}
    kept = {
        code: (identity, "changed" if state == "same" and identity in touched else state)
        for code, (identity, state) in organisations.items()
    }
    return kept | {code: (identity, "same") for code, identity in admitted.items()}
