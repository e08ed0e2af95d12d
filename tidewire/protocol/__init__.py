"""The protocol's messages: `wire.proto`, and the code generated from it."""
