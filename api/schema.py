"""What openapi.yaml says beyond what drf-spectacular sees: the headers, the problems, and every event type."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from api import scopes
from api.errors import CONTENT_TYPE
from api.views.preconditions import VersionMixin
from tidewire import Live
from tidewire.declare.registry import Registry, registry
from tidewire.ground.actors import ACTOR_TYPES
from tidewire.snapshots import HEADER, SnapshotMixin


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "api.tokens.AccessTokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "api.keys.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        text = "An API key, `tw_live_…`, in the same header as a token. `x-tidewire-scope` is the scope that it needs."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "tw_live_<id>_<secret>", "description": text}

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]] | None:
        return {self.name: []} if scopes.needed(auto_schema.view, auto_schema.method) else None


class HeaderSchema(AutoSchema):
    """Adds the headers that our base views send and read."""

    def get_override_parameters(self) -> list[OpenApiParameter]:
        is_versioned = isinstance(self.view, VersionMixin) and self.view.action != "list"
        is_change = self.method in ("PATCH", "DELETE")
        is_cacheable = is_versioned and self.method == "GET" and self.view.is_cacheable
        shows = self.method != "DELETE"
        wrote = self.method != "GET" and bool(self.view.authentication_classes)
        has_position = wrote or (isinstance(self.view, SnapshotMixin) and self.view.action == "retrieve")
        headers = []
        if is_versioned and is_change:
            headers.append(_header("If-Match", "Refuse (412) unless the resource still has this ETag."))
        if is_cacheable:
            headers.append(_header("If-None-Match", "Answer 304 if the resource still has this ETag."))
        if getattr(self.view, "is_selecting", bool)():
            headers.append(FIELDS)
        if wrote and getattr(self.view, "is_transactional", False):
            headers += IDEMPOTENCY
        if is_versioned and shows:
            headers.append(_header("ETag", "The resource's `version`, quoted.", response=["200", "201"]))
        if has_position:
            text = "`<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated."
            headers.append(_header(HEADER, text, response=["200", "201", "204"]))
        return headers

    def get_extensions(self) -> dict[str, Any]:
        """The scope that a key needs. And what a client needs to keep this list or detail true by events, where one
        stream promises it."""
        extensions = super().get_extensions()
        if scope := scopes.needed(self.view, self.method):
            extensions["x-tidewire-scope"] = scope
        is_snapshot = isinstance(self.view, SnapshotMixin) and self.view.action in ("list", "retrieve")
        if is_snapshot and (found := live_resource(self.view, self.path, registry)):
            extensions["x-tidewire-live"] = found
        return extensions


# -- live resources ------------------------------------------------------------------------------------------------


def live_resource(view: Any, path: str, registry: Registry) -> dict[str, Any] | None:
    """The descriptor of the list or detail at `path`: its stream, the events that change it, its key and its order."""
    params = re.findall(r"{(\w+)}", path)
    model = _model_of(view.serializer_class)
    for live in registry.lives:
        column, kind = live.stream.attname, live.stream.kind.name
        if model is None or _model_of(_documented(live, is_key=False)) is not model:
            continue
        if column in params:
            channel = f"{kind}:{{{column}}}"
        elif column == "id" and view.action == "retrieve" and params:
            channel = f"{kind}:{{{params[-1]}}}"
        elif not params and live.model is not model:  # one's own: the set is promised by whose it is
            channel = f"{kind}:{{{column}}}"
        else:
            continue
        return _descriptor(view, live, channel, registry)
    return None


def _model_of(serializer: type) -> type | None:
    return getattr(getattr(serializer, "Meta", None), "model", None)


def _descriptor(view: Any, live: Live, channel: str, registry: Registry) -> dict[str, Any]:
    touched = [touch for touch in registry.touches if touch.parent_model is live.model]
    of_parts = [type for touch in touched for type in (touch.created, touch.updated, touch.deleted)]
    descriptor = {
        "channel": channel,
        "upsert": [type for type in (live.created, live.updated, *live.intents, *of_parts) if type],
        "remove": [live.deleted] if live.deleted else [],
        "key": _key_pointer(live.key_schema) if live.key_schema else "id",
    }
    if view.action == "list":
        names = [view.order_field, *(["id"] if "id" in view.serializer_class.Meta.fields else [])]
        descriptor["order"] = [f"-{name}" if view.is_newest_first else name for name in names]
    return descriptor


def _key_pointer(key_schema: type) -> str:
    """Where an event's data names its object: `id`, or `user.id` and the like for a row that has none to show."""
    fields = key_schema().fields
    name = "id" if "id" in fields else next(iter(fields))
    return f"{name}.id" if isinstance(fields[name], BaseSerializer) else name


