"""`/api/schema/`: the OpenAPI document, as YAML or JSON. Making it takes a second, so it is made once per process."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from tidewire.asyncapi.pages import ConstantAnswer

YAML, JSON = OpenApiYamlRenderer.media_type, OpenApiJsonRenderer.media_type


def _rendered(renderer_class: type[OpenApiYamlRenderer] | type[OpenApiJsonRenderer]) -> bytes:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return renderer_class().render(schema, renderer_context={})


_ANSWERS = {
    YAML: ConstantAnswer(lambda: _rendered(OpenApiYamlRenderer), f"{YAML}; charset=utf-8"),
    JSON: ConstantAnswer(lambda: _rendered(OpenApiJsonRenderer), JSON),
}


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """Answers YAML, or JSON to a client that asks for it by `Accept` or `?format=json`."""
    kind = _kind_of(request)
    response = _ANSWERS[kind].respond(request)
    suffix = "json" if kind == JSON else "yaml"
    response["Content-Disposition"] = f'inline; filename="openapi.{suffix}"'
    patch_vary_headers(response, ["Accept"])
    return response


def _kind_of(request: HttpRequest) -> str:
    if request.GET.get("format") in ("json", "yaml"):
        return JSON if request.GET["format"] == "json" else YAML
    preferred = request.get_preferred_type([YAML, "application/yaml", JSON, "application/json"])
    return JSON if preferred in (JSON, "application/json") else YAML
