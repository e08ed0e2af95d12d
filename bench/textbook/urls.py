"""The addresses that the driver calls."""

from django.http import JsonResponse
from django.urls import include, path
from rest_framework.routers import SimpleRouter
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from bench.textbook.chat.views import MemberViewSet, MessageViewSet, RoomViewSet, UserViewSet

router = SimpleRouter()
router.register("users", UserViewSet, basename="user")
router.register("rooms", RoomViewSet, basename="room")
router.register(r"rooms/(?P<room_id>[^/.]+)/members", MemberViewSet, basename="member")
router.register(r"rooms/(?P<room_id>[^/.]+)/messages", MessageViewSet, basename="message")

urlpatterns = [
    path("readyz", lambda request: JsonResponse({})),
    path("api/v1/token/", TokenObtainPairView.as_view()),
    path("api/v1/token/refresh/", TokenRefreshView.as_view()),
    path("api/v1/", include(router.urls)),
]
