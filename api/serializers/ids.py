from rest_framework import serializers


class ClientIDField(serializers.UUIDField):
    """An id that the client made, so that posting again after a lost answer makes nothing twice."""

    default_error_messages = {"version": "Must be a UUID of version 7."}

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        if value.version != 7:
            self.fail("version")
        return value
