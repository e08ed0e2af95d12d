"""What openapi.yaml says of an operation beyond what drf-spectacular sees: headers, scopes, the stream of a list."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from api.auth import scopes
from api.schema.live import live_resource
from tidewire import registry
from tidewire.rest.preconditions import VersionMixin
from tidewire.snapshots import HEADER, SnapshotMixin


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "api.auth.authentication.AccessTokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "api.auth.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        text = "An API key, `tw_live_…`, in the same header as a token. `x-tidewire-scope` is the scope that it needs."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "tw_live_<id>_<secret>", "description": text}

    def get_security_requirement(self, auto_schema: AutoSchema) -> Any:
        return {"key": []} if scopes.needed(auto_schema.view, auto_schema.method) else None


FIELDS = OpenApiParameter(
    "fields",
    {"type": "string", "pattern": r"^\w+(,\w+)*$"},
    description="Names of fields, separated by commas. Rows contain these fields only, and lack all others, even "
    "required ones.",
)
IDEMPOTENCY = [
    OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": 255},
        OpenApiParameter.HEADER,
        description="Chosen by the client for one write. When the write is sent again with the same key within 24 "
        "hours, it is done only once, and the answer is repeated. A key belongs to one account and one address.",
    ),
    OpenApiParameter(
        "Idempotency-Replayed",
        {"type": "string", "const": "true"},
        OpenApiParameter.HEADER,
        description="The answer is a repetition of an earlier one.",
        response=["200", "201", "204"],
    ),
]


def _header(name: str, description: str, response: Any = False) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, response=response)


class OperationSchema(AutoSchema):
    """Documents the headers of BaseViewSet and its mixins, and the two extensions of this project."""

    view: Any  # DRF's stubs do not know that it is a viewset, with an action

    def get_override_parameters(self) -> list[Any]:
        action = self.view.action
        is_versioned = isinstance(self.view, VersionMixin) and self.view.is_versioned and action != "list"
        is_change = self.method in ("PATCH", "DELETE")
        is_conditional = is_versioned and self.method == "GET"
        is_tagged = action == "list" and getattr(getattr(self.view, "pages", None), "told_by", None) is not None
        shows = self.method != "DELETE"
        wrote = self.method != "GET" and bool(self.view.authentication_classes)
        has_position = wrote or (isinstance(self.view, SnapshotMixin) and action == "retrieve")
        headers = []
        if is_versioned and is_change:
            headers.append(_header("If-Match", "Refuse (412) unless the resource still has this ETag."))
        if is_conditional:
            text = "Answer 304 if the resource still has this ETag. "
            text += "Always 200 for resources that show more than their version covers."
            headers.append(_header("If-None-Match", text))
        if getattr(self.view, "takes_fields", bool)():
            headers.append(FIELDS)
        if wrote and getattr(self.view, "is_transactional", False):
            headers += IDEMPOTENCY
        if is_versioned and shows:
            headers.append(_header("ETag", "The resource's `version`, quoted.", response=["200", "201"]))
        if is_tagged:
            text = "Answer 304 if the list is as it was with this ETag: no event of its stream since, and no new name."
            headers.append(_header("If-None-Match", text))
            headers.append(_header("ETag", "Made of the position. Absent where a filter narrows the list.", ["200"]))
            headers.append(_header(HEADER, "Of a 304, which has no body: the position, as the body says it.", ["200"]))
        if has_position:
            text = "`<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas."
            headers.append(_header(HEADER, text, response=["200", "201", "204"]))
        return headers

    def get_extensions(self) -> dict[str, Any]:
        """`x-tidewire-scope` is the scope that a key needs. `x-tidewire-live` is what a client needs to keep this list
        or detail up to date by events, if one stream promises it."""
        extensions = super().get_extensions()
        if scope := scopes.needed(self.view, self.method):
            extensions["x-tidewire-scope"] = scope
        is_snapshot = self.view.action in ("list", "retrieve") and isinstance(self.view, SnapshotMixin)
        if is_snapshot and (found := live_resource(self.view, self.path, registry)):
            extensions["x-tidewire-live"] = found
        return extensions
