"""The numbers that one server process goes by; `ground/conf.py` explains each."""

from __future__ import annotations

from dataclasses import dataclass

from tidewire.ground.conf import conf
from tidewire.ground.frame_rate import FrameLimits
from tidewire.http.body_limit import BodySizes, body_sizes
from tidewire.serve.connection_limits import ConnectionLimits
from tidewire.serve.file_limit import RESERVE, places_of_settings
from tidewire.serve.http_places import PlaceLimits


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes in bytes, times in seconds."""

    connections: ConnectionLimits
    places: PlaceLimits
    body_sizes: BodySizes
    unfinished_bodies_bytes: int
    unread_answer_bytes: int
    unread_answers_bytes: int
    unread_seconds: float
    max_frame_bytes: int
    frames: FrameLimits
    header_seconds: float
    body_seconds: float
    keep_alive_seconds: float
    drain_seconds: float
    lame_duck_seconds: float
    trusted_proxies: int


def from_settings() -> Options:
    """Returns the settings' numbers. Raises this process's limit of open files as far as the system allows, and lowers
    the number of connections to what that limit leaves. Raises TooFewFilesError where that is too little."""
    allowed = places_of_settings()
    return Options(
        connections=ConnectionLimits(
            total=allowed.sockets,
            per_address=conf.MAX_SOCKETS_PER_ADDRESS,
            unidentified_per_address=conf.MAX_UNIDENTIFIED_PER_ADDRESS,
            accepts_per_second=conf.ACCEPTS_PER_SECOND,
            accept_burst=conf.ACCEPT_BURST,
            address_accepts_per_second=conf.ACCEPTS_PER_SECOND_PER_ADDRESS,
            address_accept_burst=conf.ACCEPT_BURST_PER_ADDRESS,
        ),
        places=PlaceLimits(
            total=allowed.total, reserve=RESERVE, idle=conf.MAX_IDLE_HTTP, per_address=conf.MAX_HTTP_PER_ADDRESS
        ),
        body_sizes=body_sizes(),
        unfinished_bodies_bytes=conf.UNFINISHED_BODIES_BYTES,
        unread_answer_bytes=conf.UNREAD_ANSWER_BYTES,
        unread_answers_bytes=conf.UNREAD_ANSWERS_BYTES,
        unread_seconds=conf.UNREAD_SECONDS,
        max_frame_bytes=conf.MAX_FRAME_BYTES,
        frames=FrameLimits(conf.FRAME_BURST, conf.FRAMES_PER_SECOND),
        header_seconds=conf.HEADER_SECONDS,
        body_seconds=conf.BODY_SECONDS,
        keep_alive_seconds=conf.KEEP_ALIVE_SECONDS,
        drain_seconds=conf.DRAIN_SECONDS,
        lame_duck_seconds=conf.LAME_DUCK_SECONDS,
        trusted_proxies=conf.TRUSTED_PROXIES,
    )
