"""Public: clients of the Redis servers that the channel layer uses, for what else an application keeps there."""

from tidewire.layer.redis_clients import Server, blocking_client, is_cluster, is_in_memory, name_of, servers

__all__ = ["Server", "blocking_client", "is_cluster", "is_in_memory", "name_of", "servers"]
