"""The bodies and answers of signing in and refreshing."""

from __future__ import annotations

from rest_framework import serializers

from tidewire.rest.fields import TextField


class SignInSerializer(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = TextField(max_length=128, trim_whitespace=False, write_only=True)


class RefreshSerializer(serializers.Serializer):
    refresh = TextField()


class VerifySerializer(serializers.Serializer):
    token = TextField()


class EventsTokenSerializer(serializers.Serializer):
    token = serializers.CharField(help_text="For the parameter `token` of `streams/events/`, and nothing else.")
    expires_at = serializers.DateTimeField(help_text="With the access token. An open response ends then.")


class TokenPairSerializer(serializers.Serializer):
    access = serializers.CharField(help_text="For REST and sockets, valid for some minutes.")
    refresh = serializers.CharField(help_text="Can be used once, for the next pair.")
