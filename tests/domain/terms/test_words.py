"""Plain words: complete, without a placeholder left, and said of what the programme says."""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import permutations

import pytest
from django.utils import translation

from domain.terms.wordings import FULL, LOCAL, SELF, changed, problems
from entrepot.domain.terms import changes, clauses, documents, grammar, phrases, presets, tasks, words
from entrepot.domain.terms.bases import NAMES, parse
from entrepot.domain.terms.rules import Cause, Party, Programme, Role, Task

PRESETS = presets.load()
PLACEHOLDER = re.compile(r"[{}]|None|<|Decimal|\bdict\b")


def lines(programme, **options):
    return [line for chapter in words.tell(programme, **options) for group in chapter.groups for line in group.lines]


def line(programme, key, **options):
    return next(each.text for each in lines(programme, **options) if each.key == key)


@pytest.mark.parametrize("code", PRESETS)
def test_every_preset_is_told_without_a_hole(code):
    for chapter in words.tell(PRESETS[code]):
        assert chapter.title and chapter.groups
        for group in chapter.groups:
            assert group.heading
            for each in group.lines:
                assert each.text and not PLACEHOLDER.search(each.text), each


@pytest.mark.parametrize("code", PRESETS)
def test_every_task_has_its_place_in_the_table_of_who_does_what(code):
    does = next(chapter for chapter in words.tell(PRESETS[code]) if chapter.code == "does")
    keys = [each.key for group in does.groups for each in group.lines]
    assert sorted(keys) == sorted(f"duties.{task}.performer" for task in Task)


def test_every_task_has_words_and_no_two_the_same():
    assert set(phrases.TASKS) == set(Task)
    for column in ("title", "does", "sets", "costs", "fails"):
        texts = [str(getattr(phrases.TASKS[task], column)) for task in Task]
        assert all(texts) and len(set(texts)) == len(texts)


def test_every_word_of_the_grammar_has_words():
    assert set(phrases.PARTIES) == set(phrases.BEARS) == set(phrases.PAYS) == set(phrases.DECIDES) == set(Party)
    assert set(phrases.CAUSES) == set(Cause) and set(phrases.ROLES) == set(Role)
    assert set(phrases.COMPONENTS) == set(NAMES)
    spoken = [value for value in vars(clauses).values() if isinstance(value, type) and issubclass(value, StrEnum)]
    unspoken = {clauses.Confidence, StrEnum}
    for each in {*spoken, Party, Role, Cause, Task, tasks.Until} - unspoken:
        assert set(changes.CHOICES[each]) == set(each)


def test_every_key_of_the_grammar_has_words():
    def names(record):
        for name, kind in grammar.keys(record).items():
            yield name
            while isinstance(kind, grammar.ListOf):
                kind = kind.kind
            if isinstance(kind, grammar.Record):
                yield from names(kind.record)

    spoken = set(changes.KEYS) | set(changes.CLAUSES) | {"duties", "code", "label"} | documents.IDENTITY
    assert set(names(Programme)) - spoken - {"confidence", "keys", "note"} == set()


def test_the_words_follow_the_duties():
    told = words.tell(PRESETS[LOCAL])
    risks = {group.heading: [each.text for each in group.lines] for group in told[3].groups}
    parcel = "a parcel is late, lost or damaged on its way to the shopper"
    assert parcel in risks["You bear the loss if"]
    assert f"{parcel}, because the carrier failed" in risks["Outside partners bear the loss if"]
    decides = {group.heading: [each.text for each in group.lines] for group in told[1].groups}
    assert decides["You decide, once the marketplace agrees; the marketplace may suggest"] == [
        "the price that the shopper sees"
    ]
    pays = {group.heading: [each.text for each in group.lines] for group in told[2].groups}
    assert "advertising: the marketplace 70\u00a0%, you 30\u00a0%" in pays["Shared between several, the cost of"]


def test_the_words_follow_the_money():
    assert line(PRESETS[FULL], "earning.basis") == "For every unit sold you earn the supply price that was agreed."
    assert line(PRESETS[SELF], "earning.commission") == (
        "The commission is 6\u00a0% of the goods without tax plus shipping without tax "
        "plus the discount that the marketplace pays."
    )
    fee = "Fee: Payment handling, 1.75\u00a0% of what the shopper pays, at least €0.05, at most €10.00."
    assert line(PRESETS[LOCAL], "fees[1]", currency="EUR") == fee
    assert line(PRESETS[SELF], "returns.commission_returned", currency="USD") == (
        "The commission is given back on a refund, less 20\u00a0% of it, at most $5.00."
    )
    assert "$0.50 / €0.50" in line(PRESETS[LOCAL], "incentives[1]")


def test_a_base_that_begins_with_a_minus_can_be_said():
    assert words.base(parse("- tax + customer_payment")) == "less tax plus what the shopper pays"


