"""A small history goes through the real flows under every neutral programme, once, and the books hold."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection

from entrepot.domain.accounts import services as accounts
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.inventory.models import Movement
from entrepot.domain.orders.models import Order, OrderLine
from entrepot.domain.payments.models import Payment
from entrepot.domain.pricing.models import RetailPrice
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.domain.terms import services as terms
from entrepot.intake import mapping, replay
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.models import OutboxEvent
from entrepot.verify import runner
from intake.files import HISTORY, lines, write
from intake.test_invoices import BUCKETS, HEAD

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROGRAMMES = ("fully-managed", "semi-managed-platform-logistics", "semi-managed-local-stock", "self-managed")
OTHERS = (
    "shein-self-run",
    "shein-marketplace",
    "temu-full",
    "temu-semi",
    "aliexpress-pop",
    "aliexpress-semi-choice",
    "tiktok-shop-managed",
)

ROWS = (
    "1,x,10,1.50,03/01/2011,a",  # before the VAT rate changes
    "1,y,2,3.99,03/01/2011,a",
    "2,x,4,2.00,04/01/2011,",
    "3,x,100,1.25,04/01/2011,b",
    "C3,x,-100,1.25,04/01/2011,b",  # before it has left
    "4,y,6,3.50,05/01/2011,b",
    "5,y,-3,0,06/01/2011,",
    "6,z,2,0,06/01/2011,",
    "C4,y,-2,3.25,20/01/2011,b",  # after it has arrived, at another price than it was sold for
    "C5,x,-3,1.50,20/05/2011,a",  # long after any return window
    "C6,x,-1,1.50,20/05/2011,c",  # of a sale that the file does not have
    "7,y,1,4.00,21/05/2011,a",
)


@pytest.fixture(autouse=True)
def marketplace(database):
    accounts.install_permissions()
    accounts.create_organisation(kind="operator", code="entrepot", name="Entrepôt", country="DE", now=NOW)
    terms.load_presets(now=NOW)


def document():
    old = HISTORY[HISTORY.index("[[buckets]]") : HISTORY.index("[market]")]
    return mapping.parse(HISTORY.replace(old, BUCKETS))


def read(tmp_path, *rows):
    write(tmp_path / "lines.csv", lines(HEAD, *(rows or ROWS)))
    return replay.read(document(), tmp_path)


def play(tmp_path, found, programme="self-managed", **options):
    played, where = replay.play(found, tmp_path, programme=programme, **options)
    assert not played.failures
    return played, where


def findings():
    return {result.invariant.code: result.rows for result in runner.verify(now=NOW, codes=[]) if not result.holds}


def everything():
    """Every row of every table of ours, to be compared."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            " AND table_name ~ '^(orders|inventory|payments|ledger|settlement|pricing|catalogue|accounts|aftersales"
            "|logistics|kernel|sellers)_' AND table_name <> ALL (ARRAY['kernel_processheartbeat', 'kernel_version'])"
            " ORDER BY table_name"
        )
        tables = [row[0] for row in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)), count(*) FROM {table} t")
            found[table] = cursor.fetchone()
    return found


@pytest.mark.parametrize("programme", PROGRAMMES + OTHERS)
def test_what_the_file_says_happens_and_the_books_hold(tmp_path, programme):
    found = read(tmp_path)
    _, where = play(tmp_path, found, programme)
    assert replay.adds_up(found)
    assert replay.placed_minor(where) == replay.told_minor(found) == 1500 + 798 + 800 + 12500 + 2100 + 400
    assert list(Order.objects.order_by("placed_at").values_list("total_minor", flat=True)) == [
        2298, 800, 12500, 2100, 400,
    ]  # fmt: skip
    quantities = {
        (line.order.checkout_key.rpartition(":")[2], line.sku.code): (
            line.quantity, line.cancelled_qty, line.delivered_qty, line.returned_qty,
        )
        for line in OrderLine.objects.select_related("order", "sku")
    }  # fmt: skip
    assert quantities == {
        ("1", "x"): (10, 0, 10, 3), ("1", "y"): (2, 0, 2, 0), ("2", "x"): (4, 0, 4, 0), ("3", "x"): (100, 100, 0, 0),
        ("4", "y"): (6, 0, 6, 2), ("7", "y"): (1, 0, 1, 0),
    }  # fmt: skip
    assert Statement.objects.exists() and Payout.objects.filter(state="done").exists()
    assert findings() == {}


def test_units_and_money_add_up_to_the_file(tmp_path):
    play(tmp_path, read(tmp_path))
    moved: dict[str, int] = {}
    for movement in Movement.objects.all():
        moved[movement.kind] = moved.get(movement.kind, 0) + movement.quantity
    assert moved == {"opening": 128, "adjusted": -5, "shipped": -23, "returned": 5}
    payments = Payment.objects.all()
    assert sum(payment.voided_minor for payment in payments) == 12500
    assert sum(payment.captured_minor for payment in payments) == 2298 + 800 + 2100 + 400
    assert sum(payment.refunded_minor for payment in payments) == 2 * 350 + 3 * 150


def test_what_is_taken_back_is_worth_what_was_paid_for_it(tmp_path):
    found = read(tmp_path)
    _, where = play(tmp_path, found)
    assert replay.given_back_minor(where) == replay.told_back_minor(found) == 12500 + 2 * 350 + 3 * 150
    assert replay.taken_back(found) == {
        "units": 105,
        "value_of_the_notes": "136.00",
        "value_of_the_sales": "136.50",
        "difference": "0.50",
    }


