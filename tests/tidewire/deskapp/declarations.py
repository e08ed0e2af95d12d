"""What is live of the help desk. Every user may subscribe to everything."""

from django.contrib.auth.models import Group
from rest_framework import serializers

from tests.tidewire.deskapp.models import Account, Asset, Comment, Incident, Label, Laptop, Note, Project, Ticket
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Live


def kind(name: str) -> StreamKind:
    return StreamKind(name, may_subscribe=lambda user_id, keys: set(keys), keeps_access=True)


projects, labels, groups, assets, accounts = map(kind, ("project", "label", "group", "asset", "account"))


class ProjectSerializer(serializers.ModelSerializer):
    class Meta:
        model = Project
        fields = ["id", "name"]


class TicketSerializer(serializers.ModelSerializer):
    class Meta:
        model = Ticket
        fields = ["id", "project", "assignee", "title", "version", "rank", "labels", "watchers"]


class IncidentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Incident
        fields = ["id", "project", "title", "severity", "labels"]


class CommentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Comment
        fields = ["id", "ticket", "text"]


class NoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = ["id", "text", "version"]


class LabelSerializer(serializers.ModelSerializer):
    class Meta:
        model = Label
        fields = ["id", "name"]


class GroupSerializer(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ["id", "name", "permissions"]


class AssetSerializer(serializers.ModelSerializer):
    class Meta:
        model = Asset
        fields = ["id", "name", "version"]


class LaptopSerializer(serializers.ModelSerializer):
    class Meta:
        model = Laptop
        fields = ["id", "name", "memory", "version"]


class AccountSerializer(serializers.ModelSerializer):
    group_names = serializers.SerializerMethodField()

    class Meta:
        model = Account
        fields = ["id", "name", "group_names", "version"]

    def get_group_names(self, account):
        return sorted(account.groups.values_list("name", flat=True))


def live(model, stream, serializer, **more) -> Live:
    name = model.__name__.lower()
    types = {verb: f"{name}.{verb}" for verb in ("created", "updated", "deleted")}
    return Live(model, stream=stream, serializer=serializer, key=lambda row: {"id": row.pk}, **types, **more)


LIVE = (
    live(Project, projects.of("id"), ProjectSerializer),
    live(Ticket, projects.of("project_id"), TicketSerializer),
    live(Incident, projects.of("project_id"), IncidentSerializer),
    live(Comment, projects.of("ticket__project_id"), CommentSerializer),
    live(Note, projects.of("project_id"), NoteSerializer, is_deleted=lambda note: note.deleted_at is not None),
    live(Label, labels.of("id"), LabelSerializer),
    live(Group, groups.of("id"), GroupSerializer),
    live(Asset, assets.of("id"), AssetSerializer),
    live(Laptop, assets.of("id"), LaptopSerializer),
    live(Account, accounts.of("id"), AccountSerializer, ignore=("last_login",)),
)
