"""What a programme asks a seller to be able to do, and what of it is met: worked by hand."""

from datetime import date

import pytest

from entrepot.domain.sellers import papers, readiness
from entrepot.domain.sellers.readiness import Answers, Place
from entrepot.domain.terms import presets
from entrepot.kernel.errors import Invalid

ON = date(2026, 3, 2)
GERMANY = Place("DE", ("de", "en"), "CN")


def needs(programme: str, answers: Answers, place: Place = GERMANY) -> dict[str, bool | None]:
    found = readiness.assess(presets.load()[programme], answers, place, ON)
    return {need.code: need.is_met for need in found.needs}


def test_a_factory_that_only_makes_needs_capacity_and_quick_batches():
    asked = needs("fully-managed", Answers())
    assert asked == dict.fromkeys(("capacity", "small_batches", "restocking", "lead_time"))
    able = Answers(units_a_week=100, smallest_batch=200, restock_days=14, lead_time_days=7)
    assert set(needs("fully-managed", able).values()) == {True}
    short = Answers(units_a_week=99, smallest_batch=201, restock_days=15, lead_time_days=8)
    assert set(needs("fully-managed", short).values()) == {False}


def test_stock_near_the_shopper_asks_for_everything_that_stands_there():
    nowhere = Answers(stock_countries=(), import_countries=(), carrier_countries=("CN",), handling_days=1)
    asked = needs("semi-managed-local-stock", nowhere)
    assert asked["stock_abroad"] is False
    assert asked["import_entity"] is False
    assert asked["carrier"] is False, "parcels leave from inside the market, not from home"
    there = Answers(
        stock_countries=("DE",), import_countries=("DE",), carrier_countries=("DE",), return_countries=("DE",),
        handling_days=1, languages=("de",),
    )  # fmt: skip
    found = needs("semi-managed-local-stock", there)
    assert set(found.values()) == {True}
    at_home = needs("semi-managed-local-stock", Answers(), Place("DE", ("de",), "DE"))
    assert "import_entity" not in at_home, "who is at home there imports nothing"


def test_who_does_everything_speaks_to_shoppers_in_one_of_their_languages():
    asked = needs("self-managed", Answers(languages=("pt",), carrier_countries=("CN",)))
    assert (asked["languages"], asked["carrier"], asked["return_address"]) == (False, True, None)
    assert needs("self-managed", Answers(languages=("en",)))["languages"] is True


def test_every_shipped_programme_is_assessed_and_counts_add_up():
    everything = Answers(10_000, 1, 0, 1, 1, ("DE",), ("DE",), ("DE", "CN"), ("DE",), ("de",))
    for programme in presets.load().values():
        empty = readiness.assess(programme, Answers(), GERMANY, ON)
        assert (empty.met, empty.percent) == (0, 0 if empty.needs else 100)
        assert {need.is_met for need in empty.needs} <= {None}
        full = readiness.assess(programme, everything, GERMANY, ON)
        assert full.missing == () and full.percent == 100


def test_the_share_is_rounded_down():
    found = readiness.assess(presets.load()["fully-managed"], Answers(units_a_week=500), GERMANY, ON)
    assert (found.met, len(found.needs), found.percent, len(found.missing)) == (1, 4, 25, 3)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"units_a_week": -1}, "units_a_week"),
        ({"units_a_week": "many"}, "units_a_week"),
        ({"restock_days": True}, "restock_days"),
        ({"stock_countries": ["Germany"]}, "stock_countries"),
        ({"languages": ["d"]}, "languages"),
        ({"shoe_size": 44}, "shoe_size"),
    ],
)
def test_what_cannot_be_an_answer_is_named(body, field):
    with pytest.raises(Invalid) as caught:
        readiness.read(body)
    assert caught.value.field == field


def test_answers_are_kept_as_they_are_read():
    read = readiness.read({"units_a_week": 300, "stock_countries": ["de", " us ", "DE", ""], "languages": ["PT-BR"]})
    assert read == Answers(units_a_week=300, stock_countries=("DE", "US"), languages=("pt-br",))
    assert readiness.read(read.body()) == read
    assert (read.answered, Answers().answered, readiness.read({"languages": []}).answered) == (3, 0, 1)


def test_papers_are_asked_by_country_and_day():
    assert [each.kind for each in papers.asked("CN", ON)] == ["business_licence", "identity", "bank_account"]
    assert [each.kind for each in papers.asked("DE", ON)][-1] == "vat_number"
    assert papers.asked("CN", date(2024, 12, 31)) == []
    assert all({"en", "de", "pt-br"} == each.why.keys() for each in papers.load())
