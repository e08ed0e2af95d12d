"""Declares the open channels. log.py writes their publications, without a serializer."""

from rest_framework.serializers import Serializer

from tests.conformance.channels import KINDS
from tidewire import Fact, register

register(*(Fact("channel.published", kind=kind, serializer=Serializer) for kind in KINDS))
