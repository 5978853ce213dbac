"""The way to the first sellable offer, by the pages alone: what each step asks, what it says, when it is done."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Invitation, Organisation
from entrepot.domain.catalogue.models import Category
from entrepot.domain.logistics import publishing
from entrepot.domain.logistics.models import Node, NodeClosure, ShippingCharge
from entrepot.domain.markets.models import ExchangeRate, Market, TaxRate
from entrepot.domain.settlement.models import CostRate
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms import services as term_services
from entrepot.flows import installing, setting_up
from entrepot.kernel import clock
from entrepot.kernel.models import AuditEntry
from surfaces.desk.desks import browser, text_of
from worlds import World

MARKET = {
    "name": "Germany", "country": "de", "code": "", "currency": "EUR", "tax_display": "inclusive",
    "time_zone": "Europe/Berlin", "languages": "de, en", "tax_rate": "19", "tax_from": "2020-01-01",
    "tax_source": "UStG",
}  # fmt: skip
NODE = {
    "name": "Hamburg quay", "code": "hamburg", "kind": "platform_overseas", "operator": "entrepot", "country": "DE",
    "line1": "Kai 1", "city": "Hamburg", "time_zone": "Europe/Berlin", "working_days": ["1", "2", "3"],
    "cut_off": "14:00", "closures": "2026-12-25 Christmas Day",
}  # fmt: skip
FREIGHT = (
    "market;origin;weight_from_g;weight_until_g;currency;flat;cost_share;free_from;valid_from;source\n"
    "DE;DE;0;30000;EUR;3,99;;49.00;2020-01-01;contract\n"
)


@pytest.fixture
def world(database) -> Iterator[World]:
    """Nothing but the operator, from noon of this day on: no test begins on one day and ends on the next."""
    clock.set_offset(datetime.combine(clock.now(), time(12), tzinfo=UTC) - clock.now())
    world = World(clock.now())
    term_services.load_presets(now=world.now)
    yield world
    clock.set_offset(timedelta(0))


@pytest.fixture
def desk(world: World) -> Client:
    return browser(world)


def send(client: Client, route: str, args: tuple = (), **data):
    return client.post(reverse(f"desk:{route}", args=args), data)


def states(now) -> dict[str, str]:
    found = setting_up.progress(now=now)
    return {step.code: step.state for step in (*found.steps, *found.first_offer)}


def test_from_nothing_to_the_first_sellable_offer(world: World, desk: Client) -> None:
    now = clock.now()
    assert {code for code, state in states(now).items() if state == "done"} <= {"operator", "payments"}
    assert "On the way to the first sale" in text_of(desk.get(reverse("desk:overview")))

    send(desk, "setup_operator", name="Harbour Market", country="de")
    assert Organisation.objects.get(kind="operator").country == "DE"
    assert send(desk, "setup_markets", **MARKET).status_code == 302
    market = Market.objects.get()
    assert (market.code, market.country, market.languages) == ("DE", "DE", ["de", "en"])
    assert str(TaxRate.objects.get().rate) == "0.190000"
    assert states(now)["taxes"] == "done" and states(now)["rates"] == "done"

    categories = "code,parent,name,tax_class\nhome,,Home,\nmugs,home,Mugs,\n"
    assert send(desk, "setup_categories_table", sheet=categories).status_code == 302
    assert Category.objects.get(code="mugs").path == "home/mugs"
    assert send(desk, "setup_programmes", programmes=["self-managed", "fully-managed"]).status_code == 302
    assert {each.programme.code for each in terms.find_in_force(market_code="DE", on=now.date())} == {
        "self-managed", "fully-managed"
    }  # fmt: skip
    assert send(desk, "setup_nodes", **NODE).status_code == 302
    node = Node.objects.get()
    assert node.working_days == [1, 2, 3] and NodeClosure.objects.get().label == "Christmas Day"
    publishing.load_planning(now)  # as every new marketplace has them
    assert states(now)["freight"] == "todo"
    assert send(desk, "setup_freight_table", sheet=FREIGHT).status_code == 302
    charge = ShippingCharge.objects.get()
    assert (charge.flat_minor, charge.cost_rate, charge.free_from_minor) == (399, 0, 4900)
    costs = {"payment_rate_EUR": "1.75", "payment_EUR": "0.12", "handling_EUR": "0.60", "storage_EUR": "0.09"}
    answer = send(desk, "setup_costs", valid_from=now.date().isoformat(), source="contract", **costs)
    assert answer.status_code == 302 and CostRate.objects.count() == 3
    assert {each for each, state in states(now).items() if state == "todo"} == set(setting_up.FIRST_OFFER)

    world.now = clock.now()
    world.markets["DE"], world.categories = market, {each.code: each for each in Category.objects.all()}
    world.programmes = {each.programme.code: each.current for each in terms.list_programmes() if each.current}
    seller = world.seller("brand", programme="self-managed")
    assert states(clock.now())["enrolled"] == "done"
    offer = world.offer(seller, stock=0)
    assert states(clock.now())["stock"] == "todo"
    world.stock(seller, offer.sku, 5, node=node)
    found = setting_up.progress(now=clock.now())
    assert found.offer_id == offer.id and found.is_complete and found.following is None
    overview = text_of(desk.get(reverse("desk:overview")))
    assert "On the way to the first sale" not in overview and "Set-up: markets" in overview
    assert "Everything is there" in text_of(desk.get(reverse("desk:setup")))
    assert {"markets.open", "nodes.create", "freight.charge", "programmes.choose", "categories.keep"} <= set(
        AuditEntry.objects.values_list("verb", flat=True)
    )


def test_the_first_person_signs_in_without_a_mail_server(database) -> None:
    first = installing.install(now=clock.now())
    client = Client()
    answer = client.post(reverse("account_login"), {"login": first.email, "password": first.password})
    assert answer.status_code == 302 and client.get(reverse("desk:setup")).status_code == 200


@pytest.mark.parametrize(
    ("column", "row", "said"),
    [
        ("flat", "DE,DE,0,500,EUR,3.123,0,,2026-01-01,x", "Row 2, flat"),
        ("market", "XX,DE,0,500,EUR,3.12,0,,2026-01-01,x", "Row 2, market"),
        ("weight_from_g", "DE,DE,some,500,EUR,3.12,0,,2026-01-01,x", "Row 2, weight_from_g"),
        ("weight_until_g", "DE,DE,500,500,EUR,3.12,0,,2026-01-01,x", "Row 2, weight_until_g"),
        ("valid_from", "DE,DE,0,500,EUR,3.12,0,,soon,x", "Row 2, valid_from"),
        ("source", "DE,DE,0,500,EUR,3.12,0,,2026-01-01,", "Row 2, source"),
        ("currency", "DE,DE,0,500,QQQ,3.12,0,,2026-01-01,x", "Row 2, currency"),
        ("cost_share", "DE,DE,0,500,EUR,3.12,half,,2026-01-01,x", "Row 2, cost_share"),
        ("free_from", "DE,DE,0,500,EUR,3.12,0,-1,2026-01-01,x", "Row 2, free_from"),
    ],
)
def test_a_table_names_the_row_and_the_column_that_is_wrong(
    world: World, desk: Client, column: str, row: str, said: str
) -> None:
    world.market("DE")
    before = ShippingCharge.objects.count()
    head = FREIGHT.partition("\n")[0].replace(";", ",")
    answer = send(desk, "setup_freight_table", sheet=f"{head}\n{row}\n")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in text_of(answer) and row.split(",")[4] in page
    assert ShippingCharge.objects.count() == before


def test_a_form_keeps_what_was_typed_and_names_the_field(desk: Client) -> None:
    answer = send(desk, "setup_markets", **MARKET | {"time_zone": "", "languages": "german"})
    page = answer.content.decode()
    assert answer.status_code == 422 and not Market.objects.exists()
    assert 'value="Germany"' in page and 'href="#market-time_zone"' in page and 'href="#market-languages"' in page
    assert send(desk, "setup_nodes", **NODE | {"closures": "Christmas"}).status_code == 422
    answer = send(desk, "setup_nodes", **NODE | {"kind": "third_party_overseas"})
    assert answer.status_code == 422 and 'href="#node-operator"' in answer.content.decode()
    assert not Node.objects.exists()


def test_a_form_that_is_sent_twice_acts_once(desk: Client) -> None:
    key = {"idempotency_key": "a-key-of-the-form"}
    for _ in range(2):
        assert send(desk, "setup_markets", **MARKET, **key).status_code == 302
    assert Market.objects.count() == 1 and TaxRate.objects.count() == 1


def test_rates_are_published_once_a_day(world: World, desk: Client) -> None:
    before, day = ExchangeRate.objects.count(), clock.now().date().isoformat()
    row = {"base": "EUR", "quote": "JPY", "rate": "171.5", "day": day, "source": "a bank"}
    assert send(desk, "setup_rate", **row).status_code == 302
    send(desk, "setup_rate", **row | {"rate": "999"})
    assert ExchangeRate.objects.count() == before + 1
    assert str(ExchangeRate.objects.get(quote="JPY").rate.normalize()) == "171.5"
    answer = send(desk, "setup_rates_table", source="a bank", sheet=f"base,quote,rate,day\nEUR,EUR,1,{day}")
    assert answer.status_code == 422


def test_a_market_closes_and_opens_again(world: World, desk: Client) -> None:
    world.market("DE")
    assert send(desk, "setup_market_closing", ("DE",)).status_code == 422
    send(desk, "setup_market_closing", ("DE",), reason="a pause")
    assert Market.objects.get().archived_at is not None
    send(desk, "setup_market_closing", ("DE",), reason="over")
    assert Market.objects.get().archived_at is None
    rate = {"rate": "16", "tax_class": "standard", "source": "UStG"}
    assert send(desk, "setup_tax", ("DE",), valid_from="2026-07-01", **rate).status_code == 302
    assert send(desk, "setup_tax", ("DE",), valid_from="2026-06-01", **rate).status_code == 409
    assert TaxRate.objects.filter(market__code="DE").count() == 2


def test_a_node_keeps_its_calendar(world: World, desk: Client) -> None:
    send(desk, "setup_nodes", **NODE)
    change = {"name": "Quay", "time_zone": "Europe/Paris", "working_days": ["6"], "cut_off": "09:30"}
    assert send(desk, "setup_calendar", ("hamburg",), **change).status_code == 302
    node = Node.objects.get()
    assert (node.name, node.working_days, str(node.cut_off)) == ("Quay", [6], "09:30:00")
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    assert send(desk, "setup_closures", ("hamburg",), closures=f"{day} Count", reason="count").status_code == 302
    assert NodeClosure.objects.filter(label="Count").exists()
    assert send(desk, "setup_openings", ("hamburg",), days=[day], reason="done").status_code == 302
    assert not NodeClosure.objects.filter(label="Count").exists()


def test_a_partner_gets_an_invitation_and_sees_its_own_desk(world: World, desk: Client) -> None:
    partner = {"name": "Kai", "code": "kai", "country": "DE", "email": "chef@kai.example"}
    answer = send(desk, "setup_partners", **partner)
    assert answer.status_code == 302 and answer["Location"] == reverse("desk:partner", args=["kai"])
    asked = Invitation.objects.get()
    page = desk.get(answer["Location"]).content.decode()
    link = re.search(r"(/invitations/[^<\"\s]+:[^<\"\s]+)", page)[1]

    guest = Client()
    assert "Work for Kai" in text_of(guest.get(link))
    refused = guest.post(link, {"name": "Chef", "password": "short"})
    assert refused.status_code == 422 and 'value="Chef"' in refused.content.decode()
    joined = guest.post(link, {"name": "Chef", "password": "lantern-quay-compass"})
    assert joined.status_code == 302 and joined["Location"].startswith("/desk/")
    assert guest.get(reverse("desk:team")).status_code == 200
    assert guest.get(reverse("desk:setup")).status_code == 403
    assert guest.get(reverse("desk:partner", args=["kai"])).status_code == 403
    assert Invitation.objects.get(id=asked.id).accepted_at is not None
    assert Client().get(link).status_code == 404
    again = Client()
    answer = again.post(reverse("account_login"), {"login": "chef@kai.example", "password": "lantern-quay-compass"})
    assert answer.status_code == 302 and again.get(reverse("desk:overview")).status_code == 200


def test_an_account_that_is_there_joins_by_signing_in(world: World, desk: Client) -> None:
    user = accounts.create_user(email="shopper@example.org", password="lantern-quay-compass")
    send(desk, "team_invitations", email=user.email, role="operator.finance")
    page = desk.get(reverse("desk:team")).content.decode()
    link = re.search(r"(/invitations/[^<\"\s]+:[^<\"\s]+)", page)[1]
    assert "There is an account" in text_of(Client().get(link))
    another, client = Client(), Client()
    another.force_login(world.user())
    assert "Sign out, then open the link again" in text_of(another.get(link))
    assert another.post(link).status_code == 403
    client.force_login(user)
    assert client.post(link)["Location"] == "/desk/"
    assert client.get(reverse("desk:trail")).status_code == 200


def test_a_letter_is_tried(desk: Client, settings) -> None:
    assert send(desk, "setup_letters").status_code == 302
    assert len(mail.outbox) == 1 and states(clock.now())["letters"] == "done"
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    answer = send(desk, "setup_letters")
    assert answer.status_code == 503 and "No letter leaves" in text_of(answer)


def test_a_key_is_shown_once_and_revoked(world: World, desk: Client) -> None:
    key = {"label": "stock sync", "verbs": ["stock.read"], "idempotency_key": "one"}
    answer = send(desk, "keys", **key)
    secret = re.search(r'value="(ek[^"]+)"', answer.content.decode())[1]
    assert answer["Cache-Control"] == "no-store"
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).json()["verbs"] == {
        "stock.read": "all"
    }
    again = desk.post(reverse("desk:keys"), key, follow=True)
    assert secret not in again.content.decode() and "shown once" in text_of(again)
    assert send(desk, "keys", label="x", verbs=["enrolments.accept.never"]).status_code == 422
    [row] = re.findall(r"team/keys/([0-9a-f-]{36})/revocation", again.content.decode())
    assert send(desk, "key_revocation", (row,)).status_code == 302
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_the_trail_says_who_did_what_and_is_filtered(world: World, desk: Client) -> None:
    world.market("DE")
    send(desk, "setup_market_closing", ("DE",), reason="a pause")
    found = desk.get(reverse("desk:trail"), {"verb": "markets.close"})
    said = text_of(found)
    assert "a pause" in said and "Closed a market" in said and "Administrator" in said
    assert "Set a tax rate" not in said.partition("What it says")[2]
    assert "Nothing of the kind" in text_of(desk.get(reverse("desk:trail"), {"person": "nobody@nowhere"}))
    assert "Closed a market" in text_of(desk.get(reverse("desk:trail"), {"subject": str(Market.objects.get().id)}))
    assert desk.get(reverse("desk:trail"), {"since": "never"}).status_code == 200


def test_the_trail_of_a_partner_is_its_own(world: World, desk: Client) -> None:
    world.market("DE")
    send(desk, "setup_market_closing", ("DE",), reason="a pause")
    partner = Client()
    member = accounts.join(
        actor=world.operator_actor(), user=world.user("p@example.org"), organisation=world.partner(),
        role="partner.admin", now=world.now,
    )  # fmt: skip
    partner.force_login(member.user)
    assert "a pause" not in text_of(partner.get(reverse("desk:trail")))
