"""Webhooks of the caller, their deliveries, and single attempts that the caller asks for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ErrorDetail, NotFound, PermissionDenied, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.auth.keys import KeyIdentity
from api.models import User
from api.permissions import may_subscribe
from api.rest.views import BaseViewSet
from api.serializers.webhooks import (
    DeliveryDetailSerializer,
    DeliverySerializer,
    NewWebhookSerializer,
    WebhookCreateSerializer,
    WebhookRotateSerializer,
    WebhookSerializer,
    WebhookUpdateSerializer,
)
from tidewire.models import WebhookDelivery, WebhookEndpoint
from tidewire.rest.conflicts import Conflict
from tidewire.rest.parameters import single
from tidewire.rest.preconditions import VersionMixin
from tidewire.snapshots import SnapshotMixin, canonical
from tidewire.webhooks import endpoints, requests

READS_STREAMS = "streams:read"
STATE = OpenApiParameter(
    "state", {"type": "string", "enum": WebhookDelivery.State.values}, description="Only those in this state."
)


class OfWebhook(BaseViewSet):
    """For viewsets at and below `webhooks/`. A webhook reads streams, so a key needs that scope as well."""

    resource = "webhooks"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if isinstance(request.auth, KeyIdentity) and READS_STREAMS not in request.auth.scopes:
            raise PermissionDenied(f"The key lacks the scope {READS_STREAMS}.", "insufficient_scope")

    def get_webhook(self, *, lock: bool = False) -> WebhookEndpoint:
        """Returns the webhook of this URL, if it is the caller's. Raises NotFound."""
        webhooks = WebhookEndpoint.objects.of(self.user.pk).filter(pk=self.kwargs["webhook_id"])
        webhook = (webhooks.select_for_update(no_key=True) if lock else webhooks).first()
        if webhook is None:
            raise NotFound()
        return webhook


@extend_schema(tags=["webhooks"])
@extend_schema_view(list=extend_schema(operation_id="webhooks_list", description="Your webhooks, newest first."))
class WebhookViewSet(VersionMixin, SnapshotMixin, ListModelMixin, OfWebhook):
    serializer_class = WebhookSerializer
    order_field = "created_at"
    is_newest_first = True
    is_secret = True

    def get_stream(self) -> None:
        """No stream has events of webhooks, except what their owner must know."""

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.of(self.user.pk).prefetch_related("secrets")

    @extend_schema(
        operation_id="webhooks_create", request=WebhookCreateSerializer, responses={201: NewWebhookSerializer}
    )
    def create(self, request: Request) -> Response:
        """Create a webhook. Only this answer contains its secret. It gets the events from now on."""
        content = self.validated(WebhookCreateSerializer)
        self._require_readable(content)
        User.objects.select_for_update(no_key=True).filter(pk=self.user.pk).values_list("pk").first()
        endpoints.require_space(self.user.pk)
        if "id" in content and WebhookEndpoint.objects.filter(pk=content["id"]).exists():
            raise Conflict("id_taken", "There is a webhook with this id.")
        made_by = str(request.auth.session_id) if isinstance(request.auth, KeyIdentity) else ""
        webhook = endpoints.create(self.user.pk, made_by=made_by, **content)
        location = reverse("webhook", kwargs={"webhook_id": webhook.pk})
        return Response(NewWebhookSerializer(webhook).data, status=201, headers={"Location": location})

    @extend_schema(operation_id="webhooks_retrieve", responses=WebhookSerializer)
    def retrieve(self, request: Request, webhook_id: UUID) -> Response:
        """A webhook, without its secrets."""
        return Response(WebhookSerializer(self.get_webhook()).data)

    @extend_schema(operation_id="webhooks_update", request=WebhookUpdateSerializer, responses=WebhookSerializer)
    def partial_update(self, request: Request, webhook_id: UUID) -> Response:
        """Change a webhook. `{"state": "active"}` enables one that was disabled: it goes on where it stood."""
        webhook = self.get_webhook(lock=True)
        self.check_version(webhook)
        changes = self.validated(WebhookUpdateSerializer)
        self._require_readable(changes)
        if changes:
            endpoints.change(webhook, **changes)
        return Response(WebhookSerializer(webhook).data)

    @extend_schema(operation_id="webhooks_destroy", responses={204: None})
    def destroy(self, request: Request, webhook_id: UUID) -> Response:
        """Delete a webhook with its deliveries. An attempt that is under way may still arrive."""
        webhook = self.get_webhook(lock=True)
        self.check_version(webhook)
        webhook.delete()
        return Response(status=204)

    @extend_schema(operation_id="webhooks_rotate", request=WebhookRotateSerializer, responses=NewWebhookSerializer)
    def rotate(self, request: Request, webhook_id: UUID) -> Response:
        """Make another secret. For `keep_seconds` each request is signed with the earlier ones, too."""
        webhook = self.get_webhook(lock=True)
        webhook.secret = endpoints.rotate(webhook, **self.validated(WebhookRotateSerializer))
        return Response(NewWebhookSerializer(webhook).data)

    @extend_schema(operation_id="webhooks_ping", request=None, responses={202: DeliverySerializer})
    def ping(self, request: Request, webhook_id: UUID) -> Response:
        """Send a message without an event, as a test. Its delivery shows how it went."""
        delivery = endpoints.ping(self.get_webhook(lock=True))
        return Response(DeliverySerializer(delivery).data, status=202)

    def _require_readable(self, content: dict[str, Any]) -> None:
        """Raises ValidationError unless the caller may read the streams that the body names."""
        names = content.get("streams")
        if names is None:
            return
        content["streams"] = names = list(dict.fromkeys(canonical(name) for name in names))
        text = ErrorDetail("There is no such stream that you may read.", "not_readable")
        wrong: dict[Any, Any] = {
            place: [text] for place, name in enumerate(names) if not may_subscribe(self.user, name)
        }
        if wrong:
            raise ValidationError({"streams": wrong})


