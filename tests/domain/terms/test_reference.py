"""The reference page names every key of the grammar, says which must be given, and its examples compute."""

import re
from datetime import date
from pathlib import Path

import pytest

from entrepot.domain.terms import bases, clauses, grammar, presets, rules, tasks

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "rules" / "programmes.md").read_text()
SECTIONS = {part.splitlines()[0].strip(): part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
HEAD = ("code", "label", "summary", "modelled_on", "markets", "valid_from", "valid_until")
RECORDS = {
    "`[duties]`": tasks.Duty,
    "`[earning]`": clauses.Earning,
    "`[[fees]]`": clauses.Fee,
    "`[[incentives]]`": clauses.Incentive,
    "`[service]`": clauses.Service,
    "`[[service.penalties]]`": clauses.Penalty,
    "`[fulfilment]`": clauses.Fulfilment,
    "`[settlement]`": clauses.Settlement,
    "`[returns]`": clauses.Returns,
    "`[exposure]`": clauses.Exposure,
    "`[eligibility]`": clauses.Eligibility,
    "`[sources]` and `[[evidence]]`": clauses.Evidence,
}


def rows(section):
    """The keys of a section's table of keys, and whether each must be given."""
    table = SECTIONS[section].split("| key | value | left out | meaning |")[1].split("\n\n")[0]
    cells = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    return {cell[1].strip().strip("`"): cell[3].strip() == "must be given" for cell in cells}


@pytest.mark.parametrize("section", RECORDS)
def test_every_key_is_documented(section):
    record = RECORDS[section]
    assert set(rows(section)) == set(grammar.keys(record))


@pytest.mark.parametrize("section", [name for name in RECORDS if name != "`[duties]`"])
def test_keys_that_must_be_given_are_said_to_be(section):
    defaults = grammar.defaults(RECORDS[section])
    assert {key for key, needed in rows(section).items() if needed} == set(rows(section)) - set(defaults)


def test_the_head_of_the_file_is_documented():
    assert set(rows("The head of the file")) == set(HEAD)
    clauses_with_tables = {"duties", "sources", "evidence"} | {name.strip("`[]") for name in RECORDS if "." not in name}
    assert set(grammar.keys(rules.Programme)) - set(HEAD) <= clauses_with_tables


def test_every_word_is_documented():
    for task in tasks.Task:
        star = " \\*" if task in tasks.OPTIONAL else ""
        assert re.search(rf"^\| `{task}`{star} \|", SECTIONS["`[duties]`"], re.MULTILINE), task
    for name in bases.NAMES:
        assert f"`{name}`" in SECTIONS["`[earning]`"]
    for document in clauses.Document:
        assert f"`{document}`" in SECTIONS["`[eligibility]`"]
    for kind in clauses.IncentiveKind:
        assert f"`{kind}`" in SECTIONS["`[[incentives]]`"]


def test_the_worked_examples_compute():
    line = {
        "goods_net": 10_000,
        "goods_tax": 1_900,
        "shipping_net": 500,
        "shipping_tax": 95,
        "platform_discount": 1_000,
    }
    assert bases.parse("customer_payment").of(line) == 12_495
    base = bases.parse("customer_payment + platform_discount - tax").of(line)
    assert base == 11_500 and base * 6 == 690 * 100
    settlement = presets.load()["fully-managed"].settlement
    assert (settlement.delay_days, settlement.weekday) == (7, "monday")
    assert settlement.closes_on(date(2026, 3, 4)) == date(2026, 3, 16)
