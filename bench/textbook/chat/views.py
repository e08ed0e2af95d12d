"""CRUD, as DRF's own viewsets make it."""

from django.db.models import Q
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied
from rest_framework.mixins import CreateModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.viewsets import GenericViewSet, ModelViewSet

from bench.textbook.chat.models import Member, Message, Room
from bench.textbook.chat.serializers import MemberSerializer, MessageSerializer, RegisterSerializer, RoomSerializer


class UserViewSet(CreateModelMixin, GenericViewSet):
    serializer_class = RegisterSerializer
    authentication_classes = []
    permission_classes = [AllowAny]


class RoomViewSet(ModelViewSet):
    serializer_class = RoomSerializer

    def get_queryset(self):
        readable = Q(kind="public") | Q(members__user=self.request.user)
        return Room.objects.filter(readable).distinct()

    def perform_create(self, serializer) -> None:
        Member.objects.create(room=serializer.save(), user=self.request.user, role="owner")


class InRoomViewSet(ModelViewSet):
    def room(self) -> Room:
        readable = Q(kind="public") | Q(members__user=self.request.user)
        return get_object_or_404(Room.objects.filter(readable).distinct(), pk=self.kwargs["room_id"])


class MemberViewSet(InRoomViewSet):
    serializer_class = MemberSerializer
    lookup_field = "user_id"

    def get_queryset(self):
        return Member.objects.filter(room=self.room()).select_related("user").order_by("pk")

    def perform_create(self, serializer) -> None:
        room, data = self.room(), serializer.validated_data
        serializer.instance, _ = Member.objects.get_or_create(
            room=room, user_id=data["user_id"], defaults={"role": data.get("role", "member")}
        )


class MessageViewSet(InRoomViewSet):
    serializer_class = MessageSerializer

    def get_queryset(self):
        return Message.objects.filter(room=self.room()).select_related("author")

    def perform_create(self, serializer) -> None:
        room = self.room()
        if not room.members.filter(user=self.request.user).exists():
            raise PermissionDenied()
        serializer.save(room=room, author=self.request.user)