def test_customers_are_known_guests_are_not_and_tax_is_that_of_the_day(tmp_path):
    play(tmp_path, read(tmp_path))
    orders = {order.checkout_key.rpartition(":")[2]: order for order in Order.objects.select_related("user")}
    assert orders["2"].user is None
    assert orders["1"].user == orders["7"].user != orders["4"].user
    rates = {line.order.checkout_key.rpartition(":")[2]: str(line.tax_rate) for line in OrderLine.objects.all()}
    assert (rates["1"], rates["2"]) == ("0.175000", "0.200000")
    line = OrderLine.objects.get(order=orders["2"])
    assert (line.total_minor, line.goods_tax_minor) == (800, 133)


def test_a_late_credit_note_was_asked_for_within_the_window(tmp_path):
    played, _ = play(tmp_path, read(tmp_path))
    assert played.counts["returns asked within the window"] == 1
    case = ReturnCase.objects.get(note="credit note C5")
    assert case.refunded_at.date() == date(2011, 5, 20)
    assert case.created_at.date() < date(2011, 2, 1)


def test_the_price_list_is_history(tmp_path):
    play(tmp_path, read(tmp_path))
    prices = RetailPrice.objects.filter(offer__sku__code="y").order_by("valid_from")
    assert [price.amount_minor for price in prices] == [350, 400]
    assert prices[0].valid_until == prices[1].valid_from


def test_a_second_run_changes_nothing(tmp_path):
    found = read(tmp_path)
    play(tmp_path, found)
    before = everything()
    played, _ = play(tmp_path, replay.read(document(), tmp_path))
    assert +played.counts == {}
    assert everything() == before


@pytest.mark.parametrize("programme", ["semi-managed-local-stock", "fully-managed"])
def test_a_second_run_under_other_rights_changes_nothing_either(tmp_path, programme):
    found = read(tmp_path)
    play(tmp_path, found, programme)
    before = everything()
    play(tmp_path, found, programme)
    assert everything() == before


def test_one_that_stopped_goes_on(tmp_path):
    found = read(tmp_path)
    play(tmp_path, found, until=date(2011, 1, 5))
    assert Order.objects.count() == 3
    play(tmp_path, found, orders_max=4)
    assert Order.objects.count() == 4
    _, where = play(tmp_path, found)
    assert replay.placed_minor(where) == replay.told_minor(found)
    assert sum(line.returned_qty for line in OrderLine.objects.all()) == 5
    assert findings() == {}


def test_the_same_history_plays_under_two_programmes_side_by_side(tmp_path):
    found = read(tmp_path)
    play(tmp_path, found, "self-managed")
    play(tmp_path, found, "semi-managed-local-stock")
    assert Order.objects.count() == 10
    assert findings() == {}


def test_a_further_file_continues_the_story(tmp_path):
    play(tmp_path, read(tmp_path))
    later = tmp_path / "later"
    later.mkdir()
    found = read(later, "8,y,2,4.00,20/06/2011,a", "C9,y,-1,4.00,25/06/2011,a", "10,new,1,9.99,25/06/2011,")
    play(later, found)
    assert Order.objects.count() == 7
    assert Movement.objects.filter(kind="opening").count() == 3 + 2
    assert findings() == {}


def test_nobody_is_told(tmp_path):
    play(tmp_path, read(tmp_path))
    assert OutboxEvent.objects.filter(topic="order.placed").count() == 5
    assert not OutboxEvent.objects.filter(status="pending").exists()


def test_what_the_marketplace_refuses_is_told_and_the_rest_goes_on(tmp_path):
    found = read(tmp_path, "1,x,2000000,1,03/01/2011,a", "2,x,1,1,03/01/2011,b")
    played, where = replay.play(found, tmp_path, programme="self-managed")
    assert [(each.step, each.key, each.code) for each in played.failures] == [("place", "1", "orders.bad_quantity")]
    assert replay.placed_minor(where) == 100
    assert replay.told_minor(found) == 200_000_100


def test_a_history_that_begins_before_any_tax_rate_is_refused_at_once(tmp_path):
    with pytest.raises(Refused) as refused:
        replay.play(read(tmp_path, "1,x,1,1,31/12/2009,a"), tmp_path, programme="self-managed")
    assert refused.value.code == "intake.no_tax_rate"


def test_the_report_is_written(tmp_path):
    found = read(tmp_path)
    played, _ = play(tmp_path, found)
    made = replay.write(tmp_path / "report", found, played.failures)
    assert [path.name for path in made] == ["buckets.csv", "listed.csv", "refused.csv", "unreadable.csv"]
    listed = (tmp_path / "report" / "listed.csv").read_text()
    assert "no earlier sale of this customer and code has units left" in listed
    assert [row["bucket"] for row in replay.buckets(found)][-3:] == [
        "sum of the buckets", "the file", "of which below the minor unit",
    ]  # fmt: skip


def test_a_catalogue_is_no_history_and_a_programme_must_exist(tmp_path):
    with pytest.raises(Invalid):
        replay.read(mapping.load("olist"), tmp_path)
    with pytest.raises(NotFound):
        replay.play(read(tmp_path), tmp_path, programme="no-such-programme")
    with pytest.raises(Invalid):
        read(tmp_path, "5,y,-3,0,06/01/2011,")
