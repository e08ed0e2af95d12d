"""What a newer document takes away from who was written against an older one: nothing, or it says so.

What is sent may become wider: a new field that nobody must send, one more value. What is answered may become more: a
new field, one more kind of event. Clients bear what they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
BOUNDS = {"maxLength": 1, "maxItems": 1, "maximum": 1, "minLength": -1, "minItems": -1, "minimum": -1}
"""Bounds of what is sent, and which way they widen."""


def losses(old: Json, new: Json) -> list[str]:
    """Of OpenAPI documents: what an old client would miss."""
    return [*_operations(old, new), *_events(old, new)]


def lost_messages(old: Json, new: Json) -> list[str]:
    """Of AsyncAPI documents: messages, what they hold, and codes."""
    found = []
    for name, message in old["components"]["messages"].items():
        theirs = new["components"]["messages"].get(name)
        if theirs is None:
            found.append(f"{name}: gone")
        else:
            is_sent = message["tags"][0]["name"] in ("command", "ephemeral", "signal")
            found += Comparison(old, new, is_sent).schemas(message["payload"], theirs["payload"], name)
    for table, rows in old["x-codes"].items():
        missing = {row["code"] for row in rows} - {row["code"] for row in new["x-codes"][table]}
        found += [f"code {code}: gone" for code in sorted(missing)]
    return found


def _operations(old: Json, new: Json) -> Iterator[str]:
    for path, operations in old["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            theirs = new["paths"].get(path, {}).get(method)
            if theirs is None:
                yield f"{where}: gone"
                continue
            if theirs["operationId"] != operation["operationId"]:
                yield f"{where}: is called {theirs['operationId']} now"
            yield from _parameters(operation, theirs, where)
            yield from _bodies(old, new, operation, theirs, where)


def _parameters(operation: Json, theirs: Json, where: str) -> Iterator[str]:
    had, has = ({(each["in"], each["name"]): each for each in it.get("parameters", [])} for it in (operation, theirs))
    yield from (f"{where}: the parameter {name} is gone" for _, name in had.keys() - has.keys())
    for key, parameter in has.items():
        if parameter.get("required") and not had.get(key, {}).get("required"):
            yield f"{where}: the parameter {key[1]} is required now"


def _bodies(old: Json, new: Json, operation: Json, theirs: Json, where: str) -> Iterator[str]:
    sent = [each.get("requestBody", {}) for each in (operation, theirs)]
    if sent[1].get("required") and not sent[0].get("required"):
        yield f"{where}: a body is required now"
    for media, content in sent[0].get("content", {}).items():
        yield from Comparison(old, new, True).contents(content, sent[1].get("content", {}).get(media), where)
    for status, response in operation["responses"].items():
        if status not in theirs["responses"]:
            yield f"{where}: no longer answers {status}"
            continue
        answer = theirs["responses"][status]
        for media, content in response.get("content", {}).items():
            there = answer.get("content", {}).get(media)
            yield from Comparison(old, new, False).contents(content, there, f"{where} {status}")


def _events(old: Json, new: Json) -> Iterator[str]:
    had, has = (each["components"]["schemas"]["AnyEvent"]["discriminator"]["mapping"] for each in (old, new))
    for type, ref in had.items():
        if type not in has:
            yield f"the event {type} is gone"
        else:
            yield from Comparison(old, new, False).schemas({"$ref": ref}, {"$ref": has[type]}, type)


class Comparison:
    """Of the schemas of what is sent to the server, or answered by it."""

    def __init__(self, old: Json, new: Json, is_sent: bool) -> None:
        self._old, self._new, self._is_sent = old, new, is_sent
        self._seen: set[tuple[str, str]] = set()

    def contents(self, old: Json, new: Json | None, where: str) -> list[str]:
        return [f"{where}: the body is gone"] if new is None else self.schemas(old["schema"], new["schema"], where)

    def schemas(self, old: Json, new: Json, where: str) -> list[str]:
        refs = (old.get("$ref", ""), new.get("$ref", ""))
        if all(refs):
            if refs in self._seen:
                return []
            self._seen.add(refs)
        return list(self._compare(self._resolved(old, self._old), self._resolved(new, self._new), where))

    def _resolved(self, schema: Json, document: Json) -> Json:
        while "$ref" in schema or len(schema.get("allOf", [])) == 1:
            ref = schema.get("$ref")
            schema = document["components"]["schemas"][ref.rsplit("/", 1)[1]] if ref else schema["allOf"][0]
        return schema

    def _compare(self, old: Json, new: Json, where: str) -> Iterator[str]:
        yield from self._types(old, new, where)
        yield from self._values(old, new, where)
        yield from self._properties(old, new, where)
        if "items" in old:
            yield from self.schemas(old["items"], new.get("items", {}), f"{where}[]")
        for name, way in BOUNDS.items():
            if self._is_sent and name in new and way * new[name] < way * old.get(name, way * float("inf")):
                yield f"{where}: {name} is narrower"

    def _types(self, old: Json, new: Json, where: str) -> Iterator[str]:
        had, has = (
            set([each["type"]] if isinstance(each.get("type"), str) else each.get("type", [])) for each in (old, new)
        )
        lost = had - has if self._is_sent else has - had
        if had and has and lost:
            yield f"{where}: the type changed from {sorted(had)} to {sorted(has)}"

    def _values(self, old: Json, new: Json, where: str) -> Iterator[str]:
        had, has = ({each["const"]} if "const" in each else set(each.get("enum", ())) for each in (old, new))
        if self._is_sent and has and had - has:
            yield f"{where}: no longer takes {sorted(map(str, had - has))}"
        if self._is_sent and has and not had:
            yield f"{where}: takes certain values only"
        if not self._is_sent and "const" in old and had != has:
            yield f"{where}: is another constant"

    def _properties(self, old: Json, new: Json, where: str) -> Iterator[str]:
        had, has = old.get("properties", {}), new.get("properties", {})
        yield from (f"{where}.{name}: gone" for name in had.keys() - has.keys())
        must, musts = set(old.get("required", ())), set(new.get("required", ()))
        if self._is_sent:
            yield from (f"{where}.{name}: must be sent now" for name in musts - must)
        else:
            yield from (f"{where}.{name}: may be missing now" for name in must - musts)
        for name in had.keys() & has.keys():
            yield from self.schemas(had[name], has[name], f"{where}.{name}")
