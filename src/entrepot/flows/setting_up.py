"""The way from an empty installation to the first offer that a shopper can buy, read from the database.

What each step is called, and why it matters, the surfaces say; here stands what is done and what is found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.conf import settings

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Category
from entrepot.domain.catalogue.services import NewCategory
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets import services as market_services
from entrepot.domain.markets.models import Market
from entrepot.domain.payments.providers import list_offered
from entrepot.domain.settlement.models import CostRate
from entrepot.flows import delivering
from entrepot.flows.installing import NO_COUNTRY
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic, fetch_rows

#: done; todo: nothing sells before it; advised: it sells without, and somebody will miss it
State = Literal["done", "todo", "advised"]

#: In the order of need. The last ones are those of the first sellable offer.
STEPS = (
    "operator", "letters", "markets", "taxes", "rates", "categories", "programmes", "nodes", "freight", "payments",
    "costs", "team", "partners",
)  # fmt: skip
FIRST_OFFER = ("applied", "admitted", "enrolled", "product", "price", "stock", "live")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how it stands, and what was found or is missing."""

    code: str
    state: State
    found: int = 0
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the marketplace is: its own steps, then those of its first offer."""

    steps: tuple[Step, ...]
    first_offer: tuple[Step, ...]
    offer_id: Any = None

    @property
    def is_complete(self) -> bool:
        """Whether a shopper can buy something, and nothing that is needed is missing."""
        return self.offer_id is not None and all(step.state != "todo" for step in self.steps)

    @property
    def done(self) -> int:
        """How many steps are behind, those of the first offer too."""
        return sum(step.state == "done" for step in (*self.steps, *self.first_offer))

    @property
    def following(self) -> Step | None:
        """What to do next: the first step that is needed and not done."""
        return next((step for step in (*self.steps, *self.first_offer) if step.state == "todo"), None)


@dataclass(frozen=True, slots=True)
class _Facts:
    row: Any
    served: Mapping[str, tuple[str, ...]]
    unexchangeable: tuple[str, ...] = ()
    providers: tuple[Any, ...] = field(default_factory=tuple)


FACTS = """
WITH market AS (SELECT * FROM markets_market WHERE archived_at IS NULL),
trading AS (
    SELECT offer.id, offer.status = 'live' AS is_live,
        product.status = 'active' AS is_published,
        EXISTS (SELECT FROM pricing_retailprice price
                WHERE price.offer_id = offer.id AND price.valid_from <= %(now)s
                  AND (price.valid_until IS NULL OR price.valid_until > %(now)s)) AS is_priced,
        EXISTS (SELECT FROM inventory_stock stock WHERE stock.seller_id = offer.seller_id
                AND stock.sku_id = offer.sku_id AND stock.condition = 'new' AND stock.on_hand > stock.reserved)
            AS is_stocked
    FROM catalogue_offer offer
    JOIN market ON market.id = offer.market_id
    JOIN catalogue_sku sku ON sku.id = offer.sku_id
    JOIN catalogue_product product ON product.id = sku.product_id
    JOIN sellers_seller seller ON seller.organisation_id = offer.seller_id AND seller.status = 'active'
    JOIN sellers_enrolment enrolment ON enrolment.id = offer.enrolment_id AND enrolment.valid_from <= %(now)s
        AND (enrolment.valid_until IS NULL OR enrolment.valid_until > %(now)s)
    WHERE offer.status <> 'archived'
    ORDER BY (offer.status = 'live') DESC, offer.id DESC LIMIT 500
)
SELECT
    (SELECT country FROM accounts_organisation WHERE kind = 'operator') AS operator_country,
    EXISTS (SELECT FROM kernel_auditentry WHERE verb = 'letters.try') AS letters,
    (SELECT coalesce(array_agg(code ORDER BY code), '{}') FROM market) AS markets,
    (SELECT coalesce(array_agg(DISTINCT currency), '{}') FROM (
        SELECT currency FROM market
        UNION SELECT settlement_currency FROM sellers_seller WHERE status IN ('applicant', 'active')) used
    ) AS currencies,
    (SELECT coalesce(array_agg(code ORDER BY code), '{}') FROM market WHERE NOT EXISTS (
        SELECT FROM markets_taxrate rate WHERE rate.market_id = market.id AND rate.tax_class = 'standard'
        AND rate.valid_from <= %(day)s AND (rate.valid_until IS NULL OR rate.valid_until > %(day)s))) AS untaxed,
    (SELECT count(*) FROM catalogue_category) AS categories,
    EXISTS (SELECT FROM kernel_auditentry WHERE verb = 'programmes.choose') OR EXISTS (SELECT FROM sellers_enrolment)
        AS chosen,
    (SELECT count(*) FROM terms_programme programme WHERE archived_at IS NULL AND EXISTS (
        SELECT FROM terms_programmeversion version
        WHERE version.programme_id = programme.id AND version.status = 'published')) AS programmes,
    (SELECT count(*) FROM logistics_node WHERE archived_at IS NULL) AS nodes,
    (SELECT coalesce(jsonb_object_agg(code, country), '{}') FROM market) AS destinations,
    (SELECT coalesce(array_agg(DISTINCT country), '{}') FROM logistics_node WHERE archived_at IS NULL) AS origins,
    (SELECT coalesce(array_agg(cost.kind || ' ' || cost.currency ORDER BY cost.currency, cost.kind), '{}')
        FROM (SELECT DISTINCT market.currency, kind FROM market, unnest(%(costs)s::text[]) kind) cost
        WHERE NOT EXISTS (
            SELECT FROM settlement_costrate rate
            WHERE rate.kind = cost.kind AND rate.currency = cost.currency AND rate.valid_from <= %(day)s
              AND (rate.valid_until IS NULL OR rate.valid_until > %(day)s))) AS uncosted,
    (SELECT count(*) FROM settlement_costrate
        WHERE valid_from <= %(day)s AND (valid_until IS NULL OR valid_until > %(day)s)) AS costs,
    (SELECT count(*) FROM accounts_membership member
        JOIN accounts_organisation organisation ON organisation.id = member.organisation_id
        JOIN accounts_user person ON person.id = member.user_id AND person.is_active
        WHERE organisation.kind = 'operator' AND member.ended_at IS NULL) AS people,
    (SELECT count(DISTINCT member.user_id) FROM accounts_membership member
        JOIN accounts_organisation organisation ON organisation.id = member.organisation_id
        JOIN accounts_user person ON person.id = member.user_id AND person.is_active
        JOIN accounts_permission permission ON permission.role = member.role AND permission.verb = 'approvals.decide'
        WHERE organisation.kind = 'operator' AND member.ended_at IS NULL) AS deciders,
    (SELECT count(*) FROM accounts_organisation WHERE kind = 'third_party' AND archived_at IS NULL) AS partners,
    (SELECT count(*) FROM sellers_seller) AS applied,
    (SELECT count(*) FROM sellers_seller WHERE status = 'active') AS admitted,
    (SELECT count(*) FROM sellers_enrolment enrolment
        JOIN sellers_seller seller ON seller.organisation_id = enrolment.seller_id AND seller.status = 'active'
        WHERE valid_from <= %(now)s AND (valid_until IS NULL OR valid_until > %(now)s)) AS enrolled,
    (SELECT count(*) FROM trading WHERE is_published) AS published,
    (SELECT count(*) FROM trading WHERE is_published AND is_priced) AS priced,
    (SELECT count(*) FROM trading WHERE is_published AND is_stocked) AS stocked,
    (SELECT count(*) FROM trading WHERE is_published AND is_priced AND is_stocked AND is_live) AS live,
    (SELECT id FROM trading WHERE is_published AND is_priced AND is_stocked AND is_live LIMIT 1) AS offer_id
