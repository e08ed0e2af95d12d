import os
from pathlib import Path

DATA = Path(os.environ.get("DEPOT_DATA", "."))
SECRET_KEY = os.environ.get("DEPOT_SECRET", "only for trying out")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "channels",
    "rest_framework",
    "tidewire",
    "parcels",
]
MIDDLEWARE = []
ROOT_URLCONF = "depot.urls"
ASGI_APPLICATION = "depot.asgi.application"
AUTH_USER_MODEL = "parcels.Courier"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
# On SQLite the engine needs the write-ahead log, and transactions that take the write lock at their start.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "depot.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL", "timeout": 20},
    }
}
if "PGDATABASE" in os.environ:  # PostgreSQL's own variables: PGHOST, PGPORT, PGUSER, PGPASSWORD
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["parcels.tokens.TokenAuthentication"]}
TIDEWIRE = {"AUTHENTICATE": "parcels.tokens.authenticate"}
