"""Django settings. Values that differ between installations come from the environment; see docs/configuration.md.

No variable is required: the defaults run on SQLite and memory, on this machine only. `DATABASE_URL` and `REDIS_URL`
turn on PostgreSQL and Redis. `TIDEWIRE_MODE=production` refuses settings that are only fit for development (checks.py).
"""

import os
from datetime import timedelta
from pathlib import Path

from corsheaders.defaults import default_headers

from backend.api_settings import *  # noqa: F403  REST_FRAMEWORK, SIMPLE_JWT, SPECTACULAR_SETTINGS
from backend.api_settings import SIMPLE_JWT
from backend.environment import Environment
from backend.private_files import private_folder
from backend.redis_urls import Files
from backend.secrets import generated_secret
from backend.stores import channel_layer, database, replica

env = Environment()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()

MODE = env.text("TIDEWIRE_MODE", default="development")
IS_PRODUCTION = MODE == "production"
DEBUG = env.flag("DEBUG", default=False)

# In production the secrets come from the environment, or the checks refuse to start. In development they are created
# once.
SECRET_KEY = env.text("SECRET_KEY", default="") or generated_secret(DATA_DIR, "secret_key", IS_PRODUCTION)
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", default=[])
SIMPLE_JWT["SIGNING_KEY"] = env.text("JWT_SIGNING_KEY", default="") or generated_secret(
    DATA_DIR, "jwt_signing_key", IS_PRODUCTION
)
JWT_SIGNING_KEY_FALLBACKS = env.items("JWT_SIGNING_KEY_FALLBACKS", default=[])
JWT_FALLBACKS_UNTIL = env.moment("JWT_FALLBACKS_UNTIL")
SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"] = timedelta(seconds=env.integer("ACCESS_TOKEN_SECONDS", default=300))
SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"] = timedelta(seconds=env.integer("REFRESH_TOKEN_SECONDS", default=14 * 86400))

# Sockets may end at nodes of Centrifugo, which then verify access tokens themselves.
CENTRIFUGO_NODES = env.items("CENTRIFUGO_NODES", default=[])
HAS_CENTRIFUGO = bool(CENTRIFUGO_NODES)

ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CORS_ALLOWED_ORIGINS = env.items("CORS_ALLOWED_ORIGINS", default=[])
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("idempotency-key", "if-match", "if-none-match", "last-event-id", "traceparent", "x-request-id"),
    *env.items("CORS_EXTRA_HEADERS"),
]
CORS_EXPOSE_HEADERS = [
    *("ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"),
    *("Stream-Cursor", "Stream-Earliest-Offset", "Stream-Next-Offset", "Stream-Up-To-Date"),
    *("Tidewire-Position", "WWW-Authenticate", "X-Request-ID"),
]

# Apps with further resources, one per line. They are installed, and their `urls` are served under /api/v1/.
RESOURCES = [
    *env.items("TIDEWIRE_EXTRA_APPS", default=[]),
]

INSTALLED_APPS = [
    "daphne",  # first: its runserver serves sockets too
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "tidewire",
    "api",
    "realtime",
    "backend",
    *RESOURCES,
]

