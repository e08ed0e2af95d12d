"""The engine and nothing else, with the limits of a laboratory."""

import os
import secrets
from pathlib import Path

from corsheaders.defaults import default_headers

from backend.stores import channel_layer, database

if os.environ.get("TIDEWIRE_MODE") == "production":
    raise SystemExit("The conformance server is open to all. It does not run on production settings.")

IS_PRODUCTION = DEBUG = False
SECRET_KEY = secrets.token_hex(32)
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "channels",
    "corsheaders",
    "rest_framework",
    "tidewire",
    "tests.conformance",
]
MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware"]
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_HEADERS = [*default_headers, "if-none-match"]
ROOT_URLCONF = "tests.conformance.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": database("", Path(os.environ["DATA_DIR"]), pool_size=1)}
CHANNEL_LAYERS = {"default": channel_layer("")}
# None: the server's API asks for no key, as the fixture of the Java SDK wants it.
CONFORMANCE_API_KEY = None if os.environ.get("CONFORMANCE_INSECURE_API") else "test-api-key"
TIDEWIRE = {
    "AUTHENTICATE": "tests.conformance.tokens.authenticate",
    "MESSAGES_PER_SECOND": 100_000,
    "MESSAGE_BURST": 100_000,
    "MAX_CONNECTIONS_PER_USER": 100_000,  # all that are anonymous are one user
    "LONG_POLL_SECONDS": 3.0,  # the suite of Durable Streams is told to wait 4 s
    "PRUNE_SECONDS": 0,  # every publication prunes its stream
}
