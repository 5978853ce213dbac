"""A label shows both addresses and carries its number as a bar code that a scanner reads."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import typst

import documents
from entrepot.domain.accounts.models import Contact
from entrepot.domain.logistics import labels

LABEL = labels.Label(
    number="P-7K2M-94QX-AB",
    carrier="Rhein Paket",
    service="standard",
    sender=["Acme warehouse", "1 Dock Road", "518000 Shenzhen", "CN"],
    recipient=["Jürgen Groß-Łukasiewicz", "Straße des 17. Juni 135", "10623 Berlin", "DE"],
    reference="R-7K2M-94QX-1",
    weight_g=1234,
    made_on=datetime(2026, 3, 2, tzinfo=UTC),
)


def with_recipient(*lines: str) -> labels.Label:
    return replace(LABEL, recipient=lines)


def test_the_pdf_says_who_sends_what_to_whom():
    pdf = labels.render(LABEL)
    text = documents.pdf_text(pdf)
    assert pdf.startswith(b"%PDF-")
    for wanted in [*LABEL.sender, *LABEL.recipient, LABEL.number, LABEL.reference, LABEL.carrier]:
        assert wanted in text, text
    assert text.endswith("1.234 kg2026-03-02")


def test_the_bar_code_reads_back_as_the_number():
    assert documents.read_code128(labels.render(LABEL, file_format="png")) == LABEL.number


def test_the_same_label_is_the_same_file():
    assert labels.render(LABEL) == labels.render(LABEL)


@pytest.mark.parametrize("name", ['#read("/etc/passwd")', "*bold* $x$ #panic()", "<svg/onload=1>", "\\ [ ] ` @ _"])
def test_an_address_is_text_and_never_markup(name):
    assert name in documents.pdf_text(labels.render(with_recipient(name)))


def test_a_long_address_still_fits_one_page():
    lines = ["N" * 150, "C" * 150, "Long street " * 16, "Long second line " * 11, "Town " * 50, "DE"]
    pdf = labels.render(replace(LABEL, sender=lines, recipient=lines))
    assert re.findall(rb"/Type/Pages/Count (\d+)", pdf) == [b"1"]


def test_the_fonts_are_those_that_typst_brings():
    families = {font.family for font in typst.Fonts(include_system_fonts=False).fonts()}
    assert {"DejaVu Sans Mono", "Libertinus Serif"} <= families


def test_an_erased_contact_leaves_its_country():
    assert labels.address_lines(Contact(country="DE")) == ["DE"]
    assert labels.address_lines(None) == []
