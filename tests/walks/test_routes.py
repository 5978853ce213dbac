"""Every address of the pages and of the API: it says who may, and nobody else gets through, whatever they type."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve, reverse

from entrepot.domain.accounts import queries as people
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts import team
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.accounts.rules import permission_rows
from entrepot.domain.inbound.models import Carton
from entrepot.domain.ledger.models import Account
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.settlement.models import Payout
from entrepot.flows import settling
from entrepot.kernel.actors import SYSTEM
from entrepot.surfaces.api.application import api
from entrepot.surfaces.api.routes import PUBLIC
from entrepot.surfaces.shared import guards, navigation
from surfaces.seller.shops import Shop, furnish, sign_in
from walks.stage import Stage

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
CLOSED = {403, 404, 405}
#: Sessions change by being used.
RESTLESS = {"django_session"}
#: Routes of a seller whose arguments belong to nobody in particular.
COMMON = {
    "seller:programme", "seller:acceptance", "seller:programme_comparison",
    "seller:upload_new", "seller:upload_template", "seller:upload_content",
}  # fmt: skip


class Route(NamedTuple):
    """One address as the URLconf has it."""

    name: str
    path: str
    view: Any

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    @property
    def guard(self) -> guards.Guard:
        found = guards.declared(self.view)
        assert found, self
        return found


def _routes(resolver: Any = None, prefix: str = "", space: str = "") -> Iterator[Route]:
    for each in (resolver or get_resolver()).url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield Route(f"{space}:{each.name}" if space else str(each.name), path, each.callback)
        else:
            yield from _routes(each, path, each.namespace or space)


ROUTES = list(_routes())
SURFACES = [each for each in ROUTES if each.name.partition(":")[0] in ("seller", "desk")]
ORDERS = [each for each in ROUTES if each.name.startswith("shop:") and "number" in each.parameters]


def test_every_route_declares_who_may():
    assert len(SURFACES) > 80 and ORDERS
    undeclared = [each.path for each in ROUTES if guards.declared(each.view) is None]
    undeclared += [each.path for each in SURFACES if each.guard.public and each.name != "seller:apply"]
    assert undeclared == []


def test_every_operation_of_the_api_declares_who_may():
    operations = list(api.operations())
    assert len(operations) > 50
    assert [each.operation_id for each in operations if not getattr(each.view_func, "verbs", ())] == []


def arguments(stage: Stage, shop: Shop) -> Mapping[str, Mapping[str, object]]:
    """For every parameter of an address what it names of this shop, by what stands before it ("" is anything else)."""
    settling.pay_out(now=stage.now, actor=SYSTEM)
    payout = Payout.objects.filter(seller=shop.seller)[0]
    line = OrderLine.objects.get(suborder=shop.packed_order)
    code = shop.seller.organisation.code
    return {
        "number": {
            "desk/orders": line.order.number,
            "orders": line.order.number,
            "seller/orders": shop.packed_order.number,
            "desk/work-items": shop.packed_order.number,
            "desk/warehouse/claims": shop.parcel_number,
            "desk/returns": shop.case.number,
            "seller/returns": shop.case.number,
            "desk/conversations": shop.thread.number,
            "seller/conversations": shop.thread.number,
            "seller/statements": shop.statement.number,
            "desk/settlement/statements": shop.statement.number,
            "desk/settlement/batches": payout.batch.number,
            "desk/stock-orders": shop.stock_order.number,
            "seller/stock-orders": shop.stock_order.number,
            "desk/shipments": shop.shipment.number,
            "desk/warehouse/vendor-returns": shop.vendor_return.number,
            "seller/vendor-returns": shop.vendor_return.number,
            "seller/shipments": shop.shipment.number,
            "desk/programmes/<slug:code>/versions": 1,
        },
        "code": {
            "desk/programmes": shop.enrolment.programme_code,
            "desk/sellers": code,
            "desk/verify": "I01",
            "desk/catalogue/prices": "DE",
            "desk/setup/markets": "DE",
            "desk/setup/nodes": next(iter(stage.nodes)),
            "desk/warehouse/docks": next(iter(stage.nodes)),
            "desk/warehouse/places": next(iter(stage.nodes)),
            "desk/warehouse/put-away": next(iter(stage.nodes)),
            "desk/setup/partners": stage.partner().code,
            "desk/borders/lanes": "nl-de-road",
            "desk/borders/cards": "nl-parcel",
        },
        **team_of(stage, shop),
        "upload_id": {"": shop.upload.id},
        "sheet": {"": "prices", "desk/borders/sheets": "lanes"},
        "case_number": {"": shop.case.number},
        "place": {"": 0},
        "thread_number": {"": shop.thread.number},
        "attachment_id": {"": shop.file.id},
        "parcel_number": {"": shop.parcel_number},
        "offer_id": {"": shop.offer.id},
        "sku_id": {"": shop.offer.sku_id},
        "carton_id": {"": Carton.objects.filter(shipment=shop.shipment)[0].id},
        "act": {"": "cancellation"},
        "product_id": {"": shop.offer.sku.product_id},
        "stock_id": {"": shop.stock.id},
        "accrual_id": {"": shop.accrual.id},
        "enrolment_id": {"": shop.enrolment.id},
        "version_id": {"": shop.enrolment.programme_version_id},
        "market_code": {"": "DE"},
        "payout_id": {"": payout.id},
        "account_id": {"": Account.objects.filter(owner_id=shop.seller.pk)[0].id},
        "journal_id": {"": shop.accrual.journal_id},
        "currency": {"": shop.accrual.currency},
        "position": {"": line.position},
        # Nothing of the kind is there; whoever may not come in is turned away before that is found out.
        **{
            name: {"": uuid4()}
            for name in (
                "quote_id",
                "document_id",
                "proposal_id",
                "approval_id",
                "rule_id",
                "request_id",
                "notice_id",
                "doubt_id",
                "place_id",
                "bill_id",
            )
        },
        **{name: {"": "closed"} for name in ("status", "decision", "view", "answer")},
        "kind": {"": "seller_payable"},
        "name": {"": "nothing"},
    }


def team_of(stage: Stage, shop: Shop) -> Mapping[str, Mapping[str, object]]:
    """Somebody of the shop's team, somebody who is asked to join it, and a key of it."""
    organisation, user = shop.seller.organisation, stage.user()
    member = accounts.join(actor=SYSTEM, user=user, organisation=organisation, role="seller.owner", now=stage.now)
    owner = people.actor_of(member, user)
    asked = team.invite(
        actor=owner, organisation_id=organisation.id, email="asked@example.org", role="seller.staff", now=stage.now
    )
    key, _secret = accounts.create_key(actor=owner, membership=member, label="sync", now=stage.now)
    return {
        "membership_id": {"": member.id},
        "invitation_id": {"": asked.id},
        "key_id": {"": key.id},
        "token": {"": team.token_of(asked.id)},
    }


