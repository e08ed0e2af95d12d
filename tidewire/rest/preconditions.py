"""`version` as ETag: a client that names the version it has seen never overwrites another one."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.http import parse_etags
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

from tidewire.capture.snapshots import HEADER
from tidewire.capture.versions import versions_of
from tidewire.rest.errors import PreconditionFailed, PreconditionRequired
from tidewire.rest.views import ResourceViewSet

REPEATED_HEADERS = ("ETag", HEADER)
"""Headers of the 200 that its 304 has, too."""


def etag(version: int) -> str:
    return f'"{version}"'


class VersionMixin(ResourceViewSet):
    """A viewset of versioned resources: an ETag on everything that shows one, If-Match on requests that change one.

    A model without a VersionField has neither, also where a column of it is called `version`.
    """

    requires_version = False
    """True for a view that answers 428 to a change without If-Match."""
    is_cacheable = False
    """True for a view that shows columns of its row and nothing else: it answers 304. The version does not tell of
    changes in another row, such as a person's name, or of what depends on the reader."""

    def check_version(self, resource: Any) -> None:
        """Raises PreconditionFailed when If-Match names another version. Call it with the row locked.

        Without If-Match the last writer wins, as usual in REST.
        """
        if not _has_version(type(resource)):
            return
        if self.requires_version and "If-Match" not in self.request.headers:
            raise PreconditionRequired()
        expected = parse_etags(self.request.headers.get("If-Match", "*"))
        if expected != ["*"] and etag(resource.version) not in expected:
            raise PreconditionFailed()

    def complete(self, response: Response) -> Response:
        """Adds the ETag, or turns the answer into a 304 when If-None-Match has it already."""
        if isinstance(response.data, dict) and "version" in response.data and self.is_versioned:
            response["ETag"] = etag(response.data["version"])
            if self.request.method in SAFE_METHODS and self.is_cacheable and self._is_known(response["ETag"]):
                headers = {name: response[name] for name in REPEATED_HEADERS if name in response}
                return Response(status=304, headers=headers)
        return response

    @property
    def is_versioned(self) -> bool:
        """Whether the rows that this view shows have a version, as far as it names their model."""
        rows, serializer = (getattr(self, name, None) for name in ("queryset", "serializer_class"))
        shown = getattr(rows, "model", None) or getattr(getattr(serializer, "Meta", None), "model", None)
        return shown is None or _has_version(shown)

    def _is_known(self, tag: str) -> bool:
        """If-None-Match compares weakly, because proxies mark the ETag of what they compress as weak."""
        known = parse_etags(self.request.headers.get("If-None-Match", ""))
        return known == ["*"] or tag in [each.removeprefix("W/") for each in known]


def _has_version(shown: type[Any]) -> bool:
    """Returns whether rows of this class have a version. What is no model says so itself."""
    return not issubclass(shown, Model) or bool(versions_of(shown))
