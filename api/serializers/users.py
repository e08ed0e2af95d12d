from rest_framework import serializers

from api.models import User


class PublicUserSerializer(serializers.ModelSerializer):
    """What anybody may know about a person."""

    class Meta:
        model = User
        fields = read_only_fields = ["id", "name"]