FIELDS = OpenApiParameter(
    "fields",
    {"type": "string", "pattern": r"^\w+(,\w+)*$"},
    description="Names of fields, separated by commas: rows have these alone, and lack even those that are required.",
)
IDEMPOTENCY = [
    OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": 255},
        OpenApiParameter.HEADER,
        description="Made by the client for one write. Sent again with it within 24 hours, the write is done once and "
        "answered as before. A key is one account's, for one address.",
    ),
    OpenApiParameter(
        "Idempotency-Replayed",
        {"type": "string", "const": "true"},
        OpenApiParameter.HEADER,
        description="The answer was given before.",
        response=["200", "201", "204"],
    ),
]


def _header(name: str, description: str, response: Any = False) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, response=response)


# -- problems ------------------------------------------------------------------------------------------------------

PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Programs read `code`.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "The address of its page."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "Names the request, as the X-Request-ID header does."},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemError"}},
        "stream": {"$ref": "#/components/schemas/Position", "description": "Of 410: where the log stands now."},
        "violated-policies": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Of 429: the quotas of RateLimit-Policy that are spent.",
        },
    },
}
PROBLEM_ERROR = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the request body."},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}


HEADERS = {
    "RateLimit": 'What is left of each quota, and the seconds until it is whole again: `"user";r=42;t=18`.',
    "RateLimit-Policy": 'The quotas that count this request: `"user";q=1200;w=60`.',
    "Retry-After": "Seconds to wait.",
    "WWW-Authenticate": "How to say who one is.",
}
RESPONSES = {
    "Problem": ("What went wrong.", []),
    "Unauthenticated": ("Nobody, or nobody we know.", ["WWW-Authenticate"]),
    "TryLater": ("Not now. Nothing was written.", ["Retry-After"]),
}
LATER = ("429", "503")


