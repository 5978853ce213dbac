"""The palette is legible, the sprite holds what the pages draw, and the stylesheets stay in their layers."""

import re
from functools import cache
from pathlib import Path

import pytest

import entrepot.surfaces
from entrepot.surfaces.shared import gallery
from entrepot.surfaces.shared.navigation import SURFACES
from entrepot.surfaces.shared.words import MESSAGE_ICONS, PARTIES

PACKAGE = Path(next(iter(entrepot.surfaces.__path__)))
STATIC = PACKAGE / "shared" / "static" / "entrepot"
SCHEMES = {"light": 0, "dark": 1}
#: Drawings that are not icons: they have view boxes of their own.
PICTURES = {"mark", "quay"}
GROUNDS = ("ground", "surface", "sunken")
TONES = ("neutral", "good", "warn", "bad", "info", "accent")

# Source: WCAG 2.2, 1.4.3 (text, 4.5 : 1) and 1.4.11 (controls and focus, 3 : 1).
TEXT = [
    *[("ink", ground) for ground in GROUNDS],
    *[("ink-soft", ground) for ground in GROUNDS],
    *[("accent", ground) for ground in (*GROUNDS, "accent-wash")],
    *[("accent-strong", ground) for ground in ("ground", "surface", "accent-wash")],
    *[(tone, f"{tone}-wash") for tone in TONES],
    *[(tone, "surface") for tone in TONES],
    *[(tone, "ground") for tone in ("good", "warn", "bad")],
    *[("ink", wash) for wash in ("accent-wash", "neutral-wash")],
    ("ink-soft", "neutral-wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("surface", "bad"),
    ("surface", "ink"),
    *[(text, band) for text in ("harbour-ink", "harbour-soft") for band in ("harbour", "harbour-raised")],
]
CONTROLS = [
    *[("line-strong", ground) for ground in ("ground", "surface")],
    *[("focus", ground) for ground in (*GROUNDS, "accent-wash", "bad-wash")],
    *[("accent", ground) for ground in GROUNDS],
    ("accent", "neutral-wash"),
]


@cache
def palette() -> dict[str, tuple[str, str]]:
    """Every colour as its pair of light and dark."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", (STATIC / "tokens.css").read_text())
    return {name: (light, dark) for name, light, dark in pairs}


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2, definition of relative luminance."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio. Source: WCAG 2.2, definition of contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_itself():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_and_controls_are_legible(scheme):
    place = SCHEMES[scheme]
    weak = {
        f"{front} on {back}": round(ratio, 2)
        for least, pairs in ((4.5, TEXT), (3.0, CONTROLS))
        for front, back in pairs
        if (ratio := contrast(palette()[front][place], palette()[back][place])) < least
    }
    assert weak == {}


def test_the_focus_ring_is_seen_on_the_harbour_band():
    ring = re.search(r"\.bench-desk \{ --bench-focus: (#\w{6}); \}", (STATIC / "layout.css").read_text())
    assert ring
    for place in SCHEMES.values():
        assert all(contrast(ring[1], palette()[band][place]) >= 3 for band in ("harbour", "harbour-raised"))


def test_every_token_that_is_used_exists():
    sheets = {path.name: path.read_text() for path in STATIC.glob("*.css")}
    defined = {name for text in sheets.values() for name in re.findall(r"(--[\w-]+):", text)}
    used = {name for text in sheets.values() for name in re.findall(r"var\((--[\w-]+)", text)}
    assert used - defined == set()


def test_colours_are_named_once():
    """A colour outside the tokens is black or white, for paper and for codes that machines read."""
    stray = {
        path.name: found
        for path in STATIC.glob("*.css")
        if path.name != "tokens.css"
        and (found := [c for c in re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text()) if c not in {"#fff", "#000"}])
    }
    assert stray == {"layout.css": ["#ffb65c"]}


def test_every_drawing_that_is_asked_for_is_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text())) - PICTURES
    templates = "".join(path.read_text() for path in PACKAGE.rglob("*.html"))
    asked = set(re.findall(r'{% icon "([\w-]+)"', templates)) | set(re.findall(r'\bicon="([\w-]+)"', templates))
    asked |= {entry.icon for entries in SURFACES.values() for entry in entries}
    asked |= {drawing for _label, drawing in PARTIES.values()} | set(MESSAGE_ICONS.values()) | {"info", "user", "crate"}
    assert asked - sprite == set()
    assert sorted(sprite) == sorted(gallery.ICONS)


def test_stylesheets_stay_in_the_declared_layers():
    declared = re.search(r"@layer ([\w, ]+);", (STATIC / "tokens.css").read_text())
    assert declared
    for path in STATIC.glob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        assert set(re.findall(r"@layer (\w+) \{", text)) <= set(declared[1].split(", ")), path.name
        assert text.count("{") == text.count("}"), path.name
        assert "@import" not in text and "url(" not in text, path.name
