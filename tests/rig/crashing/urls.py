"""An app of the test servers: a view that fails, /api/v1/crash/, and one that is slow. Named by TIDEWIRE_EXTRA_APPS."""

from __future__ import annotations

import logging
import time

from django.http import HttpRequest, HttpResponse
from django.urls import path

logger = logging.getLogger(__name__)


def crash(request: HttpRequest) -> None:
    logger.error("about to fail", extra={"step": 3})
    raise RuntimeError("planted")


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(1)
    return HttpResponse("at last")


urlpatterns = [path("crash/", crash), path("slow/", slow)]
