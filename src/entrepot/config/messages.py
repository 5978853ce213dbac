"""Collects and compiles the translations, in Python alone: `make messages`.

The catalogue of a language is locale/<language>/LC_MESSAGES/django.po; what was compiled from it lies beside it and is
kept with it, so that a fresh machine needs no tools. What is collected is what a shopper meets: the shop, what the
surfaces share, the letters, and the sentences in which acts are refused.
"""

import ast
import re
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parent.parent
LOCALE = PACKAGE / "locale"

#: language -> how it counts. Source: Unicode CLDR; as Django's own catalogues have it.
PLURALS: Mapping[str, str] = {"de": "nplurals=2; plural=(n != 1);", "pt_BR": "nplurals=2; plural=(n > 1);"}

#: What a shopper meets, below the package.
SHOPPERS: tuple[str, ...] = (
    "surfaces/shop/**/*.py",
    "surfaces/shop/**/*.html",
    "surfaces/shared/templates/shared/layouts/*.html",
    "surfaces/shared/templates/shared/components/*.html",
    "surfaces/shared/templates/shared/errors/*.html",
    "surfaces/shared/templates/shared/threads/_messages.html",
    "surfaces/shared/templates/shared/_notices.html",
    "surfaces/shared/templates/shared/_tasks.html",
    "surfaces/shared/templates/shared/workplaces.html",
    "surfaces/shared/templates/shared/base.html",
    "surfaces/shared/templates/account/*.html",
    "surfaces/shared/templates/allauth/**/*.html",
    "surfaces/shared/templates/mfa/**/*.html",
    "surfaces/shared/templatetags/*.py",
    "surfaces/shared/acting.py",
    "surfaces/shared/errors.py",
    "surfaces/shared/notices.py",
    "surfaces/shared/threads.py",
    "surfaces/shared/words.py",
    "surfaces/jobs/mail.py",
    "surfaces/jobs/templates/mail/conversation.*.txt",
    "surfaces/jobs/templates/mail/order.*.txt",
    "surfaces/jobs/templates/mail/parcel.*.txt",
    "surfaces/jobs/templates/mail/return.*.txt",
    "domain/logistics/labels.py",
    "domain/payments/providers/*.py",
)
#: Whose refusals a shopper may be told.
REFUSING: tuple[str, ...] = (
    "kernel/errors.py",
    "kernel/idempotency.py",
    "kernel/media.py",
    "kernel/money.py",
    "kernel/search.py",
    "domain/accounts/*.py",
    "domain/aftersales/*.py",
    "domain/catalogue/queries.py",
    "domain/conversations/*.py",
    "domain/inventory/acts.py",
    "domain/inventory/services.py",
    "domain/logistics/queries.py",
    "domain/markets/queries.py",
    "domain/notices/queries.py",
    "domain/orders/*.py",
    "domain/payments/*.py",
    "domain/promotions/*.py",
    "surfaces/shared/ordering.py",
    "surfaces/shared/together.py",
    "flows/amending.py",
    "flows/checkout.py",
    "flows/conversing.py",
    "flows/drafting.py",
    "flows/facts.py",
    "flows/forgetting.py",
    "flows/paying.py",
    "flows/requests.py",
    "flows/returns.py",
    "surfaces/shared/guards.py",
    "surfaces/shared/letters.py",
    "surfaces/shared/media.py",
    "surfaces/shared/threads.py",
    "surfaces/shop/*.py",
)

#: Who is told of what, shoppers among others.
TOPICS = "surfaces/jobs/topics.py"
#: What waits for whom, shoppers among others.
TASKS = "surfaces/shared/tasks.py"

#: The functions that translate -> the places of message, plural and context among their arguments.
FUNCTIONS: Mapping[str, tuple[int, int | None, int | None]] = {
    "_": (0, None, None),
    "now_": (0, None, None),
    "gettext": (0, None, None),
    "gettext_lazy": (0, None, None),
    "gettext_noop": (0, None, None),
    "ngettext": (0, 1, None),
    "ngettext_lazy": (0, 1, None),
    "pgettext": (1, None, 0),
    "pgettext_lazy": (1, None, 0),
    "npgettext": (1, 2, 0),
}


class Message(NamedTuple):
    """What is translated; without a plural or a context these are empty."""

    text: str
    plural: str = ""
    context: str = ""


Catalogue = dict[Message, tuple[str, ...]]


def collect() -> list[Message]:
    """Every message that a shopper may meet, in the order of the files."""
    found: dict[Message, None] = {}
    for pattern in SHOPPERS:
        for path in sorted(PACKAGE.glob(pattern)):
            found |= dict.fromkeys(in_python(path.read_text()) if path.suffix == ".py" else in_template(path))
    for pattern in REFUSING:
        for path in sorted(PACKAGE.glob(pattern)):
            found |= dict.fromkeys(refusals(path.read_text()))
    found |= dict.fromkeys(in_topics((PACKAGE / TOPICS).read_text()))
    found |= dict.fromkeys(in_tasks((PACKAGE / TASKS).read_text()))
    return list(found)


def in_topics(source: str) -> Iterator[Message]:
    """What shoppers are told of, and the families for which they may do without e-mail."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) == "Told" and _text(node.args[0]) == "shopper":
            yield from in_python(ast.unparse(node.args[1]))
        elif isinstance(node, ast.AnnAssign) and _name(node.target) == "FAMILIES" and node.value:
            yield from in_python(ast.unparse(node.value))


def in_tasks(source: str) -> Iterator[Message]:
    """What waits for shoppers."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) == "Counted" and "shop" in map(_text, node.args):
            yield from in_python(ast.unparse(node))


