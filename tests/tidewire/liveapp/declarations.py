"""The declarations of the test app. Every user may subscribe to every board."""

from rest_framework import serializers

from tests.tidewire.liveapp.models import Board, Counter, Item, Vote
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Live, Touch

boards = StreamKind("board", may_subscribe=lambda user_id, keys: set(keys), keeps_access=True)


class BoardSerializer(serializers.ModelSerializer):
    class Meta:
        model = Board
        fields = ["id", "name", "version"]


class ItemSerializer(serializers.ModelSerializer):
    votes = serializers.SerializerMethodField()

    class Meta:
        model = Item
        fields = ["id", "board", "owner", "title", "rank", "labels", "links", "shelves", "votes", "version"]

    def get_votes(self, item):
        """Returns the stars of the votes. Two titles make recording the item fail, or write to its board."""
        if item.title == "poison":
            raise ValueError("this item cannot be shown")
        if item.title == "writes":
            Board.objects.filter(pk=item.board_id).touch()
        return sorted(vote.stars for vote in item.votes.all())


class CounterSerializer(serializers.ModelSerializer):
    class Meta:
        model = Counter
        fields = ["id", "name", "value", "version"]


LIVE = (
    Live(
        Board,
        stream=boards.of("id"),
        serializer=BoardSerializer,
        created="board.created",
        updated="board.changed",
        deleted="board.deleted",
    ),
    Live(
        Item,
        stream=boards.of("board_id"),
        serializer=ItemSerializer,
        queryset=lambda: Item.objects.prefetch_related("labels", "links", "shelves", "votes"),
        created="item.created",
        updated="item.changed",
        deleted="item.deleted",
        is_deleted=lambda item: item.archived_at is not None,
    ),
    Live(
        Counter,
        stream=boards.of("board_id"),
        serializer=CounterSerializer,
        created="counter.created",
        updated="counter.changed",
        deleted="counter.deleted",
        key=lambda counter: {"id": counter.pk},
    ),
    Touch(Vote, parent="item", created="vote.added", updated="vote.changed", deleted="vote.removed"),
)
