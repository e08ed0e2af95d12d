"""Decides for a node of Centrifugo whether a client may publish an ephemeral message, and passes the message on.

It goes to the sockets of this server by the channel layer, and to the clients of all nodes by the relay. The node
itself publishes nothing, see `broker_tables.PUBLISHED`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tidewire.centrifugo import broker_tables, messages
from tidewire.centrifugo.subscribing import Client, identity_of
from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.engine import access, ephemeral_messages
from tidewire.engine.ephemeral_messages import RefusedPublishError
from tidewire.ground import credentials
from tidewire.ground.credentials import ExpiredCredential, InvalidCredential
from tidewire.layer import publishing
from tidewire.layer.messages import Ephemeral
from tidewire.log.database import log_alias
from tidewire.protocol.codes import Code, ErrorCode
from tidewire.protocol.pushes import ClientInfo


def publish(client: Client, stream: str, data: Any) -> Code | None:
    """Publishes an ephemeral message, as the command of a socket does. Returns the error that refuses it, or None."""
    using = log_alias()
    if not EdgeSubscription.objects.using(using).filter(client=client.id, stream=stream).exists():
        return ErrorCode.PERMISSION_DENIED
    try:
        identity = identity_of(client)
        text = ephemeral_messages.encode(stream, msgspec.json.encode(data), identity)
    except (InvalidCredential, ExpiredCredential):
        return ErrorCode.PERMISSION_DENIED
    except RefusedPublishError as error:
        return error.code
    if not identity.may_read(stream) or stream not in access.permitted(client.user, [stream]):
        return ErrorCode.PERMISSION_DENIED
    if not broker_tables.takes_publishes(stream, using):
        return ErrorCode.NOT_AVAILABLE
    if not credentials.may_command(identity) or messages.are_too_many(client.id, using):
        return ErrorCode.TOO_MANY_REQUESTS
    message = Ephemeral(stream, text, ClientInfo(client.user, client.id))
    messages.add([message], using)
    publishing.publish_ephemeral(message)
    return None
