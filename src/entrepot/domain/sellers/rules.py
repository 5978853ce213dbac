"""Which party an actor speaks for, and what a seller still lacks for a programme. Pure."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.domain.terms.rules import Eligibility, Party, Tier
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied

#: The family of a role, up to its dot, and the party that its holders speak for. The system acts for the platform.
PARTIES: Mapping[str, Party] = {
    "system": Party.PLATFORM,
    "operator": Party.PLATFORM,
    "seller": Party.SELLER,
    "partner": Party.THIRD_PARTY,
}

#: Where a seller's state may go from each.
NEXT: Mapping[str, frozenset[str]] = {
    "applicant": frozenset({"active", "closed"}),
    "active": frozenset({"suspended", "closed"}),
    "suspended": frozenset({"active", "closed"}),
    "closed": frozenset(),
}


def party_of(actor: Actor) -> Party:
    """Which party the actor speaks for. Raises: Denied for a shopper, who speaks for none."""
    party = PARTIES.get(actor.role.partition(".")[0])
    if party is None:
        raise Denied("sellers.no_party", "This is for sellers, their partners and the platform.")
    return party


@dataclass(frozen=True, slots=True)
class Standing:
    """What a seller brings to a programme in a market."""

    tier: str
    documents: frozenset[str]
    has_stock_in_market: bool
    skus: int
    training: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unmet:
    """One condition that is not met: its name in the programme, what it asks for, what there is."""

    condition: str
    wanted: str
    found: str


def unmet(asked: Eligibility, standing: Standing) -> list[Unmet]:
    """Everything that a seller lacks for a programme, in the programme's order."""
    lacking: list[Unmet] = []
    if standing.tier not in set(Tier) or not Tier(standing.tier).reaches(asked.tier):
        lacking.append(Unmet("tier", asked.tier.value, standing.tier))
    lacking += [
        Unmet("documents", document.value, "") for document in asked.documents if document not in standing.documents
    ]
    if asked.stock_in_market and not standing.has_stock_in_market:
        lacking.append(Unmet("stock_in_market", "1", "0"))
    if standing.skus < asked.skus_min:
        lacking.append(Unmet("skus_min", str(asked.skus_min), str(standing.skus)))
    lacking += [Unmet("training", name, "") for name in asked.training if name not in standing.training]
    return lacking


def unmet_by_sku(asked: Eligibility, *, category_path: str, weight_g: int | None) -> list[Unmet]:
    """Why a programme does not take a SKU."""
    lacking: list[Unmet] = []
    if asked.categories_admitted and not _under(category_path, asked.categories_admitted):
        lacking.append(Unmet("categories_admitted", ", ".join(asked.categories_admitted), category_path))
    if _under(category_path, asked.categories_excluded):
        lacking.append(Unmet("categories_excluded", ", ".join(asked.categories_excluded), category_path))
    if asked.weight_min_g and (weight_g or 0) < asked.weight_min_g:
        lacking.append(Unmet("weight_min_g", str(asked.weight_min_g), str(weight_g or 0)))
    return lacking


def _under(path: str, roots: Collection[str]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)


def acceptance_hash(
    *, content_hash: str, seller_id: UUID, market: str, valid_from: datetime, accepted_by: UUID, accepted_at: datetime
) -> str:
    """What was accepted, by whom, for where and from when, as one hash."""
    accepted = [content_hash, str(seller_id), market, valid_from.isoformat(), str(accepted_by), accepted_at.isoformat()]
    return hashlib.sha256(json.dumps(accepted, separators=(",", ":")).encode()).hexdigest()
