"""The forms of a page as a browser has them: where they go, what is in them, and what sending them says."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

Attributes = dict[str, str | None]
#: Controls that carry nothing by themselves.
MUTE = {"submit", "button", "reset", "image"}


@dataclass
class Control:
    """One control: its kind is that of the input, or `select`, `textarea`."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    attributes: Attributes = field(default_factory=dict)

    @property
    def is_typed(self) -> bool:
        """Whether somebody writes into it."""
        return self.kind not in {"hidden", "checkbox", "radio", "select", "file"}

    @property
    def is_required(self) -> bool:
        return "required" in self.attributes

    @property
    def is_bad(self) -> bool:
        """Whether the page says that it is wrong."""
        return self.attributes.get("aria-invalid") == "true"


@dataclass
class Form:
    """One form. `buttons` are the names and values of what may send it."""

    action: str
    method: str
    controls: dict[str, Control] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    attributes: Attributes = field(default_factory=dict)

    def filled(self) -> dict[str, list[str]]:
        """What it says as it stands, sent by its first button."""
        said = {each.name: list(each.values) for each in self.controls.values() if each.values}
        if self.buttons:
            said.setdefault(self.buttons[0][0], [self.buttons[0][1]])
        return said

    def address(self, page: str) -> str:
        """Where it leads from a page, when it asks by GET."""
        path = urljoin(page, self.action or urlsplit(page).path)
        return f"{urlsplit(path).path}?{urlencode(self.filled(), doseq=True)}"

    def target(self, page: str) -> str:
        """Where it is sent to from a page."""
        return urljoin(page, self.action or page)


class _Reader(HTMLParser):
    """Collects forms; controls that stand elsewhere belong to the form that they name."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.strays: list[tuple[str, Control | tuple[str, str]]] = []
        self._open: Form | None = None
        self._control: Control | None = None
        self._option: Attributes | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._open = Form(given.get("action") or "", (given.get("method") or "get").lower(), attributes=given)
            self.forms.append(self._open)
            if name := given.get("id"):
                self.by_id[name] = self._open
        elif tag == "button" and given.get("type", "submit") == "submit":
            self._add(given, (given.get("name") or "", given.get("value") or ""))
        elif tag == "input":
            self._input(given)
        elif tag in {"select", "textarea"}:
            self._control = Control(given.get("name") or "", tag, attributes=given)
            self._text = []
        elif tag == "option" and self._control is not None:
            self._option, self._text = given, []

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "option" and self._control is not None and self._option is not None:
            value = self._option.get("value")
            value = "".join(self._text).strip() if value is None else value
            self._control.options.append(value)
            if "selected" in self._option:
                self._control.values.append(value)
            self._option = None
        elif tag in {"select", "textarea"} and self._control is not None:
            if tag == "textarea":
                self._control.values = ["".join(self._text).removeprefix("\n")]
            elif not self._control.values and self._control.options and "multiple" not in self._control.attributes:
                self._control.values = self._control.options[:1]
            self._add(self._control.attributes, self._control)
            self._control = None

    def _input(self, given: Attributes) -> None:
        kind = (given.get("type") or "text").lower()
        name, value = given.get("name") or "", given.get("value") or ""
        if kind in MUTE:
            if kind == "submit":
                self._add(given, (name, value))
        elif kind in {"checkbox", "radio"}:
            value = value or "on"
            chosen = [value] if "checked" in given else []
            self._add(given, Control(name, kind, chosen, [value], given))
        else:
            self._add(given, Control(name, kind, [] if kind == "file" else [value], attributes=given))

    def _add(self, given: Attributes, what: Control | tuple[str, str]) -> None:
        if "disabled" in given:
            return
        if owner := given.get("form"):
            self.strays.append((owner, what))
        elif self._open is not None:
            _put(self._open, what)


def _put(form: Form, what: Control | tuple[str, str]) -> None:
    if isinstance(what, tuple):
        if what[0]:
            form.buttons.append(what)
    elif what.name in form.controls:
        there = form.controls[what.name]
        there.values += what.values
        there.options += what.options
    elif what.name:
        form.controls[what.name] = what


def read(text: str) -> list[Form]:
    """Every form of a page."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    for owner, what in reader.strays:
        if owner in reader.by_id:
            _put(reader.by_id[owner], what)
    return reader.forms
