"""What tests of checkout say again and again: an address, a request, an order that is placed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from django.db import connection

import proven
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.payments.providers import PROVIDERS
from entrepot.domain.payments.providers.sandbox import Sandbox
from entrepot.domain.promotions import services as promotions
from entrepot.domain.promotions.models import Voucher
from entrepot.domain.terms import documents, services
from entrepot.domain.terms.models import Programme, ProgrammeVersion
from entrepot.flows import checkout
from entrepot.flows.checkout import OrderRequest, Placed
from entrepot.kernel import ids
from entrepot.kernel.actors import SYSTEM
from entrepot.verify import runner
from worlds import World

ADDRESS = {"name": "Ada Byron", "line1": "1 Garden Row", "city": "Porttown", "postcode": "10115", "country": "DE"}


def request(key: str, *lines: tuple[Offer, Any], **fields: Any) -> OrderRequest:
    """An order of (offer, units) by a guest in Germany, paid with an approving test card, unless said otherwise."""
    market = fields.get("market_code", "DE")
    return OrderRequest(
        **{
            "checkout_key": key,
            "market_code": "DE",
            "lines": [(offer.id, quantity) for offer, quantity in lines],
            "ship_to": ADDRESS | {"country": market},
            "email": "ada@example.org",
            "provider": "sandbox",
            "instrument": "approve",
        }
        | fields
    )


def place(world: World, *requests: OrderRequest, **options: Any) -> list[Any]:
    """What became of these requests."""
    return checkout.place_orders(requests=requests, now=world.now, **options)


def order(world: World, *lines: tuple[Offer, Any], **fields: Any) -> Placed:
    """One order that must be placed."""
    [placed] = place(world, request(fields.pop("key", world.next("key")), *lines, **fields))
    assert isinstance(placed, Placed), placed
    return placed


def publish_variant(world: World, preset: str, code: str, **clauses: dict[str, Any]) -> ProgrammeVersion:
    """The next version of a programme that says what a preset says, but for some keys of these clauses."""
    document = dict(world.programme(preset).document) | {"code": code}
    for clause, keys in clauses.items():
        document[clause] = document[clause] | keys
    wording = documents.parse(document, where=code)
    programme, _ = Programme.objects.get_or_create(
        code=code, defaults={"id": ids.new_id(world.now), "created_at": world.now, "label": code}
    )
    version = ProgrammeVersion(
        id=ids.new_id(world.now),
        created_at=world.now,
        programme=programme,
        version=ProgrammeVersion.objects.filter(programme=programme).count() + 1,
        status="draft",
        document=documents.dump(wording),
        content_hash=documents.content_hash(wording),
        valid_from=wording.valid_from,
    )
    version.save(force_insert=True)
    services.publish(actor=SYSTEM, version_id=version.id, reason="a test wants it", now=world.now)
    version.refresh_from_db()
    world.programmes[code] = version
    return version


def voucher(world: World, code: str, **fields: Any) -> Voucher:
    """A voucher of a tenth for everything in Germany, paid by the platform, unless said otherwise."""
    return promotions.create_voucher(
        **{
            "actor": world.operator_actor(),
            "code": code,
            "label": code.title(),
            "market": world.market("DE"),
            "rate": None if "amount_minor" in fields else Decimal("0.1"),
            "platform_share": Decimal(1),
            "valid_from": world.now - timedelta(days=1),
            "valid_until": world.now + timedelta(days=30),
            "now": world.now,
        }
        | fields
    )


def sandbox() -> Sandbox:
    """The sandbox provider of this installation."""
    provider = PROVIDERS["sandbox"]
    assert isinstance(provider, Sandbox)
    return provider


#: What is said of tables, roles and permissions, which no trade changes; tests/verify asks for it.
OF_THE_SCHEMA = ("I32", "I33", "I39")


def assert_sound(world: World, *but: str) -> None:
    """Every invariant of what was traded holds, but those named."""
    broken = [
        f"{result.invariant.code} {result.invariant.statement} {result.rows[:3]}"
        for result in proven.verify(now=world.now, codes=_asked(*OF_THE_SCHEMA, *but))
        if not result.holds
    ]
    assert not broken, "\n".join(broken)


@cache
def _asked(*but: str) -> list[str]:
    return [each.code for each in runner.invariants() if each.code not in but]


@contextmanager
def own_connection() -> Iterator[None]:
    """For a thread: its connection is closed at the end."""
    try:
        yield
    finally:
        connection.close()


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo]:
    """What happens inside is refused with this code."""
    from entrepot.kernel.errors import EntrepotError

    with pytest.raises(EntrepotError) as refusal:
        yield refusal
    assert refusal.value.code == code
