"""The settings of REST: DRF, tokens, OpenAPI. `settings.py` imports them and adds values of the environment."""

from datetime import timedelta

__all__ = [
    "AUTHENTICATION_BACKENDS",
    "AUTH_USER_MODEL",
    "CSRF_FAILURE_VIEW",
    "PASSWORD_HASHERS",
    "REST_FRAMEWORK",
    "SIMPLE_JWT",
    "SPECTACULAR_SETTINGS",
]

AUTH_USER_MODEL = "api.User"
AUTHENTICATION_BACKENDS = ["api.auth.backends.PasswordBackend"]
PASSWORD_HASHERS = [
    "api.auth.hashers.PBKDF2PasswordHasher",  # makes new hashes; the others only compare
    "api.auth.hashers.PBKDF2SHA1PasswordHasher",
    "api.auth.hashers.ScryptPasswordHasher",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.auth.authentication.KeyAuthentication",
        "api.auth.authentication.AccessTokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["tidewire.rest.media.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["tidewire.rest.media.QuickJSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "tidewire.rest.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "api.schema.operations.OperationSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "api.rest.errors.handle_exception",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# SIGNING_KEY, ACCESS_TOKEN_LIFETIME and REFRESH_TOKEN_LIFETIME come from the environment, in settings.py.
# Clocks of different machines may differ by the leeway. api/auth/tokens.py applies it to a token's start only.
SIMPLE_JWT = {"ALGORITHM": "HS256", "LEEWAY": timedelta(minutes=2)}

CSRF_FAILURE_VIEW = "tidewire.rest.errors.csrf_failure"

SPECTACULAR_SETTINGS = {
    "TITLE": "Tidewire",
    "DESCRIPTION": "REST resources. Every write is a typed event on a WebSocket.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "persistAuthorization": True,
        "filter": True,
        "validatorUrl": "none",  # or the page would send the document to swagger.io
    },
    "ENUM_NAME_OVERRIDES": {
        "RoomKind": "api.models.Room.Kind",
        "NamedRoomKind": ["public", "private"],
        "MetricKind": "api.models.Metric.Kind",
        "Role": "api.models.Member.Role",
        "Scope": "api.auth.scopes.CHOICES",
        "ActorType": ["user", "service", "system"],
        "WebhookState": "tidewire.models.WebhookEndpoint.State",
        "DeliveryState": "tidewire.models.WebhookDelivery.State",
    },
    "POSTPROCESSING_HOOKS": [
        "api.schema.events.add_events",
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.responses.add_not_modified",
        "api.schema.responses.add_links",
        "api.schema.responses.add_problems",
        "api.schema.examples.add_examples",
        "api.schema.doors.add_doors",
    ],
}
