from rest_framework import serializers

from api.models import Member
from api.serializers.users import PublicUserSerializer


class MemberSerializer(serializers.ModelSerializer):
    user = PublicUserSerializer(read_only=True)
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Member
        fields = read_only_fields = ["user", "role", "joined_at", "version"]


class UserKeySerializer(serializers.Serializer):
    id = serializers.UUIDField()


class MemberKeySerializer(serializers.Serializer):
    """What is left to say of a membership that ended."""

    user = UserKeySerializer()
