"""View sets that carry a position: the order of their base classes, and who may read."""

import pytest
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.viewsets import GenericViewSet, ModelViewSet

from tests.factories import make_user
from tests.tidewire.liveapp.declarations import BoardSerializer, boards
from tests.tidewire.liveapp.models import Board
from tidewire.declare.registry import registry
from tidewire.snapshots import ReadsStream, SnapshotMixin


@pytest.mark.parametrize("answering", [ListModelMixin, ModelViewSet])
def test_a_class_that_answers_before_the_mixin_is_refused(answering):
    with pytest.raises(TypeError, match=rf"{answering.__name__} stands before SnapshotMixin"):
        type("Boards", (answering, SnapshotMixin, GenericViewSet), {})


def test_a_class_further_down_is_refused_too():
    class Snapshots(SnapshotMixin):
        pass

    with pytest.raises(TypeError, match="ListModelMixin"):
        type("Boards", (ListModelMixin, Snapshots, GenericViewSet), {})


def test_a_view_may_answer_by_itself_and_a_mixin_may_pass_on():
    class Timed:
        def list(self, request, *args, **kwargs):
            return super().list(request, *args, **kwargs)

    class Boards(Timed, SnapshotMixin, ModelViewSet):
        def retrieve(self, request, *args, **kwargs):
            return Response({})

    assert Boards.list is Timed.list


class BoardList(SnapshotMixin, ListModelMixin, GenericViewSet):
    permission_classes = [IsAuthenticated, ReadsStream]
    queryset = Board.objects.all()
    serializer_class = BoardSerializer
    pagination_class = None

    def get_stream(self):
        return boards(self.kwargs["pk"])


@pytest.mark.django_db(transaction=True)
def test_only_readers_of_the_stream_read_its_list(board, monkeypatch):
    alice, charlie = make_user("Alice"), make_user("Charlie")
    kind = type(boards)("board", may_subscribe=lambda user_id, keys: set(keys) if user_id == str(alice.pk) else set())
    monkeypatch.setitem(registry.kinds, "board", kind)
    answers = []
    for user in (alice, charlie, None):
        request = APIRequestFactory().get("/")
        force_authenticate(request, user)
        answer = BoardList.as_view({"get": "list"})(request, pk=board.pk)
        answers.append(answer.status_code)
    assert answers == [200, 404, 401]


@pytest.mark.django_db(transaction=True)
def test_a_list_without_pages_has_its_position_in_a_header(board):
    request = APIRequestFactory().get("/")
    force_authenticate(request, make_user("Alice"))
    answer = BoardList.as_view({"get": "list"})(request, pk=board.pk)
    assert [row["id"] for row in answer.data] == [str(board.pk)]
    assert answer["Tidewire-Position"].startswith(f"board:{board.pk}; epoch=")
