"""`version` as ETag: a client that says which version it has seen never overwrites another one."""

from __future__ import annotations

from typing import Any

from django.utils.http import parse_etags
from rest_framework.response import Response

from api.errors import PreconditionFailed


def etag(version: int) -> str:
    return f'"{version}"'


class VersionMixin:
    """For a viewset of versioned resources: an ETag on everything that shows one, If-Match on what changes one."""

    def check_version(self, resource: Any) -> None:
        """Call it with the row locked. Without If-Match the last writer wins, as always in REST."""
        wanted = parse_etags(self.request.headers.get("If-Match", "*"))
        if wanted != ["*"] and etag(resource.version) not in wanted:
            raise PreconditionFailed()

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code < 300 and isinstance(response.data, dict) and "version" in response.data:
            response["ETag"] = etag(response.data["version"])
        return response
