"""The shipped programmes: four neutral ones, one for each column of the duty matrix, each with its sources."""

from importlib import resources

import pytest

from entrepot.domain.terms import checks, presets
from entrepot.domain.terms.rules import Accrual, Capture, EarningBasis, Party, Task

PRESETS = presets.load()
NEUTRAL = [code for code, programme in PRESETS.items() if programme.is_neutral]
MODELLED = [code for code, programme in PRESETS.items() if not programme.is_neutral]


def test_every_file_is_a_programme_under_its_own_code():
    folder = resources.files("entrepot.domain.terms") / "programmes"
    assert {file.name for file in folder.iterdir() if file.name.endswith(".toml")} == {
        f"{code}.toml" for code in PRESETS
    }


def test_the_neutral_ones_come_first_from_the_platform_s_work_to_the_seller_s():
    assert list(PRESETS)[:4] == NEUTRAL == [
        "fully-managed", "semi-managed-platform-logistics", "semi-managed-local-stock", "self-managed",
    ]  # fmt: skip
    assert len(MODELLED) == 10


def test_presets_between_them_use_every_accrual_basis_and_capture():
    assert {programme.earning.accrues_on for programme in PRESETS.values()} == set(Accrual)
    assert {programme.earning.basis for programme in PRESETS.values()} == set(EarningBasis)
    assert {programme.fulfilment.capture for programme in PRESETS.values()} == set(Capture)
    collectors = {programme.performer(Task.TAX_COLLECTION) for programme in PRESETS.values()}
    assert collectors == {Party.PLATFORM, Party.SELLER}


def test_semi_managed_means_opposite_things():
    temu, aliexpress = PRESETS["temu-semi"], PRESETS["aliexpress-semi-choice"]
    assert (temu.decider(Task.RETAIL_PRICE), temu.performer(Task.LAST_MILE)) == (Party.PLATFORM, Party.SELLER)
    assert (aliexpress.decider(Task.RETAIL_PRICE), aliexpress.performer(Task.LAST_MILE)) == (
        Party.SELLER,
        Party.PLATFORM,
    )


@pytest.mark.parametrize("code", MODELLED)
def test_a_modelled_preset_says_whose_model_it_is_and_how_far_it_is_known(code):
    programme = PRESETS[code]
    assert programme.modelled_on and programme.sources
    assert all("http" in text or "copy" in text for text in programme.sources.values())
    assert all(programme.confidence(f"duties.{task}") is not None for task in Task)
    used = {source for entry in programme.evidence for source in entry.sources}
    named = " ".join(entry.note or "" for entry in programme.evidence)
    assert {source for source in programme.sources if source not in used and source not in named} == set()


@pytest.mark.parametrize("code", NEUTRAL)
def test_a_neutral_preset_has_nothing_to_be_warned_of(code):
    assert checks.find_warnings(PRESETS[code]) == []
    assert PRESETS[code].confidence("duties.storage") is None
    assert set(PRESETS[code].label) == set(PRESETS[code].summary) == {"en", "de", "pt-br"}
