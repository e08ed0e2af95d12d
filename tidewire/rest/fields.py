"""Serializer fields that do not convert their input: 5 is neither a text nor an id."""

import unicodedata
from datetime import UTC, datetime
from typing import Any, cast

from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

FIRST_TIME = datetime(1, 1, 2, tzinfo=UTC)
LAST_TIME = datetime(9999, 12, 30, tzinfo=UTC)
"""Times between these exist in every time zone, on both databases and in Python."""


def is_storable(at: datetime) -> bool:
    """Returns whether a time is far enough from the ends of the calendar to be converted, compared and stored."""
    try:
        return FIRST_TIME <= at.astimezone(UTC) <= LAST_TIME
    except OverflowError:
        return False


class StorableTimeField(serializers.DateTimeField):
    """A time as a client sends it."""

    default_error_messages = {"out_of_range": "Must be a time between the years 1 and 9999."}

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is not None and not is_storable(value):
            self.fail("out_of_range")
        value = super().enforce_timezone(value)
        if not is_storable(value):
            self.fail("out_of_range")
        return value


class UTCField(serializers.DateTimeField):
    """DRF's field looks up a time zone for each value. The times of the database are in UTC already."""

    def to_representation(self, value: Any) -> str:
        if isinstance(value, datetime) and value.tzinfo is UTC:
            return f"{value.replace(tzinfo=None).isoformat()}Z"
        return super().to_representation(value)


class TextField(serializers.CharField):
    """DRF's CharField converts numbers to texts, and searches for surrogates, which the parser has refused already."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [v for v in self.validators if not isinstance(v, ProhibitSurrogateCharactersValidator)]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length < len(data.strip()):
            self.fail("max_length", max_length=self.max_length)  # at once: a megabyte is not looked at by character
        return super().to_internal_value(data)


class ShortListField(serializers.ListField):
    """A list with a bound, which is checked before the items are: DRF's field would validate all of them first."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > cast(int, self.max_length):
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


DIRECTION_CHARACTERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of the text after them, also of the text around a name that is shown."""


class NameField(TextField):
    """A name: it shows something, and leaves the text around it alone."""

    default_error_messages = {
        "invisible": "Must have a character that can be seen.",
        "direction": "May not hold characters that change the direction of text.",
    }

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name and all(unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp") for character in name):
            self.fail("invisible")
        if not DIRECTION_CHARACTERS.isdisjoint(name):
            self.fail("direction")
        return name


class VerbatimTextField(TextField):
    """A text that is kept as it was sent, indentation and ideographic spaces included, and that is not only space."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str) and data.strip() == "" and not self.allow_blank:
            self.fail("blank")
        return super().run_validation(data)


class IDField(serializers.UUIDField):
    """DRF's UUIDField converts numbers to ids."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class ClientIDField(IDField):
    """An id that the client makes, so that a POST that is sent again creates nothing twice."""

    default_error_messages = {"version": "Must be a UUID of version 7."}

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if value.version != 7:
            self.fail("version")
        return value

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(empty if data is None else data)  # null: the server shall make one
