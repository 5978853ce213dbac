"""The stage of the demonstration: operator, people, markets, rates, programmes, categories, nodes."""

import math
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any
from uuid import UUID

from entrepot.demonstration import goods
from entrepot.domain.accounts import queries as people
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Membership, Organisation
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.customs import services as customs
from entrepot.domain.logistics import holidays, publishing, shipping
from entrepot.domain.logistics import services as logistics
from entrepot.domain.logistics.models import Node
from entrepot.domain.markets import services as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import services as pricing
from entrepot.domain.promotions import services as promotions
from entrepot.domain.settlement import services as settlement
from entrepot.domain.settlement.services import NewCostRate
from entrepot.domain.terms import services as terms
from entrepot.kernel.actors import SYSTEM, Actor

#: The password of every sign-in; it serves a demonstration on one's own machine only.
PASSWORD = "harbour-crane-teapot"  # noqa: S105 - printed for everybody to use

#: Units of the currency for one euro, around which the demonstration's rates move a little.
PER_EURO = {"USD": Decimal("1.0850"), "BRL": Decimal("5.8800"), "CNY": Decimal("7.8200"), "GBP": Decimal("0.8460")}
RATES_SOURCE = "demonstration: invented rates near those of 2026"

#: The demonstration may be looked at long after it was made, and needs rates on that day too.
RATE_DAYS = 900


@dataclass(slots=True)
class Setting:
    """What the story needs to know of its stage."""

    script: dict[str, Any]
    operator: Organisation
    markets: dict[str, Market] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    actors: dict[UUID, Actor] = field(default_factory=dict)
    sign_ins: list[dict[str, str]] = field(default_factory=list)

    def actor(self, organisation_id: UUID) -> Actor:
        """The person who acts for an organisation in this story."""
        return self.actors[organisation_id]

    def signs_in(self, role: str, email: str) -> None:
        """Note a sign-in for whoever looks at the demonstration."""
        self.sign_ins.append({"role": role, "email": email, "password": PASSWORD})


def make_setting(now: datetime) -> Setting:
    """Everything that is there before the first seller comes."""
    script = tomllib.loads((resources.files("entrepot.demonstration") / "people.toml").read_text())
    accounts.install_permissions()
    row = script["operator"]
    operator = accounts.create_organisation(
        kind="operator", code=row["code"], name=row["name"], country=row["country"], now=now
    )
    setting = Setting(script, operator)
    for person in row["people"]:
        add_person(setting, operator, person["email"], person["name"], person["role"], now)
    opened = [version.programme.code for version in terms.load_presets(now=now)]
    terms.choose_programmes(actor=setting.actor(operator.id), codes=opened, now=now)
    customs.load_reference(now=now)
    for market in script["market"]:
        setting.markets[market["code"]] = _open_market(market, now)
    _publish_rates(now)
    publishing.load_planning(now)
    holidays.load_reference(now=now)
    shipping.load_planning(now)
    catalogue.keep_categories(
        rows=[
            catalogue.NewCategory(code, parent, names, position=place)
            for place, (code, parent, names) in enumerate(goods.read_categories())
        ],
        now=now,
    )
    for third in script["third_party"]:
        organisation = accounts.create_organisation(
            kind="third_party", code=third["code"], name=third["name"], country=third["country"], now=now
        )
        add_person(setting, organisation, third["email"], third["person"], "partner.admin", now)
    for node in script["node"]:
        add_node(setting, Organisation.objects.get(code=node["operator"]), node, now)
    _cost_rates(setting, now)
    _price_rules(setting, now)
    _voucher(setting, now)
    for shopper in script["shoppers"]:
        accounts.create_user(
            email=shopper["email"], password=PASSWORD, name=shopper["name"], language=shopper["language"]
        )
        setting.signs_in("shopper", shopper["email"])
    return setting


