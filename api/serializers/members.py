"""Members of rooms and dashboards as JSON, and the bodies that add and change them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers

from api.models import Member, User
from api.serializers.users import PublicUserSerializer
from tidewire.rest.fields import IDField
from tidewire.rest.serializers import RowSerializer


# Also of dashboards: any Membership has these fields.
class MemberSerializer(RowSerializer[Any]):
    user = PublicUserSerializer(read_only=True)
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Member
        fields = read_only_fields = ["user", "role", "joined_at", "version"]


class MemberCreateSerializer(serializers.Serializer):
    user_id = IDField()
    role = serializers.ChoiceField(Member.Role.choices, default=Member.Role.MEMBER)

    def validate_user_id(self, value: UUID) -> UUID:
        if not User.objects.filter(pk=value, is_active=True, is_service=False).exists():
            raise serializers.ValidationError("There is no such user.", "does_not_exist")
        return value


class MemberUpdateSerializer(serializers.Serializer):
    role = serializers.ChoiceField(Member.Role.choices)


class UserKeySerializer(serializers.Serializer):
    id = serializers.UUIDField()


class MemberKeySerializer(serializers.Serializer):
    """The key of a membership that ended."""

    user = UserKeySerializer()
