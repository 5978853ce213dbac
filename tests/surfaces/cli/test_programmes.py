"""`entrepot programmes …`: from the database where there is one, from the shipped files where there is none."""

import json
from datetime import UTC, datetime
from importlib import resources

import pytest
from click.testing import CliRunner
from django.conf import settings

from entrepot.domain.terms import documents, presets, services
from entrepot.surfaces.cli.programmes import programmes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODES = list(presets.load())
FILES = resources.files("entrepot.domain.terms") / "programmes"


def run(*arguments):
    return CliRunner(catch_exceptions=False).invoke(programmes, list(arguments), standalone_mode=False)


def answer(*arguments):
    return json.loads(run(*arguments, "--json").output)


class NoServer:
    """A machine on which no marketplace was started."""

    embedded = True

    def is_made(self):
        return False


@pytest.fixture
def nowhere(monkeypatch):
    monkeypatch.setattr(settings, "DATABASE_SERVER", NoServer())


@pytest.fixture
def loaded(database, monkeypatch):
    services.load_presets(now=NOW)
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)


def test_without_a_database_the_shipped_files_are_listed_and_it_is_said(nowhere):
    listed = answer("list")
    assert listed["source"] == "presets"
    assert [each["code"] for each in listed["programmes"]] == CODES
    shown = run("list").output
    assert "self-managed" in shown and "shipped files" in shown


def test_the_database_is_read_where_there_is_one(loaded):
    listed = answer("list")
    assert listed["source"] == "database"
    assert {(each["code"], each["version"], each["status"]) for each in listed["programmes"]} == {
        (code, 1, "published") for code in CODES
    }


def test_a_database_without_programmes_is_said_to_be_empty(database, monkeypatch):
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    assert answer("list")["source"] == "presets"
    assert "no programmes yet" in run("list").output


def test_show_prints_duties_and_plain_words(nowhere):
    shown = run("show", "temu-semi").output
    for text in ("Delivery to the shopper", "You pay for", "What you earn, and when", "inference", "Modelled on"):
        assert text in shown
    document = answer("show", "self-managed", "--currency", "EUR")
    assert document["document"] == documents.dump(presets.load()["self-managed"])
    texts = [line["text"] for chapter in document["words"] for group in chapter["groups"] for line in group["lines"]]
    assert any("€" in text for text in texts) and not any("$" in text for text in texts)


def test_show_prints_a_file_that_can_be_checked_again(nowhere, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(run("show", "fully-managed", "--toml").output)
    assert answer("check", str(file))["valid"]
    assert answer("compare", "fully-managed", str(file))["differences"] == []


def test_an_unknown_programme_is_refused_with_those_there_are(nowhere):
    with pytest.raises(Exception, match=r"no programme nope; there are .*self-managed") as refusal:
        run("show", "nope")
    assert refusal.value.code == "terms.no_programme"


def test_compare_tells_every_difference(nowhere):
    compared = answer("compare", "fully-managed", "self-managed")
    assert (compared["a"], compared["b"]) == ("fully-managed", "self-managed")
    by_key = {each["key"]: each for each in compared["differences"]}
    assert by_key["duties.retail_price.performer"]["words"] == {"a": "the marketplace", "b": "you"}
    assert by_key["earning.basis"] == {
        "key": "earning.basis",
        "title": "Earning: what is earned",
        "a": "supply_price",
        "b": "retail_minus_commission",
        "words": {"a": "the supply price", "b": "what the shopper pays, less a commission"},
    }
    assert "Retail price: who does it" in run("compare", "fully-managed", "self-managed").output
    assert "No difference" in run("compare", "self-managed", "self-managed").output


@pytest.mark.parametrize("code", CODES)
def test_check_passes_every_shipped_file(code):
    result = run("check", str(FILES / f"{code}.toml"))
    assert result.return_value == 0 and "is a valid programme" in result.output


def test_check_names_every_key_and_ends_with_status_1(tmp_path):
    text = (FILES / "self-managed.toml").read_text()
    text = text.replace('storage            = "seller"', 'storage = { payer = "seller" }\nteleport = "seller"')
    file = tmp_path / "bad.toml"
    file.write_text(text.replace("commission = 0.06", "commission = 3"))
    result = run("check", str(file))
    assert result.return_value == 1
    for key in ("duties.teleport", "duties.storage.performer", "earning.commission: 3 is 300 %", "3 problems"):
        assert key in result.output
    document = answer("check", str(file))
    assert not document["valid"]
    assert [each["key"] for each in document["problems"]] == [
        "duties.teleport", "duties.storage.performer", "earning.commission",
    ]  # fmt: skip


def test_check_shows_warnings_and_still_passes():
    result = run("check", str(FILES / "temu-full.toml"))
    assert result.return_value == 0 and "warning: service.penalties[0]" in result.output


def test_check_of_something_that_is_no_text(tmp_path):
    file = tmp_path / "noise.toml"
    file.write_bytes(bytes(range(256)))
    assert run("check", str(file)).return_value == 1
