"""Every refusal by its code, collected from the source: for the page that problems link to and for docs/errors.md."""

import ast
from collections import defaultdict
from collections.abc import Iterator
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


@cache
def collect() -> tuple[Refusal, ...]:
    """Every refusal, by code."""
    trees = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text())
        for path in sorted(PACKAGE.rglob("*.py"))
        if "migrations" not in path.parts
    }
    kinds = {name: _Kind("", kind.code, kind.message) for name, kind in KINDS.items()} | {
        node.name: found
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and (found := _declared(node)) is not None
    }
    raised: dict[str, set[tuple[int, str, str]]] = defaultdict(set)
    for module, tree in trees.items():
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


def _raised(tree: ast.AST, kinds: dict[str, _Kind]) -> Iterator[tuple[str, int, str]]:
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
        elif name in kinds and (status_of := _status(name, kinds)):
            kind = kinds[name]
            yield (
                (texts[0] if texts and texts[0] else kind.code),
                status_of,
                texts[1] if len(texts) > 1 else kind.message,
            )


def _status(name: str, kinds: dict[str, _Kind]) -> int:
    """The status of the kind that a class comes from; 0 for a class that is no refusal."""
    while name in kinds and name not in KINDS:
        name = kinds[name].base
    return KINDS[name].status if name in KINDS else 0


def _text(node: ast.AST | None) -> str:
    """A text that stands in the source, also within gettext's call."""
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
