"""Every refusal by its code, collected from the source: for the page that problems link to and for docs/errors.md."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

import entrepot
from entrepot.kernel import errors
from entrepot.surfaces.shared import guards

PACKAGE = Path(entrepot.__file__).parent
KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.EntrepotError) and kind is not errors.EntrepotError
}
#: What a class without a code of its own is told first; other classes may be told other things.
CODE = re.compile(r"[a-z_]+\.[a-z_.]+")


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """A code with the status of its kind (404 or 422 for what an address or a field names), what it says, where."""

    code: str
    statuses: tuple[int, ...]
    message: str
    modules: tuple[str, ...]

    @property
    def shown_status(self) -> str:
        """The status, or each of them."""
        return " or ".join(map(str, self.statuses))


@dataclass(frozen=True, slots=True)
class _Kind:
    """A class of refusals as its source declares it."""

    base: str
    code: str
    message: str


#: What a module means by its names; nothing for a class that is no kind of refusal.
Kinds = Mapping[str, _Kind | None]


@cache
def collect() -> tuple[Refusal, ...]:
    """Every refusal, by code."""
    trees = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text())
        for path in sorted(PACKAGE.rglob("*.py"))
        if "migrations" not in path.parts
    }
    declared = {module: dict(_classes(tree)) for module, tree in trees.items()}
    anywhere = {name: _Kind("", kind.code, kind.message) for name, kind in KINDS.items()}
    for classes in declared.values():
        anywhere |= {name: kind for name, kind in classes.items() if kind}
    raised: dict[str, set[tuple[int, str, str]]] = defaultdict(set)
    for module, tree in trees.items():
        kinds = anywhere | dict(_imported(tree, declared)) | declared[module]
        for code, status, message in _raised(tree, kinds):
            raised[code].add((status, message, module))
    return tuple(
        Refusal(
            code,
            tuple(sorted({status for status, _, _ in found})),
            " / ".join(sorted({message for _, message, _ in found if message})),
            tuple(sorted({module for _, _, module in found})),
        )
        for code, found in sorted(raised.items())
    )


def to_markdown(refusals: tuple[Refusal, ...]) -> str:
    """The page docs/errors.md."""
    lines = [
        "# Errors",
        "",
        "Every refusal has a stable code. The API tells it as `application/problem+json` whose `type` links here;",
        "pages and commands show the code beside the sentence. Words in braces are the values of the case.",
        "",
        "This page is made from the source by `make openapi`.",
    ]
    area = ""
    for refusal in refusals:
        if (found := refusal.code.partition(".")[0]) != area:
            area = found
            lines += ["", f"## {area}", ""]
        where = ", ".join(f"`{module}`" for module in refusal.modules)
        said = f": {refusal.message}" if refusal.message else ""
        lines.append(f'- <a id="{refusal.code}"></a>`{refusal.code}` {refusal.shown_status}{said} ({where})')
    return "\n".join(lines) + "\n"


@guards.public
@require_safe
def show_refusals(request: HttpRequest) -> HttpResponse:
    """The page that the `type` of a problem links to."""
    return render(request, "shared/refusals.html", {"refusals": collect()})


def _classes(tree: ast.AST) -> Iterator[tuple[str, _Kind | None]]:
    """The classes of a module by name; nothing for one that is no kind of refusal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, _declared(node)


def _imported(tree: ast.AST, declared: Mapping[str, Kinds]) -> Iterator[tuple[str, _Kind | None]]:
    """The classes that a module takes from others: two modules may call different things by one name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            classes = declared.get((node.module or "").removeprefix(f"{entrepot.__name__}."), {})
            yield from (
                (alias.asname or alias.name, classes[alias.name]) for alias in node.names if alias.name in classes
            )


def _declared(node: ast.ClassDef) -> _Kind | None:
    """A subclass with a code of its own."""
    if not node.bases or not isinstance(node.bases[0], ast.Name):
        return None
    values = {
        target.id: _text(statement.value)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in {"code", "message"}
    }
    return _Kind(node.bases[0].id, values["code"], values.get("message", "")) if values.get("code") else None


def _raised(tree: ast.AST, kinds: Kinds) -> Iterator[tuple[str, int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [_text(argument) for argument in node.args]
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        if name == "problem" and "code" in named:
            code, status, title = (named.get(key) for key in ("code", "status", "title"))
            if isinstance(status, ast.Constant) and isinstance(status.value, int):
                yield _text(code), status.value, _text(title)
            elif isinstance(code, ast.Constant):
                yield _text(code), errors.Invalid.status, _text(title)
        elif (kind := kinds.get(name)) and (status_of := _status(name, kinds)):
            if CODE.fullmatch(texts[0] if texts else ""):
                yield texts[0], status_of, texts[1] if len(texts) > 1 else kind.message
            else:
                yield kind.code, status_of, kind.message


def _status(name: str, kinds: Kinds) -> int:
    """The status of the kind that a class comes from; 0 for a class that is no refusal."""
    while name not in KINDS and (kind := kinds.get(name)):
        name = kind.base
    return KINDS[name].status if name in KINDS else 0


def _text(node: ast.AST | None) -> str:
    """A text that stands in the source, also within gettext's call."""
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
