"""The project's settings: the same database server, pool and Redis as Tidewire gets."""

import os
from datetime import timedelta

from backend.stores import database

SECRET_KEY = "textbook, not for production: it only ever listens on this machine"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "channels",
    "rest_framework",
    "bench.textbook.chat",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "bench.textbook.urls"
ASGI_APPLICATION = "bench.textbook.asgi.application"
DATABASES = {"default": database(os.environ["DATABASE_URL"], None, pool_size=20)}
DATABASES["default"]["ATOMIC_REQUESTS"] = True
if os.environ.get("BENCH_POOL") == "0":  # as in the tutorials: a fresh connection for each request
    DATABASES["default"]["OPTIONS"].pop("pool")
LAYERS = {
    "core": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
    },
    "pubsub": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
    },
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}
CHANNEL_LAYERS = {"default": LAYERS[os.environ.get("BENCH_LAYER", "core")]}
AUTH_USER_MODEL = "chat.User"
AUTH_PASSWORD_VALIDATORS = []
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": None,
}
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(minutes=30), "SIGNING_KEY": SECRET_KEY * 2}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
