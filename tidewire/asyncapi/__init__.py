"""The AsyncAPI document of the socket, derived from the protocol's types and from what is declared live, and the pages
that show it."""
