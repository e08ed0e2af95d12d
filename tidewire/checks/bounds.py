"""Start-up checks of single settings: what is 0 and must not be, and what the bridge to a broker cannot use."""

from __future__ import annotations

import re
from typing import Any

from django.core import checks

from tidewire.ground.conf import conf

POSITIVE = (
    *("POLL_SECONDS", "TOUCHED_SECONDS", "AUDIT_SECONDS", "ACCESS_SECONDS", "HEARTBEAT_SECONDS", "DATABASE_THREADS"),
    *("WEBHOOK_POLL_SECONDS", "WEBHOOK_TIMEOUT_SECONDS", "WEBHOOK_RETRY_SECONDS", "WEBHOOK_LEASE_SECONDS"),
    *("WEBHOOK_GIVE_UP_SECONDS", "WEBHOOK_DELIVERIES_SECONDS", "MQTT_POLL_SECONDS", "MQTT_WINDOW", "SEARCH_SECONDS"),
    *("PING_SECONDS", "PONG_SECONDS", "CONNECT_SECONDS", "RESPONSE_SECONDS", "LONG_POLL_SECONDS", "COMMENT_SECONDS"),
    *("HEADER_SECONDS", "BODY_SECONDS", "KEEP_ALIVE_SECONDS", "MAX_BODY_BYTES", "MAX_VIEWS", "MAX_VIEWS_PER_ACCOUNT"),
)
"""Settings of which 0 is neither "never" nor "no limit": a loop would not pause, or nothing would be in time."""

PROTOCOLS = ("5", "3.1.1")
MAX_PORT = MAX_WINDOW = 65535
_LEVEL = re.compile(r"[^/+#$\x00-\x20][^/+#\x00-\x20]*")
"""One level of a topic, which names topics and no filter, and none of the broker's own (`$SYS`)."""


@checks.register("tidewire")
def check_bounds(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses numbers that are not above 0 and must be."""
    return [
        checks.Error(
            f"TIDEWIRE[{name!r}] is {getattr(conf, name)!r}, and must be above 0",
            hint="Leave it out for its default: docs/configuration.md.",
            id="tidewire.E010",
        )
        for name in POSITIVE
        if not getattr(conf, name) > 0
    ]


@checks.register("tidewire")
def check_broker(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses what no broker of MQTT can be spoken to with."""
    wrong = {
        "MQTT_PROTOCOL": (str(conf.MQTT_PROTOCOL) in PROTOCOLS, f"Use {' or '.join(PROTOCOLS)}."),
        "MQTT_PORT": (0 < int(conf.MQTT_PORT) <= MAX_PORT, "Use 1883, or 8883 with MQTT_TLS."),
        "MQTT_WINDOW": (int(conf.MQTT_WINDOW) <= MAX_WINDOW, f"MQTT 5 knows windows up to {MAX_WINDOW}."),
        "MQTT_PREFIX": (_LEVEL.fullmatch(conf.MQTT_PREFIX), "Use one level without /, +, # and spaces."),
        "MQTT_HOST": (bool(conf.MQTT_HOST.strip()), "Name the broker's host, such as 127.0.0.1."),
    }
    return [
        checks.Error(f"TIDEWIRE[{name!r}] is {getattr(conf, name)!r}", hint=hint, id="tidewire.E166")
        for name, (is_right, hint) in wrong.items()
        if not is_right
    ]
