"""Declares the open channels, whose publications log.py writes without a serializer, and the durable streams."""

from rest_framework.serializers import Serializer

from tests.conformance.channels import KINDS
from tests.conformance.durable import appended
from tidewire import Fact, register

register(*(Fact("channel.published", kind=kind, serializer=Serializer) for kind in KINDS), appended)
