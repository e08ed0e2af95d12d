from rest_framework import serializers

from bench.textbook.chat.models import Member, Message, Room, User


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "name"]


class RegisterSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "email", "name", "password"]
        extra_kwargs = {"password": {"write_only": True}}

    def create(self, validated_data):
        return User.objects.create_user(**validated_data)


class RoomSerializer(serializers.ModelSerializer):
    class Meta:
        model = Room
        fields = ["id", "name", "kind"]


class MemberSerializer(serializers.ModelSerializer):
    user = UserSerializer(read_only=True)
    user_id = serializers.UUIDField(write_only=True)

    class Meta:
        model = Member
        fields = ["user", "user_id", "role"]


class MessageSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(required=False)
    author = UserSerializer(read_only=True)

    class Meta:
        model = Message
        fields = ["id", "room", "author", "text", "created_at"]
        read_only_fields = ["room", "author", "created_at"]
