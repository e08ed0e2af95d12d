"""A project of others: plain views of Django REST framework, users of its own, and a live model with a topic."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import CreateAPIView
from rest_framework.response import Response
from rest_framework.views import exception_handler

from tests.tidewire.liveapp.models import Board, Item
from tidewire import Live, StreamKind
from tidewire.credentials import Identity
from tidewire.declare.topics import Topic
from tidewire.mqtt import passwords
from tidewire.mqtt.users import SCOPE_KEY, MqttUser

PASSWORD = "a password of vera"
shelves = StreamKind(
    "shelf",
    may_subscribe=lambda user_id, keys: {str(board.pk) for board in Board.objects.filter(name=user_id)} & set(keys),
    is_on_mqtt=True,
    retained=frozenset({"entry.created", "entry.changed"}),
)


def users() -> list[MqttUser]:
    return [MqttUser(name, passwords.hashed(PASSWORD), Identity(name)) for name in ("vera", "ida")]


def holders() -> dict[str, str]:
    return {f"shelves/{pk}/entries": name for pk, name in Board.objects.values_list("pk", "name")}


class EntrySerializer(serializers.ModelSerializer[Item]):
    class Meta:
        model = Item
        fields = ["id", "title", "slug", "rank", "version"]


class Person:
    is_authenticated = True

    def __init__(self, name: str) -> None:
        self.name = name


class ByBroker(BaseAuthentication):
    def authenticate(self, request: Any) -> Any:
        name = request.scope.get(SCOPE_KEY)
        return (Person(name), None) if name else None


class Entries(CreateAPIView[Item]):
    authentication_classes = [ByBroker]
    permission_classes = []
    serializer_class = EntrySerializer

    def get_exception_handler(self) -> Any:
        return exception_handler

    def create(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        board = Board.objects.filter(pk=kwargs["board_id"], name=getattr(request.user, "name", "")).first()
        if board is None:
            raise PermissionDenied
        rank = request.data.get("rank", 0)
        if rank == 400:
            raise ValidationError(["a list"])
        if rank == 422:
            return Response("a text", status=422)
        if rank == 204:
            return Response(status=204)
        serializer = self.get_serializer(data={"title": "entry", **request.data})
        serializer.is_valid(raise_exception=True)
        serializer.save(board=board)
        return Response(serializer.data, status=201)


urlpatterns = [path("shelves/<uuid:board_id>/entries/", Entries.as_view())]

TOPIC = Topic(
    "shelves/{board_id}/entries",
    post="/shelves/{board_id}/entries/",
    number="rank",
    batch="entries",
    identity="slug",
    holders=holders,
)
DECLARATION = Live(
    Item,
    stream=shelves.of("board_id"),
    serializer=EntrySerializer,
    created="entry.created",
    updated="entry.changed",
    deleted="entry.deleted",
    topic=TOPIC,
)