def add_not_modified(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """304, where If-None-Match is heard, with the headers of the 200 that it stands for."""
    for operations in result["paths"].values():
        for operation in operations.values():
            if any(parameter["name"] == "If-None-Match" for parameter in operation.get("parameters", [])):
                headers = deepcopy(operation["responses"]["200"].get("headers", {}))
                text = "The resource still has the ETag of If-None-Match."
                operation["responses"]["304"] = {"description": text, "headers": headers}
    return result


def add_links(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """From what was made to what can be done with it: the id in the answer, and what its own address named."""
    for path, operations in result["paths"].items():
        made = operations.get("post", {}).get("responses", {}).get("201")
        params = re.findall(r"{(\w+)}", path)
        below = re.compile(re.escape(path) + r"{(\w+)}/")
        for other, theirs in result["paths"].items():
            match = below.match(other)
            if made is None or match is None or set(re.findall(r"{(\w+)}", other)) != {*params, match[1]}:
                continue
            known = {name: f"$request.path.{name}" for name in params}
            known[match[1]] = f"$response.body#/{'user/id' if match[1] == 'user_id' else 'id'}"
            for operation in theirs.values():
                link = {"operationId": operation["operationId"], "parameters": known}
                made.setdefault("links", {})[operation["operationId"]] = deepcopy(link)
    return result


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Every operation may answer a problem document; the likely ones are named."""
    result["components"]["schemas"] |= deepcopy({"Problem": PROBLEM, "ProblemError": PROBLEM_ERROR})
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    result["components"]["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    result["components"]["responses"] = {
        name: {"description": text, "headers": _headers(names), "content": deepcopy(content)}
        for name, (text, names) in RESPONSES.items()
    }
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for response in operation["responses"].values():
                response.setdefault("headers", {}).update(_headers(["RateLimit", "RateLimit-Policy"]))
            for status in [*_likely_problems(path, method, operation), *LATER, "default"]:
                operation["responses"][status] = {"$ref": f"#/components/responses/{_response(status)}"}
    return result


def _headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _response(status: str) -> str:
    return "TryLater" if status in LATER else "Unauthenticated" if status == "401" else "Problem"


def _likely_problems(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    parameters = operation.get("parameters", [])
    is_signed_in = {"bearer": []} in operation.get("security", [])
    may_be_refused = is_signed_in and method != "get"
    statuses = {
        "400": True,  # also for a parameter that there is not
        "401": is_signed_in or "/token/" in path,
        "403": is_signed_in,
        "404": "{" in path or operation["tags"] == ["keys"],  # keys name the stream that they are for
        "409": may_be_refused,
        "410": any(p["name"] == "after" for p in parameters),
        "412": any(p["name"] == "If-Match" for p in parameters),
        "413": "requestBody" in operation,
        "415": "requestBody" in operation,
        "422": any(p["name"] == "Idempotency-Key" for p in parameters),
    }
    return [status for status, is_likely in statuses.items() if is_likely]


# -- events --------------------------------------------------------------------------------------------------------

ACTOR = {
    "type": "object",
    "description": "Who did it.",
    "required": ["type", "id"],
    "properties": {
        "type": {"type": "string", "enum": list(ACTOR_TYPES)},
        "id": {"type": ["string", "null"], "format": "uuid"},
    },
}


def add_events(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """One component per event type, from the declarations, and `AnyEvent`, which a client can narrow by `type`.

    The hooks that follow edit what they find, so the constants of this module go in as copies.
    """
    mapper = AutoSchema()
    mapper.registry, mapper.view, mapper.method, mapper.path = generator.registry, APIView(request=None), "GET", ""
    events = {
        type: _event(type, mapper.resolve_serializer(_documented(live, is_key), "response").ref)
        for live in registry.lives
        for type, is_key in event_types(live).items()
    }
    events |= {
        fact.type: _event(fact.type, mapper.resolve_serializer(fact.serializer, "response").ref)
        for fact in registry.facts
    }
    refs = {type: f"#/components/schemas/{event_component(type)}" for type in sorted(events)}
    union = {"oneOf": [{"$ref": ref} for ref in refs.values()]}
    union["discriminator"] = {"propertyName": "type", "mapping": refs}
    for name, schema in {"Actor": deepcopy(ACTOR), **_named(events), "AnyEvent": union}.items():
        component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
        generator.registry.register(component)
    result["components"] = generator.registry.build({})
    return result


def event_types(live: Live) -> dict[str, bool]:
    """The types of all events with this declaration's data, also those of its parts; whether it is the key only."""
    parts = [touch for touch in registry.touches if touch.parent_model is live.model]
    touching = [type for part in parts for type in (part.created, part.updated, part.deleted) if type]
    return live.types | dict.fromkeys(touching, False)


def event_component(type: str) -> str:
    """`message.created` → `MessageCreatedEvent`."""
    return "".join(word.capitalize() for word in re.split(r"[._]", type)) + "Event"


def _named(events: dict[str, Any]) -> dict[str, Any]:
    return {event_component(type): schema for type, schema in events.items()}


def _documented(live: Live, is_key: bool) -> type:
    if is_key:
        return live.key_schema
    return getattr(live.serializer, "documented_as", live.serializer)


def _event(type: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "id", "at", "actor", "data"],
        "properties": {
            "type": {"type": "string", "const": type},
            "id": {"type": "string", "format": "uuid"},
            "at": {"type": "string", "format": "date-time"},
            "actor": {"$ref": "#/components/schemas/Actor"},
            "data": data,
        },
    }
