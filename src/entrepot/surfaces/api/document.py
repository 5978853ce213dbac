"""The committed OpenAPI document: written by `make openapi`, and what of a change to it breaks those who rely on it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
OPENAPI = ROOT / "docs" / "openapi.json"
ERRORS = ROOT / "docs" / "errors.md"
METHODS = ("get", "post", "put", "patch", "delete")
#: Bounds of a field: in what is sent, one that is new or narrower refuses what was taken before.
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")

Node = Mapping[str, Any]


def current() -> dict[str, Any]:
    """The document of this code."""
    from entrepot.surfaces.api.application import api

    document: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))
    return document


def to_text(document: Node) -> str:
    """The document as it is committed."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def breaking(old: Node, new: Node) -> list[str]:
    """What of the new document breaks those who rely on the old one, each in a sentence."""
    return sorted(set(_Comparison(old, new).run()))


class _Comparison:
    """Walks both documents side by side."""

    def __init__(self, old: Node, new: Node) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, bool]] = set()

    def run(self) -> Iterator[str]:
        for path, operations in self.old["paths"].items():
            for method in METHODS:
                if method not in operations:
                    continue
                where = f"{method.upper()} {path}"
                found = self.new["paths"].get(path, {}).get(method)
                if found is None:
                    yield f"{where} is gone"
                else:
                    yield from self._operation(where, operations[method], found)

    def _operation(self, where: str, old: Node, new: Node) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{where}: its operationId is another"
        yield from self._parameters(where, old, new)
        yield from self._body(where, old.get("requestBody", {}), new.get("requestBody", {}))
        for status, answer in old["responses"].items():
            found = new["responses"].get(status)
            if found is None:
                yield f"{where}: answer {status} is gone"
                continue
            for kind, content in answer.get("content", {}).items():
                if kind not in found.get("content", {}):
                    yield f"{where}: answer {status} is {kind} no longer"
                else:
                    yield from self._answer(f"{where} {status}", content["schema"], found["content"][kind]["schema"])

    def _parameters(self, where: str, old: Node, new: Node) -> Iterator[str]:
        before, after = (
            {(each["in"], each["name"]): each for each in side.get("parameters", [])} for side in (old, new)
        )
        for key, parameter in before.items():
            if key not in after:
                yield f"{where}: parameter {key[1]} is gone"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{where}: parameter {key[1]} is required now"
            yield from self._asked(f"{where} {key[1]}", parameter["schema"], after[key]["schema"])
        for key, parameter in after.items():
            if key not in before and parameter.get("required"):
                yield f"{where}: parameter {key[1]} is new and required"

    def _body(self, where: str, old: Node, new: Node) -> Iterator[str]:
        if new.get("required") and not old.get("required"):
            yield f"{where}: a body is required now"
        for kind, content in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{where}: a body of {kind} is not taken any more"
            else:
                yield from self._asked(f"{where} body", content["schema"], new["content"][kind]["schema"])

    def _answer(self, where: str, old: Node, new: Node) -> Iterator[str]:
        """An answer may get more fields; what it had stays, with its type, and never becomes optional or empty."""
        old, new, fresh = self._resolve(old, new, is_asked=False)
        if not fresh:
            return
        if more := _types(new, self.new) - _types(old, self.old):
            yield f"{where}: may be {' or '.join(sorted(more))} now"
        for name, schema in old.get("properties", {}).items():
            found = new.get("properties", {}).get(name)
            if found is None:
                yield f"{where}: field {name} is gone"
                continue
            if name in old.get("required", []) and name not in new.get("required", []):
                yield f"{where}: field {name} may be missing now"
            yield from self._answer(f"{where}.{name}", schema, found)
        yield from self._inside(where, old, new, self._answer)

    def _asked(self, where: str, old: Node, new: Node) -> Iterator[str]:
        """What is sent may get more fields that need not be sent; what was taken before is taken still."""
        old, new, fresh = self._resolve(old, new, is_asked=True)
        if not fresh:
            return
        if less := _types(old, self.old) - _types(new, self.new):
            yield f"{where}: may not be {' or '.join(sorted(less))} any more"
        for bound in (*LOWER, *UPPER):
            if bound in new and (bound not in old or _narrower(bound, old[bound], new[bound])):
                yield f"{where}: {bound} is {new[bound]} now"
        if "pattern" in new and old.get("pattern") != new["pattern"]:
            yield f"{where}: its pattern is another"
        if "enum" in new and (gone := set(map(str, old.get("enum", ["anything"]))) - set(map(str, new["enum"]))):
            yield f"{where}: {', '.join(sorted(gone))} is not taken any more"
        for name in set(new.get("required", [])) - set(old.get("required", [])):
            yield f"{where}: field {name} is required now"
        for name, schema in old.get("properties", {}).items():
            found = new.get("properties", {}).get(name)
            if found is None:
                yield f"{where}: field {name} is gone"
            else:
                yield from self._asked(f"{where}.{name}", schema, found)
        yield from self._inside(where, old, new, self._asked)

    def _inside(self, where: str, old: Node, new: Node, compare: Any) -> Iterator[str]:
        """Members of lists and tables, and the one schema that several alternatives consist of beside nothing."""
        for name in ("items", "additionalProperties"):
            if isinstance(old.get(name), dict) and isinstance(new.get(name), dict):
                yield from compare(f"{where}[]", old[name], new[name])
        before, after = _alternatives(old), _alternatives(new)
        for number, (left, right) in enumerate(zip(before, after, strict=False)):
            if len(before) == len(after):
                yield from compare(where if len(before) == 1 else f"{where}|{number}", left, right)

    def _resolve(self, old: Node, new: Node, *, is_asked: bool) -> tuple[Node, Node, bool]:
        """Both without references; False where the pair was compared before."""
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")), is_asked)
        if pair[0] or pair[1]:
            if pair in self.seen:
                return old, new, False
            self.seen.add(pair)
        return _follow(old, self.old), _follow(new, self.new), True


def _follow(schema: Node, document: Node) -> Node:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _alternatives(schema: Node) -> list[Node]:
    return [each for each in schema.get("anyOf", []) if each.get("type") != "null"]


def _types(schema: Node, document: Node) -> set[str]:
    """The types that a value may have; an empty set is anything."""
    schema = _follow(schema, document)
    if "anyOf" in schema:
        return set().union(*(_types(each, document) for each in schema["anyOf"]))
    found = schema.get("type", [])
    names = {found} if isinstance(found, str) else set(found)
    return {f"{name} {schema['format']}" if "format" in schema and name == "string" else name for name in names}


def _narrower(bound: str, old: Any, new: Any) -> bool:
    return bool(new > old if bound in LOWER else new < old)


def main() -> None:
    """Write docs/openapi.json and docs/errors.md anew."""
    import django

    django.setup()
    from entrepot.surfaces.api.refusals import collect, to_markdown

    OPENAPI.write_text(to_text(current()))
    ERRORS.write_text(to_markdown(collect()))


if __name__ == "__main__":
    main()