def address(route: Route, values: Mapping[str, Mapping[str, object]]) -> str:
    """A route with real arguments in it."""

    def value(match: re.Match[str]) -> str:
        before = route.path[: match.start()].rstrip("/")
        known = values.get(match[1], {})
        assert before in known or "" in known, f"what is “{match[1]}” after “{before}”? Say it in arguments()"
        return str(known.get(before, known.get("")))

    return "/" + PARAMETER.sub(value, route.path)


@pytest.fixture
def shop(stage) -> Shop:
    """A seller who sells, ships and earns by itself."""
    return furnish(stage, stage.seller("ours", programme="self-managed"))


def strangers(stage: Stage) -> dict[str, tuple[Client, set[str], set[str]]]:
    """Who has no business in the shop of another: a browser, their kinds of organisation, their verbs."""
    theirs = stage.seller("theirs", programme="self-managed").organisation
    return {
        "guest": (Client(), set(), set()),
        "shopper": (sign_in(stage.user("somebody@example.org")), set(), set()),
        "another seller": _member(stage, theirs, "seller.owner"),
        "third party": _member(stage, stage.partner(), "partner.warehouse"),
    }


def _member(stage: Stage, organisation: Organisation, role: str) -> tuple[Client, set[str], set[str]]:
    user = stage.user()
    accounts.join(actor=SYSTEM, user=user, organisation=organisation, role=role, now=stage.now)
    verbs = {verb for name, verb, _scope in permission_rows() if name == role}
    return sign_in(user), {organisation.kind}, verbs


