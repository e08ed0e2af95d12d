"""People who sign in, by e-mail address."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, router, transaction
from django.utils import timezone

from api.models.keys import Key
from api.models.sessions import Session
from tidewire.models import LiveModel, LiveQuerySet


class UserGoneError(Exception):
    """A user who is known by a token has been deleted meanwhile."""


class LowercaseEmailField(models.EmailField):
    """An address in lower case, in the database and in every lookup, so that `unique` ignores case."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value


class UserQuerySet(LiveQuerySet):
    def update(self, **kwargs: Any) -> int:
        """As Django's. Closing accounts ends their sessions and keys on this path too, also where an expression closes
        them."""
        if kwargs.get("is_active", True) is True:
            return super().update(**kwargs)
        with transaction.atomic(using=self.db, savepoint=False):
            pks = list(self.values_list("pk", flat=True))
            count = super().update(**kwargs)
            for model in (Session, Key):
                model.objects.using(self.db).filter(user__in=pks, user__is_active=False).end()
            return count

    update.alters_data = True


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email, **fields)
        user.set_password(password)  # slow on purpose, and done before any transaction is open
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


class User(LiveModel, AbstractBaseUser, PermissionsMixin):
    email = LowercaseEmailField(unique=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True, help_text="Clear this instead of deleting the account.")
    is_staff = models.BooleanField(default=False, help_text="May enter the admin.")
    is_service = models.BooleanField(
        default=False, editable=False, help_text="A program: it has keys, and no password."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, **kwargs: Any) -> None:
        """A closed account has neither sessions nor keys. A new password (`set_password`) ends the sessions only."""
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        is_new, is_password_new = self._state.adding, self._password is not None
        with transaction.atomic(using=using, savepoint=False):
            super().save(**kwargs)
            if not is_new and (is_password_new or not self.is_active):
                Session.objects.using(using).filter(user=self).end()
            if not is_new and not self.is_active:
                Key.objects.using(using).filter(user=self).end()

    save.alters_data = True

    def refresh_from_db(self, using: Any = None, fields: Any = None, from_queryset: Any = None) -> None:
        """Reads all deferred fields at once when a user is known by id only (api/auth/tokens.py).

        Raises UserGoneError when the row is gone, because DRF reads Django's own DoesNotExist as an empty field.
        """
        known_by_key = self.get_deferred_fields() if fields is not None else set()
        try:
            super().refresh_from_db(using, {*fields, *known_by_key} if known_by_key else fields, from_queryset)
        except User.DoesNotExist:
            if known_by_key:
                raise UserGoneError(self.pk) from None
            raise

    def take_password(self, hashed: str, keep: Any) -> None:
        """The owner's own change: ends the other sessions. Hashed before, because no transaction should wait for it."""
        self.password = hashed
        self.save(update_fields=["password"])
        self.sessions.exclude(pk=keep).end()
