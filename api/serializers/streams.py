from rest_framework import serializers


class PositionSerializer(serializers.Serializer):
    """A place in a stream: subscribe from it (`recover`) and nothing is missed."""

    channel = serializers.CharField()
    epoch = serializers.CharField()
    offset = serializers.IntegerField(min_value=0)
