"""The papers of a parcel say what was frozen, to the minor unit, and are for nobody else."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import documents
import shipping
from entrepot.domain.catalogue.models import Sku
from entrepot.domain.logistics import papers
from entrepot.domain.logistics.carriers import Address, Item
from entrepot.domain.logistics.papers import Incomplete, Sheet
from entrepot.domain.orders.models import OrderLine
from entrepot.flows import booking, consigning
from entrepot.flows import papers as flow
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import NotFound
from worlds import World

SHEET = Sheet(
    number="P-7K2M-94QX-AB", reference="R-7K2M-94QX-1", order="O-7K2M-94QX",
    carrier="Meridian Air", service="air parcel",
    tracking_number="RR123456785CN", sender=Address("Acme", "CN", "1 Dock Road", city="Shenzhen", postcode="518000"),
    recipient=Address("Avery Birch", "US", "7 Elm Street", city="Springfield", region="IL", postcode="62701"),
    currency="USD", incoterm="DDP", weight_g=1234,
    items=(Item("Mug", "MUG-1", 3, 900, 1000, "691200", "CN"), Item("Tray", "TRAY-1", 1, 250, 1499, "392410", "VN")),
    freight_minor=499, tax_minor=0, duty_minor=137, made_on=datetime(2026, 3, 2, tzinfo=UTC),
)  # fmt: skip


def text_of(kind: str, sheet: Sheet = SHEET) -> str:
    return documents.pdf_text(papers.render([(kind, sheet)]))


@pytest.mark.parametrize("kind", [papers.PACKING_LIST, *papers.BORDER])
def test_every_paper_names_the_parcel_its_goods_and_their_number(kind):
    text = text_of(kind)
    for wanted in (SHEET.number, "Mug", "Tray", "1.234 kg", "2026-03-02"):
        assert wanted in text, text


@pytest.mark.parametrize("kind", [papers.PACKING_LIST, papers.INVOICE, papers.CN23])
def test_the_big_ones_name_both_parties(kind):
    for line in (*SHEET.sender.lines, *SHEET.recipient.lines):
        assert line in text_of(kind)


def test_an_invoice_has_codes_origins_unit_values_terms_and_its_sum():
    text = text_of(papers.INVOICE)
    for wanted in ("691200", "392410", "VN", "DDP Springfield US", "3.3333", "10.00", "14.99", "24.99 USD", "4.99 USD",
                   "1.37 USD", "31.35 USD"):  # fmt: skip
        assert wanted in text, text


@pytest.mark.parametrize("kind", [papers.CN22, papers.CN23])
def test_a_declaration_has_value_weight_code_and_origin_of_each(kind):
    text = text_of(kind)
    for wanted in ("691200", "VN", "0.900 kg", "10.00", "24.99 USD", "Sale of goods"):
        assert wanted in text, text


@pytest.mark.parametrize(
    ("value", "weight", "form"),
    [(35_900, 2000, "cn22"), (35_901, 2000, "cn23"), (35_900, 2001, "cn23"), (0, 1, "cn22")],
)
def test_three_hundred_drawing_rights_and_two_kilograms_part_the_forms(value, weight, form):
    assert papers.declaration_for(value, weight) == form


def test_no_customs_paper_without_codes_and_the_packing_list_all_the_same():
    sheet = replace(SHEET, items=(replace(SHEET.items[0], hs_code=""), SHEET.items[1]))
    for kind in papers.BORDER:
        with pytest.raises(Incomplete, match="MUG-1"):
            papers.render([(kind, sheet)])
    assert "MUG-1" in text_of(papers.PACKING_LIST, sheet)


def test_what_people_typed_is_text_and_never_markup():
    named = replace(SHEET, recipient=replace(SHEET.recipient, name='#read("/etc/passwd") *x* $y$'))
    assert '#read("/etc/passwd") *x* $y$' in text_of(papers.INVOICE, named)


def test_amounts_have_the_places_of_their_currency():
    assert papers.amount(1500, "JPY") == "1500 JPY"
    assert papers.amount(5, "USD") == "0.05 USD"
    assert papers.unit_value(Item("x", "x", 4, 1, 1000), "USD") == "2.50"


@pytest.mark.usefixtures("database")
class TestOfParcels:
    @pytest.fixture
    def world(self) -> World:
        return World()

    def abroad(self, world: World, units: int = 3):
        """An order of a Chinese seller's goods that leave its own premises for Germany, in two parcels."""
        seller = world.seller(programme="semi-managed-platform-logistics", market="DE")
        offer = world.offer(seller, price="10.00", stock=10)
        Sku.objects.update(hs_code="691200", origin_country="CN")
        ordered = shipping.order(world, (offer, units))
        [line] = shipping.lines_of(ordered)
        return line, [shipping.pack(world, (line, 1)), shipping.pack(world, (line, units - 1))]

    def test_the_totals_of_a_lines_parcels_are_the_lines(self, world):
        line, parcels = self.abroad(world)
        told = consigning.read_parcels(parcels)
        sheets = [flow.sheet_of(told[each.id], "", world.now) for each in parcels]
        assert sum(each.total_minor for each in sheets) == line.total_minor
        assert sum(each.goods_minor for each in sheets) == line.goods_net_minor
        assert sum(each.freight_minor for each in sheets) == line.shipping_net_minor
        assert sum(each.duty_minor for each in sheets) == line.customs_duty_minor

    def test_the_printed_total_is_what_is_captured_for_the_parcel(self, world):
        from entrepot.domain.payments.models import CaptureLine

        line, parcels = self.abroad(world)
        shipping.hand_over(world, *parcels)
        assert OrderLine.objects.get(id=line.id).shipped_qty == 3
        for parcel in parcels:
            content = flow.make(parcel_ids=[parcel.id], kind=papers.INVOICE, actor=SYSTEM, now=world.now)
            printed = re.search(r"Total\W*(\d+\.\d\d) EUR", documents.pdf_text(content))
            captured = CaptureLine.objects.filter(capture__source_id=parcel.id)
            assert printed is not None
            assert printed[1].replace(".", "").lstrip("0") == str(sum(each.amount_minor for each in captured))

    def test_a_parcel_at_home_has_a_packing_list_and_nothing_for_customs(self, world):
        seller = world.seller(market="DE")
        ordered = shipping.order(world, (world.offer(seller, price="19.99", stock=10), 2))
        parcel = shipping.pack(world, (shipping.lines_of(ordered)[0], 2))
        assert (
            documents.count_pages(
                flow.make(parcel_ids=[parcel.id], kind=papers.PACKING_LIST, actor=SYSTEM, now=world.now)
            )
            == 1
        )
        with pytest.raises(NotFound):
            flow.make(parcel_ids=[parcel.id], kind=papers.INVOICE, actor=SYSTEM, now=world.now)

    def test_a_booked_parcels_papers_carry_the_carriers_number(self, world):
        _line, [parcel, _other] = self.abroad(world)
        booking.book(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now)
        content = flow.make(parcel_ids=[parcel.id], kind=papers.DECLARATION, actor=SYSTEM, now=world.now)
        assert documents.count_pages(content) == 1
        assert "CN 22" in documents.pdf_text(content)
        assert flow.list_kinds([("CN", "DE"), ("DE", "DE")], world.now.date()) == {
            ("CN", "DE"): [papers.PACKING_LIST, papers.INVOICE, papers.DECLARATION],
            ("DE", "DE"): [papers.PACKING_LIST],
        }  # fmt: skip

    def test_strangers_find_no_parcel(self, world):
        _line, [parcel, _other] = self.abroad(world)
        stranger = world.seller_actor(world.seller("other", market="DE"))
        with pytest.raises(NotFound):
            flow.make(parcel_ids=[parcel.id], kind=papers.PACKING_LIST, actor=stranger, now=world.now)