def add_person(setting: Setting, organisation: Organisation, email: str, name: str, role: str, now: datetime) -> None:
    """A person with a role, who can sign in; the first of an organisation acts for it in the story."""
    user = accounts.create_user(email=email, password=PASSWORD, name=name)
    membership = accounts.join(actor=SYSTEM, user=user, organisation=organisation, role=role, now=now)
    setting.actors.setdefault(organisation.id, people.actor_of(membership, user))
    setting.signs_in(role, email)


def remember_owner(setting: Setting, organisation_id: UUID, role: str) -> None:
    """The owner of a seller that applied by itself."""
    membership = Membership.objects.select_related("user").get(organisation_id=organisation_id)
    setting.actors[organisation_id] = people.actor_of(membership, membership.user)
    setting.signs_in(role, membership.user.email)


def add_node(setting: Setting, operator: Organisation, row: dict[str, Any], now: datetime) -> Node:
    """A node with its address and calendar."""
    node = logistics.create_node(
        actor=SYSTEM,
        code=row["code"],
        name=row["name"],
        kind=row["kind"],
        operator_id=operator.id,
        country=row["country"],
        time_zone=row["time_zone"],
        cut_off=time.fromisoformat(row.get("cut_off", "15:00")),
        address={"company": row["name"], "line1": "Quay Road 1", "city": row["city"], "postcode": "00000"},
        now=now,
    )
    setting.nodes[node.code] = node
    return node


def _open_market(row: dict[str, Any], now: datetime) -> Market:
    market = markets.open_market(
        actor=SYSTEM,
        code=row["code"],
        name=row["name"],
        country=row["country"],
        currency=row["currency"],
        tax_display=row["tax_display"],
        time_zone=row["time_zone"],
        languages=row["languages"],
        now=now,
    )
    markets.set_tax_rate(
        actor=SYSTEM,
        market=market,
        rate=Decimal(row["tax_rate"]),
        valid_from=date(2021, 1, 1),
        source=row["tax_source"],
        now=now,
    )
    return market


def _publish_rates(now: datetime) -> None:
    """A slow wave around the middle rate, so that orders of different weeks froze different rates."""
    rows = []
    for day in range(-5, RATE_DAYS, 3):
        swing = Decimal(round(math.sin(day / 11) * 120)) / 10_000
        for currency, rate in PER_EURO.items():
            rows.append(
                ("EUR", currency, (rate * (1 + swing)).quantize(Decimal("0.0001")), now.date() + timedelta(days=day))
            )
    markets.publish_exchange_rates(rows=rows, source=RATES_SOURCE, now=now)


def _cost_rates(setting: Setting, now: datetime) -> None:
    """What the marketplace itself is charged: the payment provider, handling and storage by the unit."""
    source = "demonstration: planning values near published cards for small parcels"
    rows = []
    for market in setting.markets.values():
        scale = 5 if market.currency == "BRL" else 1
        rows += [
            NewCostRate("payment", market.currency, source, Decimal("0.0175"), 12 * scale),
            NewCostRate("handling", market.currency, source, amount_minor=60 * scale),
            NewCostRate("storage", market.currency, source, amount_minor=9 * scale),
        ]
    actor = setting.actor(setting.operator.id)
    settlement.set_cost_rates(rows=rows, valid_from=now.date(), actor=actor, now=now)


def _price_rules(setting: Setting, now: datetime) -> None:
    for market in setting.markets.values():
        pricing.set_price_rule(
            actor=setting.actor(setting.operator.id),
            market=market,
            markup_rate=Decimal("1.45"),
            floor_minor=399,
            ending_minor=99,
            reason="Opening prices",
            now=now,
        )


def _voucher(setting: Setting, now: datetime) -> None:
    """One voucher a market, paid for by platform and seller together."""
    for market in setting.markets.values():
        promotions.create_voucher(
            actor=setting.actor(setting.operator.id),
            code=f"WELCOME{market.code}",
            label="Ten per cent for newcomers",
            market=market,
            rate=Decimal("0.10"),
            platform_share=Decimal("0.60"),
            limit_per_shopper=1,
            valid_from=now,
            valid_until=now + timedelta(days=RATE_DAYS),
            now=now,
        )