def in_python(source: str) -> Iterator[Message]:
    """The messages in calls of the functions that translate."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (places := FUNCTIONS.get(_name(node.func))):
            texts = [_text(each) for each in node.args]
            text, plural, context = (
                texts[place] if place is not None and place < len(texts) else "" for place in places
            )
            if text:
                yield Message(text, plural, context)


def in_template(path: Path) -> Iterator[Message]:
    """The messages of a template, which Django turns into calls first."""
    from django.utils.translation.template import templatize

    literal = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    names = "|".join(sorted(FUNCTIONS, key=len, reverse=True))
    call = re.compile(rf"(?<![\w.])({names})\(\s*{literal}(?:\s*,\s*{literal})?(?:\s*,\s*{literal})?")
    for name, *literals in call.findall(templatize(path.read_text())):
        texts = [ast.literal_eval(each) if each else "" for each in literals]
        text, plural, context = (texts[place] if place is not None else "" for place in FUNCTIONS[name])
        if text:
            yield Message(text, plural, context)


def refusals(source: str) -> Iterator[Message]:
    """The sentences of refusals: given when one is raised, or written in its class or in a table of them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and len(node.args) >= 2 and _is_code(_text(node.args[0])):
            yield from map(Message, filter(None, [_text(node.args[1])]))
        elif isinstance(node, ast.Call) and _name(node.func) == "NotFound" and not node.args:
            yield from (
                Message(_text(each.value)) for each in node.keywords if each.arg == "kind" and _text(each.value)
            )
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign) and _name(each.targets[0]) == "message":
                    yield from map(Message, filter(None, [_text(each.value)]))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and _is_code(_text(key)) and " " in _text(value):
                    yield Message(_text(value))


def _is_code(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z]+\.[a-z_]+", text))


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def path_of(language: str) -> Path:
    """The catalogue of a language."""
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def read(path: Path) -> Catalogue:
    """A catalogue; its heading is left out."""
    catalogue: Catalogue = {}
    if not path.exists():
        return catalogue
    for block in path.read_text().split("\n\n"):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith('"'):
                name, _, line = line.partition(" ")
            parts[name] = parts.get(name, "") + ast.literal_eval(line)
        if parts.get("msgid"):
            told = [parts[key] for key in ("msgstr", "msgstr[0]", "msgstr[1]") if key in parts]
            catalogue[Message(parts["msgid"], parts.get("msgid_plural", ""), parts.get("msgctxt", ""))] = tuple(told)
    return catalogue


def write(path: Path, catalogue: Mapping[Message, tuple[str, ...]], language: str) -> None:
    """Write a catalogue, sorted, so that a change shows as what it is."""
    blocks = [f'msgid ""\nmsgstr ""\n{_lines(_heading(language))}']
    for message, told in sorted(catalogue.items()):
        rows = [f"msgctxt {_quoted(message.context)}"] if message.context else []
        rows.append(f"msgid {_quoted(message.text)}")
        if message.plural:
            rows.append(f"msgid_plural {_quoted(message.plural)}")
            rows += [f"msgstr[{place}] {_quoted(each)}" for place, each in enumerate(told)]
        else:
            rows.append(f"msgstr {_quoted(told[0])}")
        blocks.append("\n".join(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(blocks) + "\n")


def compiled(catalogue: Mapping[Message, tuple[str, ...]], language: str) -> bytes:
    """The catalogue as gettext reads it. Source: GNU gettext manual, the format of MO files."""
    pairs = {"": _heading(language)}
    for message, told in catalogue.items():
        if all(told):
            key = message.context + "\4" + message.text if message.context else message.text
            pairs[key + ("\0" + message.plural if message.plural else "")] = "\0".join(told)
    entries = sorted((key.encode(), value.encode()) for key, value in pairs.items())
    start = 28 + 16 * len(entries)
    tables: list[bytes] = []
    body = b""
    for column in (0, 1):
        for entry in entries:
            tables.append(struct.pack("<II", len(entry[column]), start + len(body)))
            body += entry[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 28 + 16 * len(entries))
    return head + b"".join(tables) + body


def lacking(catalogue: Mapping[Message, tuple[str, ...]], messages: Iterable[Message]) -> list[Message]:
    """Messages without a translation."""
    return [each for each in messages if not all(catalogue.get(each, ("",)))]


def _heading(language: str) -> str:
    return f"Content-Type: text/plain; charset=UTF-8\nLanguage: {language}\nPlural-Forms: {PLURALS[language]}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _lines(text: str) -> str:
    return "\n".join(_quoted(line) for line in text.splitlines(keepends=True))


def main() -> None:
    """Collect, keep what is translated, compile, and say what lacks."""
    messages = collect()
    for language in PLURALS:
        path = path_of(language)
        known = read(path)
        catalogue = {each: known.get(each, ("", "") if each.plural else ("",)) for each in messages}
        write(path, catalogue, language)
        path.with_suffix(".mo").write_bytes(compiled(catalogue, language))
        missing = lacking(catalogue, messages)
        print(f"{language}: {len(messages) - len(missing)} of {len(messages)}")  # noqa: T201 - a developer's command
        for each in missing[:20]:
            print(f"  lacks {each.text[:100]!r}")  # noqa: T201
    sys.exit(0)


if __name__ == "__main__":
    main()
