from rest_framework import serializers

from parcels.models import Parcel


class ParcelSerializer(serializers.ModelSerializer):
    class Meta:
        model = Parcel
        fields = ["id", "label", "latitude", "longitude", "is_delivered", "version"]


class MoveSerializer(serializers.Serializer):
    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)


class RoundSerializer(serializers.Serializer):
    """The data of the fact "round.started"."""

    stops = serializers.IntegerField()
