"""Requests made from the API's own document: valid bodies, with the ids of whoever is to be attacked."""

from collections.abc import Mapping
from datetime import timedelta
from re import search
from typing import Any

from worlds import World

Ids = Mapping[str, Any]

#: Texts that mean something, by the names of their fields.
KNOWN = {
    "market": "DE",
    "country": "DE",
    "currency": "EUR",
    "settlement_currency": "EUR",
    "role": "seller.owner",
    "email": "somebody@example.org",
    "time_zone": "Europe/Berlin",
    "language": "en",
    "kind": "vat_number",
    "markup_rate": "0.1",
    "hs": "610910",
    "origin": "CN",
    "destination": "DE",
}


class Requests:
    """Makes requests for the operations of an OpenAPI document."""

    def __init__(self, document: Mapping[str, Any], ids: Ids, world: World) -> None:
        self.document, self.ids, self.world = document, ids, world

    def path(self, path: str, operation: Mapping[str, Any]) -> str:
        """The path with ids in it, and with every query parameter for which there is an id or that is required."""
        query = []
        for parameter in operation.get("parameters", []):
            name, schema = parameter["name"], parameter["schema"]
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", str(self.ids.get(name) or self.value(name, schema)))
            elif parameter["in"] == "query" and (parameter.get("required") or name in self.ids):
                query.append(f"{name}={self.ids.get(name) or self.value(name, schema)}")
        return path + ("?" + "&".join(query) if query else "")

    def body(self, operation: Mapping[str, Any]) -> tuple[str, Any]:
        """The kind of body and a valid one; nothing where the operation takes none."""
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            return kind, self.value("", content["schema"])
        return "", None

    def value(self, name: str, schema: Mapping[str, Any]) -> Any:
        """A valid value of a schema."""
        schema = self.follow(schema)
        if name in self.ids:
            return str(self.ids[name])
        if "anyOf" in schema:
            return self.value(name, schema["anyOf"][0])
        if "enum" in schema or "const" in schema:
            return schema.get("const") or next(filter(None, schema["enum"]))
        match schema.get("type"):
            case "object" if schema.get("minProperties"):
                return {schema["propertyNames"]["enum"][0]: self.value("", schema["additionalProperties"])}
            case "object":
                wanted = set(schema.get("required", [])) | (set(schema.get("properties", {})) & set(self.ids))
                return {each: self.value(each, schema["properties"][each]) for each in sorted(wanted)}
            case "array":
                return [self.value(name.removesuffix("s"), schema.get("items", {}))]
            case "integer":
                return schema.get("minimum", 1) or 1
            case "number":
                return "0.1"
            case "boolean":
                return True
        return self.text(name, schema)

    def text(self, name: str, schema: Mapping[str, Any]) -> str:
        """A valid text."""
        match schema.get("format"):
            case "date-time":
                return (self.world.now + timedelta(days=1)).isoformat()
            case "date":
                return self.world.now.date().isoformat()
            case "time":
                return "14:00:00"
            case "uuid":
                return "019cadc6-adee-7133-9d38-000000000000"
            case "binary":
                return "a file"
        known = (KNOWN.get(name, "abc"), "ABC", "EUR", "DE", "en")
        return next(each for each in known if search(schema.get("pattern", ""), each))

    def follow(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if len(schema.get("allOf", [])) == 1:
            return self.follow(schema["allOf"][0])
        return schema
