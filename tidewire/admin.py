"""What the admin shows of the engine: streams, the event log, connections and processes, and why an event did not come.

All of it is read only, except that a connection can be closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from tidewire.diagnosis.users import user_id_of
from tidewire.diagnosis.why import Answer, offset_of, why
from tidewire.ground import streams
from tidewire.log.database import log_alias
from tidewire.log.disconnections import disconnect
from tidewire.log.tables import Event, Stream
from tidewire.logbook import reading
from tidewire.logbook.tables import LoggedConnection, LoggedProcess

MOST_READERS = 100
"""Connections that a stream's page lists."""
MOST_COUNTED = 10_000


class ShortPaginator(Paginator):
    """Counts at most MOST_COUNTED rows: counting a whole log takes longer than a statement may."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by()[:MOST_COUNTED].count()


def note(page: admin.ModelAdmin, request: HttpRequest, rows: Iterable[Any], text: str) -> None:
    """Notes in the admin's log what an action did to these rows. Django does so for forms, and for deletions only."""
    for row in rows:
        page.log_change(request, row, text)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows, and changes none."""

    show_full_result_count = False
    paginator = ShortPaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Stream)
class StreamAdmin(ReadOnlyAdmin):
    list_display = ["name", "head", "epoch", "kept", "touched_at"]
    fields: Any = ["name", "head", "epoch", "generation", "touched_at", "kept", "last_event", "events", "readers"]
    readonly_fields: Any = fields
    search_fields = ["name__startswith"]
    search_help_text = "The beginning of a name, such as room: or room:0197…"
    ordering = ["-touched_at"]
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stream]:
        """With the first offset that is kept, for all rows of a page in its one query."""
        events = Event.objects.filter(stream=OuterRef("pk")).order_by("offset")
        return super().get_queryset(request).annotate(first_kept=Subquery(events.values("offset")[:1]))

    @admin.display(description="kept")
    def kept(self, stream: Any) -> str:
        return f"from {stream.first_kept}" if stream.first_kept else "nothing"

    @admin.display(description="last event")
    def last_event(self, stream: Stream) -> str:
        event = _events(stream).order_by("-offset").first()
        return f"{event.type} at {event.at:%Y-%m-%d %H:%M:%S}, {len(event.payload)} bytes" if event else "none"

    @admin.display(description="events")
    def events(self, stream: Stream) -> str:
        url = reverse("admin:tidewire_event_changelist")
        return format_html('<a href="{}?stream__id__exact={}">the event log of this stream</a>', url, stream.pk)

    @admin.display(description="open subscriptions")
    def readers(self, stream: Stream) -> str:
        """The open connections that are subscribed, of all processes, as of some seconds ago."""
        rows = reading.open_connections(log_alias()).filter(streams__icontains=stream.name)[:MOST_READERS]
        found = [row for row in rows if any(seen[0] == stream.name and seen[5] is None for seen in row.streams)]
        return "\n".join(f"{row.user}, {row.door} from {row.address}, {row.device[:60]}" for row in found) or "none"


def _events(stream: Stream) -> QuerySet[Event]:
    return Event.objects.using(log_alias()).filter(stream=stream)


class EventTypeFilter(admin.SimpleListFilter):
    """The types that the declarations have: asking the table for all of its types would read it whole."""

    title, parameter_name = "type", "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        from tidewire.declare.registry import registry  # filled when the apps are ready

        types = {type for live in registry.lives for type in live.types} | {fact.type for fact in registry.facts}
        return [(type, type) for type in sorted(types)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class WhyForm(forms.Form):
    """The three words of the question."""

    user = forms.CharField(help_text="The account: its id, or its address.")
    stream = forms.CharField(help_text="Such as room:0197…")
    event = forms.CharField(help_text="The offset of the event, or its id.")

    answer: Answer | None = None

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if not self.errors:
            try:
                stream = streams.canonical(asked["stream"])
                user_id = user_id_of(asked["user"], log_alias())
                self.answer = why(user_id, stream, offset_of(stream, asked["event"], log_alias()), log_alias())
            except LookupError as error:
                raise forms.ValidationError(str(error)) from None
        return asked


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    change_list_template = "admin/tidewire/event_list.html"
    list_display = ["at", "stream", "offset", "type", "object", "actor"]
    list_filter = [EventTypeFilter, "at"]
    list_select_related = ["stream"]
    search_fields = ["=object", "=actor", "stream__name__startswith"]
    search_help_text = "An object (api.message:0197…), an actor (an account's id), or the beginning of a stream's name"
    fields: Any = [
        "id",
        "stream",
        "offset",
        "type",
        "object",
        "actor",
        "at",
        "ends_access",
        "revocation_offset",
        "content",
    ]
    readonly_fields: Any = fields
    ordering = ["-id"]  # by time, because ids are made of it; `at` has no index
    list_per_page = 50

    @admin.display(description="content")
    def content(self, event: Event) -> str:
        return format_html("<pre>{}</pre>", json.dumps(json.loads(event.payload), indent=2, ensure_ascii=False))

    def get_urls(self) -> list[Any]:
        return [path("why/", self.admin_site.admin_view(self.why), name="tidewire_event_why"), *super().get_urls()]

    def why(self, request: HttpRequest) -> HttpResponse:
        """Asks why a user did not get an event. Staff who may see the event log may ask."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        form = WhyForm(request.GET or None)
        form.is_valid()
        context = {**self.admin_site.each_context(request), "title": "Why did this user not get this event?"}
        context |= {"form": form, "answer": form.answer, "opts": Event._meta}
        return TemplateResponse(request, "admin/tidewire/why.html", context)


class IsOpenFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "open"), ("ended", "ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LoggedConnection]) -> QuerySet[LoggedConnection]:
        if self.value() == "ended":
            return queryset.exclude(ended_at=None)
        running = reading.running(log_alias()).values("id")
        return queryset.filter(ended_at=None, process__in=running) if self.value() == "open" else queryset


@admin.register(LoggedConnection)
class ConnectionAdmin(ReadOnlyAdmin):
    """Connections of all processes, some seconds old."""

    list_display = ["user", "door", "address", "device", "opened_at", "open_streams", "unread", "ended_at", "code"]
    list_filter = [IsOpenFilter, "door", "code"]
    search_fields = ["=user", "=address"]
    search_help_text = "An account's id, or an address"
    fields = [
        "id",
        "user",
        "session",
        "door",
        "address",
        "device",
        "opened_at",
        "seen_at",
        "ended_at",
        "code",
        "unread",
    ]
    fields += ["process", "subscriptions"]
    readonly_fields: Any = fields
    ordering = ["-opened_at"]
    actions = ["close", "close_for_good"]
    list_per_page = 50

    @admin.display(description="streams")
    def open_streams(self, row: LoggedConnection) -> int:
        return sum(seen[5] is None for seen in row.streams)

    @admin.display(description="subscriptions")
    def subscriptions(self, row: LoggedConnection) -> str:
        lines = []
        for stream, since, start, offset, _, ended_at, code in row.streams:
            end = f", ended {reading.time_of(ended_at):%H:%M:%S} code {code}" if ended_at else ""
            lines.append(f"{stream} since {reading.time_of(since):%H:%M:%S}, from {start} to {offset}{end}")
        return "\n".join(lines) or "none"

    def has_disconnect_permission(self, request: HttpRequest) -> bool:
        """Those may close connections who have the permission to delete their rows."""
        user: Any = request.user
        return user.has_perm("tidewire.delete_loggedconnection")

    @admin.action(description="Close these connections: clients come back by themselves", permissions=["disconnect"])
    def close(self, request: HttpRequest, rows: QuerySet[LoggedConnection]) -> None:
        self._close(request, rows, is_final=False)

    @admin.action(description="Close them for good: clients stay away until restarted", permissions=["disconnect"])
    def close_for_good(self, request: HttpRequest, rows: QuerySet[LoggedConnection]) -> None:
        self._close(request, rows, is_final=True)

    def _close(self, request: HttpRequest, rows: QuerySet[LoggedConnection], is_final: bool) -> None:
        by_user: dict[str, list[str]] = {}
        closed = list(rows.filter(ended_at=None))
        for row in closed:
            by_user.setdefault(row.user, []).append(row.id)
        using = log_alias()
        with transaction.atomic(using=using):
            for user, ids in by_user.items():
                disconnect(user, ids, is_final=is_final, using=using)
            note(self, request, closed, "Closed for good." if is_final else "Closed.")
        self.message_user(
            request, f"{len(closed)} connections are closed by their processes within a moment.", messages.SUCCESS
        )


@admin.register(LoggedProcess)
class ProcessAdmin(ReadOnlyAdmin):
    list_display = [
        "host",
        "pid",
        "started_at",
        "seen_at",
        "is_serving",
        "connections",
        "is_deaf",
        "poll_age",
        "dropped",
    ]
    ordering = ["-seen_at"]

    @admin.display(boolean=True, description="serving")
    def is_serving(self, row: LoggedProcess) -> bool:
        age = (timezone.now() - row.seen_at).total_seconds()
        return row.ended_at is None and age < reading.silent_seconds()
