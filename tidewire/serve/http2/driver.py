"""`h2`, the state machine of HTTP/2, with the settings of this server.

`h2` holds the rules of the protocol and no bounds of a server: those are in frames.py and budget.py, and what of them
needs a change of `h2` itself is here.
"""

from __future__ import annotations

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from tidewire.serve.http2.frames import PREFACE, PSEUDO_HEADERS
from tidewire.serve.http_requests import MAX_HEADER_BYTES, MAX_HEADERS

MAX_STREAMS = 100
"""Requests of one connection at one time, as RFC 9113 recommends at least."""

MAX_HEADER_LIST_BYTES = 64 * 1024
"""Of decoded headers, counted with 32 bytes for each: what a header block of MAX_BLOCK_BYTES may become. A block that
becomes more ends its connection."""

ANNOUNCED_LIST_BYTES = MAX_HEADER_BYTES + 32 * (MAX_HEADERS + PSEUDO_HEADERS)
"""What SETTINGS announces of it. A request with more is answered with 431."""

TABLE_BYTES = 4096
"""Of each of the two header tables (HPACK), whatever the client would allow: ours holds what was sent to it."""

WINDOW_BYTES = 1024 * 1024
"""Bytes of bodies that may be on their way on one connection; on one stream it is 64 KiB."""

LAST_STREAM_ID = 2**31 - 1

_CONFIGURATION = H2Configuration(client_side=False, header_encoding=None, validate_outbound_headers=False)


class Driver(H2Connection):
    """The state machine of one connection."""

    MAX_CLOSED_STREAMS = 2 * MAX_STREAMS
    """How many ended streams it remembers, to tell late frames from wrong ones. (`h2`: 65,536, some MiB each.)"""

    def __init__(self) -> None:
        super().__init__(_CONFIGURATION)
        self.decoder.max_header_list_size = MAX_HEADER_LIST_BYTES
        self.decoder.max_allowed_table_size = TABLE_BYTES
        self.local_settings = _settings(MAX_STREAMS)
        self.initiate_connection()
        # What is announced is kept by us, with an answer for each stream beyond it; `h2` would end the connection.
        self.local_settings = _settings(2 * MAX_STREAMS)
        self.receive_data(PREFACE)  # frames.py takes the client's
        self.increment_flow_control_window(WINDOW_BYTES - self.inbound_flow_control_window)

    @property
    def pending_bytes(self) -> int:
        """How many bytes it wants to be written."""
        return len(self._data_to_send)

    def keep_table_small(self) -> None:
        """Bounds the table of what we send, after the client has named a size for it."""
        if self.encoder.header_table_size > TABLE_BYTES:
            self.encoder.header_table_size = TABLE_BYTES

    def leave_length_to_us(self, stream_id: int) -> None:
        """Makes a body of another length than announced the error of its stream, which stream.py finds. `h2` ends the
        connection for it, and with it all other requests."""
        self.streams[stream_id]._expected_content_length = None

    def acknowledge_waiting(self, size: int) -> None:
        """Lets the client send as much again on its connection, while the stream on which it arrived must wait."""
        if size:
            self.increment_flow_control_window(size)

    def release(self, stream_id: int, size: int) -> None:
        """Lets the client send as much again on a stream that has waited."""
        stream = self.streams.get(stream_id)
        if size and stream is not None and stream.open:
            self.increment_flow_control_window(size, stream_id)

    def goaway(self, last_stream_id: int, code: ErrorCodes = ErrorCodes.NO_ERROR, text: str = "") -> bytes:
        """Returns a GOAWAY. (`h2`'s own ends its connection at once, with all answers that are on their way.)"""
        frame = GoAwayFrame(0, last_stream_id=last_stream_id, error_code=code, additional_data=text.encode())
        return frame.serialize()


def _settings(max_streams: int) -> Settings:
    return Settings(
        client=False,
        initial_values={
            SettingCodes.MAX_CONCURRENT_STREAMS: max_streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: ANNOUNCED_LIST_BYTES,
        },
    )
