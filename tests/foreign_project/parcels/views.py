from django.db import transaction
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import CreateModelMixin, ListModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from parcels.live import couriers
from parcels.models import Parcel
from parcels.serializers import MoveSerializer, ParcelSerializer
from tidewire.snapshots import SnapshotMixin, position


class ParcelList(SnapshotMixin, ListModelMixin, CreateModelMixin, GenericViewSet):
    permission_classes = [IsAuthenticated]
    serializer_class = ParcelSerializer

    def get_stream(self):
        return couriers(self.request.user.pk)

    def get_queryset(self):
        return self.request.user.parcels.order_by("pk")

    def list(self, request):
        before = position(self.get_stream())  # read before the rows: a change in between is seen twice, never missed
        rows = ParcelSerializer(self.get_queryset(), many=True).data
        return Response({"results": rows, "stream": before.as_json()})

    def perform_create(self, serializer):
        serializer.save(courier=self.request.user)


class ParcelMoves(GenericViewSet):
    permission_classes = [IsAuthenticated]
    serializer_class = MoveSerializer

    def create(self, request, pk):
        move = self.get_serializer(data=request.data)
        move.is_valid(raise_exception=True)
        with transaction.atomic():
            parcel = get_object_or_404(Parcel.objects.select_for_update(), pk=pk, courier=request.user)
            Parcel.objects.filter(pk=parcel.pk).update(**move.validated_data)
        return Response(status=204)
