"""The URLs of the REST API, below `/api/v1/`. `openapi.yaml` describes them."""

from __future__ import annotations

from typing import Any

from django.urls import path

import tidewire.rest.converters  # noqa: F401  the converter "id"
from api.views.dashboards import DashboardViewSet
from api.views.feed import FeedViewSet
from api.views.keys import KeyViewSet
from api.views.markers import ReadMarkerViewSet
from api.views.memberships import DashboardMemberViewSet, MemberViewSet
from api.views.messages import MessageViewSet, ReactionViewSet
from api.views.metrics import DashboardMetricViewSet, MetricViewSet
from api.views.rooms import RoomViewSet
from api.views.samples import DashboardSampleViewSet, SampleViewSet
from api.views.search import MessageSearchViewSet, RoomMessageSearchViewSet
from api.views.sessions import SessionViewSet
from api.views.stream_lists import StreamListViewSet
from api.views.streams import EventsTokenViewSet, StreamViewSet
from api.views.tokens import SignInViewSet, TokenViewSet
from api.views.users import MeViewSet, PasswordViewSet, RegisterViewSet
from api.views.webhooks import DeliveryViewSet, WebhookViewSet

COLLECTION: dict[str, Any] = {"get": "list", "post": "create"}
DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    # Django tries these in order, so the busiest ones come first.
    path("rooms/<id:room_id>/messages/", MessageViewSet.as_view(COLLECTION)),
    path("rooms/<id:room_id>/messages/batch/", MessageViewSet.as_view({"post": "batch"})),
    path("rooms/<id:room_id>/messages/search/", RoomMessageSearchViewSet.as_view({"get": "list"})),
    path("rooms/<id:room_id>/messages/<id:message_id>/", MessageViewSet.as_view(DETAIL), name="message"),
    path(
        "rooms/<id:room_id>/messages/<id:message_id>/reactions/<str:emoji>/",
        ReactionViewSet.as_view({"put": "put", "delete": "delete"}),
    ),
    path("rooms/", RoomViewSet.as_view(COLLECTION)),
    path("rooms/<id:room_id>/", RoomViewSet.as_view(DETAIL), name="room"),
    path("rooms/<id:room_id>/join/", RoomViewSet.as_view({"post": "join"})),
    path("rooms/<id:room_id>/leave/", RoomViewSet.as_view({"post": "leave"})),
    path("rooms/<id:room_id>/transfer/", RoomViewSet.as_view({"post": "transfer"})),
    path("rooms/<id:room_id>/read/", ReadMarkerViewSet.as_view({"get": "list", "put": "put"})),
    path("rooms/<id:room_id>/members/", MemberViewSet.as_view(COLLECTION)),
    path("rooms/<id:room_id>/members/<id:user_id>/", MemberViewSet.as_view(DETAIL), name="member"),
    path("token/", SignInViewSet.as_view({"post": "create"})),
    path("token/refresh/", TokenViewSet.as_view({"post": "refresh"})),
    path("token/verify/", TokenViewSet.as_view({"post": "verify"})),
    path("token/blacklist/", TokenViewSet.as_view({"post": "blacklist"})),
    path("users/", RegisterViewSet.as_view({"post": "create"})),
    path("me/", MeViewSet.as_view(DETAIL), name="me"),
    path("me/password/", PasswordViewSet.as_view({"post": "create"})),
    path("me/sessions/", SessionViewSet.as_view({"get": "list"})),
    path("me/sessions/<id:session_id>/", SessionViewSet.as_view({"delete": "destroy"})),
    path("keys/", KeyViewSet.as_view(COLLECTION)),
    path("keys/<id:key_id>/", KeyViewSet.as_view(DETAIL), name="key"),
    path("keys/<id:key_id>/rotate/", KeyViewSet.as_view({"post": "rotate"})),
    path("dashboards/", DashboardViewSet.as_view(COLLECTION)),
    path("dashboards/<id:dashboard_id>/", DashboardViewSet.as_view(DETAIL), name="dashboard"),
    path("dashboards/<id:dashboard_id>/members/", DashboardMemberViewSet.as_view(COLLECTION)),
    path(
        "dashboards/<id:dashboard_id>/members/<id:user_id>/",
        DashboardMemberViewSet.as_view(DETAIL),
        name="dashboard-member",
    ),
    path("dashboards/<id:dashboard_id>/metrics/", DashboardMetricViewSet.as_view(COLLECTION)),
    path("dashboards/<id:dashboard_id>/samples/", DashboardSampleViewSet.as_view({"post": "create"})),
    path("metrics/<id:metric_id>/", MetricViewSet.as_view(DETAIL), name="metric"),
    path("metrics/<id:metric_id>/samples/", SampleViewSet.as_view({"get": "list", "post": "create"})),
    path("webhooks/", WebhookViewSet.as_view(COLLECTION)),
    path("webhooks/<id:webhook_id>/", WebhookViewSet.as_view(DETAIL), name="webhook"),
    path("webhooks/<id:webhook_id>/rotate/", WebhookViewSet.as_view({"post": "rotate"})),
    path("webhooks/<id:webhook_id>/ping/", WebhookViewSet.as_view({"post": "ping"})),
    path("webhooks/<id:webhook_id>/deliveries/", DeliveryViewSet.as_view({"get": "list"})),
    path("webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/", DeliveryViewSet.as_view({"get": "retrieve"})),
    path(
        "webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/redeliver/",
        DeliveryViewSet.as_view({"post": "redeliver"}),
    ),
    path("search/messages/", MessageSearchViewSet.as_view({"get": "list"})),
    path("streams/", StreamListViewSet.as_view({"get": "page"})),
    path("streams/feed/", FeedViewSet.as_view({"post": "page"})),
    path("streams/token/", EventsTokenViewSet.as_view({"post": "create"})),
    path("streams/<str:name>/", StreamViewSet.as_view({"get": "retrieve"})),
    path("streams/<str:name>/events/", StreamViewSet.as_view({"get": "events"})),
]
