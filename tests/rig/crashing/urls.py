"""An app of the test servers: a view that fails, under /api/v1/crash/. Named by TIDEWIRE_EXTRA_APPS."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django.urls import path

logger = logging.getLogger(__name__)


def crash(request: HttpRequest) -> None:
    logger.error("about to fail", extra={"step": 3})
    raise RuntimeError("planted")


urlpatterns = [path("crash/", crash)]
