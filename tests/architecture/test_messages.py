"""The translations: nothing that a shopper meets lacks one, and what is compiled is what is written."""

import gettext
import io
import re

import pytest

from entrepot.config import messages
from entrepot.config.messages import Message

PLACEHOLDER = re.compile(r"%\(\w+\)s|\{[\w!]*\}|</?\w+>")


@pytest.fixture(scope="module")
def collected() -> list[Message]:
    return messages.collect()


def test_the_walk_sees_pages_refusals_letters_and_plurals(collected):
    for each in (
        Message("Your cart is empty"),
        Message("The voucher {voucher} has expired."),
        Message("Your order is placed."),
        Message("%(count)s product", "%(count)s products"),
        Message("from", context="price"),
        Message("conversation"),
        Message("This is not on sale."),
        Message("{count} order waits for your bank transfer", "{count} orders wait for your bank transfer"),
    ):
        assert each in collected, each


@pytest.mark.parametrize("language", messages.PLURALS)
def test_nothing_that_a_shopper_meets_lacks_a_translation(language, collected):
    lacking = messages.lacking(messages.read(messages.path_of(language)), collected)
    assert lacking == [], "run `make messages` and translate these"


@pytest.mark.parametrize("language", messages.PLURALS)
def test_a_translation_keeps_what_is_filled_in(language):
    wrong = []
    for message, told in messages.read(messages.path_of(language)).items():
        wanted = set(PLACEHOLDER.findall(message.plural or message.text))
        for place, each in enumerate(told):
            found = set(PLACEHOLDER.findall(each))
            if found - wanted or (place == len(told) - 1 and wanted - found):
                wrong.append((message.text, each))
    assert wrong == []


@pytest.mark.parametrize("language", messages.PLURALS)
def test_what_is_compiled_is_what_is_written(language):
    path = messages.path_of(language)
    assert path.with_suffix(".mo").read_bytes() == messages.compiled(messages.read(path), language), "make messages"


@pytest.mark.parametrize(("language", "none", "one", "two"), [("de", 1, 0, 1), ("pt_BR", 0, 0, 1)])
def test_python_reads_what_is_compiled(language, none, one, two):
    catalogue = {Message("a", "b"): ("one", "many"), Message("x", context="y"): ("ü\n",), Message("q"): ("",)}
    read = gettext.GNUTranslations(io.BytesIO(messages.compiled(catalogue, language)))
    assert [read.ngettext("a", "b", count) for count in (0, 1, 2)] == [
        ("one", "many")[place] for place in (none, one, two)
    ]
    assert read.pgettext("y", "x") == "ü\n" and read.gettext("q") == "q"


def test_a_catalogue_is_read_as_it_was_written(tmp_path):
    catalogue = {Message('say "x"\\', "", ""): ("é\n",), Message("a", "b", "c"): ("1", "2")}
    messages.write(tmp_path / "django.po", catalogue, "de")
    assert messages.read(tmp_path / "django.po") == catalogue
