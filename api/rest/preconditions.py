"""`version` as ETag: a client that says which version it has seen never overwrites another one."""

from __future__ import annotations

from typing import Any

from django.utils.http import parse_etags
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

from api.rest.errors import PreconditionFailed, PreconditionRequired
from tidewire.snapshots import HEADER

KEPT = ("ETag", HEADER)
"""What of the headers a 304 repeats."""


def etag(version: int) -> str:
    return f'"{version}"'


class VersionMixin:
    """For a viewset of versioned resources: an ETag on everything that shows one, If-Match on what changes one."""

    # A view whose changes must name the version they are made from says True: without If-Match they get 428.
    requires_version = False
    # A view that shows more than the version tells of says False: it never answers 304.
    is_cacheable = True

    def check_version(self, resource: Any) -> None:
        """Call it with the row locked. Without If-Match the last writer wins, as always in REST."""
        if self.requires_version and "If-Match" not in self.request.headers:
            raise PreconditionRequired()
        wanted = parse_etags(self.request.headers.get("If-Match", "*"))
        if wanted != ["*"] and etag(resource.version) not in wanted:
            raise PreconditionFailed()

    def complete(self, response: Response) -> Response:
        """The answer with its ETag; or 304, for who has it already."""
        if isinstance(response.data, dict) and "version" in response.data:
            response["ETag"] = etag(response.data["version"])
            if self.request.method in SAFE_METHODS and self.is_cacheable and self._has_it(response["ETag"]):
                return Response(status=304, headers={name: response[name] for name in KEPT if name in response})
        return response

    def _has_it(self, tag: str) -> bool:
        """If-None-Match compares weakly: proxies weaken what they compress."""
        known = parse_etags(self.request.headers.get("If-None-Match", ""))
        return known == ["*"] or tag in [each.removeprefix("W/") for each in known]
