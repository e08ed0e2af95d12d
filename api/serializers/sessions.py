from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.models import Session


class SessionSerializer(serializers.ModelSerializer):
    used_at = serializers.DateTimeField(source="rotated_at", read_only=True, help_text="When it was refreshed last.")
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = read_only_fields = ["id", "device", "address", "created_at", "used_at", "expires_at", "is_current"]

    @extend_schema_field(bool)
    def get_is_current(self, session):
        return str(session.pk) == self.context["request"].auth.session_id
