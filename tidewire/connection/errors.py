"""How answering a client ends when it does not end with a result."""

from __future__ import annotations

from tidewire.protocol.codes import Code


class CommandError(Exception):
    """The command is answered with this error code. The connection lives on."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.reason)
        self.code = code


class DisconnectError(Exception):
    """The connection ends with this code."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.reason)
        self.code = code