MIDDLEWARE = [
    "tidewire.rest.request_ids.RequestIDMiddleware",
    "tidewire.rest.errors.ProblemMiddleware",
    "api.auth.addresses.ClientMiddleware",
    "api.rest.page_quotas.PageQuotaMiddleware",
    "backend.redirects.KeepMethodMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "backend.pages.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "backend.pages.AuthenticationMiddleware",
    "tidewire.ground.actors.ActorMiddleware",
    "backend.pages.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "backend.urls"
ASGI_APPLICATION = "backend.asgi.application"
APPEND_SLASH = False  # a redirect would lose the body of a POST; the API answers 404 with a problem instead

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# -- the two sizes ---------------------------------------------------------------------------------------------------

DATABASE_URL = env.text("DATABASE_URL", default="")
REDIS_URL = env.text("REDIS_URL", default="")

DATABASE_POOL_SIZE = env.integer("DATABASE_POOL_SIZE", default=20)
DATABASES = {"default": database(DATABASE_URL, DATA_DIR, pool_size=DATABASE_POOL_SIZE)}
if DATABASE_REPLICA_URL := env.text("DATABASE_REPLICA_URL", default=""):
    DATABASES["replica"] = replica(DATABASE_REPLICA_URL, DATABASE_URL, pool_size=DATABASE_POOL_SIZE)
CHANNEL_LAYERS = {
    "default": channel_layer(
        REDIS_URL,
        Files(env.text("REDIS_CA_FILE"), env.text("REDIS_CERT_FILE"), env.text("REDIS_KEY_FILE")),
        (env.text("REDIS_SENTINEL_USERNAME"), env.text("REDIS_SENTINEL_PASSWORD")),
    )
}

MAX_VIEWS = env.integer("MAX_VIEWS", default=max(1, DATABASE_POOL_SIZE - 5))

# Requests and commands per minute, in all processes together; 0 means no limit.
REQUEST_QUOTAS = {
    "user": env.integer("REQUESTS_PER_USER", default=1200),
    "key": env.integer("REQUESTS_PER_KEY", default=600),
    "address": env.integer("REQUESTS_PER_ADDRESS", default=300),
    "bytes": env.integer("WRITTEN_BYTES_PER_USER", default=32 * 1024 * 1024),
}

TIDEWIRE = {
    "AUTHENTICATE": "realtime.credentials.authenticate",
    "AUTHENTICATE_EVENTS": "realtime.credentials.authenticate_events",
    "MAY_ASK": "realtime.credentials.may_ask",
    "MAY_COMMAND": "realtime.credentials.may_command",
    "CENTRIFUGO_NODES": CENTRIFUGO_NODES,
    "CENTRIFUGO_API_KEY": env.text("CENTRIFUGO_API_KEY", default=""),
    "CENTRIFUGO_SECRET": env.text("CENTRIFUGO_SECRET", default=""),
    "CENTRIFUGO_TABLES": env.text("CENTRIFUGO_TABLES", default="cf"),
    "CENTRIFUGO_IDENTITY": "realtime.credentials.identity_of_connection",
    "TOKEN_SECONDS": max(3600.0, SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"].total_seconds()),
    "RPC": {"api.call": "realtime.rpc.call"},
    "ALLOWED_ORIGINS": CORS_ALLOWED_ORIGINS,
    "EXPOSED_HEADERS": CORS_EXPOSE_HEADERS,
    # On the memory layer the poll is the only way to see another process's writes.
    "POLL_SECONDS": env.number("POLL_SECONDS", default=1.0 if REDIS_URL else 0.5),
    "EXPIRY_GRACE_SECONDS": env.number("EXPIRY_GRACE_SECONDS", default=10.0),
    # A request without a free connection of the pool gets 503. The sockets' reads need four connections, readiness one.
    "MAX_VIEWS": MAX_VIEWS,
    "MAX_VIEWS_PER_ACCOUNT": env.integer("MAX_VIEWS_PER_ACCOUNT", default=max(1, MAX_VIEWS // 4)),
    "JOB_SECONDS": env.number("JOB_SECONDS", default=1.0),
    "LOGBOOK_SECONDS": env.number("LOGBOOK_SECONDS", default=5.0),
    "LOGBOOK_KEPT_SECONDS": env.number("LOGBOOK_KEPT_SECONDS", default=7 * 86400.0),
    "SHARED_PAGE_BYTES": env.integer("SHARED_PAGE_BYTES", default=8 * 1024 * 1024),
    "PRUNE_SECONDS": env.number("PRUNE_SECONDS", default=3600.0),
    "PRUNE_SHARE": env.number("PRUNE_SHARE", default=0.05),
    "RETENTION_EVENTS": env.integer("RETENTION_EVENTS", default=10_000),
    "RETENTION_SECONDS": env.number("RETENTION_SECONDS", default=72 * 3600.0),
    "SEARCH_LANGUAGES": env.items("SEARCH_LANGUAGES", default=["simple"]),
    "SEARCH_SECONDS": env.number("SEARCH_SECONDS", default=2.0),
    "REPLICA_WAIT_SECONDS": env.number("REPLICA_WAIT_SECONDS", default=0.05),
    "PREPARED_QUERIES": env.flag("PREPARED_QUERIES", default=True),
    # 100 messages of 4,000 characters, each escaped in JSON (12 bytes), take 4.6 MiB.
    "MAX_BODY_BYTES": env.integer("MAX_BODY_BYTES", default=1024 * 1024),
    # 100 messages of 4,000 characters, also when each character is escaped.
    "LIMITED_PATHS": [""],  # this application's own are all of them
    "LARGER_BODIES": {r"/messages/batch/$": env.integer("MAX_BATCH_BYTES", default=5 * 1024 * 1024)},
    "TRUSTED_PROXIES": env.integer("TRUSTED_PROXIES", default=0),
    "MAX_CONNECTIONS": env.integer("MAX_CONNECTIONS", default=10_000),
    "MAX_CONNECTIONS_PER_USER": env.integer("MAX_CONNECTIONS_PER_USER", default=20),
    "MAX_SOCKETS_PER_ADDRESS": env.integer("MAX_SOCKETS_PER_ADDRESS", default=1000),
    "MAX_UNIDENTIFIED_PER_ADDRESS": env.integer("MAX_UNIDENTIFIED_PER_ADDRESS", default=50),
    "ACCEPTS_PER_SECOND": env.number("ACCEPTS_PER_SECOND", default=200.0),
    "ACCEPT_BURST": env.number("ACCEPT_BURST", default=400.0),
    "ACCEPTS_PER_SECOND_PER_ADDRESS": env.number("ACCEPTS_PER_SECOND_PER_ADDRESS", default=50.0),
    "ACCEPT_BURST_PER_ADDRESS": env.number("ACCEPT_BURST_PER_ADDRESS", default=200.0),
    "MAX_HTTP_PER_ADDRESS": env.integer("MAX_HTTP_PER_ADDRESS", default=256),
    "MAX_IDLE_HTTP": env.integer("MAX_IDLE_HTTP", default=2000),
    "UNFINISHED_BODIES_BYTES": env.integer("UNFINISHED_BODIES_BYTES", default=16 * 1024 * 1024),
    "UNREAD_ANSWER_BYTES": env.integer("UNREAD_ANSWER_BYTES", default=256 * 1024),
    "UNREAD_ANSWERS_BYTES": env.integer("UNREAD_ANSWERS_BYTES", default=16 * 1024 * 1024),
    "UNREAD_SECONDS": env.number("UNREAD_SECONDS", default=20.0),
    "HEADER_SECONDS": env.number("HEADER_SECONDS", default=10.0),
    "BODY_SECONDS": env.number("BODY_SECONDS", default=30.0),
    "KEEP_ALIVE_SECONDS": env.number("KEEP_ALIVE_SECONDS", default=75.0),
    "RESPONSE_SECONDS": env.number("RESPONSE_SECONDS", default=55.0),
    "LONG_POLL_SECONDS": env.number("LONG_POLL_SECONDS", default=25.0),
    # Balancers ask /readyz every few seconds. In development the end is immediate.
    "LAME_DUCK_SECONDS": env.number("LAME_DUCK_SECONDS", default=5.0 if IS_PRODUCTION else 0.0),
    "DRAIN_SECONDS": env.number("DRAIN_SECONDS", default=5.0),
    "FIRST_REQUESTS": ["/", "/api/v1/me/", "/admin/login/"],
    "WEBHOOK_HTTPS_ONLY": env.flag("WEBHOOK_HTTPS_ONLY", default=IS_PRODUCTION),
    "WEBHOOK_LOOPBACK": env.flag("WEBHOOK_LOOPBACK", default=False),
    "WEBHOOK_POLL_SECONDS": env.number("WEBHOOK_POLL_SECONDS", default=0.03),
    "WEBHOOK_TIMEOUT_SECONDS": env.number("WEBHOOK_TIMEOUT_SECONDS", default=10.0),
    "WEBHOOK_RETRY_SECONDS": env.number("WEBHOOK_RETRY_SECONDS", default=1.0),
    "WEBHOOK_GIVE_UP_SECONDS": env.number("WEBHOOK_GIVE_UP_SECONDS", default=86_400.0),
    "WEBHOOK_LEASE_SECONDS": env.number("WEBHOOK_LEASE_SECONDS", default=5.0),
    "WEBHOOK_DELIVERIES_SECONDS": env.number("WEBHOOK_DELIVERIES_SECONDS", default=72 * 3600.0),
    "MQTT_HOST": env.text("MQTT_HOST", default="127.0.0.1"),
    "MQTT_PORT": env.integer("MQTT_PORT", default=1883),
    "MQTT_TLS": env.flag("MQTT_TLS", default=False),
    "MQTT_PROTOCOL": env.text("MQTT_PROTOCOL", default="5"),
    "MQTT_USER": env.text("MQTT_USER", default="tidewire"),
    "MQTT_PASSWORD": env.text("MQTT_PASSWORD", default=""),
    "MQTT_PREFIX": env.text("MQTT_PREFIX", default="tidewire"),
    "MQTT_FILES": env.text("MQTT_FILES", default=str(DATA_DIR / "mqtt")) or None,
    "MQTT_RELOAD": env.text("MQTT_RELOAD", default=""),
    "MQTT_SAVE_SECONDS": env.number("MQTT_SAVE_SECONDS", default=10.0),
    "MQTT_WINDOW": env.integer("MQTT_WINDOW", default=64),
    "MQTT_MORE_FILTERS": env.items("MQTT_MORE_FILTERS", default=[]),
    "MQTT_APPLICATION": env.text("MQTT_APPLICATION", default="") or None,
    "MQTT_USERS": "realtime.devices.users",
    "VIEW_SET": "api.rest.views.BaseViewSet",
    "PROBLEM_TYPE": "/api/problems/{code}/",
    "DATABASE_MAX_BYTES": env.integer("DATABASE_MAX_BYTES", default=0),
    "METRICS_TOKEN": env.text("METRICS_TOKEN", default=""),
    # Sent to OTEL_EXPORTER_OTLP_ENDPOINT; see backend/tracing.py.
    "TRACING": env.flag("TRACING", default=False),
}

# -- accounts and sessions -------------------------------------------------------------------------------------------

# Hashing a password takes a quarter of a second of processor time. Half of the processors are left to other work.
PASSWORDS_AT_ONCE = env.integer("PASSWORDS_AT_ONCE", default=max(1, (os.cpu_count() or 1) // 2))
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# -- what production adds --------------------------------------------------------------------------------------------

SERVES_TLS = env.flag("SERVES_TLS", default=False)
IS_BEHIND_TLS = env.flag("BEHIND_TLS", default=IS_PRODUCTION and not SERVES_TLS)
if IS_BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if IS_BEHIND_TLS or SERVES_TLS:
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", default=31_536_000)
    # Both bind hosts that this server does not know, and the second for years: they are the operator's choice.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
    SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", default=False)
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # Django's advice to turn them on
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = max(TIDEWIRE["MAX_BODY_BYTES"], *TIDEWIRE["LARGER_BODIES"].values())

STATIC_URL = "static/"
STATIC_ROOT = env.text("STATIC_ROOT", default=str(DATA_DIR / "static"))
WHITENOISE_USE_FINDERS = not IS_PRODUCTION  # without a collectstatic, while trying out
if not IS_PRODUCTION:
    private_folder(DATA_DIR)
    Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)
WHITENOISE_AUTOREFRESH = False

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SENTRY_DSN = env.text("SENTRY_DSN", default="")
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOG_JSON = env.flag("LOG_JSON", default=IS_PRODUCTION)
# A line for each request and for the end of each socket.
ACCESS_LOG = env.flag("ACCESS_LOG", default=True)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"brief": {"()": "backend.logs.BriefFailures"}},
    "formatters": {"line": {"()": "backend.logs.JsonLines" if LOG_JSON else "backend.logs.ConsoleLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["brief"]}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": "INFO", "propagate": True},
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "daphne": {"level": "WARNING"},
        # What other servers write of each request shows its query, in which a client may have put a token.
        "django.channels.server": {"level": "CRITICAL"},
        "uvicorn.access": {"level": "CRITICAL", "propagate": False},
        "tidewire.requests": {"level": "INFO" if ACCESS_LOG else "WARNING"},
        "tidewire.sockets": {"level": "INFO" if ACCESS_LOG else "WARNING"},
    },
}
