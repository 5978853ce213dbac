"""Reads rendered markup, for the tests of components."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from django.template import engines

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
Attributes = dict[str, str | None]


class Markup(HTMLParser):
    """The elements of a fragment in order, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, Attributes]] = []
        self.words: list[str] = []
        self.source = text
        self._open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """What a reader reads, with single spaces."""
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    @property
    def unclosed(self) -> list[str]:
        """Elements that are open at the end, or closed out of turn."""
        return self._open + self.crossed

    def all(self, tag: str = "", **having: str) -> list[Attributes]:
        """The attributes of the elements of a name that have these; `class_` asks for one of its classes."""
        return [attributes for name, attributes in self.elements if tag in {"", name} and _has(attributes, having)]

    def one(self, tag: str = "", **having: str) -> Attributes:
        """The same where there is exactly one."""
        (found,) = self.all(tag, **having)
        return found


def _has(attributes: Attributes, having: dict[str, str]) -> bool:
    classes = (attributes.get("class") or "").split()
    return all(
        value in classes if name == "class_" else attributes.get(name.replace("_", "-")) == value
        for name, value in having.items()
    )


def render(source: str, **values: Any) -> Markup:
    """A piece of template as pages write it."""
    template: Any = engines["django"].from_string(source)
    return Markup(template.render(values))


def ids(markup: Markup) -> list[str]:
    """Every id of the markup, in order."""
    return [value for _tag, attributes in markup.elements if (value := attributes.get("id"))]


def references(markup: Markup) -> list[str]:
    """Every id that the markup points to."""
    pointing: list[Callable[[Attributes], str | None]] = [
        lambda a: a.get("popovertarget"),
        lambda a: a.get("for"),
        lambda a: a.get("aria-describedby"),
        lambda a: a.get("aria-labelledby"),
    ]
    return [name for _tag, each in markup.elements for pointer in pointing for name in (pointer(each) or "").split()]
