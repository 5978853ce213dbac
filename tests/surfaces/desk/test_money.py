"""Settlement and books on the desk: from the close of statements to a payout, and from a cent to its event."""

import re

from django.urls import reverse

import shipping
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.kernel.models import OutboxEvent
from entrepot.surfaces.shared.numbers import MOST
from surfaces.desk.desks import browser, key_in, text_of
from worlds import World


def earn(world: World) -> None:
    """A seller has earned something that is due."""
    seller = world.seller("brand", programme="self-managed")
    shipping.deliver(world, shipping.order(world, (world.offer(seller), 3)))
    world.pass_time(days=40)


def test_from_the_close_of_statements_to_the_bank(world: World) -> None:
    earn(world)
    desk = browser(world, "operator.finance")
    url = reverse("desk:settlement_runs")
    for bad in ("", "yesterday", "2031-01-01"):
        answer = desk.post(url, {"until": bad})
        assert answer.status_code == 422 and (not bad or f'value="{bad}"' in answer.content.decode()), bad
    for _ in range(2):
        assert desk.post(url, {"until": world.now.date().isoformat()}).status_code == 302
    statement = Statement.objects.get()
    page = desk.get(reverse("desk:statement", args=[statement.number]))
    assert "Unexplained" not in page.content.decode()

    for _ in range(2):
        assert desk.post(reverse("desk:batches")).status_code == 302
    payout = Payout.objects.select_related("batch").get()
    batch = reverse("desk:batch", args=[payout.batch.number])
    sheet = desk.get(reverse("desk:batch_file", args=[payout.batch.number]))
    assert statement.number in sheet.content.decode() and sheet["Content-Type"].startswith("text/csv")

    fail = reverse("desk:payout_failure", args=[payout.batch.number, payout.id])
    assert desk.post(fail, {"reason": ""}).status_code == 422
    assert desk.post(fail, {"reason": "The account is closed"}).status_code == 302
    assert "The account is closed" in text_of(desk.get(batch))
    desk.post(reverse("desk:batches"))
    payout = Payout.objects.select_related("batch").get(state="in_transit")
    batch = reverse("desk:batch", args=[payout.batch.number])
    confirm = reverse("desk:confirmation", args=[payout.batch.number])
    nothing = desk.post(confirm, {})
    assert nothing.status_code == 422 and "Choose what the bank has paid." in text_of(nothing)
    key = key_in(desk.get(batch), "confirm")
    for _ in range(2):
        assert desk.post(confirm, {"payout": [str(payout.id)], "idempotency_key": key}).status_code == 302
    statement.refresh_from_db()
    assert statement.state == "paid"


def test_a_cent_of_a_statement_leads_to_its_rule_event_and_posting(world: World) -> None:
    earn(world)
    desk = browser(world)
    desk.post(reverse("desk:settlement_runs"), {"until": world.now.date().isoformat()})
    page = desk.get(reverse("desk:statement", args=[Statement.objects.get().number])).content.decode()
    links = set(re.findall(r'href="(/desk/settlement/accruals/[^"]+)"', page))
    assert len(links) > 2
    for link in links:
        page = text_of(desk.get(link))
        assert "Self-managed, version 1" in page and "Delivered" in page and "this amount" in page
    journal = re.search(r'href="(/desk/journals/[^"]+)"', desk.get(link).content.decode())
    assert journal and desk.get(journal[1]).status_code == 200


def test_the_books_of_a_currency_sum_to_zero_and_open_to_their_postings(world: World) -> None:
    earn(world)
    desk = browser(world)
    page = text_of(desk.get(reverse("desk:books")))
    assert re.search(r"Sum €0\.00", page)
    for line in ledger.trial_balance():
        kinds = desk.get(reverse("desk:accounts", args=[line.kind, line.currency]))
        accounts = re.findall(r'href="(/desk/accounts/[^"]+)"', kinds.content.decode())
        assert accounts
        history = desk.get(accounts[0]).content.decode()
        journals = re.findall(r'href="(/desk/journals/[^"]+)"', history)
        assert journals and desk.get(journals[0]).status_code == 200
    assert desk.get(reverse("desk:accounts", args=["nonsense", "EUR"])).status_code == 404


def test_an_account_goes_on_beyond_as_many_postings_as_any_list_has_rows(world: World, owner) -> None:
    owner.execute("SELECT setval('ledger_posting_sequence_seq', %s)", [MOST])
    earn(world)
    desk = browser(world)
    line = ledger.trial_balance()[0]
    kinds = desk.get(reverse("desk:accounts", args=[line.kind, line.currency])).content.decode()
    [account] = set(re.findall(r'href="(/desk/accounts/[0-9a-f-]+)"', kinds))
    assert "/desk/journals/" in desk.get(account, {"cursor": str(2 * MOST)}).content.decode()


def test_the_proof_holds_and_shows_what_does_not(world: World, owner) -> None:
    earn(world)
    OutboxEvent.objects.update(status="delivered", delivered_at=world.now)
    desk = browser(world)
    page = text_of(desk.post(reverse("desk:proof")))
    assert "Everything holds" in page and " finding" not in page, page
    query = text_of(desk.get(reverse("desk:invariant", args=["I26"])))
    assert "snapshot_hash" in query

    owner.execute("ALTER TABLE orders_orderline DISABLE TRIGGER USER")
    owner.execute("UPDATE orders_orderline SET snapshot_hash = repeat('0', 64)")
    owner.execute("ALTER TABLE orders_orderline ENABLE TRIGGER USER")
    page = text_of(desk.post(reverse("desk:proof"), {"code": "I26"}))
    assert "Something does not hold" in page and "1 finding" in page and "0" * 64 in page
    assert desk.post(reverse("desk:proof"), {"code": "I999"}).status_code == 404
