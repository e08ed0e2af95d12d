"""What the relay has stored of an account, and the rows of the nodes that show it, are erased with the account."""

from __future__ import annotations

from tidewire.centrifugo import broker, broker_tables, messages
from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.ground.conf import conf


def forget_account(user: str, using: str, most: int) -> int:
    """Deletes the subscriptions of an account, at most `most`, and its ephemeral messages. When there are none, gives
    the nodes' rows that show its key the contents that the log has now. Returns how many there were.

    Call it after the log was rewritten (`forget_actor`).
    """
    rows = EdgeSubscription.objects.using(using).filter(user=user)
    deleted = rows.filter(pk__in=list(rows.values_list("pk", flat=True)[:most])).delete()[0]
    deleted += messages.forget_account(user, using)
    if not deleted and conf.CENTRIFUGO_NODES and broker.exist(using):
        broker_tables.forget(user, using)
    return deleted
