"""A test client of Django's that checks each answer against openapi.yaml."""

from __future__ import annotations

import re
from typing import Any

from django.urls import Resolver404
from rest_framework.test import APIClient

from tests.rig.openapi import check_answer


class ContractClient(APIClient):
    """Every answer below /api/v1/ and every refusal is checked before the test gets it."""

    def request(self, **kwargs: Any) -> Any:
        response = super().request(**kwargs)
        try:
            route = response.resolver_match.route
        except Resolver404:
            route = ""
        if response.status_code >= 400 or route.startswith("api/v1/"):
            method = kwargs["REQUEST_METHOD"].lower()
            check_answer(method, template_of(route), response.status_code, response.headers, response.content)
        return response


def template_of(route: str) -> str:
    """`api/v1/rooms/<uuid:room_id>/` as openapi.yaml writes it."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
