from django.urls import include, path
from parcels.views import ParcelList, ParcelMoves

urlpatterns = [
    path("parcels/", ParcelList.as_view({"get": "list", "post": "create"})),
    path("parcels/<int:pk>/move/", ParcelMoves.as_view({"post": "create"})),
    path("", include("tidewire.urls")),  # /healthz, /readyz, /metrics
]