@extend_schema(tags=["webhooks"])
@extend_schema_view(
    list=extend_schema(
        operation_id="deliveries_list", parameters=[STATE], description="The messages to a webhook, newest first."
    )
)
class DeliveryViewSet(SnapshotMixin, ListModelMixin, OfWebhook):
    serializer_class = DeliverySerializer
    order_field = "created_at"
    is_newest_first = True
    parameters = {"list": {"state"}}

    def get_stream(self) -> None:
        """No stream has events of deliveries."""

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        deliveries = WebhookDelivery.objects.filter(endpoint=self.get_webhook()).select_related("stream")
        state = single(self.request, "state")
        if state is None:
            return deliveries
        if state not in WebhookDelivery.State.values:
            raise ValidationError({"state": [f"Must be one of {', '.join(WebhookDelivery.State.values)}."]})
        return deliveries.filter(state=state)

    @extend_schema(operation_id="deliveries_retrieve", responses=DeliveryDetailSerializer)
    def retrieve(self, request: Request, webhook_id: UUID, delivery_id: UUID) -> Response:
        """A message with its body. What was erased since it was sent is not in it."""
        delivery = self._get_delivery()
        delivery.body_now = requests.body_now(delivery)
        return Response(DeliveryDetailSerializer(delivery).data)

    @extend_schema(operation_id="deliveries_redeliver", request=None, responses={202: DeliverySerializer})
    def redeliver(self, request: Request, webhook_id: UUID, delivery_id: UUID) -> Response:
        """Send a message once more, with the same `webhook-id`, outside the order of its stream."""
        self.get_webhook(lock=True)
        delivery = self._get_delivery()
        endpoints.redeliver(delivery)
        return Response(DeliverySerializer(delivery).data, status=202)

    def _get_delivery(self) -> WebhookDelivery:
        deliveries = WebhookDelivery.objects.filter(endpoint=self.get_webhook(), pk=self.kwargs["delivery_id"])
        delivery = deliveries.select_related("stream", "endpoint").first()
        if delivery is None:
            raise NotFound()
        return delivery