def rows() -> dict[str, tuple[int, int]]:
    """Of every table how many rows it has and what their sum is."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor)) - RESTLESS
        found = {}
        for table in sorted(tables):
            cursor.execute(f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "{table}" t')
            found[table] = cursor.fetchone()
    return found


def may_open(route: Route, kinds: set[str], verbs: set[str]) -> bool:
    """Whether these people have pages of their own there: what is listed is theirs, or belongs to nobody."""
    guard = route.guard
    if guard.public:
        return True
    inside = bool(kinds & set(guard.kinds)) and (not guard.verb or guard.verb in verbs)
    return inside and (not route.parameters or route.name in COMMON)


@pytest.mark.parametrize("who", ["guest", "shopper", "another seller", "third party"])
def test_nobody_else_comes_in_or_changes_a_row(stage, shop, who):
    values = arguments(stage, shop)
    client, kinds, verbs = strangers(stage)[who]
    before = rows()
    wrong = []
    for route in [*SURFACES, *ORDERS]:
        is_open = route not in ORDERS and may_open(route, kinds, verbs)
        for method in ("get", "post"):
            if is_open and method == "post":
                continue
            answer = getattr(client, method)(address(route, values))
            if is_open:
                good = answer.status_code < 500
            else:
                to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
                good = answer.status_code in CLOSED or (who == "guest" and to_sign_in)
            if not good:
                wrong.append(f"{answer.status_code} {method} {route.path}")
    assert wrong == []
    after = rows()
    assert {table for table in before if before[table] != after[table]} == set()


@pytest.mark.parametrize("who", ["guest", "shopper"])
def test_the_api_is_closed_to_whoever_holds_no_verb(stage, shop, who):
    client = strangers(stage)[who][0]
    before = rows()
    wrong = []
    paths = api.get_openapi_schema()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            needed = operation["x-permission"].split(" or ")
            if PUBLIC in needed or (who == "shopper" and "signed_in" in needed):
                continue
            filled = re.sub(r"\{(\w+)\}", lambda match: str(_api_value(match[1], shop)), path)
            answer = client.generic(
                method.upper(), filled, "{}", content_type="application/json", headers={"Idempotency-Key": "a-key"}
            )
            # Whoever is known and forgets a field may be told so first; nothing is read or done for them.
            refused = {401} if who == "guest" else CLOSED | {401, 400, 422}
            if answer.status_code not in refused:
                wrong.append(f"{answer.status_code} {method} {path}")
    assert len(paths) > 50
    assert wrong == []
    after = rows()
    assert {table for table in before if before[table] != after[table]} == set()


def _api_value(name: str, shop: Shop) -> UUID | str:
    known = {"number": shop.packed_order.number, "code": shop.seller.organisation.code, "market_code": "DE", "place": 0}
    return known.get(name, shop.offer.id)


def test_every_entry_of_the_navigation_leads_somewhere(stage):
    seller = stage.seller("ours", programme="self-managed")
    browsers = {
        "seller": _member(stage, seller.organisation, "seller.owner")[0],
        "desk": _member(stage, stage.operator, "operator.admin")[0],
    }
    entries = [(surface, entry) for surface, found in navigation.SURFACES.items() for entry in found]
    assert len(entries) > 10
    for surface, entry in entries:
        path = reverse(entry.route)
        assert guards.declared(resolve(path).func), entry
        assert browsers[surface].get(path).status_code == 200, path


def test_each_comes_to_their_own_surface_after_signing_in(stage):
    seller = stage.seller("ours", programme="self-managed")
    homes = {
        "/": sign_in(stage.user("somebody@example.org")),
        "/seller/": _member(stage, seller.organisation, "seller.owner")[0],
        "/desk/warehouse": _member(stage, stage.partner(), "partner.warehouse")[0],
    }
    for home, client in homes.items():
        answer = client.get("/after-sign-in")
        assert (answer.status_code, answer["Location"]) == (302, home)
        assert client.get(home).status_code == 200
    assert Client().get("/after-sign-in")["Location"].startswith("/accounts/login/")


def test_a_label_has_no_public_address(stage, shop):
    owner = _member(stage, shop.seller.organisation, "seller.owner")[0]
    parts = [shop.packed_order.number, shop.parcel_number]
    label = owner.post(reverse("seller:parcel_label", args=parts))
    assert (label.status_code, label["Content-Type"]) == (200, "application/pdf")
    name = Parcel.objects.get(number=shop.parcel_number).label_media
    assert name and owner.get(reverse("media", args=[name])).status_code == 404
