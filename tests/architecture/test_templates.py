"""Every template of the project holds to the content security policy and to translation."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from architecture.sources import SRC, named

#: Sample data in English, for whoever develops pages; nobody else is shown it.
GALLERY = "shared/components.html"
#: Names, and signs that are the same in every language.
UNTRANSLATED = {"Entrepôt"}
#: Tags of ours whose words a reader sees.
SPEAKING = re.compile(
    r"{% (?:button|badge|stat|empty_state|confirm_dialog|progress|stepper|tabs|duty_matrix|field|icon)\b(.*?)%}"
)


def templates() -> list[Path]:
    """Every page, fragment and component."""
    return sorted(SRC.rglob("templates/**/*.html"))


class Reader(HTMLParser):
    """Elements, attributes and text of a template whose tags are taken out."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._silent = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"script", "style"}:
            self._silent = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""

    def handle_data(self, data: str) -> None:
        if not self._silent and re.search(r"[^\W\d_]", data):
            self.words.append(" ".join(data.split()))


def without_tags(text: str) -> str:
    """The template's own markup; what tags and variables put in is taken out."""
    for pattern in (
        r"{% comment %}.*?{% endcomment %}",
        r"{#.*?#}",
        r"{% block \w+_class %}.*?{% endblock %}",
        r"{% blocktrans(?:late)?\b.*?{% endblocktrans(?:late)? %}",
        r"{%.*?%}",
        r"{{.*?}}",
    ):
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    return text


@cache
def read(path: Path) -> Reader:
    """A template, taken apart."""
    return Reader(without_tags(path.read_text()))


def breaches(path: Path) -> Iterator[str]:
    """What a browser would refuse under the policy, or what would leave this machine."""
    for tag, attributes in read(path).elements:
        if tag == "style" or "style" in attributes:
            yield f"style in <{tag}>"
        if tag == "script" and "src" not in attributes and attributes.get("type") != "application/json":
            yield "script in the page"
        if tag in {"iframe", "object", "embed", "base"}:
            yield f"<{tag}>"
        for name, value in attributes.items():
            if re.match(r"on\w+$", name) or re.match(r"hx-(on|vars|vals\b.*js:)", name):
                yield f"handler {name}"
            if re.match(r"\s*(javascript|vbscript):", value or "", re.IGNORECASE):
                yield f"code in {name}"
            if name in {"src", "href", "action", "srcset"} and re.match(r"\s*(https?:)?//", value or ""):
                yield f"outside address in {name}"


@pytest.mark.parametrize(
    ("source", "breach"),
    [
        ('<p style="{% if x %}a{% endif %}">', "style in <p>"),
        ("<style>p{}</style>", "style in <style>"),
        ("<script>1</script>", "script in the page"),
        ('<a href="javascript:1" onClick="1">', "handler onclick"),
        ('<img src="https://example.org/x.png">', "outside address in src"),
        ('<form hx-on:click="1">', "handler hx-on:click"),
    ],
)
def test_the_test_sees_breaches(tmp_path, source, breach):
    page = tmp_path / "page.html"
    page.write_text(source)
    assert breach in set(breaches(page))


def test_templates_hold_to_the_content_security_policy():
    assert templates()
    assert {named(path): found for path in templates() if (found := list(breaches(path)))} == {}


def test_every_visible_word_goes_through_translation():
    attributes = {"title", "alt", "placeholder", "aria-label", "data-label"}
    bare = {
        named(path): found
        for path in templates()
        if not path.as_posix().endswith(GALLERY)
        and (
            found := [word for word in read(path).words if word.strip(" ·:,.–") not in UNTRANSLATED]
            + [
                value
                for _tag, having in read(path).elements
                for name, value in having.items()
                if name in attributes and re.search(r"[^\W\d_]", value or "")
            ]
        )
    }
    assert bare == {}


def bare_words(path: Path) -> list[str]:
    """Words that a component is given as they stand, instead of by _("…")."""
    return [
        word
        for arguments in SPEAKING.findall(path.read_text())
        for exempt, word in re.findall(r'(_\(|\bclass=)?"([^"]*)"', arguments)
        if not exempt and (re.match(r"[A-Z]", word) or " " in word)
    ]


def test_the_test_sees_bare_words(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('{% button "Save it" class="wide" %}{% button _("Send it") icon="truck" %}{% badge x "good" %}')
    assert bare_words(page) == ["Save it"]


def test_words_given_to_components_go_through_translation():
    pages = [path for path in templates() if not path.as_posix().endswith(GALLERY)]
    assert {named(path): found for path in pages if (found := bare_words(path))} == {}