"""


def progress(*, now: datetime) -> Progress:
    """How far the marketplace is, in a few questions."""
    [row] = fetch_rows(FACTS, {"now": now, "day": now.date(), "costs": list(CostRate.Kind.values)})
    missing = markets.missing_rates(row.currencies, now.date())
    providers = tuple(each for each in list_offered() if each.mode == "live")
    served = _served(delivering.load(now.date()), row.destinations, row.origins)
    facts = _Facts(row, served, tuple(f"{base}/{quote}" for base, quote in missing), providers)
    return Progress(tuple(_steps(facts)), tuple(_first_offer(row)), row.offer_id)


def _steps(facts: _Facts) -> list[Step]:
    row = facts.row
    is_known = row.operator_country not in (None, NO_COUNTRY)
    pays = [each for each in facts.providers if each.code != "manual" or settings.BANK_ACCOUNT]
    offered = list_offered()
    uncarried = tuple(code for code in row.markets if not facts.served.get(code))
    lacks_account = ("account",) if not pays and facts.providers else ()
    return [
        Step("operator", _state(is_known)),
        Step("letters", _state(row.letters, "advised")),
        Step("markets", _state(row.markets), len(row.markets)),
        Step("taxes", _state(row.markets and not row.untaxed), len(row.markets) - len(row.untaxed), tuple(row.untaxed)),
        Step("rates", _state(row.markets and not facts.unexchangeable), len(row.currencies), facts.unexchangeable),
        Step("categories", _state(row.categories), row.categories),
        Step("programmes", _state(row.chosen and row.programmes), row.programmes),
        Step("nodes", _state(row.nodes), row.nodes),
        Step("freight", _state(row.markets and not uncarried), sum(map(len, facts.served.values())), uncarried),
        Step("payments", _state(pays, "advised" if offered else "todo"), len(offered), lacks_account),
        Step("costs", _state(row.markets and not row.uncosted, "advised"), row.costs, tuple(row.uncosted)),
        Step("team", _state(row.deciders > 1, "advised"), row.people),
        Step("partners", _state(row.partners, "advised"), row.partners),
    ]


def _served(
    network: delivering.Network, destinations: Mapping[str, str], origins: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The countries of nodes from which parcels reach each market: by a lane to the door that has a charge."""
    return {
        code: tuple(
            origin
            for origin in origins
            if network.lanes.get((origin, country))
            and any(row.market_code == code and row.origin_country in ("", origin) for row in network.charges)
        )
        for code, country in destinations.items()
    }


