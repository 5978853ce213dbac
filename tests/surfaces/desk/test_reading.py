"""Every page of the desk opens, asks little of the database whatever it shows, and is for those it is for."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import shipping
from entrepot.domain.conversations.models import Attachment
from entrepot.flows import returns, settling
from entrepot.kernel.actors import SYSTEM
from entrepot.surfaces.desk.urls import urlpatterns
from surfaces.desk.desks import (
    Market,
    applicant,
    ask_about,
    bring,
    browser,
    claim,
    countered,
    draft,
    furnish,
    quote,
)  # fmt: skip
from surfaces.seller.shops import client_of
from walks import forms
from worlds import World

QUERIES_MAX = 25
PREVIEW_QUERIES_MAX = 45

#: Routes that change something; tests of acts send to them.
ACTS = {
    "copies", "archival", "version_archival", "drafts", "publication", "disposal", "tier", "standing",
    "document_decision", "enrolment_end", "publications", "product_publication", "product_archival", "offer_acts",
    "offer_price", "quote_answers", "proposal_decisions", "price_rule", "repricing", "cancellation",
    "payment_decision", "acceptances", "acceptance", "absence", "parcels", "label", "handover", "unpacking", "scans",
    "team_invitations", "team_withdrawal", "team_role", "team_end", "key_revocation", "partner_invitations",
    "partner_withdrawal", "partner_role", "partner_end", "setup_tax", "setup_market_change", "setup_market_closing",
    "setup_rate", "setup_rates_table", "setup_category", "setup_categories_table", "setup_calendar", "setup_closures",
    "merchandise_acts", "restock_orders", "claim_decision", "works", "parcel_booking", "parcel_cancellation",
    "parcel_giving_up", "manifest_closing", "doubt_decision", "carrier_account", "tracking_standard",
    "carrier_payments", "carrier_tolerances", "carrier_bill_agreed", "carrier_bill_decisions", "carrier_sheet_run",
    "carrier_sheet_drop",
    "document_requests", "stock_order_decision",
    "stock_order_end", "shipment_arrival", "shipment_slot", "shipment_slot_return", "dock_hours",
    "vendor_return_asking", "vendor_return_acceptance", "vendor_return_cancellation", "vendor_return_handover",
    "vendor_return_disposal", "vendor_return_paper", "stowing_move",
    "places_making", "places_selling", "place_move", "place_count", "place_archival",
    "routing_editions", "shipment_lane", "shipment_leg", "shipment_cost", "shipment_values", "shipment_landed_cost",
    "shipment_turning_away", "shipment_scans", "shipment_counts", "shipment_sale", "shipment_loss", "ahead_rule_end",
    "shipment_inspections", "shipment_put_aways", "shipment_closing", "shipment_paper", "conversation_messages",
    "conversation_handing", "conversation_state", "setup_openings", "setup_freight_table", "setup_freight_planning",
    "return_label", "reception", "refund", "settlement_runs", "batches", "confirmation", "payout_failure", "proof",
}  # fmt: skip
#: Pages that show what a form would do.
PREVIEWS = {"merchandise_preview", "restock_preview"}
#: Pages of corrections, of approvals, of lanes and cards and of a demonstration have tests of their own; a paper needs
#: a file.
ELSEWHERE = {
    "lane",
    "card",
    "border_sheet",
    "carrier_bill",
    "carrier_sheet",
    "carrier_sheet_rejects",
    "clock",
    "clock_status",
    "clock_advances",
    "clock_workers",
    "letters",
    "letter",
    "notice",
    "notices_read",
    "notices_letters",
} | {"approvals", "approval", "decision", "corrections", "reversal", "document_file", "parcel_paper", "parcel_quotes"}
NAMES = {pattern.name for pattern in urlpatterns}
PLAIN = {pattern.name for pattern in urlpatterns if not pattern.pattern.converters} - ACTS - PREVIEWS - ELSEWHERE

#: Further views of pages, by what follows the address.
VIEWS = [
    ("programme", "words"), ("programme", "sources"), ("programme", "versions"),
]  # fmt: skip
QUERIES = [
    ("programmes", "?archived"), ("comparison", "?a=fully-managed:1&b=self-managed:1"), ("sellers", "?status="),
    ("sellers", "?status=applicant"), ("catalogue", "?lacking=sku"), ("products", "?category=mugs"),
    ("offers", "?status=all&market=DE"), ("price_rules", "?market=DE&preview"), ("orders", "?state=all&market=DE"),
    ("comparison", ""), ("trail", "?verb=team.join&subject=membership"), ("contribution", "?by=category"),
    ("stock_orders", "?view=late"), ("stock_orders", "?view=done"), ("stock_orders", "?view=coming"),
    ("shipments", "?of=all&view=here"), ("shipments", "?of=all&view=done"), ("conversations", "?view=all"),
    ("restock", "?only=all"), ("merchandise", "?market=DE"),
    ("warehouse", "?of=all"), ("warehouse", "?state=done"), ("stock", "?of=all"), ("returns", "?state=received"),
]  # fmt: skip


def addresses(market: Market) -> dict[str, str]:
    """Every page there is, by a name."""
    found = {name: reverse(f"desk:{name}") for name in PLAIN}
    found |= {name: reverse(f"desk:{name}", args=args) for name, args in market.arguments.items()}
    found |= {f"{name}/{view}": reverse(f"desk:{name}", args=["fully-managed", view]) for name, view in VIEWS}
    found["shipment/closed"] = reverse("desk:shipment", args=[market.closed_shipment.number])
    return found | {f"{name}{query}": reverse(f"desk:{name}") + query for name, query in QUERIES}


def measure(client: Client, market: Market) -> dict[str, int]:
    """How many queries each page makes; every page answers."""
    counts = {}
    for name, address in addresses(market).items():
        client.get(address)  # what never changes is read once by a process
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address)
        assert answer.status_code == 200, f"{name}: {answer.status_code}"
        counts[name] = len(asked)
    return counts


def test_every_route_is_known_to_these_tests(world: World) -> None:
    market = furnish(world)
    assert PLAIN | ACTS | PREVIEWS | ELSEWHERE | market.arguments.keys() == NAMES


def test_no_page_makes_more_queries_with_more_rows(world: World) -> None:
    market = furnish(world)
    client = browser(world)
    few = measure(client, market)
    assert {name: count for name, count in few.items() if count > QUERIES_MAX} == {}
    grow(world, market)
    many = measure(client, market)
    assert {name: (few[name], count) for name, count in many.items() if count > few[name]} == {}


def test_a_preview_asks_the_same_for_one_row_as_for_many(world: World) -> None:
    """It does the act and takes it back, so that it asks what the act asks, beyond the limit of a page that shows."""
    factory = world.seller("factory", programme="fully-managed", currency="CNY")
    offers = [str(world.offer(factory, price="29.99", supply="88.00", stock=9).id) for _ in range(8)]
    client = browser(world)
    for name, typed in (
        ("merchandise_preview", {"act": "supply", "percent": "-10", "note": "volume"}),
        ("restock_preview", {f"quantity-{each}": "40" for each in offers}),
    ):
        counts = []
        for chosen in (offers[:1], offers[:1], offers):  # what never changes is read once by a process
            with CaptureQueriesContext(connection) as asked:
                answer = client.post(reverse(f"desk:{name}"), typed | {"offer": chosen})
            assert answer.status_code == 200, name
            counts.append(len(asked))
        assert counts[2] <= counts[1] <= PREVIEW_QUERIES_MAX, (name, counts)


def grow(world: World, market: Market) -> None:
    """More of everything, in the same market."""
    managed, seller = (world.enrolments[place].seller for place in (0, 1))
    offers = [world.offer(managed, price="9.99", supply="20.00", stock=60, title=f"Mug {n}") for n in range(3)]
    offers += [world.offer(seller, price="9.99", stock=60, title=f"Cup {n}") for n in range(3)]
    for _ in range(3):
        ordered = shipping.order(world, *((offer, 2) for offer in offers))
        shipping.deliver(world, ordered)
        line = shipping.lines_of(ordered)[0]
        returns.request_return(
            order_id=ordered.id, lines=[(line.id, 1)], reason="changed_mind", actor=SYSTEM, now=world.now
        )
        shipping.order(world, *((offer, 2) for offer in offers))
        (sent, *_) = shipping.ship(world, shipping.order(world, (offers[0], 1)))
        claim(world, sent)
        market.thread = ask_about(world, ordered, [f"Question {number}" for number in range(6)])
        countered(world, offers[0])
    world.pass_time(days=30)
    settling.settle(until=world.now.replace(hour=0), now=world.now, actor=SYSTEM)
    settling.pay_out(now=world.now, actor=SYSTEM)
    market.file = Attachment.objects.get(thread=market.thread)
    market.stock_order, market.shipment = bring(world, offers[:3])
    market.closed_shipment = bring(world, offers[:3], is_closed=True)[1]
    for number, offer in enumerate(offers[:3]):
        quote(world, offer, 2600)
        applicant(world, f"late-newcomer-{number}")
        draft(world, seller)


@pytest.mark.parametrize(
    ("role", "opens", "closed"),
    [
        ("operator.finance", "settlement books verify orders", "catalogue quotes warehouse"),
        ("operator.merchandiser", "catalogue quotes price_rules programmes", "settlement books verify"),
        ("operator.warehouse", "overview warehouse stock receipts returns", "orders sellers books"),
    ],
)
def test_each_role_opens_what_it_works_on(world: World, role: str, opens: str, closed: str) -> None:
    client = browser(world, role)
    world.market()
    page = client.get(reverse("desk:overview")).content.decode()
    for name in (*opens.split(), *closed.split()):
        address = reverse(f"desk:{name}")
        assert client.get(address).status_code == (200 if name in opens.split() else 403), name
        if name in {"settlement", "books", "catalogue", "warehouse", "orders", "sellers"}:
            assert (f'href="{address}"' in page) == (name in opens.split()), name


def test_nobody_else_comes_in(world: World) -> None:
    seller = client_of(world, world.seller("brand", programme="self-managed"))
    for name in sorted(PLAIN):
        address = reverse(f"desk:{name}")
        assert Client().get(address).status_code == 302, name
        assert seller.get(address).status_code == 403, name


def test_an_address_that_takes_forms_says_so_to_whoever_looks(world: World) -> None:
    answer = browser(world).get(reverse("desk:settlement_runs"))
    assert answer.status_code == 405 and answer["Allow"] == "POST"
    assert "only takes what a form sends" in answer.content.decode()


def test_nonsense_in_what_narrows_a_list_breaks_no_page(world: World) -> None:
    """Every field of every form that asks by GET, with a NUL, a word and a number that is none; alone and together."""
    client = browser(world)
    client.raise_request_exception = False
    furnish(world)
    wrong, tried = [], 0
    for name in PLAIN:
        address = reverse(f"desk:{name}")
        for form in forms.read(client.get(address).content.decode()):
            if form.method != "get":
                continue
            for value in ("a\x00b", "-1", "9" * 40, "2026-02-31"):
                for fields in [[each] for each in form.controls] + [list(form.controls)]:
                    tried += 1
                    answer = client.get(form.target(address), dict.fromkeys(fields, value))
                    if answer.status_code >= 500:
                        wrong.append(f"{answer.status_code} {name} {fields} {value!r}")
    assert wrong == [] and tried > 100
