"""Reading programme files: what is right comes back equal, what is wrong is named by its key, all at once."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.terms.wordings import FULL, LOCAL, SELF, changed, only_problem, problems, raw
from entrepot.domain.terms import documents, presets, writing
from entrepot.domain.terms.rules import Cause, Party, Role, Task

CODES = list(presets.load())


@pytest.mark.parametrize("code", CODES)
def test_every_preset_comes_back_equal_from_its_canonical_document(code):
    programme = presets.load()[code]
    again = documents.parse(documents.dump(programme), where=code)
    assert again == programme
    assert documents.content_hash(again) == documents.content_hash(programme)


@pytest.mark.parametrize("code", CODES)
def test_every_preset_comes_back_equal_from_its_toml(code):
    programme = presets.load()[code]
    assert documents.parse_toml(writing.to_toml(programme), where=code) == programme


def test_the_hash_tells_wordings_apart_and_ignores_spelling():
    hashes = {documents.content_hash(programme) for programme in presets.load().values()}
    assert len(hashes) == len(CODES)
    same = changed(lambda document: document["fees"][0].update(rate=Decimal("0.005000")))
    assert documents.content_hash(same) == documents.content_hash(presets.load()[LOCAL])
    other = changed(lambda document: document["fees"][0].update(rate=Decimal("0.005001")))
    assert documents.content_hash(other) != documents.content_hash(same)


# the short forms of a duty


def duty_of(value, task=Task.LAST_MILE):
    return changed(lambda document: document["duties"].update({task.value: value})).duties[task]


def test_a_bare_party_performs_decides_pays_and_answers():
    duty = duty_of("platform")
    assert duty.performer is Party.PLATFORM
    assert duty.decider.party is Party.PLATFORM
    assert duty.payer == {Party.PLATFORM: Decimal(1)}
    assert duty.liable == {Cause.DEFAULT: Party.PLATFORM}


def test_where_nothing_is_set_nobody_decides():
    assert duty_of("seller", Task.CUSTOMER_SERVICE).decider is None


def test_a_trade_stands_for_the_third_party():
    duty = duty_of({"performer": "carrier", "decider": "seller", "payer": "seller", "liable": {"late": "carrier"}})
    assert (duty.performer, duty.role) == (Party.THIRD_PARTY, Role.CARRIER)
    assert duty.liable == {Cause.DEFAULT: Party.THIRD_PARTY}, "the default is the performer, and late the same"


def test_the_cause_carrier_is_not_the_party():
    duty = duty_of({"performer": "seller", "liable": {"carrier": "platform"}})
    assert duty.liable == {Cause.DEFAULT: Party.SELLER, Cause.CARRIER: Party.PLATFORM}
    assert duty.role is None


def test_a_duty_that_nobody_has():
    duty = duty_of("none", Task.CONSOLIDATION)
    assert (duty.performer, duty.payer, duty.liable) == (None, {}, {})


def test_a_share_of_nothing_is_no_share():
    assert duty_of({"performer": "seller", "payer": {"seller": 1, "platform": 0}}).payer == {Party.SELLER: Decimal(1)}


# shares sum to one


@given(st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_shares_that_sum_to_one_are_read_exactly(millionths):
    share = Decimal(millionths).scaleb(-6)
    document = raw()
    document["duties"]["promotion"]["payer"] = {"platform": share, "seller": 1 - share}
    programme = documents.parse(document, where="shares")
    assert sum(programme.payer(Task.PROMOTION).values()) == 1
    assert programme.payer(Task.PROMOTION).get(Party.PLATFORM, 0) == share
    assert documents.parse(documents.dump(programme), where="again") == programme


@given(st.integers(0, 1_000_000), st.integers(0, 1_000_000).filter(lambda each: each))
@settings(max_examples=60, deadline=None)
def test_shares_that_do_not_sum_to_one_are_refused(first, off):
    second = 1_000_000 - first
    second = second - off if second >= off else second + off
    if not 0 <= second <= 1_000_000 or first + second == 1_000_000:
        return
    shares = {"platform": Decimal(first).scaleb(-6), "seller": Decimal(second).scaleb(-6)}
    found = only_problem(lambda document: document["duties"]["promotion"].update(payer=shares))
    assert (found.key, found.code) == ("duties.promotion.payer", "shares_not_one")


def test_the_sum_that_is_not_one_is_shown():
    found = only_problem(
        lambda document: document["duties"]["last_mile"].update(payer={"seller": 0.5, "platform": 0.4})
    )
    assert str(found) == "duties.last_mile.payer: shares sum to 0.9, must be 1"


# bad input names its key and says what to do


def test_an_unknown_task():
    found = only_problem(lambda document: document["duties"].update(last_mille="seller"))
    assert str(found) == "duties.last_mille: unknown task; did you mean last_mile?"


def test_an_unknown_task_that_is_like_none_lists_them_all():
    found = only_problem(lambda document: document["duties"].update(teleport="seller"))
    assert found.key == "duties.teleport"
    assert "last_mile" in str(found) and "store_management" in str(found)


def test_a_rate_of_three():
    found = only_problem(lambda document: document["fees"][1].update(rate=3))
    assert str(found) == "fees[1].rate: 3 is 300 %; a rate lies between 0 and 1"
    assert only_problem(lambda document: document["earning"].update(commission=3)).key == "earning.commission"


def test_a_missing_party():
    found = only_problem(lambda document: document["duties"]["last_mile"].pop("performer"))
    assert found.key == "duties.last_mile.performer"
    assert "name the party" in str(found)


def test_an_unknown_party():
    found = only_problem(lambda document: document["duties"].update(storage="selller"))
    assert str(found) == 'duties.storage.performer: "selller" is not known; did you mean seller?'


def test_a_missing_task():
    found = only_problem(lambda document: document["duties"].pop("customs"))
    assert found.key == "duties.customs" and '"none"' in str(found)


@pytest.mark.parametrize(
    ("change", "key", "code"),
    [
        (lambda d: d.update(comission=1), "comission", "unknown_key"),
        (lambda d: d["earning"].update(bassis="x"), "earning.bassis", "unknown_key_near"),
        (lambda d: d.pop("service"), "service", "missing"),
        (lambda d: d["settlement"].pop("delay_days"), "settlement.delay_days", "missing"),
        (lambda d: d.update(code="Local Stock"), "code", "bad_form"),
        (lambda d: d.update(code=7), "code", "wrong_type"),
        (lambda d: d.update(label={"de": "Nur deutsch"}), "label.en", "missing"),
        (lambda d: d.update(label=""), "label.en", "empty"),
        (lambda d: d.update(label="x" * 200), "label.en", "too_long"),
        (lambda d: d.update(label="null\x00byte"), "label.en", "bad_form"),
        (lambda d: d.update(markets=[]), "markets", "empty"),
        (lambda d: d.update(markets=["de"]), "markets[0]", "bad_form"),
        (lambda d: d.update(markets=["DE", "DE"]), "markets[1]", "twice"),
        (lambda d: d.update(valid_from="31.01.2026"), "valid_from", "bad_date"),
        (lambda d: d.update(valid_from="2026-02-30"), "valid_from", "bad_date"),
        (lambda d: d.update(duties=[]), "duties", "wrong_type"),
        (lambda d: d["duties"].update(storage=3), "duties.storage", "wrong_type"),
        (lambda d: d["duties"].update(storage="none"), "duties.storage", "must_be_done"),
        (lambda d: d["duties"]["stock_ownership"].pop("until"), "duties.stock_ownership.until", "missing_until"),
        (
            lambda d: d["duties"].update(storage={"performer": "seller", "until": "sale"}),
            "duties.storage.until",
            "until_elsewhere",
        ),
        (
            lambda d: d["duties"].update(customs={"performer": "forwarder", "payer": "carrier"}),
            "duties.customs.role",
            "two_roles",
        ),
        (
            lambda d: d["duties"].update(customs={"performer": "seller", "role": "forwarder"}),
            "duties.customs.role",
            "role_without_third_party",
        ),
        (
            lambda d: d["duties"].update(storage={"performer": "seller", "payer": {"seller": 0}}),
            "duties.storage.payer",
            "shares_not_one",
        ),
        (
            lambda d: d["duties"].update(storage={"performer": "seller", "payer": {"seller": -0.5, "platform": 1}}),
            "duties.storage.payer.seller",
            "rate_out_of_range",
        ),
        (
            lambda d: d["duties"].update(storage={"performer": "seller", "liable": {"latte": "seller"}}),
            "duties.storage.liable.latte",
            "unknown_choice_near",
        ),
        (lambda d: d["earning"].update(commission="NaN"), "earning.commission", "not_finite"),
        (lambda d: d["earning"].update(commission=float("inf")), "earning.commission", "not_finite"),
        (lambda d: d["earning"].update(commission=True), "earning.commission", "wrong_type"),
        (lambda d: d["earning"].update(commission=Decimal("0.0000001")), "earning.commission", "too_precise"),
        (lambda d: d["earning"].update(commission=Decimal("1e-999999")), "earning.commission", "too_precise"),
        (lambda d: d["earning"].update(commission=10**5000), "earning.commission", "rate_out_of_range"),
        (
            lambda d: d["earning"].update(commission={"default": 0.1, "categories": {"Big Things": 0.2}}),
            "earning.commission.categories.Big Things",
            "bad_form",
        ),
        (lambda d: d["earning"].update(base="goods_net + vibes"), "earning.base", "unknown_component"),
        (lambda d: d["earning"].update(base="goods_net -"), "earning.base", "unreadable_base"),
        (
            lambda d: d["incentives"][1].update(amount_minor={"EURO": 1}),
            "incentives[1].amount_minor.EURO",
            "unknown_currency",
        ),
        (
            lambda d: d["incentives"][1].update(amount_minor={"EUR": 1.5}),
            "incentives[1].amount_minor.EUR",
            "wrong_type",
        ),
        (
            lambda d: d["incentives"][1].update(amount_minor={"EUR": -1}),
            "incentives[1].amount_minor.EUR",
            "below_least",
        ),
        (
            lambda d: d["incentives"][1].update(amount_minor={"EUR": 10**30}),
            "incentives[1].amount_minor.EUR",
            "above_most",
        ),
        (lambda d: d["settlement"].update(delay_days=-1), "settlement.delay_days", "below_least"),
        (lambda d: d["settlement"].update(delay_days=1.5), "settlement.delay_days", "wrong_type"),
        (lambda d: d["settlement"].update(cadence="fortnightly"), "settlement.cadence", "unknown_choice"),
        (lambda d: d["fulfilment"].update(nodes=["seller_node", "seller_node"]), "fulfilment.nodes[1]", "twice"),
        (
            lambda d: d["eligibility"].update(documents=["buisness_licence"]),
            "eligibility.documents[0]",
            "unknown_choice_near",
        ),
        (lambda d: d["eligibility"].update(stock_in_market="yes"), "eligibility.stock_in_market", "wrong_type"),
    ],
)
def test_bad_input(change, key, code):
    found = only_problem(change)
    assert (found.key, found.code) == (key, code), str(found)
    assert str(found).startswith(f"{key}: ") and "{" not in str(found)


def test_every_problem_is_told_at_once():
    def spoil(document):
        document["duties"]["teleport"] = "seller"
        document["duties"].pop("storage")
        document["fees"][0]["rate"] = 3
        document["settlement"]["cadence"] = "sometimes"
        document["valid_from"] = "soon"

    keys = {each.key for each in problems(spoil)}
    assert keys == {"duties.teleport", "duties.storage", "fees[0].rate", "settlement.cadence", "valid_from"}


def test_the_error_itself_names_the_file_and_the_keys():
    with pytest.raises(documents.ProgrammeInvalid) as refusal:
        documents.parse({"code": "x"}, where="mine.toml")
    assert refusal.value.code == "terms.programme_invalid" and refusal.value.status == 422
    assert "mine.toml" in str(refusal.value) and "duties: missing" in str(refusal.value)
    assert "duties" in refusal.value.values["keys"]


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00",
        b"code = ",
        b"code = 'a'\ncode = 'b'",
        b"x = " + b"9" * 5000,
        b"a = " + b"[" * 5000,
        b"# " + b"x" * 600_000,
        b"valid_from = 2025-02-30",
    ],
    ids=["encoding", "syntax", "key twice", "number of 5,000 digits", "5,000 brackets", "600 kB", "no such day"],
)
def test_what_is_not_toml_is_one_clear_problem(text):
    with pytest.raises(documents.ProgrammeInvalid) as refusal:
        documents.parse_toml(text, where="mine.toml")
    assert [each.key for each in refusal.value.problems] == ["document"]


@pytest.mark.parametrize("document", [[], "text", None, 3])
def test_what_is_not_a_table_is_no_programme(document):
    with pytest.raises(documents.ProgrammeInvalid) as refusal:
        documents.parse(document, where="mine")
    assert refusal.value.problems[0].key == "document"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(
        ["code", "label", "markets", "valid_from", "duties", "earning", "fees", "incentives", "service", "fulfilment",
         "settlement", "returns", "exposure", "eligibility", "sources", "evidence"]
    ),
)  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_no_input_is_a_defect(value, name):
    document = raw(SELF) | {name: value}
    try:
        programme = documents.parse(document, where="anything")
    except documents.ProgrammeInvalid as refusal:
        assert all(
            each.key == name or each.key.startswith((f"{name}.", f"{name}[")) or name in ("earning", "duties")
            for each in refusal.problems
        )
        assert str(refusal)
    else:
        assert documents.parse(documents.dump(programme), where="again") == programme


def test_json_carries_the_same_programme_as_toml():
    document = raw(FULL)
    document["valid_from"] = document["valid_from"].isoformat()
    document["service"]["penalties"][0]["multiple"] = 0.5
    assert documents.parse(document, where="json") == presets.load()[FULL]
