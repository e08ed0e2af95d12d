"""Users, who sign in by e-mail address, and service accounts, which only have API keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import PermissionsMixin
from django.db import DEFAULT_DB_ALIAS, models, router, transaction
from django.db.models import Q
from django.utils import timezone

from api.auth import hashers, throttles
from api.models import erasure
from api.models.keys import Key
from api.models.known_networks import KnownNetwork
from api.models.names import Renaming, note_renames
from api.models.sessions import Session
from tidewire import SYSTEM, acting_as, note, start_job, uuid7
from tidewire.erasure import hide_user
from tidewire.models import LiveModel, LiveQuerySet, WebhookEndpoint
from tidewire.rest.conflicts import Conflict

_T = TypeVar("_T")

AT_ONCE = 500
"""How many keys go into one statement: below SQLite's bound on variables."""


def _some(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Yields the items AT_ONCE at a time."""
    items = list(items)
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def _disable_webhooks(users: Iterable[Any], using: str) -> None:
    """Disables the webhooks of accounts that are closed."""
    webhooks = WebhookEndpoint.objects.using(using).filter(owner__in=[str(pk) for pk in users])
    webhooks.disable(WebhookEndpoint.Reason.ACCOUNT_CLOSED)


class UserGoneError(Exception):
    """The account of a valid token has been deleted."""


class LowercaseEmailField(models.EmailField):
    """An address in lower case, in the database and in every lookup, so that `unique` ignores case."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value


class UserQuerySet(LiveQuerySet["User"]):
    def update(self, **kwargs: Any) -> int:
        """As Django's. Ends the sessions and keys of accounts that it closes, also when `is_active` is an
        expression. Notes new names."""
        is_closing, is_renaming = kwargs.get("is_active", True) is not True, "name" in kwargs
        if not (is_closing or is_renaming):
            return super().update(**kwargs)
        with transaction.atomic(using=self.db, savepoint=False):
            before = self._locked_names(self.values("pk"))
            count = super().update(**kwargs)
            if is_renaming:
                note_renames(before, self._names_of(before), self.db)
            if is_closing:
                self._end_closed(before)
            return count

    def bulk_create(
        self,
        objs: Iterable[User],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[User]:
        """As Django's. Notes new names and closed accounts where conflicts update rows."""
        objs = list(objs)
        write = partial(super().bulk_create, objs, batch_size, ignore_conflicts)
        if not update_conflicts or {"name", "is_active"}.isdisjoint(update_fields or ()):
            return write(update_conflicts, update_fields, unique_fields)
        with transaction.atomic(using=self.db, savepoint=False):
            before: dict[Any, str] = {}
            for some in _some(objs):
                same = Q(pk__in=[user.pk for user in some]) | Q(email__in=[user.email for user in some])
                before |= self._locked_names(User.objects.using(self.db).filter(same).values("pk"))
            created = write(update_conflicts, update_fields, unique_fields)
            note_renames(before, self._names_of(before), self.db)
            self._end_closed(before)
            return created

    def _end_closed(self, keys: Iterable[Any]) -> None:
        """Ends the sessions of those of these accounts that are closed, their keys, and the keys that they made."""
        for some in _some(keys):
            closed = list(User.objects.using(self.db).filter(pk__in=some, is_active=False).values_list("pk", flat=True))
            if not closed:
                continue
            _disable_webhooks(closed, self.db)
            Session.objects.using(self.db).filter(user__in=closed).end()
            Key.objects.using(self.db).filter(Q(user__in=closed) | Q(made_by__in=closed)).end()

    def close_for_erasure(self, pk: UUID) -> None:
        """Ends the account's sessions and keys, and replaces all that names the person. The address is free again."""
        super(UserQuerySet, self.filter(pk=pk)).update(
            is_active=False,
            is_staff=False,
            is_superuser=False,
            name="",
            email=f"{pk}@erased.invalid",
            password=make_password(None),
            erased_at=timezone.now(),
        )
        note(self.db, [Renaming(pk, is_announced=False)])
        KnownNetwork.objects.using(self.db).filter(user=pk).delete()
        self._end_closed([pk])

    def _locked_names(self, keys: Any) -> dict[Any, str]:
        users = User.objects.using(self.db).filter(pk__in=keys).order_by("pk").select_for_update(no_key=True)
        return dict(users.values_list("pk", "name"))

    def _names_of(self, keys: Iterable[Any]) -> dict[Any, str]:
        users = User.objects.using(self.db)
        return {pk: name for some in _some(keys) for pk, name in users.filter(pk__in=some).values_list("pk", "name")}


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Creates an account. Hashes the password, which is slow: call it outside a transaction."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def create_service_account(self, name: str) -> User:
        """Creates an account for API keys. It has no password, and an address that no mail reaches."""
        id = uuid7()
        email, password = f"{id}@service.invalid", make_password(None)
        return self.create(pk=id, name=name, email=email, password=password, is_service=True)


class User(LiveModel, AbstractBaseUser, PermissionsMixin):
    email = LowercaseEmailField(unique=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True, help_text="Clear this instead of deleting the account.")
    is_staff = models.BooleanField(default=False, help_text="May enter the admin.")
    is_service = models.BooleanField(
        default=False, editable=False, help_text="A program: it has keys, and no password."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(
        null=True, editable=False, help_text="When the account was deleted. Its erasure is under way."
    )

    objects = UserManager()

    class Meta(LiveModel.Meta, AbstractBaseUser.Meta, PermissionsMixin.Meta):
        base_manager_name = "objects"  # a rename is noted there, too

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, **kwargs: Any) -> None:
        """As Django's. A new password (`set_password`) ends the sessions; closing the account ends the keys, too."""
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        is_new, is_password_new = self._state.adding, getattr(self, "_password", None) is not None
        with transaction.atomic(using=using, savepoint=False):
            super().save(**kwargs)
            if not is_new and (is_password_new or not self.is_active):
                Session.objects.using(using).filter(user=self).end()
            if not is_new and not self.is_active:
                Key.objects.using(using).filter(Q(user=self) | Q(made_by=self)).end()
                _disable_webhooks([self.pk], using)

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's, and the only place that compares a password: every door ends here, so all share one count.

        Raises Throttled after too many wrong passwords, and HashingBusy (api/auth/hashers.py).
        """
        attempt = throttles.begin(self.email)
        try:
            is_right = self._compare(raw_password, attempt.network)
        except BaseException:
            attempt.take_back()
            raise
        if is_right:
            attempt.take_back()
            if attempt.network:
                KnownNetwork.objects.note(self.pk, attempt.network)
        return is_right

    def _compare(self, raw_password: str | None, network: str) -> bool:
        """Waits for its turn where others do not, if the account was signed in to from this network lately."""
        try:
            return super().check_password(raw_password)
        except hashers.HashingBusy:
            if not KnownNetwork.objects.is_known(self.email, network):
                raise
        with hashers.patiently():
            return super().check_password(raw_password)

    async def acheck_password(self, raw_password: str | None) -> bool:
        return await sync_to_async(self.check_password)(raw_password)

    def refresh_from_db(self, using: Any = None, fields: Any = None, from_queryset: Any = None) -> None:
        """Reads all deferred fields at once when a user is known by id only (api/auth/authentication.py).

        Raises UserGoneError when the row is gone, because DRF reads Django's own DoesNotExist as an empty field.
        """
        deferred = self.get_deferred_fields() if fields is not None else set()
        try:
            super().refresh_from_db(using, {*(fields or ()), *deferred} if deferred else fields, from_queryset)
        except User.DoesNotExist:
            if deferred:
                raise UserGoneError(self.pk) from None
            raise

    def change_password(self, hashed: str, keep_session: UUID | str | None) -> None:
        """Replaces the password that this instance knows, and ends all sessions but one.

        Takes a hash, so that no transaction waits for hashing. Raises Conflict when another request has changed the
        password.
        """
        with transaction.atomic():
            locked = User.objects.select_for_update(no_key=True).get(pk=self.pk)
            if locked.password != self.password:
                raise Conflict("password_changed", "The password was changed meanwhile.")
            locked.password = hashed
            locked.save(update_fields=["password"])
            locked.sessions.exclude(pk=keep_session).end()

    def erase(self) -> None:
        """Closes and hides the account at once, and deletes it with its messages, reactions, memberships and sessions,
        from the log too: now if it is small, else in slices (erasure.py).

        A room or dashboard of which it was the only owner gets another owner, or is deleted when there is no other
        member. The events of the erasure have the system as their actor. The id may still stand in mentions that other
        users wrote; no account has it any more.
        """
        using, user_id = self._state.db or DEFAULT_DB_ALIAS, str(self.pk)
        with transaction.atomic(using=using), acting_as(SYSTEM):
            User.objects.using(using).select_for_update().filter(pk=self.pk).values_list("pk").first()
            UserQuerySet(User, using=using).close_for_erasure(self.pk)
            if erasure.is_small(user_id, using):
                while erasure.erase_slice(user_id, "", using) is not None:
                    pass
            else:
                hide_user(user_id, using)
                start_job(erasure.ERASE_ACCOUNT, user_id, using)
