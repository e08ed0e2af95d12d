"""Django's admin. What is saved here makes events like any other write."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from api.models import Key, Member, Message, Room, Session, User
from tidewire.admin import ShortPaginator, note
from tidewire.models import WebhookDelivery, WebhookEndpoint
from tidewire.rest.conflicts import Conflict
from tidewire.webhooks import endpoints


class LargeTable(admin.ModelAdmin):
    """Counts no whole table: that takes longer than a statement may."""

    paginator = ShortPaginator
    show_full_result_count = False


class UserAddForm(AdminUserCreationForm):
    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("email", "name")


class UserEditForm(UserChangeForm):
    class Meta(UserChangeForm.Meta):
        model = User
        fields: Any = [
            "email",
            "name",
            "password",
            "is_active",
            "is_staff",
            "is_superuser",
            "groups",
            "user_permissions",
        ]


@admin.register(User)
class UserAdmin(LargeTable, DjangoUserAdmin):
    form, add_form = UserEditForm, UserAddForm
    list_display = ["email", "name", "is_active", "is_staff", "created_at"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    ordering = ["-created_at"]
    readonly_fields = ["id", "version", "created_at", "last_login"]
    fieldsets = [
        (None, {"fields": ["id", "email", "name", "password", "version"]}),
        ("May", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Times", {"fields": ["created_at", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        obj.erase()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            user.erase()


MOST_MEMBERS = 50
"""Rows of a form. A room with more has its members on a list of their own."""


class MemberInline(admin.TabularInline):
    model = Member
    fields = ["user", "role", "joined_at", "version"]
    readonly_fields = ["joined_at", "version"]
    raw_id_fields = ["user"]
    extra = 0


@admin.register(Member)
class MemberAdmin(LargeTable):
    list_display = ["room", "user", "role", "joined_at"]
    list_filter = ["role"]
    list_select_related = ["room", "user"]
    search_fields = ["=room__id", "user__email"]
    search_help_text = "A room's id, or an address"
    raw_id_fields = ["room", "user"]
    fields = ["room", "user", "role", "joined_at", "version"]

    def get_readonly_fields(self, request: HttpRequest, obj: Member | None = None) -> list[str]:
        return ["joined_at", "version", *(["room", "user"] if obj else [])]


@admin.register(Room)
class RoomAdmin(LargeTable):
    list_display = ["__str__", "kind", "created_at"]
    list_filter = ["kind"]
    search_fields = ["name"]
    ordering = ["-created_at"]
    readonly_fields = ["id", "direct_key", "version", "created_at", "updated_at", "member_list"]
    fields = ["name", "kind", *readonly_fields]

    def get_inlines(self, request: HttpRequest, obj: Room | None) -> list[Any]:
        is_small = obj is None or obj.members.count() <= MOST_MEMBERS
        return [MemberInline] if is_small else []

    @admin.display(description="members")
    def member_list(self, room: Room) -> str:
        url = reverse("admin:api_member_changelist")
        return format_html('<a href="{}?q={}">the list of its members</a>', url, room.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: Room | None = None) -> list[Any] | tuple[Any, ...]:
        """The kind of a direct room cannot change."""
        is_direct = obj is not None and obj.kind == Room.Kind.DIRECT
        return [*self.readonly_fields, "kind"] if is_direct else self.readonly_fields

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "kind":
            kwargs["choices"] = [choice for choice in Room.Kind.choices if choice[0] != Room.Kind.DIRECT]
        return super().formfield_for_choice_field(db_field, request, **kwargs)


@admin.register(Message)
class MessageAdmin(LargeTable):
    list_display = ["id", "room", "author", "created_at", "edited_at", "deleted_at"]
    list_select_related = ["room", "author"]
    ordering = ["-created_at"]
    raw_id_fields = ["room", "author", "reply_to"]
    readonly_fields = ["id", "version", "created_at", "edited_at", "deleted_at"]

    def save_model(self, request: HttpRequest, obj: Message, form: ModelForm, change: bool) -> None:
        if change and "text" in form.changed_data:
            obj.edited_at = timezone.now()
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Message) -> None:
        obj.soft_delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        for message in queryset.filter(deleted_at=None):
            message.soft_delete()


@admin.register(Key)
class KeyAdmin(LargeTable):
    """Keys are made over REST, which shows the text. Deleting one here revokes it."""

    list_display = ["name", "last4", "user", "stream", "created_at", "used_at", "expires_at", "ended_at"]
    search_fields = ["name", "last4", "user__email", "stream"]
    list_select_related = ["user"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Key | None = None) -> bool:
        return False


@admin.register(Session)
class SessionAdmin(LargeTable):
    """Sign-ins. Deleting one here ends it: its tokens are refused, and its sockets are closed."""

    list_display = ["user", "device", "address", "created_at", "rotated_at", "expires_at", "ended_at"]
    search_fields = ["user__email", "=address"]
    list_select_related = ["user"]
    ordering = ["-rotated_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Session) -> None:
        Session.objects.filter(pk=obj.pk).end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        Session.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))).end()


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(LargeTable):
    """Webhooks are made over REST, which shows their secret. Here they are looked at, disabled and enabled."""

    list_display = ["url", "owner", "state", "disabled_reason", "failing_since", "max_events", "created_at"]
    list_filter = ["state", "disabled_reason"]
    search_fields = ["url", "owner", "description"]
    ordering = ["-created_at"]
    actions = ["enable", "disable"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> bool:
        return obj is None and super().has_change_permission(request)

    @admin.action(description="Enable: they go on where they stood", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        self._change(request, queryset, WebhookEndpoint.State.ACTIVE, "Enabled.")

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        self._change(request, queryset, WebhookEndpoint.State.DISABLED, "Disabled.")

    def _change(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint], state: str, text: str) -> None:
        with transaction.atomic():
            found = list(queryset.order_by("pk").select_for_update(no_key=True))
            for endpoint in found:
                endpoints.change(endpoint, state=state)
            note(self, request, found, text)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LargeTable):
    """What was sent and how it went, without the bodies."""

    list_display = ["created_at", "endpoint", "type", "stream", "state", "attempts", "status", "error", "next_at"]
    list_filter = ["state", "type"]
    list_select_related = ["endpoint", "stream"]
    search_fields = ["message_id", "endpoint__url"]
    ordering = ["-created_at"]
    actions = ["redeliver"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: WebhookDelivery | None = None) -> bool:
        return obj is None and super().has_change_permission(request)

    @admin.action(description="Send once more, outside the order", permissions=["change"])
    def redeliver(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        try:
            with transaction.atomic():
                for delivery in queryset.select_related("endpoint"):
                    endpoints.redeliver(delivery)
                    note(self, request, [delivery], "Sent once more.")
        except Conflict as error:
            self.message_user(request, error.detail, messages.ERROR)
