from rest_framework import serializers

from tickets.models import Ticket


class TicketSerializer(serializers.ModelSerializer):
    labels = serializers.SlugRelatedField("name", many=True, read_only=True)

    class Meta:
        model = Ticket
        fields = ["id", "owner", "assignee", "title", "is_open", "labels"]
        read_only_fields = ["owner", "assignee"]
