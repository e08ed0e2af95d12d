from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularSwaggerView

from api.views import problems, schema
from tidewire.asyncapi import pages
from tidewire.rest import errors

# The parts that the console of the socket's page may load.
CONSOLE = {"sign_in": "/api/v1/token/", "renew": "/api/v1/token/refresh/", "lists": {"room": "/api/v1/rooms/"}}

resources = [path("api/v1/", include(f"{app}.urls")) for app in settings.RESOURCES if find_spec(f"{app}.urls")]

urlpatterns = [
    path("api/v1/", include("api.urls")),
    path("", include("tidewire.urls")),
    path("", include("tidewire.centrifugo.proxy_views")),
    *resources,
    path("api/schema/", schema.document, name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/asyncapi/", pages.page, CONSOLE, name="asyncapi"),
    path("api/asyncapi/codes/", pages.codes_page),
    path("api/asyncapi/codes/<int:number>/", pages.code_page),
    path("api/problems/", problems.index),
    path("api/problems/<slug:code>/", problems.page),
    path("api/asyncapi.yaml", pages.as_yaml, name="asyncapi-yaml"),
    path("api/asyncapi.json", pages.as_json, name="asyncapi-json"),
    # Also with DEBUG on, and for a POST whose slash is missing, an unknown address is a problem document.
    path("api/<path:rest>", csrf_exempt(errors.not_found)),
    path("admin/", admin.site.urls),
]

if not settings.IS_PRODUCTION:
    urlpatterns.append(path("", include("backend.demo")))

handler400 = "tidewire.rest.errors.bad_request"
handler403 = "tidewire.rest.errors.permission_denied"
handler404 = "tidewire.rest.errors.not_found"
handler500 = "tidewire.rest.errors.server_error"