def _first_offer(row: Any) -> list[Step]:
    counts = {
        "applied": row.applied,
        "admitted": row.admitted,
        "enrolled": row.enrolled,
        "product": row.published,
        "price": row.priced,
        "stock": row.stocked,
        "live": row.live,
    }
    return [Step(code, _state(counts[code]), counts[code]) for code in FIRST_OFFER]


def _state(holds: object, otherwise: State = "todo") -> State:
    return "done" if holds else otherwise


@atomic
def open_market(*, actor: Actor, tax: Mapping[str, Any], now: datetime, **market: Any) -> Market:
    """A market with its first tax rate (rate, valid_from, source). Raises: Invalid, Refused where the code is taken."""
    made = market_services.open_market(actor=actor, now=now, **market)
    market_services.set_tax_rate(actor=actor, market=made, now=now, **tax)
    return made


@atomic
def keep_categories(*, actor: Actor, rows: list[NewCategory], now: datetime) -> dict[str, Category]:
    """Categories by their codes: new ones are made, others renamed. Raises: NotFound for a parent that is not there."""
    kept = catalogue.keep_categories(rows=rows, now=now)
    audit.record(
        actor=actor,
        verb="categories.keep",
        subject_kind="categories",
        subject_id=ids.new_id(now),
        now=now,
        after={"codes": [row.category_code for row in rows][:100]},
    )
    return kept


@atomic
def add_partner(*, actor: Actor, code: str, name: str, country: str, now: datetime) -> Organisation:
    """A third party that works for the marketplace. Raises: Invalid, Refused where the code is taken."""
    accounts.check_country(country)
    organisation = accounts.create_organisation(kind="third_party", code=code, name=name, country=country, now=now)
    audit.record(
        actor=actor,
        verb="organisation.create",
        subject_kind="organisation",
        subject_id=organisation.id,
        now=now,
        after={"code": code, "name": name, "country": country},
    )
    return organisation