def test_every_clause_can_be_told():
    def fill(document):
        document["fees"].append(
            {"code": "x", "label": "X", "amount_minor": {"EUR": 100}, "per": "unit", "categories": ["home"],
             "charged_to": "platform", "valid_from": date(2026, 1, 1), "valid_until": date(2026, 2, 1)}
        )  # fmt: skip
        document["service"]["penalties"][0] |= {"after_hours": 1, "score_until": 70}
        document["exposure"]["guaranteed_share"] = Decimal("0.1")
        document["eligibility"] |= {
            "skus_min": 10, "weight_min_g": 400, "training": ["basics"], "categories_admitted": ["home"],
            "categories_excluded": ["food"],
        }  # fmt: skip
        document["settlement"] |= {"undelivered_days": 45, "trigger": "delivered"}
        document["returns"]["keep_below_minor"] = {"EUR": 500}

    told = {each.key: each.text for each in lines(changed(fill))}
    fee = "Fee: X, €1.00 per unit, only in home, borne by the marketplace, from 2026-01-01 on, until before 2026-02-01."
    assert told["fees[2]"] == fee
    assert "after 1 hour, with a score from 0 to below 70" in told["service.penalties[0]"]
    assert told["eligibility.weight_min_g"] == "Only goods of at least 400 g."
    assert told["settlement.undelivered_days"].startswith("Where delivery is never reported, it counts 45 days")
    assert told["returns.keep_below_minor"].startswith("Below €5.00")
    assert not [text for text in told.values() if PLACEHOLDER.search(text)]
    none = changed(lambda d: d["returns"].update(window_days=0))
    assert "beyond what the law gives them" in line(none, "returns.window_days")
    kept = changed(lambda d: d["returns"].update(commission_returned=False))
    assert line(kept, "returns.commission_returned") == "The commission is not given back on a refund."


def test_terms_of_a_line_are_told_without_who_may_join():
    told = words.tell(PRESETS[LOCAL].terms(version=1, on=date(2026, 3, 1)))
    assert [chapter.code for chapter in told] == ["does", "decides", "pays", "risks", "money", "service"]


def test_labels_and_numbers_are_in_the_active_language():
    with translation.override("de"):
        assert words.label(PRESETS[FULL].label) == "Vollständig betreut"
        assert words.percent(Decimal("0.0175")) == "1,75\u00a0%"
        assert words.amounts({"EUR": 123456}) == "1.234,56\u00a0€"
    with translation.override("pt-br"):
        assert words.label(PRESETS[FULL].label) == "Gestão completa"
    with translation.override("en-gb"):
        assert words.label(PRESETS[FULL].label) == "Fully managed"
    with translation.override("fr"):
        assert words.label({"en": "Local", "de": "Vor Ort"}) == "Local"


def test_a_problem_is_told_with_its_key():
    found = problems(lambda document: document["fees"][0].update(rate=3))
    assert words.problem(found[0]) == "fees[0].rate: 3 is 300 %; a rate lies between 0 and 1"


# differences


def test_a_programme_does_not_differ_from_itself():
    for programme in PRESETS.values():
        assert documents.compare(programme, programme) == []


def test_names_and_evidence_are_no_difference():
    renamed = changed(lambda document: document.update(code="other", label="Other", summary="Other."))
    assert documents.compare(PRESETS[LOCAL], renamed) == []


def test_one_change_is_one_difference():
    other = changed(lambda document: document["duties"].update(storage="warehouse"))
    keys = [each.key for each in documents.compare(PRESETS[LOCAL], other)]
    assert keys == [f"duties.storage.{column}" for column in ("performer", "decider", "payer", "liable", "role")]
    other = changed(lambda document: document["fees"][1].update(rate=Decimal("0.02")))
    (found,) = documents.compare(PRESETS[LOCAL], other)
    assert (found.key, found.a, found.b) == ("fees.payment.rate", "0.0175", "0.02")


def test_an_entry_that_one_side_lacks_is_one_difference_in_one_sentence():
    fewer = changed(lambda document: document["fees"].pop())
    (found,) = changes.tell(PRESETS[LOCAL], fewer)
    assert found.title == "Fee “payment”" and found.b == "–"
    assert found.a.startswith("Fee: Payment handling, 1.75")


def test_differences_mirror():
    one, other = PRESETS[FULL], PRESETS[SELF]
    there = {(each.key, str(each.a), str(each.b)) for each in documents.compare(one, other)}
    back = {(each.key, str(each.b), str(each.a)) for each in documents.compare(other, one)}
    assert there == back and len(there) > 30


def test_every_difference_between_presets_can_be_told():
    for one, other in permutations(PRESETS.values(), 2):
        for each in changes.tell(one, other):
            texts = (each.title, each.a, each.b)
            assert all(texts) and not any(PLACEHOLDER.search(text) for text in texts), each


def test_differences_read_as_sentences():
    told = {each.key: each for each in changes.tell(PRESETS[FULL], PRESETS["temu-full"])}
    liable = told["duties.inventory_planning.liable"]
    assert liable.title == "Planning the stock: who bears the loss"
    assert (liable.a, liable.b) == ("the marketplace", "the marketplace; you, because the goods were not there")
    assert told["settlement.cadence"].b == "every day"
    supply = {each.key: each for each in changes.tell(PRESETS[SELF], PRESETS[FULL])}["duties.supply_price"]
    assert (supply.a, supply.b) == ("Nobody; this programme does without", "you")
