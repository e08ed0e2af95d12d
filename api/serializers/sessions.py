"""Sessions as JSON."""

from __future__ import annotations

from rest_framework import serializers

from api.models import Session
from tidewire.rest.serializers import RowSerializer


class SessionSerializer(RowSerializer[Session]):
    used_at = serializers.DateTimeField(source="rotated_at", read_only=True, help_text="The time of the last refresh.")
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = read_only_fields = ["id", "device", "address", "created_at", "used_at", "expires_at", "is_current"]

    def get_is_current(self, session: Session) -> bool:
        return str(session.pk) == self.context["request"].auth.session_id
