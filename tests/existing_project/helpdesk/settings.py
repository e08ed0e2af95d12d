import os
from pathlib import Path

DATA = Path(os.environ.get("HELPDESK_DATA", "."))
SECRET_KEY = "a help desk for trying out, whose key is long enough for signing"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "rest_framework.authtoken",
    "tickets",
    "archive",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "helpdesk.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"


def database(name):
    if "PGHOST" in os.environ:
        engine = {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ[f"HELPDESK_{name.upper()}"]}
    else:
        engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / f"{name}.sqlite3"}
    return {**engine, "ATOMIC_REQUESTS": True}


DATABASES = {"default": database("default"), "archive": database("archive")}
DATABASE_ROUTERS = ["archive.router.ArchiveRouter"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 20,
}
